"""lta export --format csv and the CSV files of lta table: columns, order and values, against enriched.h5."""
import csv
import os
import re
import unittest

import h5py
import numpy as np
import support

REQUEST_COLUMNS = ["session", "turn", "arrival_us", "input_tokens", "output_tokens", "model", "kind", "source",
                   "source_session", "source_row", "source_time"]
FIELDS = ["reusable", "reusable_session", "reusable_source", "reusable_cross", "new_symbols", "reuse_distance",
          "reuse_distance_first", "reuse_request", "reuse_time_us", "working_set", "next_request", "next_reuse_time_us",
          "interarrival_us", "think_time_us", "session_turns", "trie_depth", "hit_100", "hit_1000", "hit_20000",
          "kv_bytes", "prompt_cache_distance"]
SYMBOL_FIELDS = set(FIELDS[:12]) - {"reusable_session", "reusable_cross"} | {"trie_depth", "hit_100", "hit_1000", "hit_20000",
                                                                           "prompt_cache_distance"}
SESSION_COLUMNS = {"session", "turn", "source_session", "reusable_session", "reusable_cross", "think_time_us",
                   "session_turns"}
CAPACITIES = ("--capacity", "100,1000,20000")


def rows_of(text):
    return list(csv.reader(text.splitlines()))


class Export(support.CliTest):
    def export(self, store):
        """Header and rows of the export; checks that -o FILE gives the same bytes as stdout."""
        out = self.ok("export", "--format", "csv", store).out
        self.ok("export", "--format", "csv", "-o", self.path("requests.csv"), store)
        with open(self.path("requests.csv"), newline="") as f:
            self.assertEqual(f.read(), out)
        rows = rows_of(out)
        return rows[0], rows[1:]

    def check_against_h5(self, store, header, rows):
        with h5py.File(store + "/enriched.h5", "r") as f:
            requests = f["requests"]
            texts = {"source": f["sources/name"].asstr()[:]}
            for name in ("model", "kind", "source_session"):
                if "dictionary/" + name in f:
                    texts[name] = f["dictionary/" + name].asstr()[:]
            self.assertEqual(set(header[1:]), set(requests), "every column is exported")
            for at, name in enumerate(header):
                got = [row[at] for row in rows]
                if name == "request":
                    want = list(range(len(rows)))
                else:
                    column = requests[name][:]
                    if name in texts:
                        want = [texts[name][i] for i in column]
                    elif column.dtype.kind == "f":
                        self.assertEqual([float(g) for g in got], column.tolist(), name)
                        want = [g if len(g) <= len(repr(v)) else repr(v) for g, v in zip(got, column.tolist())]
                    else:
                        want = column.tolist()
                self.assertEqual(got, [str(v) for v in want], name)

    def test_tokens_with_sessions(self):
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 2, "--sessions", 8, "--turns", 4)
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi", *CAPACITIES,
                *sorted(self.path("in", n) for n in os.listdir(self.path("in"))))
        header, rows = self.export(store)
        # Marconi names no model; the data set of the file is the kind
        self.assertEqual([c for c in header if c not in ("model", "kind")],
                         ["request"] + [c for c in REQUEST_COLUMNS if c not in ("model", "kind")] + FIELDS)
        self.check_against_h5(store, header, rows)

    def test_blocks_without_sessions(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "mooncake", *CAPACITIES, self.write(*support.SAMPLES["mooncake"]))
        header, rows = self.export(store)
        want = [c for c in REQUEST_COLUMNS + FIELDS if c not in SESSION_COLUMNS | {"source_time"}]
        self.assertEqual([c for c in header if c not in ("model", "kind")],
                         ["request"] + [c for c in want if c not in ("model", "kind")])
        self.check_against_h5(store, header, rows)

    def test_lengths_alone(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "azure", *CAPACITIES, self.write(*support.SAMPLES["azure"]))
        header, rows = self.export(store)
        want = [c for c in REQUEST_COLUMNS + FIELDS if c not in SESSION_COLUMNS | SYMBOL_FIELDS | {"source_time"}]
        self.assertEqual([c for c in header if c not in ("model", "kind")],
                         ["request"] + [c for c in want if c not in ("model", "kind")])
        self.check_against_h5(store, header, rows)
        self.assertEqual([row[header.index("kv_bytes")] for row in rows],
                         [str((i + o) * 131072) for i, o in ((4808, 10), (3180, 8), (110, 27))])

    def test_other_formats_and_folders(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "azure", self.write(*support.SAMPLES["azure"]))
        self.refused(2, ".*--format", "export", store)
        self.refused(2, "--format nonsense: ", "export", "--format", "nonsense", store)
        self.refused(3, ".*trace.h5: .*lta import", "export", "--format", "csv", self.folder)


class Tables(support.CliTest):
    """What lta table writes is what enriched.h5 holds, as RFC 4180."""

    def setUp(self):
        super().setUp()
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 2, "--sessions", 8, "--turns", 4)
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "marconi", *CAPACITIES,
                *sorted(self.path("in", n) for n in os.listdir(self.path("in"))))

    def test_every_table(self):
        with h5py.File(self.store + "/enriched.h5", "r") as f:
            tables = {name: {c: f["tables"][name][c] for c in f["tables"][name]} for name in f["tables"]}
            self.assertEqual(sorted(os.listdir(self.store + "/tables")), sorted(name + ".csv" for name in tables))
            for name, columns in tables.items():
                with self.subTest(table=name):
                    self.check_table(name, columns)

    def check_table(self, name, columns):
        with open("%s/tables/%s.csv" % (self.store, name), newline="", encoding="utf-8") as f:
            text = f.read()
        header, *rows = list(csv.reader(text.splitlines()))
        self.assertEqual(set(header), set(columns))
        for at, column in enumerate(header):
            data, got = columns[column], [row[at] for row in rows]
            if data.dtype.kind in "SO":
                self.assertEqual(got, list(data.asstr()[:]))
            elif data.dtype.kind == "f" and "/" in support.text(data.attrs["unit"]):
                self.assertEqual(got, ["" if np.isnan(v) else "%.9f" % v for v in data[:]], column)
            elif data.dtype.kind == "f":
                self.assertEqual([g == "" for g in got], list(np.isnan(data[:])), column)
                self.assertEqual([float(g) for g in got if g], [v for v in data[:] if not np.isnan(v)], column)
            else:
                self.assertEqual(got, [str(v) for v in data[:].tolist()], column)
        self.assertNotRegex(text, r"(?i)\b(nan|inf)\b")

    def test_line_ends_and_quotes(self):
        """RFC 4180: CRLF or LF alike throughout, quotes only where needed."""
        for file in os.listdir(self.store + "/tables"):
            with open(os.path.join(self.store, "tables", file), "rb") as f:
                text = f.read().decode("utf-8")
            self.assertTrue(text.endswith("\n"), file)
            self.assertIn(text.count("\r\n"), (0, text.count("\n")), file)
            widths = {len(row) for row in csv.reader(text.splitlines())}
            self.assertEqual(len(widths), 1, file)

    def test_elsewhere(self):
        self.ok("table", self.store, "-o", self.path("elsewhere"))
        self.assertEqual(support.differences(support.tree(self.path("elsewhere")), support.tree(self.store + "/tables")), [])

    def test_names_that_need_quotes(self):
        source = self.write('a,"b".jsonl', support.marconi(support.MARCONI_ROWS))
        store = self.path("quoted")
        self.ok("run", "-o", store, "--format", "marconi", source)
        with open(store + "/tables/summary.csv", newline="") as f:
            text = f.read()
        self.assertRegex(text, re.escape('"a,""b"""'))
        out = self.ok("export", "--format", "csv", store).out
        rows = rows_of(out)
        self.assertEqual({row[rows[0].index("source")] for row in rows[1:]}, {'a,"b"'})

    def test_reproducible_text(self):
        """No locale, no time zone: numbers keep their points."""
        before = support.tree(self.store + "/tables")
        env = support.environment(LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8", TZ="Asia/Tokyo")
        self.ok("table", self.store, "-o", self.path("german"), env=env)
        self.assertEqual(support.differences(support.tree(self.path("german")), before), [])


if __name__ == "__main__":
    unittest.main()
