"""The published traces give the published numbers, to the last digit.

The traces are not part of this repository: they are looked for in $LTA_SHARED/data, else in ../shared/data beside the
project, and the test is skipped where they are absent. The expected numbers were made by a short independent program from
the same files, under the same definitions.
"""
import datetime
import decimal
import json
import os
import re
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

WEKA_REQUESTS = {  # of every sample; sub-agents where there are any
    "0001": 41, "0002": 33, "0012": 14, "0021": 14, "0022": 7, "0026": 3, "0032": 3, "0057": 8, "0058": 4, "0103": 3, "0128": 4,
    "0165": 7, "0174": 6, "0242": 3, "0274": 105, "0277": 53, "0288": 4, "0291": 32, "0297": 5, "0374": 7, "0460": 12, "0538": 5,
    "0546": 4, "0613": 4}
WEKA_AGENTS = {"0274": 3, "0277": 4, "0291": 2}

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
    def sample(self, number):
        path = support.shared_file("weka-agentic", "trace_%s.json" % number)
        if not path:
            self.skipTest("weka-agentic/trace_%s.json is absent" % number)
        return path

    def check(self):
        got = self.query([*WEKA["hits"], UNLIMITED])
        self.assertEqual([int(r["hits"]) for r in got], [*WEKA["hits"].values(), WEKA["unlimited"]])
        self.assertEqual(int(got[0]["lookups"]), WEKA["lookups"])
        total = self.table("summary")[-1]
        self.assertEqual((int(total["requests"]), int(total["distinct_symbols"])), (WEKA["requests"], WEKA["distinct"]))
        d = self.distribution("reuse_distance")
        self.assertEqual((int(d["sum"]), int(d["max"])), (WEKA["sum"], WEKA["max"]))
        self.ok("verify", self.store)

    def test_conversation(self):
        self.store = self.path("store")
        self.ok("run", "-o", self.store, self.sample("0001"))
        self.check()

    def test_conversation_as_mooncake_lines(self):
        """Another block size, full blocks alone, long shared histories: a real coding conversation, put into Mooncake's lines."""
        with open(self.sample("0001")) as f:
            trace = json.load(f)
        rows = [(round(r["t"] * 1000), r["in"], r["out"], r["hash_ids"]) for r in trace["requests"]]
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "mooncake", "--block-tokens", trace["block_size"],
                self.write("weka.jsonl", support.mooncake(rows)))
        self.check()

    def plain_reading(self, number):
        """(time in us, row, session, symbols) of every request in the order of service, from the text alone."""
        with open(self.sample(number)) as f:
            trace = json.load(f, parse_float=decimal.Decimal)
        rows = []

        def read(requests, start, session):
            for r in requests:
                if r["type"] == "subagent":  # in these files, times inside count from the container's
                    read(r["requests"], start + r["t"], session + "/" + r["agent_id"])
                else:
                    self.assertEqual(len(r["hash_ids"]), r["in"] // trace["block_size"])
                    rows.append((int((start + r["t"]) * 1000000), len(rows), session, r["hash_ids"]))
        read(trace["requests"], decimal.Decimal(0), trace["id"])
        return sorted(rows)

    def test_every_sample(self):
        self.store = self.path("store")
        numbers = list(WEKA_REQUESTS)
        self.ok("run", "-o", self.store, "--format", "weka", *map(self.sample, numbers))
        self.ok("verify", self.store)
        with h5py.File(self.store + "/trace.h5", "r") as f:
            self.assertEqual(f["sources/rows"][:].tolist(), list(WEKA_REQUESTS.values()))
            self.assertEqual(f["requests/source"].size, 381)
            sessions = [support.text(s) for s in f["dictionary/source_session"][:]]
            self.assertEqual(len(sessions), len(numbers) + sum(WEKA_AGENTS.values()))
            self.assertEqual({support.text(x) for x in f["sources/licence"][:]}, {"Apache-2.0"})
            source, shift, base = (f[c][:].tolist() for c in ("requests/source", "sources/time_shift_us", "sources/symbol_base"))
            arrival, row = f["requests/arrival_us"][:].tolist(), f["requests/source_row"][:].tolist()
            session = [sessions[i] for i in f["requests/source_session"][:]]
            symbols = support.decode(f)[1]
        for i, number in enumerate(numbers):
            own = [r for r in range(len(source)) if source[r] == i]
            got = [(arrival[r] - shift[i], row[r], session[r], [x - base[i] for x in symbols[r]]) for r in own]
            self.assertEqual(got, self.plain_reading(number), number)
            agents = {s for _, _, s, _ in got if "/" in s}
            self.assertEqual(len(agents), WEKA_AGENTS.get(number, 0), number)


class RagPulse(Published):
    DICTIONARIES = {"1_sys_prompt": 6898, "2_passages": 8302, "3_history": 4910, "4_user_input": 6292, "5_web_search": 522}

    def test_trace(self):
        path = support.shared_file("ragpulse", "0_trace.jsonl")
        if not path:
            self.skipTest("ragpulse/0_trace.jsonl is absent")
        with open(path) as f:
            rows = [json.loads(line) for line in f.read().splitlines() if line]
        parts = ("sys_prompt", "passages_ids", "history", "web_search", "user_input")
        want = sorted((int(r["timestamp"]), i, r["session_id"], [x for p in parts for x in r["hash_ids"][p]])
                      for i, r in enumerate(rows))
        store = self.path("store")
        result = self.ok("import", "-o", store, path)
        self.assertIn("time before that of the row before: 1;", result.err)
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual((support.text(f.attrs["unit"]), f.attrs["block_tokens"]), ("block", 0))
            self.assertEqual(int(f["sources/rows"][0]), 7106)
            sessions = [support.text(s) for s in f["dictionary/source_session"][:]]
            self.assertEqual(len(sessions), 3990)
            arrival, row = f["requests/arrival_us"][:].tolist(), f["requests/source_row"][:].tolist()
            got = [((a - int(f["sources/time_shift_us"][0])) // 1000000, r, sessions[s], ids) for a, r, s, ids in
                   zip(arrival, row, f["requests/source_session"][:].tolist(), support.decode(f)[1])]
        self.assertEqual(got, want)
        self.assertEqual((got[0][0], got[-1][0]), (0, 604603))
        self.assertEqual(len(arrival) - len(set(arrival)), 90, "ties")
        self.assertEqual(len({i for g in got for i in g[3]}), 21857, "of the 26,924 ids that the dictionaries have")

    def test_dictionaries_are_no_traces(self):
        paths = {d: support.shared_file("ragpulse", d + ".jsonl") for d in self.DICTIONARIES}
        if None in paths.values():
            self.skipTest("the dictionaries of ragpulse are absent")
        self.assertEqual(sum(self.DICTIONARIES.values()), 26924)
        for name, path in paths.items():
            with open(path) as f:
                self.assertEqual(sum(line != "\n" for line in f), self.DICTIONARIES[name])
            self.refused(3, ".*%s.jsonl:1: is a dictionary of RAGPulse's chunk lengths" % name, "import", "-o", self.path("s"), path)


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


class Kavier(Published):
    def test_inputs(self):
        """Rows as SOURCE.txt counts them; a header with a trailing comma, times that fall, tokens in one of the three."""
        for name, rows, sessions, tokens in (("input_decode_accuracy", 11, 11, False), ("input_prefill_accuracy", 9, 9, False), ("input_example", 6, 4, True)):
            path = support.shared_file("kavier", name + ".csv")
            if not path:
                self.skipTest("kavier/%s.csv is absent" % name)
            store = self.path(name)
            said = self.ok("import", "-o", store, path).err
            self.assertIn("%s: %d requests, %d sessions, 1 source" % (name, rows, sessions), said)
            exported = support.read_csv(self.ok("export", "--format", "kavier-csv", store).out)
            key = lambda r: (float(r["ts"]), r["session_id"], r["turn_id"])
            for given, got in zip(sorted(support.read_csv_file(path), key=key), sorted(exported, key=key), strict=True):
                self.assertEqual((given["session_id"], given["turn_id"]), (got["session_id"], got["turn_id"]))
                self.assertEqual((int(given["num_input_tokens"]), int(given["num_output_tokens"])), (int(got["num_input_tokens"]), int(got["num_output_tokens"])))
                self.assertEqual("input_tokens" in got, tokens)
                if tokens:
                    self.assertEqual([json.loads(given[c]) for c in ("input_tokens", "output_tokens")], [json.loads(got[c]) for c in ("input_tokens", "output_tokens")])


class TraceLab(Published):
    def test_sample(self):
        path = support.shared_file("tracelab", "round_trace.jsonl")
        if not path:
            self.skipTest("tracelab/round_trace.jsonl is absent")
        said = self.ok("import", "-o", self.path("store"), path).err
        self.assertIn("round_trace: 19 requests, 2 sessions, 1 source", said)
        with open(path) as f:
            rows = [json.loads(line) for line in f]
        with h5py.File(self.path("store", "trace.h5"), "r") as h:
            self.assertEqual(int(h["requests/input_tokens"][()].sum()), sum(r["input_tokens_total"] for r in rows))
            self.assertEqual(int(h["requests/output_tokens"][()].sum()), sum(r["output_tokens"] for r in rows))


class OfNoFormat(Published):
    """Published files that are statistics, results, or of a shape that no reader knows are refused by their first line."""

    def test_statistics_and_other_shapes(self):
        files = [("servegen", "language", "m-large", "chunk-0-trace.csv"), ("servegen", "language", "m-large", "chunk-106-dataset.json"),
                 ("kavier", "performance_numbers.csv"), ("kavier", "prefill_decode_accuracy.csv")]
        paths = [support.shared_file(*parts) for parts in files]
        if not all(paths):
            self.skipTest("servegen or kavier files are absent")
        for path in paths:
            why = "is that of Kavier's results" if path.endswith(".csv") and "kavier" in path else "is the beginning of no known format"
            self.refused(3, re.escape(path) + ":1: .* " + why, "import", "-o", self.path("store"), path)
            self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    needed = [("mooncake", f) for f, tail in MOONCAKE if tail == "keep"] + [("azure2023", f) for f in AZURE]
    absent = [name for name in needed if not support.shared_file(*name)]
    if absent:
        print("skipped: published data absent: %s; set LTA_SHARED" % ", ".join("data/%s/%s" % name for name in absent))
        sys.exit(support.SKIPPED)
    unittest.main()
