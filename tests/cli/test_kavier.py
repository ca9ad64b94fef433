"""Kavier and Marconi-Kavier tables: every quirk of the published files, each with a made-up file that has it."""
import os
import unittest

import h5py
import support

HEADER = "session_id,turn_id,ts,num_input_tokens,num_output_tokens,input_tokens,output_tokens\n"


class KavierTest(support.CliTest):
    def read(self, content, *options, name="kavier.csv", code=0):
        """Imports a made-up file; the columns of its requests, and the log."""
        self.source = self.write(name, content)
        self.store = self.path("store")
        result = self.lta("import", "-o", self.store, *options, self.source)
        self.assertEqual(result.code, code, str(result))
        if code:
            return None, result.err
        with h5py.File(self.store + "/trace.h5", "r") as f:
            self.sources = {k: [support.text(v) for v in f["sources"][k][()].tolist()] for k in f["sources"]}
            self.sessions = [support.text(v) for v in f["dictionary/source_session"][()]] if "dictionary/source_session" in f else []
            self.unit = support.text(f.attrs["unit"])
            return {k: v[()].tolist() for k, v in f["requests"].items()}, result.err

    def exported(self, *options):
        return self.ok("export", "--format", "kavier-csv", "--allow-restricted", *options, self.store).out


class Quirks(KavierTest):
    def test_header_ends_in_a_comma(self):
        """input_decode_accuracy.csv: six names, the last empty; rows of five fields; no final newline."""
        got, _ = self.read("session_id,turn_id,ts,num_input_tokens,num_output_tokens,\n3,0,0,7,11\n3,1,4,31,25\n8,0,5,7,0")
        self.assertEqual((got["input_tokens"], got["output_tokens"]), ([7, 31, 7], [11, 25, 0]))
        self.assertEqual((got["session"], got["turn"], got["arrival_us"]), ([0, 0, 1], [0, 1, 0], [0, 4000000, 5000000]))
        self.assertEqual(self.unit, "none")

    def test_session_id_is_a_prompt_size(self):
        """input_prefill_accuracy.csv: nothing special; integer ts, all 0; outputs all 0."""
        got, _ = self.read("session_id,turn_id,ts,num_input_tokens,num_output_tokens\n64,0,0,64,0\n128,0,0,128,0")
        self.assertEqual((self.sessions, got["arrival_us"], got["output_tokens"]), (["64", "128"], [0, 0], [0, 0]))

    def test_lists_in_quotes(self):
        got, _ = self.read(HEADER + '0,0,0.0,3,2,"[1, 100, 2]","[1, 2]"\n0,1,1.5,1,0,[7],[]\n')
        self.assertEqual((got["input_tokens"], got["source_time"], self.unit), ([3, 1], [0.0, 1.5], "token"))
        self.assertEqual(self.exported(), HEADER + '0,0,0.0,3,2,"[1, 100, 2]","[1, 2]"\n0,1,1.5,1,0,[7],[]\n')

    def test_time_falls_between_sessions(self):
        """input_example.csv is sorted by session: requests are sorted by ts, stably, and the falls are counted."""
        got, log = self.read(HEADER + '0,0,0.0,1,0,[1],[]\n0,1,1.0,1,0,[2],[]\n1,0,0.0,1,0,[3],[]\n1,1,2.0,1,0,[4],[]\n2,0,0.0,1,0,[5],[]\n')
        self.assertEqual(got["source_row"], [0, 2, 4, 1, 3])
        self.assertEqual(got["session"], [0, 1, 2, 0, 1])
        self.assertRegex(log, "out of order, their time before that of the row before: 2;")

    def test_order_file(self):
        got, _ = self.read(HEADER + '0,0,5.0,1,0,[1],[]\n1,0,0.5,1,0,[3],[]\n', "--order", "file")
        self.assertEqual(got["source_row"], [0, 1])
        self.assertFalse({"arrival_us", "source_time"} & set(got))
        self.assertNotIn("ts", self.exported().splitlines()[0].split(","))

    def test_no_times(self):
        got, _ = self.read("num_output_tokens,num_input_tokens\n1,2\n3,4\n")
        self.assertEqual(sorted(got), ["input_tokens", "output_tokens", "source", "source_row"])
        self.read("num_output_tokens,num_input_tokens\n1,2\n", "--timeline", "overlay", "--force", code=2)

    def test_turns_are_numbered_where_nobody_does(self):
        got, _ = self.read("session_id,ts,num_input_tokens,num_output_tokens\nx,0,1,1\ny,0,1,1\nx,1,1,1\n")
        self.assertEqual((got["turn"], self.sessions), ([0, 0, 1], ["x", "y"]))

    def test_missing_lists_are_empty(self):
        """A null, NaN or empty token text; a table without any list has no symbols."""
        rows = "".join("0,%d,%d.0,0,0,%s,\n" % (k, k, none) for k, none in enumerate(["", "NaN", "nan", "null", "None", "[]"]))
        got, _ = self.read(HEADER + rows)
        self.assertEqual((len(got["turn"]), self.unit), (6, "token"))
        self.read(HEADER + "0,0,0.0,5,2,,NaN\n", "--force")
        self.assertEqual(self.unit, "none")

    def test_gaps_as_pandas_writes_them(self):
        """A column of integers with gaps is one of floating-point numbers."""
        got, _ = self.read("session_id,turn_id,num_input_tokens,num_output_tokens\n3.0,0.0,1.0,0\n,,2.0,0\n3.0,1.0,3.0,0\n")
        none = 2**32 - 1
        self.assertEqual((got["session"], got["turn"], self.sessions), ([0, none, 0], [0, none, 1], ["3"]))

    def test_one_list_alone(self):
        _, log = self.read("num_input_tokens,num_output_tokens,input_tokens\n2,1,\"[1, 2]\"\n")
        self.assertEqual(self.unit, "none")
        self.assertRegex(log, "token lists of inputs or of outputs alone")

    def test_counts_against_lists(self):
        _, log = self.read(HEADER + '0,0,0.0,1,0,[1],[]\n0,1,1.0,3,0,"[1, 2]",[]\n', code=3)
        self.assertRegex(log, r"kavier\.csv:3: num_input_tokens is 3, but input_tokens holds 2\n\Z")

    def test_bad_cells(self):
        for row, message in (("0,0,x,1,0,[1],[]", r'ts is "x", expected a finite number'), ("0,0,,1,0,[1],[]", "ts is empty"),
                             ("0,0,-1,1,0,[1],[]", "ts is -1, expected seconds from 0"), ("0,0,9,1.5,0,[1],[]", r'num_input_tokens is "1.5"'),
                             ("0,0,9,,0,[1],[]", "num_input_tokens is empty"), ('0,0,9,1,0,"[1",[]', "input_tokens"),
                             ("0,0,9,1,0,[-1],[]", "input_tokens"), ("0,-3,9,1,0,[1],[]", 'turn_id is "-3"'),
                             ("0,0,9,4294967295,0,[1],[]", "num_input_tokens is 4294967295, expected at most 4294967294")):
            _, log = self.read(HEADER + "0,0,0.0,1,0,[1],[]\n" + row + "\n", code=3)
            self.assertRegex(log, r"kavier\.csv:3: .*" + message)
            self.assertFalse(os.path.exists(self.store))

    def test_results_are_no_trace(self):
        for header in ("prompt_size,kavier_prefill,reality_prefill,kavier_decode,reality_decode", "Run Number,Export rate (s),Time (s)"):
            for options in ((), ("--format", "kavier")):
                _, log = self.read(header + "\n1,2,3,4,5\n", *options, code=3)
                self.assertRegex(log, r"kavier\.csv:1: the header .* is that of Kavier's results, expected a trace")

    def test_missing_column(self):
        _, log = self.read("session_id,num_input_tokens\n1,2\n", "--format", "kavier", code=3)
        self.assertRegex(log, 'the header "session_id,num_input_tokens" has no column num_output_tokens')


class Segments(KavierTest):
    TABLE = HEADER + ("0,0,0.0,1,0,[1],[]\n1,0,2.0,1,0,[2],[]\n" + "bad\n" + "2,0,1.0,1,0,[1],[]\n2,1,1.0,1,0,[3],[]\n" + "3,0,0.5,1,0,[4],[]\n")

    def test_cut_at_time_fall(self):
        got, log = self.read(self.TABLE, "--cut-at-time-fall", "--on-error", "skip")
        self.assertEqual(self.sources["name"], ["kavier-00", "kavier-01", "kavier-02"])
        self.assertEqual(self.sources["rows"], [3, 2, 1])
        self.assertEqual(got["source"], [0, 0, 1, 1, 2])
        self.assertEqual(got["source_row"], [0, 1, 3, 4, 5])
        self.assertEqual([self.sessions[i] for i in got["source_session"]], ["0", "1", "2", "2", "3"])
        self.assertEqual(got["arrival_us"], [0, 2000000, 2000000, 2000000, 2000000])
        self.assertRegex(log, "cut into 3 sources")
        self.ok("verify", self.store)

    def test_not_cut_unless_asked(self):
        got, _ = self.read(self.TABLE, "--on-error", "skip")
        self.assertEqual((self.sources["name"], got["source_row"]), (["kavier"], [0, 5, 3, 4, 1]))

    def test_many_segments(self):
        """Names sort in the order of the sources."""
        rows = "".join("%d,0,%d.0,1,0,[1],[]\n" % (k, (k + 1) % 2) for k in range(250))
        self.read(HEADER + rows, "--cut-at-time-fall")
        self.assertEqual(self.sources["name"], sorted(self.sources["name"]))
        self.assertEqual((len(self.sources["name"]), self.sources["name"][-1]), (126, "kavier-125"))

    def test_options_that_exclude_each_other(self):
        source = self.write("x.csv", self.TABLE)
        self.refused(2, "--order file leaves times out", "import", "-o", self.path("s"), "--order", "file", "--cut-at-time-fall", source)
        other = self.write("m.jsonl", support.mooncake(support.MOONCAKE_ROWS))
        for option in (("--order", "file"), ("--cut-at-time-fall",)):
            self.refused(2, ".*m.jsonl: --order and --cut-at-time-fall are not for format mooncake", "import", "-o", self.path("s"),
                         *option, other)


class MergedTable(KavierTest):
    """The published table is known by its first rows: (session, turn, ts, in, out)."""
    FIRST = [(0, 0, 0, 638, 394), (1, 0, 2, 1298, 328), (2, 0, 4, 814, 363), (0, 1, 5, 2121, 138), (3, 0, 6, 2034, 460)]

    def table(self, first):
        rows = first + [(100, 0, 0, 3, 1), (100, 1, 2.5, 4, 1), (200, 0, 0.5, 2, 2)]
        return HEADER + "".join('%d,%d,%r,%d,%d,"%s","%s"\n' % (s, t, float(ts), i, o, [7] * i, [9] * o) for s, t, ts, i, o in rows)

    def test_is_cut_by_itself(self):
        got, log = self.read(self.table(self.FIRST), name="marconi_all_traces.csv")
        self.assertEqual(self.sources["name"], ["marconi_all_traces-%02d" % k for k in range(3)])
        self.assertEqual(self.sources["dataset"], ["marconi-kavier"] * 3)
        self.assertEqual(self.sources["rows"], [5, 2, 1])
        self.assertEqual([self.sessions[i] for i in got["source_session"]], ["0", "1", "2", "0", "3", "100", "100", "200"])
        self.assertRegex(log, "first rows are those of the merged Marconi-Kavier table")

    def test_symbols_are_not_passed_on(self):
        self.read(self.table(self.FIRST))
        self.refused(2, "the licence of source kavier-00 ", "export", "--format", "kavier-csv", self.store)
        self.assertEqual(self.exported("--source", "kavier-01").splitlines()[2],
                         '100,1,2.5,4,1,"[7, 7, 7, 7]",[9]')

    def test_tokens_of_nobody_knows_whom(self):
        self.read(HEADER + '0,0,0.0,3,1,"[7, 8, 9]","[1]"\n', name="k.csv")
        self.refused(2, "the licence of source k is not known, ", "export", "--format", "kavier-csv", self.store)
        self.read(HEADER + "0,0,0.0,3,1,,\n", name="k.csv")
        self.ok("export", "--format", "kavier-csv", self.store)

    def test_order_file_wins(self):
        got, _ = self.read(self.table(self.FIRST), "--order", "file")
        self.assertEqual((self.sources["name"], got["source_row"]), (["kavier"], list(range(8))))

    def test_another_table_is_left_whole(self):
        other = [(s, t, ts, i, o + (k == 4)) for k, (s, t, ts, i, o) in enumerate(self.FIRST)]
        self.read(self.table(other))
        self.assertEqual((self.sources["name"], self.sources["dataset"]), (["kavier"], ["kavier"]))


class Published(KavierTest):
    ROWS = {"input_prefill_accuracy.csv": 9, "input_decode_accuracy.csv": 11, "input_example.csv": 6}

    def test_rows(self):
        for name, rows in self.ROWS.items():
            source = support.shared_file("kavier", name)
            if not source:
                self.skipTest("published data absent: data/kavier/%s; set LTA_SHARED" % name)
            store = self.path(name)
            result = self.ok("run", "-o", store, source)
            self.assertNotRegex(result.err, "another edition")
            with h5py.File(store + "/trace.h5", "r") as f:
                self.assertEqual(int(f["sources/rows"][0]), rows)
                self.assertEqual(len(f["requests/source"]), rows)
                self.assertEqual(support.text(f["sources/licence"][0]), "MIT")
            self.ok("verify", store)

    def test_results(self):
        for name in ("prefill_decode_accuracy.csv", "performance_numbers.csv"):
            source = support.shared_file("kavier", name)
            if not source:
                self.skipTest("published data absent: data/kavier/%s; set LTA_SHARED" % name)
            self.refused(3, ".*:1: the header .* is that of Kavier's results", "import", "-o", self.path("s"), source)


if __name__ == "__main__":
    unittest.main()
