"""Parquet as other people's tools see it: pyarrow reads what `lta export` writes, lta reads what pyarrow writes, and the PyPI
package kavier finds in kavier-parquet (and kavier-csv) the hits that our table `prompt_cache` has.

Runs in .build/venv (tests/venv.sh); skipped where that or Parquet in this build is missing, which in CI is a failure."""
import csv
import io
import json
import os
import subprocess
import sys
import unittest

import support


def bytes_of(path):
    with open(path, "rb") as f:
        return f.read()


def rows_of(table):
    return list(zip(*(table[c].to_pylist() for c in table.column_names)))


class ParquetTest(support.CliTest):
    def export(self, store, name, *options):
        path = self.path(name + ".parquet")
        self.ok("export", "--format", name, "-o", path, *options, store)
        return path

    def marconi_store(self):
        self.ok("synth", "-o", self.path("made"), "--format", "marconi", "--files", "2", "--sessions", "8", "--seed", "3")
        files = sorted(os.path.join(self.path("made"), f) for f in os.listdir(self.path("made")))
        self.ok("run", "-o", self.path("store"), *files)
        return self.path("store")


class Exports(ParquetTest):
    def same_as_csv(self, store):
        """--format parquet has the cells of --format csv, absent ones null."""
        table = pq.read_table(self.export(store, "parquet"))
        text = self.ok("export", "--format", "csv", store).out
        rows = list(csv.reader(io.StringIO(text)))
        self.assertEqual(table.column_names, rows[0])
        for k, name in enumerate(rows[0]):
            for got, want in zip(table[name].to_pylist(), (r[k] for r in rows[1:]), strict=True):
                if isinstance(got, float):
                    self.assertEqual(got, float(want), name)
                else:
                    self.assertEqual("" if got is None else str(got), want, name)
        return table

    def test_parquet_enriched(self):
        store = self.marconi_store()
        table = self.same_as_csv(store)
        types = {f.name: str(f.type) for f in table.schema}
        self.assertEqual([types[c] for c in ("request", "session", "arrival_us", "source", "source_row", "source_time", "kind", "hit_1000",
                                             "reuse_request")],
                         ["uint64", "uint32", "int64", "string", "uint64", "double", "string", "uint32", "int64"])

    def test_parquet_with_absent_values(self):
        """Merged from sources of which one has sessions, turns and times of floating point, and one has not."""
        with_all = self.write("a.csv", "session_id,turn_id,ts,num_input_tokens,num_output_tokens\nx,0,0.1,1,2\ny,,0.2,3,4\n")
        without = self.write("AzureLLMInferenceTrace_code.csv", support.AZURE_2023)
        self.ok("import", "-o", self.path("store"), "--format", "auto", with_all, without)
        table = self.same_as_csv(self.path("store"))
        self.assertEqual(table["session"].to_pylist(), [0, 1, None, None, None])
        self.assertEqual(table["turn"].to_pylist(), [0, None, None, None, None])
        self.assertEqual(table["source_time"].to_pylist(), [0.1, 0.2, None, None, None])
        self.assertEqual(table["source"].to_pylist(), ["a"] * 2 + ["AzureLLMInferenceTrace_code"] * 3)

    def test_one_source(self):
        store = self.marconi_store()
        name = os.path.basename(sorted(os.listdir(self.path("made")))[1])[:-len(".jsonl")]
        whole = pq.read_table(self.export(store, "parquet"))
        part = pq.read_table(self.export(store, "parquet", "--source", name))
        self.assertEqual(rows_of(part), [r for r in rows_of(whole) if r[whole.column_names.index("source")] == name])

    def test_kavier(self):
        """The published table's names, order and types; the rows of kavier-csv."""
        store = self.marconi_store()
        table = pq.read_table(self.export(store, "kavier-parquet"))
        self.assertEqual([(f.name, str(f.type), f.nullable) for f in table.schema],
                         [("session_id", "int64", False), ("turn_id", "int64", False), ("ts", "double", False),
                          ("num_input_tokens", "int64", False), ("num_output_tokens", "int64", False),
                          ("input_tokens", "string", False), ("output_tokens", "string", False)])
        rows = list(csv.reader(io.StringIO(self.ok("export", "--format", "kavier-csv", store).out)))
        self.assertEqual(table.column_names, rows[0])
        self.assertEqual([[repr(v) if isinstance(v, float) else str(v) for v in r] for r in rows_of(table)], rows[1:])
        for r in rows_of(table):
            self.assertEqual((len(json.loads(r[5])), len(json.loads(r[6]))), r[3:5])

    def test_kavier_round_trip(self):
        """CSV and Parquet of a table, imported and exported again, give the same rows and the same bytes."""
        store = self.marconi_store()
        first = self.export(store, "kavier-parquet")
        text = self.ok("export", "--format", "kavier-csv", store).out
        outputs = []
        for source in (first, self.write("kavier.csv", text)):
            again = self.path(os.path.basename(source) + ".store")
            self.ok("import", "-o", again, "--format", "kavier", "--cut-at-time-fall", source)
            allow = "--allow-restricted"
            outputs.append((self.ok("export", "--format", "kavier-csv", allow, again).out, bytes_of(self.export(again, "kavier-parquet", allow))))
        self.assertEqual(outputs[0], outputs[1])
        self.assertEqual(outputs[0][0], text)

    def test_counts_alone(self):
        source = self.write("AzureLLMInferenceTrace_code.csv", support.AZURE_2023)
        self.ok("import", "-o", self.path("store"), source)
        table = pq.read_table(self.export(self.path("store"), "kavier-parquet"))
        self.assertEqual(table.column_names, ["ts", "num_input_tokens", "num_output_tokens"])

    def test_opendc(self):
        store = self.marconi_store()
        self.ok("export", "--format", "opendc", "-o", self.path("workload"), store)
        self.assertEqual(sorted(os.listdir(self.path("workload"))), ["fragments.parquet", "tasks.parquet"])
        tasks, fragments = (pq.read_table(self.path("workload", f)) for f in ("tasks.parquet", "fragments.parquet"))
        self.assertEqual([(f.name, str(f.type)) for f in tasks.schema],
                         [("id", "string"), ("submission_time", "int64"), ("duration", "int64"), ("cpu_count", "int32"),
                          ("cpu_capacity", "double"), ("mem_capacity", "int64"), ("gpu_count", "int32"), ("gpu_capacity", "double"),
                          ("gpu_mem_capacity", "int64"), ("model_name", "string"), ("gpu_name", "string"), ("total_tokens", "int64")])
        self.assertEqual([(f.name, str(f.type)) for f in fragments.schema],
                         [("id", "string"), ("duration", "int64"), ("cpu_count", "int32"), ("cpu_usage", "double"),
                          ("gpu_count", "int32"), ("gpu_usage", "double")])
        requests = pq.read_table(self.export(store, "parquet"))
        n = len(requests)
        self.assertEqual(tasks["id"].to_pylist(), [str(k) for k in range(n)])
        self.assertEqual(fragments["id"].to_pylist(), tasks["id"].to_pylist())
        self.assertEqual(tasks["submission_time"].to_pylist(), [us // 1000 for us in requests["arrival_us"].to_pylist()])
        self.assertEqual(tasks["total_tokens"].to_pylist(),
                         [i + o for i, o in zip(requests["input_tokens"].to_pylist(), requests["output_tokens"].to_pylist())])
        self.assertEqual(sum(c.null_count for t in (tasks, fragments) for c in t.columns), 0)
        codecs = pq.ParquetFile(self.path("workload", "tasks.parquet")).metadata.row_group(0)
        self.assertEqual({codecs.column(k).compression for k in range(codecs.num_columns)}, {"ZSTD"})

    def test_opendc_wall_clock_and_models(self):
        source = self.write("AzureLLMInferenceTrace_code.csv", support.AZURE_2023)
        self.ok("import", "-o", self.path("azure"), source)
        self.ok("export", "--format", "opendc", "-o", self.path("a"), self.path("azure"))
        tasks = pq.read_table(self.path("a", "tasks.parquet"))
        self.assertEqual(tasks["submission_time"].to_pylist(), [1700158623979, 1700158624031, 1700158624078])
        self.assertEqual(tasks["total_tokens"].to_pylist(), [4818, 3188, 137])
        source = self.write("b.csv", "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,4,1,5,API log\n")
        self.ok("import", "-o", self.path("burst"), source)
        self.ok("export", "--format", "opendc", "-o", self.path("b"), self.path("burst"))
        self.assertEqual(pq.read_table(self.path("b", "tasks.parquet"))["model_name"].to_pylist(), ["ChatGPT"])

    def test_opendc_needs_times_and_a_folder(self):
        source = self.write("k.csv", "num_input_tokens,num_output_tokens\n1,2\n")
        self.ok("import", "-o", self.path("store"), source)
        self.refused(2, ".*give no times, which submission_time", "export", "--format", "opendc", "-o", self.path("w"), self.path("store"))
        self.assertFalse(os.path.exists(self.path("w")))
        self.refused(2, "opendc is a folder of files, expected -o OUT", "export", "--format", "opendc", self.path("store"))
        self.refused(2, ".*k.csv: exists and is not a folder", "export", "--format", "opendc", "-o", source, self.path("store"))

    def test_bytes(self):
        """The same bytes again, by another number of threads, to a pipe."""
        store = self.marconi_store()
        for name in ("parquet", "kavier-parquet"):
            first = bytes_of(self.export(store, name))
            self.assertEqual(bytes_of(self.export(store, name, "--threads", "3")), first)
            piped = subprocess.run([support.lta_path(), "export", "--format", name, store], stdout=subprocess.PIPE, check=True,
                                   stderr=subprocess.DEVNULL)
            self.assertEqual(piped.stdout, first)


class Imports(ParquetTest):
    def write_table(self, columns, name="t.parquet", **options):
        path = self.path(name)
        pq.write_table(pa.table(columns), path, **options)
        return path

    def test_messages_name_rows(self):
        path = self.write_table({"num_input_tokens": [1, 2, 3], "num_output_tokens": [0, None, -1]}, row_group_size=1)
        self.refused(3, r".*t\.parquet: row 1: num_output_tokens is empty, expected an integer", "import", "-o", self.path("s"), path)
        result = self.ok("import", "-o", self.path("s"), "--on-error", "skip", path)
        self.assertRegex(result.err, "2 rows dropped: not an integer")

    def test_columns_of_the_wrong_type(self):
        for columns, message in (({"num_output_tokens": [[1]]}, "num_output_tokens holds lists, expected integers"),
                                 ({"ts": pa.array([1], pa.timestamp("us"))}, "ts holds instants, expected numbers"),
                                 ({"ts": ["x"]}, 'ts is "x", expected a finite number'),
                                 ({"session_id": [0.5]}, "session_id is 0.5, expected an integer or text"),
                                 ({"session_id": [b"\xff"]}, "session_id is .*expected UTF-8"),
                                 ({"input_tokens": [["a"]], "output_tokens": [[]]}, "input_tokens holds lists of text, expected lists of integers"),
                                 ({"input_tokens": [[None]], "output_tokens": [[]]}, "input_tokens holds no integer")):
            path = self.write_table({"num_input_tokens": [1], "num_output_tokens": [0], **columns})
            self.refused(3, r".*t\.parquet: row 0: " + message, "import", "-o", self.path("s"), path)

    def test_other_tables(self):
        path = self.write_table({"a": [1], "b": [2]})
        self.refused(3, r".*t\.parquet: the columns a, b are those of no known format", "import", "-o", self.path("s"), path)
        self.refused(3, r".*t\.parquet: has no column num_input_tokens, expected one; its columns are a, b", "import", "-o", self.path("s"),
                     "--format", "kavier", path)
        self.refused(3, r".*t\.parquet: is Parquet, expected text: mooncake has no Parquet form", "import", "-o", self.path("s"),
                     "--format", "mooncake", path)
        none = pa.array([], pa.int64())
        path = self.write_table({"num_input_tokens": none, "num_output_tokens": none}, "empty.parquet")
        self.refused(3, r".*empty\.parquet: has no usable row", "import", "-o", self.path("s"), path)

    def test_merged_table(self):
        """As published: int64, double, text; cut by itself."""
        first = [(0, 0, 0, 638, 394), (1, 0, 2, 1298, 328), (2, 0, 4, 814, 363), (0, 1, 5, 2121, 138), (3, 0, 6, 2034, 460), (100, 0, 0, 3, 2)]
        s, t, ts, i, o = map(list, zip(*first))
        path = self.write_table({"session_id": s, "turn_id": t, "ts": [float(x) for x in ts], "num_input_tokens": i, "num_output_tokens": o,
                                 "input_tokens": [json.dumps([5] * k) for k in i], "output_tokens": [json.dumps([6] * k) for k in o]},
                                "marconi_full.parquet")
        result = self.ok("import", "-o", self.path("s"), path)
        self.assertRegex(result.err, "cut into 2 sources")
        rows = support.read_csv(self.ok("export", "--format", "csv", self.path("s")).out)
        self.assertEqual([(r["source"], r["source_session"], r["source_row"]) for r in rows],
                         [("marconi_full-00", str(v), str(k)) for k, v in enumerate(s[:5])] + [("marconi_full-01", "100", "5")])

    def test_compressed_and_standard_input(self):
        path = self.write_table({"num_input_tokens": [1, 2], "num_output_tokens": [0, 1]})
        subprocess.run(["gzip", "-k", path], check=True)
        self.ok("import", "-o", self.path("s"), path + ".gz")
        with open(path, "rb") as f:
            done = subprocess.run([support.lta_path(), "import", "-o", self.path("s2"), "-"], stdin=f, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(*(rows_without_source(self.ok("export", "--format", "csv", self.path(s)).out) for s in ("s", "s2")))


def rows_without_source(text):
    return [{k: v for k, v in r.items() if k != "source"} for r in support.read_csv(text)]


if __name__ == "__main__":
    support.go_on_with_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq
    unittest.main()
