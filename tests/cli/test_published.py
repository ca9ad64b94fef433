"""The published traces give the published numbers, to the last digit.

The traces are not part of this repository: they are looked for in $LTA_SHARED/data, else in ../shared/data beside the
project, and the test is skipped where they are absent. The expected numbers were made by a short independent program from
the same files, under the same definitions.
"""
import datetime
import json
import sys
import unittest

import h5py
import support

CAPACITIES = (500, 1000, 2000, 5000, 10000, 20000, 30000, 50000, 100000, 150000)

MOONCAKE = {  # (file, --tail): all released ids, or full blocks alone
    ("conversation_trace.jsonl", "keep"): {
        "requests": 12031, "input_tokens": 144793823, "output_tokens": 4122048,
        "lookups": 288500, "distinct": 182790, "unlimited": 105710, "ratio": "0.366412",
        "sum": 1430487342, "min": 1, "median": 8295, "max": 158281,
        "hits": (12168, 12847, 15665, 32260, 61046, 83035, 93978, 102290, 104924, 105598),
    },
    ("conversation_trace.jsonl", "drop"): {
        "requests": 12031, "input_tokens": 144793823, "output_tokens": 4122048,
        "lookups": 276491, "distinct": 170899, "unlimited": 105592, "ratio": "0.381900",
        "sum": 1353098983, "min": 1, "median": 7890, "max": 147881,
        "hits": (12165, 12990, 15944, 34193, 62005, 84692, 95337, 102724, 104926, 105592),
    },
    ("synthetic_trace.jsonl", "keep"): {
        "requests": 3993, "input_tokens": 61194628, "output_tokens": 595432,
        "lookups": 121877, "distinct": 43924, "unlimited": 77953, "ratio": "0.639604",
        "sum": 673413865, "min": 1, "median": 6209, "max": 41186,
        "hits": (5501, 10252, 17839, 34043, 51669, 69686, 76077, 77953, 77953, 77953),
    },
    ("synthetic_trace.jsonl", "drop"): {
        "requests": 3993, "input_tokens": 61194628, "output_tokens": 595432,
        "lookups": 117888, "distinct": 40148, "unlimited": 77740, "ratio": "0.659439",
        "sum": 638409548, "min": 1, "median": 5972, "max": 38239,
        "hits": (5656, 10370, 18256, 34604, 52952, 70849, 76350, 77740, 77740, 77740),
    },
}

AZURE = {
    "AzureLLMInferenceTrace_code.csv": {
        "rows": 8819, "first": "2023-11-16 18:17:03.979960", "last": "2023-11-16 19:14:19.928016", "span_us": 3435948056,
        "input": (3, 7437, 18059974), "output": (6, 1899, 245896),  # min, max, sum
    },
    "AzureLLMInferenceTrace_conv.csv": {
        "rows": 19366, "first": "2023-11-16 18:15:46.680590", "last": "2023-11-16 19:14:08.402527", "span_us": 3501721937,
        "input": (2, 14050, 22361870), "output": (7, 1000, 4088665),
    },
}

WEKA = {  # 64-token blocks; full blocks alone are released
    "requests": 41, "lookups": 76127, "distinct": 5119, "unlimited": 71008, "sum": 65913764, "max": 2283,
    "hits": {100: 4000, 500: 19769, 1000: 39269, 1500: 57951, 2000: 69459},
}

UNLIMITED = 10**12


class Published(support.CliTest):
    def table(self, name):
        return support.read_csv_file("%s/tables/%s.csv" % (self.store, name))

    def distribution(self, name):
        return next(row for row in self.table("distributions") if row["distribution"] == name)

    def query(self, capacities):
        """Hits and lookups of scope global by `lta curve --csv`, in the order asked for."""
        out = self.ok("curve", self.store, "--csv", "-", "--scope", "global", "--capacity", ",".join(map(str, capacities))).out
        rows = support.read_csv(out)
        self.assertEqual([(r["scope"], r["block"], int(r["capacity"])) for r in rows],
                         [("global", "1", c) for c in capacities])
        return rows


class Mooncake(Published):
    def check(self, file, tail):
        want = MOONCAKE[file, tail]
        self.store = self.path("store")
        run = self.ok("run", "-o", self.store, "--format", "mooncake", "--tail", tail, "--capacity",
                      ",".join(map(str, CAPACITIES)), support.shared_file("mooncake", file))
        self.assertIn("{:,}".format(want["requests"]), run.out)
        self.assertIn("{:,}".format(want["input_tokens"]), run.out)
        self.check_queries(want)
        self.check_summary(want)
        self.check_distances(want)
        self.check_curve_table(want)
        self.check_files(want)
        self.ok("verify", self.store)

    def check_queries(self, want):
        rows = self.query(CAPACITIES + (UNLIMITED,))
        self.assertEqual([int(r["hits"]) for r in rows], [*want["hits"], want["unlimited"]])
        self.assertEqual({int(r["lookups"]) for r in rows}, {want["lookups"]})
        self.assertEqual("%.6f" % float(rows[-1]["hit_ratio"]), want["ratio"])
        self.assertEqual(rows[-1]["hit_ratio"], "%.9f" % (want["unlimited"] / want["lookups"]))
        # with one source, scope source is scope global
        again = self.ok("curve", self.store, "--csv", "-", "--scope", "source", "--capacity", "1000,%d" % UNLIMITED).out
        self.assertEqual([int(r["hits"]) for r in support.read_csv(again)], [want["hits"][1], want["unlimited"]])

    def check_summary(self, want):
        total = self.table("summary")[-1]
        self.assertEqual(total["source"], "all")
        got = {k: int(total[k]) for k in ("requests", "input_tokens", "output_tokens", "input_symbols", "symbols",
                                          "distinct_symbols", "reusable_global", "reusable_source", "empty", "no_output")}
        self.assertEqual(got, {
            "requests": want["requests"], "input_tokens": want["input_tokens"], "output_tokens": want["output_tokens"],
            "input_symbols": want["lookups"], "symbols": want["lookups"], "distinct_symbols": want["distinct"],
            "reusable_global": want["unlimited"], "reusable_source": want["unlimited"], "empty": 0, "no_output": 0})
        self.assertEqual(total["reusable_share_global"], "%.9f" % (want["unlimited"] / want["lookups"]))

    def check_distances(self, want):
        d = self.distribution("reuse_distance")
        got = {k: int(d[k]) for k in ("values", "none", "sum", "min", "median", "max")}
        self.assertEqual(got, {"values": want["unlimited"], "none": want["lookups"] - want["unlimited"],
                               **{k: want[k] for k in ("sum", "min", "median", "max")}})
        bins = self.table("reuse_distance")
        self.assertEqual(sum(int(b["count"]) for b in bins), want["unlimited"])
        self.assertTrue(int(bins[-1]["edge"]) <= want["max"] < int(bins[-1]["next_edge"]))

    def check_curve_table(self, want):
        rows = {int(r["capacity"]): r for r in self.table("hit_curve")
                if (r["scope"], r["block"], r["reserve_last"]) == ("global", "1", "0")}
        for capacity, hits in zip(CAPACITIES, want["hits"]):
            r = rows[capacity]
            self.assertEqual((int(r["hits"]), int(r["lookups"]), int(r["capacity_tokens"])),
                             (hits, want["lookups"], capacity * 512))
            self.assertEqual(r["hit_ratio"], "%.9f" % (hits / want["lookups"]))
        self.assertEqual(int(rows[want["max"]]["hits"]), want["unlimited"], "the last vertex is the largest distance")

    def check_files(self, want):
        with h5py.File(self.store + "/enriched.h5", "r") as f:
            requests = f["requests"]
            self.assertEqual(requests["input_tokens"][:].sum(), want["input_tokens"])
            self.assertEqual(requests["output_tokens"][:].sum(), want["output_tokens"])
            self.assertEqual([int(requests["hit_%d" % c][:].sum()) for c in CAPACITIES], list(want["hits"]))
            self.assertEqual(requests["reusable"][:].sum(), want["unlimited"])
        with h5py.File(self.store + "/trace.h5", "r") as f:
            self.assertEqual((support.text(f.attrs["unit"]), f.attrs["block_tokens"]), ("block", 512))

    def test_conversation_all_ids(self):
        self.check("conversation_trace.jsonl", "keep")

    def test_conversation_full_blocks(self):
        self.check("conversation_trace.jsonl", "drop")

    def test_synthetic_all_ids(self):
        self.check("synthetic_trace.jsonl", "keep")

    def test_synthetic_full_blocks(self):
        self.check("synthetic_trace.jsonl", "drop")


class Weka(Published):
    def test_conversation_as_mooncake_lines(self):
        """Another block size, full blocks alone, long shared histories: a real coding conversation, put into Mooncake's lines."""
        path = support.shared_file("weka-agentic", "trace_0001.json")
        if not path:
            self.skipTest("weka-agentic/trace_0001.json is absent")
        with open(path) as f:
            trace = json.load(f)
        rows = [(round(r["t"] * 1000), r["in"], r["out"], r["hash_ids"]) for r in trace["requests"]]
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "mooncake", "--block-tokens", trace["block_size"],
                self.write("weka.jsonl", support.mooncake(rows)))
        got = self.query([*WEKA["hits"], UNLIMITED])
        self.assertEqual([int(r["hits"]) for r in got], [*WEKA["hits"].values(), WEKA["unlimited"]])
        self.assertEqual(int(got[0]["lookups"]), WEKA["lookups"])
        total = self.table("summary")[-1]
        self.assertEqual((int(total["requests"]), int(total["distinct_symbols"])), (WEKA["requests"], WEKA["distinct"]))
        d = self.distribution("reuse_distance")
        self.assertEqual((int(d["sum"]), int(d["max"])), (WEKA["sum"], WEKA["max"]))


class Azure(Published):
    def check(self, file):
        want = AZURE[file]
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "azure", support.shared_file("azure2023", file))
        rows = support.read_csv(self.ok("export", "--format", "csv", self.store).out)
        self.assertEqual(len(rows), want["rows"])
        for column, name in (("input_tokens", "input"), ("output_tokens", "output")):
            values = [int(r[column]) for r in rows]
            self.assertEqual((min(values), max(values), sum(values)), want[name])
        arrivals = [int(r["arrival_us"]) for r in rows]
        self.assertEqual((arrivals[0], arrivals[-1]), (0, want["span_us"]))
        self.assertTrue(all(a < b for a, b in zip(arrivals, arrivals[1:])), "strictly increasing")
        for absent in ("session", "turn", "reusable", "reuse_distance"):
            self.assertNotIn(absent, rows[0])

        with h5py.File(self.store + "/trace.h5", "r") as f:
            self.assertEqual(int(f["sources/rows"][0]), want["rows"])
            self.assertEqual(int(f["requests/input_tokens"][:].sum()), want["input"][2])
            self.assertEqual(int(f["requests/output_tokens"][:].sum()), want["output"][2])
            shift = int(f["sources/time_shift_us"][0])
            self.assertEqual(f["requests/arrival_us"][:].tolist(), arrivals)
            self.assertNotIn("sequences", f)
        epoch = datetime.datetime(1970, 1, 1)
        for arrival, text in ((arrivals[0], want["first"]), (arrivals[-1], want["last"])):
            self.assertEqual(epoch + datetime.timedelta(microseconds=arrival - shift),
                             datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f"))
        total = self.table("summary")[-1]
        self.assertEqual((int(total["requests"]), int(total["input_tokens"]), int(total["output_tokens"]),
                          int(total["span_us"])), (want["rows"], want["input"][2], want["output"][2], want["span_us"]))
        self.ok("verify", self.store)

    def test_code(self):
        self.check("AzureLLMInferenceTrace_code.csv")

    def test_conversation(self):
        self.check("AzureLLMInferenceTrace_conv.csv")


if __name__ == "__main__":
    needed = [("mooncake", f) for f, tail in MOONCAKE if tail == "keep"] + [("azure2023", f) for f in AZURE]
    absent = [name for name in needed if not support.shared_file(*name)]
    if absent:
        print("skipped: published data absent: %s; set LTA_SHARED" % ", ".join("data/%s/%s" % name for name in absent))
        sys.exit(support.SKIPPED)
    unittest.main()
