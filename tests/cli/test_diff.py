"""lta diff: what differs between two stores, counted again with h5py and dictionaries; exit codes; text and JSON."""
import json
import math
import os
import random
import shutil
import unittest

import h5py
import support

NAMED = ("model", "kind", "source_session")
REQUESTS = ("reuse_request", "next_request")


def values(column):
    """A dataset as a list, with None where a value is absent."""
    if h5py.check_string_dtype(column.dtype):
        return column.asstr()[:].tolist()
    found = column[:].tolist()
    kind, size = column.dtype.kind, column.dtype.itemsize
    if kind == "u":
        return [None if v == 2 ** (8 * size) - 1 else v for v in found]
    if kind == "f":
        return [None if math.isnan(v) else v for v in found]
    return found


class Side:
    """What a file says of its requests, by (source, row), and of its tables."""

    def __init__(self, path):
        with h5py.File(path, "r") as f:
            self.sources = {name: values(column) for name, column in f["sources"].items()}
            self.requests = {name: values(column) for name, column in f["requests"].items()}
            texts = {name: values(column) for name, column in f.get("dictionary", {}).items()}
            self.tables = {name: {c: values(d) for c, d in table.items()} for name, table in f.get("tables", {}).items()}
            self.signed = {name for name, column in f["requests"].items() if column.dtype.kind == "i"}
        self.keys = [(self.sources["name"][s], row) for s, row in zip(self.requests["source"], self.requests["source_row"])]
        self.row_of = {key: i for i, key in enumerate(self.keys)}
        assert len(self.row_of) == len(self.keys)
        for name in NAMED:
            if name in self.requests:
                self.requests[name] = [None if v is None else texts[name][v] for v in self.requests[name]]

    def meaning(self, name, i):
        """The value of a request's column, free of how sessions and requests are numbered."""
        v = self.requests[name][i]
        if name == "session" and v is not None:
            return self.keys[i][0], self.requests["source_session"][i]
        if name in REQUESTS and v >= 0:
            return self.keys[v]
        return v


def request_differences(a, b):
    """Column -> (how many differ, how many of them with an absent value, largest, sum), for requests on both sides."""
    found = {}
    for name in a.requests.keys() & b.requests.keys() - {"source", "source_row"}:
        differ = absent = largest = total = 0
        for key, i in a.row_of.items():
            j = b.row_of.get(key)
            if j is None or a.meaning(name, i) == b.meaning(name, j):
                continue
            differ += 1
            x, y = a.requests[name][i], b.requests[name][j]
            if name in NAMED + REQUESTS + ("session",):
                continue
            if x is None or y is None or (name in a.signed and -1 in (x, y)):
                absent += 1
            else:
                largest, total = max(largest, abs(y - x)), total + (y - x)
        if differ:
            found[name] = (differ, absent, largest, total)
    return found


def table_differences(a, b, key):
    """(added, removed, changed rows, column -> how many differ) of two tables whose rows are told apart by columns."""
    def by_key(table):
        n = len(next(iter(table.values())))
        rows = {tuple(table[c][i] for c in key) if key else i: i for i in range(n)}
        assert len(rows) == n, key
        return rows
    rows_a, rows_b = by_key(a), by_key(b)
    kept = rows_a.keys() & rows_b.keys()
    differ = {c: {k for k in kept if a[c][rows_a[k]] != b[c][rows_b[k]]} for c in a.keys() & b.keys() - set(key)}
    return (len(rows_b) - len(kept), len(rows_a) - len(kept), len(set().union(*differ.values())),
            {c: len(rows) for c, rows in differ.items() if rows})


class DiffTest(support.CliTest):
    def store(self, name, files, *options, form="mooncake"):
        """A store of files (name -> content) with every stage."""
        os.makedirs(self.path("in-" + name), exist_ok=True)
        paths = [self.write("in-%s/%s" % (name, file), content) for file, content in files.items()]
        self.ok("run", "-q", "-o", self.path(name), "--format", form, *options, *paths)
        return self.path(name)

    def diff(self, old, new, *options):
        """The JSON object; the exit code and the text must agree with it."""
        result = self.lta("diff", "--json", *options, old, new)
        self.assertIn(result.code, (0, 1), str(result))
        self.assertEqual(result.err, "", str(result))
        found = json.loads(result.out)
        self.assertEqual(result.code, 0 if found["same"] else 1)
        text = self.lta("diff", *options, old, new)
        self.assertEqual(text.code, result.code, str(text))
        self.assertEqual(text.err, "", str(text))
        self.check_text(text.out, found)
        return found

    def check_text(self, text, found):
        self.assertTrue(text.startswith("old: %s\nnew: %s\n" % (found["old"], found["new"])), text)
        for file in found["files"]:
            for side in ("old", "new"):
                self.assertIn(file[side] or "not there", text)
        self.assertEqual("\nsame content\n" in text, found["same"])
        if "requests" in found:
            r = found["requests"]
            self.assertIn("Requests: %d -> %d (%d added, %d removed, %d kept, of which %d changed)\n"
                          % tuple(r[k] for k in ("old", "new", "added", "removed", "kept", "changed")), text)
            for column in r["columns"]:
                self.assertRegex(text, r"(?m)^  %s +%d +" % (column["name"], column["differ"]))
        for table in found.get("tables", []):
            self.assertIn("Table %s: %d -> %d rows (%d added, %d removed, %d changed)"
                          % tuple(table[k] for k in ("table", "old", "new", "added", "removed", "changed")), text)
        for line in text.splitlines():
            self.assertEqual(line, line.rstrip())

    def check(self, old, new, *options):
        """The same counts as with h5py and dictionaries."""
        found = self.diff(old, new, *options)
        a, b = Side(old + "/enriched.h5"), Side(new + "/enriched.h5")
        r = found["requests"]
        kept = a.row_of.keys() & b.row_of.keys()
        self.assertEqual((r["old"], r["new"], r["added"], r["removed"], r["kept"]),
                         (len(a.keys), len(b.keys), len(b.keys) - len(kept), len(a.keys) - len(kept), len(kept)))
        self.assertEqual(r["renumbered"], sum(a.row_of[key] != b.row_of[key] for key in kept))
        for key, side, other in (("added_first", b, a), ("removed_first", a, b)):
            self.assertEqual([x["row"] for x in r[key]], [i for i, k in enumerate(side.keys) if k not in other.row_of][:5])
        want = request_differences(a, b)
        self.assertEqual({c["name"]: (c["differ"], c.get("one_absent", 0), c.get("largest", 0), c.get("sum", 0))
                          for c in r["columns"]}, want)
        for column in r["columns"]:
            self.assertEqual(len(column["first"]), min(5, column["differ"]))
            for x in column["first"]:
                i, j = x["old_row"], x["new_row"]
                self.assertEqual(a.keys[i], b.keys[j])
                self.assertNotEqual(a.meaning(column["name"], i), b.meaning(column["name"], j))
                self.assertEqual((x["old"], x["new"]), (a.requests[column["name"]][i], b.requests[column["name"]][j]))
        self.assertEqual(set(r["columns_only_old"]), a.requests.keys() - b.requests.keys())
        self.assertEqual(set(r["columns_only_new"]), b.requests.keys() - a.requests.keys())
        self.check_tables(found, a, b)
        return found

    def check_tables(self, found, a, b):
        self.assertEqual(set(found["tables_only_old"]), a.tables.keys() - b.tables.keys())
        self.assertEqual(set(found["tables_only_new"]), b.tables.keys() - a.tables.keys())
        listed = {t["table"]: t for t in found["tables"]}
        for name in a.tables.keys() & b.tables.keys():
            x, y = a.tables[name], b.tables[name]
            if name not in listed:
                self.assertEqual(x, y, name)
                continue
            t = listed[name]
            got = (t["added"], t["removed"], t["changed"], {c["name"]: c["differ"] for c in t["columns"]})
            if t["key"] or len(next(iter(x.values()))) == len(next(iter(y.values()))) == 1:
                self.assertEqual(got, table_differences(x, y, t["key"]), name)
            self.assertEqual(set(t["columns_only_old"]), x.keys() - y.keys())
            self.assertEqual(set(t["columns_only_new"]), y.keys() - x.keys())


def mooncake_rows(rng, n):
    """Rows that share beginnings; the first two leave 512 tokens a block alone."""
    time, rows = 0, [(0, 512, 1, [0]), (0, 513, 1, [0, 1])]
    for i in range(n):
        time += rng.choice([0, 1000, 3000])
        ids = list(range(rng.randint(1, 12))) + [100 + 10 * i + k for k in range(rng.randint(0, 3))]
        rows.append((time, 512 * len(ids) - rng.randint(0, 511), rng.randint(0, 99), ids))
    return rows


def marconi_rows(rng, n):
    time, rows, turns = 0.0, [], {}
    for _ in range(n):
        time += rng.choice([0.0, 1 / 1.5, 3.0])
        session = rng.randint(0, 5)
        ids = [7] * rng.randint(0, 9) + [rng.randint(0, 99) for _ in range(rng.randint(1, 9))]
        rows.append((session, turns.get(session, 0), time, ids, [rng.randint(0, 99) for _ in range(rng.randint(0, 5))]))
        turns[session] = turns.get(session, 0) + 1
    return rows


FORMS = {  # how to make rows, to write them, and to change one
    "mooncake": (mooncake_rows, support.mooncake, lambda row: (*row[:2], row[2] + 1, row[3])),
    "marconi": (marconi_rows, support.marconi, lambda row: (*row[:3], [*row[3][:-1], 5], [3, 4])),
}


class Stores(DiffTest):
    def test_equal(self):
        a = self.store("a", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS)})
        b = self.store("b", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS)})
        found = self.diff(a, b)
        self.assertTrue(found["same"])
        self.assertEqual([f["file"] for f in found["files"]], list(support.STORE_FILES))
        self.assertNotIn("requests", found)
        for file in support.STORE_FILES:
            with h5py.File(os.path.join(a, file), "r") as f:
                want = support.text(f.attrs["content_sha256"])
            self.assertEqual(self.diff(os.path.join(a, file), os.path.join(b, file))["files"],
                             [{"file": file, "old": want, "new": want}])
        self.assertTrue(self.diff(a, b + "/trace.h5")["same"], "a store beside a file is that file of it")

    def test_one_row_changed(self):
        rows = mooncake_rows(random.Random(1), 60)
        a = self.store("a", {"x.jsonl": support.mooncake(rows)})
        rows[17] = (*rows[17][:2], rows[17][2] + 434, rows[17][3])
        b = self.store("b", {"x.jsonl": support.mooncake(rows)})
        found = self.check(a, b)
        self.assertEqual([c["column"] for c in found["sources"]["changed"][0]["changes"]], ["xxh3_128"])
        r = found["requests"]
        self.assertEqual((r["kept"], r["changed"], r["renumbered"]), (62, 1, 0))
        self.assertEqual({c["name"]: (c["largest"], c["sum"]) for c in r["columns"]},
                         {"output_tokens": (434, 434), "kv_bytes": (434 * 131072, 434 * 131072)})
        self.assertEqual([(x["old"], x["new"]) for x in r["columns"][0]["first"]], [(rows[17][2] - 434, rows[17][2])])
        self.assertEqual(found["parameters"], [])
        self.assertEqual(found["datasets"], [], "sequences, trie, runs and curves are the same")
        back = self.check(b, a)
        self.assertEqual(back["requests"]["columns"][0]["sum"], -434)

    def test_source_added_and_merged(self):
        rng = random.Random(2)
        x, y = marconi_rows(rng, 40), marconi_rows(rng, 30)
        a = self.store("a", {"x.jsonl": support.marconi(x)}, form="marconi")
        b = self.store("b", {"y.jsonl": support.marconi(y), "x.jsonl": support.marconi(x)}, "--timeline", "overlay",
                       form="marconi")
        found = self.check(a, b)
        s = found["sources"]
        self.assertEqual((s["old"], s["new"], [n["name"] for n in s["added"]], s["removed"]), (1, 2, ["y"], []))
        self.assertEqual((found["requests"]["kept"], found["requests"]["added"]), (40, 30))
        self.assertNotIn("session", {c["name"] for c in found["requests"]["columns"]}, "sessions are numbered anew, no more")
        self.assertEqual(self.check(b, a)["sources"]["removed"][0]["name"], "y")

        self.ok("run", "-q", "-o", self.path("y"), "--format", "marconi", self.path("in-b/y.jsonl"))
        self.ok("merge", "-q", "-o", self.path("merged"), "--timeline", "overlay", self.path("y"), a)
        trace = self.diff(b + "/trace.h5", self.path("merged"))
        self.assertFalse(trace["same"], "made from other files, so content_sha256 differs")
        self.assertEqual((trace["requests"]["columns"], trace["datasets"], trace["requests"]["renumbered"]), ([], [], 0))
        self.ok("run", "-q", "-o", self.path("merged"))
        self.check(a, self.path("merged"))

    def test_source_renamed(self):
        content = support.mooncake(support.MOONCAKE_ROWS)
        a, b = self.store("a", {"x.jsonl": content}), self.store("b", {"z.jsonl": content})
        found = self.diff(a, b)
        self.assertEqual([(c["column"], c["old"], c["new"]) for c in found["sources"]["changed"][0]["changes"]],
                         [("name", "x", "z"), ("file", "x.jsonl", "z.jsonl")])
        self.assertEqual((found["requests"]["kept"], found["requests"]["changed"]), (3, 0))
        self.assertIn({"file": "trace.h5", "name": "name", "old": "x", "new": "z"}, found["parameters"])

    def test_capacities(self):
        rows = support.mooncake(mooncake_rows(random.Random(3), 30))
        a = self.store("a", {"x.jsonl": rows})
        b = self.store("b", {"x.jsonl": rows}, "--capacity", "10,1000")
        found = self.check(a, b)
        self.assertEqual(found["requests"]["columns_only_new"], ["hit_10"])
        self.assertEqual(found["requests"]["columns_only_old"], ["hit_10000", "hit_100000", "hit_1000000"])
        self.assertEqual(found["parameters"], [{"file": "enriched.h5", "name": "capacities",
                                                "old": [1000, 10000, 100000, 1000000], "new": [10, 1000]}])
        self.assertEqual([f["file"] for f in found["files"] if f["old"] != f["new"]], ["enriched.h5"])

    def test_random_changes(self):
        """Rows changed, dropped and added in one or two sources, with sessions and without."""
        for seed in range(8):
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                form = ("mooncake", "marconi")[seed % 2]
                make, write, edit = FORMS[form]
                sides = [{}, {}]
                for file in ("x.jsonl", "y.jsonl")[:1 + seed // 4]:
                    rows = make(rng, 25)
                    sides[0][file] = write(rows)
                    for _ in range(rng.randint(0, 3)):
                        i = rng.randint(2, len(rows) - 1)
                        rows[i] = edit(rows[i])
                    if rng.random() < 0.5:
                        del rows[rng.randint(2, len(rows) - 1)]
                    sides[1][file] = write(rows)
                a, b = (self.store("%s%d" % (side, seed), files, form=form) for side, files in zip("ab", sides))
                if sides[0] != sides[1]:
                    self.check(a, b)
                    self.check(b, a)

    def test_limit(self):
        rows = mooncake_rows(random.Random(4), 20)
        a = self.store("a", {"x.jsonl": support.mooncake(rows)})
        more = [(t, i, o + 1, ids) for t, i, o, ids in rows] + [(99000, 512, 1, [0])] * 9
        b = self.store("b", {"x.jsonl": support.mooncake(more)})
        for limit in (0, 3, 1000):
            found = self.diff(a, b, "--limit", limit)
            column = {c["name"]: c for c in found["requests"]["columns"]}["output_tokens"]
            self.assertEqual((column["differ"], len(column["first"])), (22, min(limit, 22)))
            self.assertEqual((found["requests"]["added"], len(found["requests"]["added_first"])), (9, min(limit, 9)))

    def test_folders_of_stores(self):
        a = self.store("a", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS)})
        b = self.store("b", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS[:2])})
        for folder, stores in (("old", {"one": a, "two": a}), ("new", {"one": b, "three": a})):
            for name, store in stores.items():
                shutil.copytree(store, self.path(folder, name))
        result = self.lta("diff", "--json", self.path("old"), self.path("new"))
        self.assertEqual(result.code, 1, str(result))
        found = json.loads(result.out)
        self.assertEqual((found["stores_only_old"], found["stores_only_new"]), (["two"], ["three"]))
        self.assertEqual([s["requests"]["removed"] for s in found["stores"]], [1])
        self.assertEqual(self.ok("diff", self.path("old"), self.path("old")).out.count("same content\n"), 12)


class Values(DiffTest):
    """Single values changed with h5py."""

    def edited(self, edit, file="enriched.h5"):
        a = self.store("a", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS)})
        shutil.copytree(a, self.path("b"))
        with h5py.File(self.path("b", file), "r+") as f:
            edit(f)
            f.attrs.modify("content_sha256", f.attrs["content_sha256"][:-4] + b"beef")
        return os.path.join(a, file), self.path("b", file)

    def test_table_value(self):
        def edit(f):
            f["tables/summary/rate"][0] = 1234.5
            f["tables/hit_curve/hits"][3] += 7
        a, b = self.edited(edit)
        found = self.diff(a, b)
        tables = {t["table"]: t for t in found["tables"]}
        self.assertEqual(sorted(tables), ["hit_curve", "summary"])
        with h5py.File(a, "r") as f:
            rate, hits = float(f["tables/summary/rate"][0]), int(f["tables/hit_curve/hits"][3])
        self.assertEqual(tables["summary"]["key"], ["source"])
        self.assertEqual([(c["name"], c["differ"], c["largest"]) for c in tables["summary"]["columns"]],
                         [("rate", 1, 1234.5 - rate)])
        self.assertEqual(tables["summary"]["columns"][0]["relative"], (1234.5 - rate) / rate)
        self.assertEqual(tables["hit_curve"]["key"], ["scope", "block", "reserve_last", "capacity"])
        self.assertEqual([(c["differ"], c["largest"], c["sum"]) for c in tables["hit_curve"]["columns"]], [(1, 7, 7)])
        if hits:
            self.assertEqual(tables["hit_curve"]["columns"][0]["relative"], 7 / hits)
        self.assertEqual((found["requests"]["changed"], found["requests"]["columns"]), (0, []))

    def test_key_of_a_table(self):
        def edit(f):
            f["tables/input_length/edge"][1] += 1000000
        found = self.diff(*self.edited(edit))
        self.assertEqual([(t["table"], t["added"], t["removed"], t["changed"]) for t in found["tables"]],
                         [("input_length", 1, 1, 0)])

    def test_large_numbers_and_absent_values(self):
        def edit(f):
            f["requests/kv_bytes"][:] = [2**63 + 5, 2**64 - 1, 0]
            f["requests/reuse_time_us"][1] = -1
            f["tables/summary/rate"][1] = float("nan")
        a, b = self.edited(edit)
        with h5py.File(a, "r") as f:
            kv = f["requests/kv_bytes"][:].tolist()
        columns = {c["name"]: c for c in self.diff(a, b)["requests"]["columns"]}
        self.assertEqual((columns["kv_bytes"]["differ"], columns["kv_bytes"]["one_absent"]), (3, 1))
        self.assertEqual(columns["kv_bytes"]["largest"], float(2**63 + 5 - kv[0])
                         if 2**63 + 5 - kv[0] >= 2**63 else 2**63 + 5 - kv[0])
        self.assertEqual(columns["kv_bytes"]["sum"], 2**63 + 5 - kv[0] - kv[2])
        self.assertIsNone(columns["kv_bytes"]["first"][1]["new"])

    def test_rows_far_apart_or_repeated(self):
        """Keys that no table from row to request can hold."""
        a, b = self.edited(lambda f: f["requests/output_tokens"].write_direct(f["requests/output_tokens"][:] + 1))
        for rows, kept in (([10**12, 5, 2 * 10**15], 3), ([4, 4, 4], 3), ([7, 10**12, 7], 3)):
            for path in (a, b):
                with h5py.File(path, "r+") as f:
                    f["requests/source_row"][:] = rows
            r = self.diff(a, b)["requests"]
            self.assertEqual((r["kept"], r["added"], r["removed"]), (kept, 0, 0))
            self.assertEqual([(c["name"], c["sum"]) for c in r["columns"]], [("output_tokens", 3)])
            self.assertEqual([(x["old_row"], x["new_row"]) for x in r["columns"][0]["first"]], [(0, 0), (1, 1), (2, 2)])
        with h5py.File(b, "r+") as f:
            f["requests/source_row"][:] = [10**12, 7, 7]
        first = {c["name"]: c["first"] for c in self.diff(a, b)["requests"]["columns"]}["output_tokens"]
        self.assertEqual([(x["old_row"], x["new_row"]) for x in first], [(0, 1), (1, 0), (2, 2)])
        with h5py.File(b, "r+") as f:
            f["requests/source"][1] = 9
        self.refused(3, ".*b/enriched.h5:/requests/source: request 1 names a source that is not there", "diff", a, b)

    def test_dictionary_as_text(self):
        """Another order of the dictionary, with indices to match, changes nothing."""
        rows = ["Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type"]
        for i, model in enumerate(["GPT-4", "ChatGPT", "GPT-4"]):
            rows.append("%d.0,,3,%s,%d,1,%d,API log" % (19440007 + i, model, i + 1, i + 2))
        a = self.store("a", {"x.csv": "\n".join(rows) + "\n"}, form="burstgpt")
        rows[1] = rows[1].replace("GPT-4", "ChatGPT")
        b = self.store("b", {"x.csv": "\n".join(rows) + "\n"}, form="burstgpt")
        found = self.check(a, b)
        columns = {c["name"]: [(x["old_row"], x["old"], x["new"]) for x in c["first"]] for c in found["requests"]["columns"]}
        self.assertEqual(columns, {"model": [(0, "GPT-4", "ChatGPT")]})


class Refusals(DiffTest):
    def setUp(self):
        super().setUp()
        self.a = self.store("a", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS)})
        self.b = self.store("b", {"x.jsonl": support.mooncake(support.MOONCAKE_ROWS[:2])})

    def test_usage(self):
        self.refused(2, ".*OLD|.*operand", "diff", self.a)
        self.refused(2, ".*operand", "diff", self.a, self.b, self.a)
        self.refused(2, ".*--limit x.*", "diff", "--limit", "x", self.a, self.b)
        self.refused(2, ".*format trie, .*format curve; expected two of one format", "diff",
                     self.a + "/trie.h5", self.b + "/curve.h5")

    def test_absent(self):
        self.refused(3, ".*none.*No such file", "diff", self.a, self.path("none"))
        os.makedirs(self.path("empty"))
        self.refused(3, ".*empty: .*expected a store", "diff", self.a, self.path("empty"))
        self.refused(3, ".*empty: expected a store, or a folder of stores", "diff", self.path("empty"), self.path("empty"))
        os.unlink(self.b + "/curve.h5")
        self.refused(3, ".*has no curve.h5", "diff", self.a + "/curve.h5", self.b)
        self.refused(3, ".*is not an HDF5 file", "diff", self.a, self.write("text.h5", "no HDF5"))

    def test_damaged(self):
        for file in ("trace.h5", "enriched.h5"):
            path = os.path.join(self.b, file)
            with open(path, "rb") as f:
                whole = f.read()
            for damaged in (whole[:len(whole) // 2], whole[:100]):
                with open(path, "wb") as f:
                    f.write(damaged)
                self.refused(3, ".*%s: .*" % file, "diff", self.a, self.b)
            with h5py.File(os.path.join(self.a, file), "r") as f:
                at, n = f["requests/output_tokens"].id.get_chunk_info(0)[2:4]
            with open(os.path.join(self.a, file), "rb") as f:
                flipped = bytearray(f.read())
            flipped[at + n // 2] ^= 0x10
            with open(path, "wb") as f:
                f.write(whole)
            os.makedirs(self.path("c"), exist_ok=True)
            with open(self.path("c", file), "wb") as f:
                f.write(flipped)
            self.refused(3, r".*c/%s:/requests/output_tokens.*" % file, "diff", self.path("c", file), path)

    def test_other_stages(self):
        for name in ("trie.h5", "reuse.h5", "curve.h5", "enriched.h5"):
            os.unlink(os.path.join(self.b, name))
        found = self.diff(self.a, self.b)
        self.assertEqual([f["file"] for f in found["files"] if f["new"] is None],
                         ["trie.h5", "reuse.h5", "curve.h5", "enriched.h5"])
        self.assertEqual(found["requests"]["removed"], 1)
        self.assertIn("summary", found["tables_only_old"])


if __name__ == "__main__":
    unittest.main()
