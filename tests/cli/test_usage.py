"""Help, wrong usage, and the commands that answer questions: info, devices, verify, curve --csv."""
import json
import os
import re
import unittest

import h5py
import support

COMMANDS = ("run", "import", "merge", "anonymize", "trie", "reuse", "curve", "enrich", "split", "map", "reduce", "finish", "table", "report", "export", "info", "verify", "diff",
            "release", "synth", "devices", "man", "completion")


def used(command):
    """The common options that a command has a use for, beside those of the log."""
    if command in ("man", "completion"):
        return ()
    if command == "devices":
        return ("--threads",)
    options = ("--threads", "--memory")
    if command in ("table", "report", "info", "diff", "synth"):
        return options
    if command in ("export", "verify"):
        return options + ("--device",)
    return options + ("--device", "--force") + (("--on-error",) if command in ("run", "import", "release") else ())


def content_of(path):
    """Everything h5py can read of a file, or None where it cannot: two files with the same content are as good."""
    found = {}

    def take(name, item):
        found[name] = (sorted((k, str(v)) for k, v in item.attrs.items()),
                       (item.dtype.str, item.shape, item[:].tobytes()) if isinstance(item, h5py.Dataset) else None)
    try:
        with h5py.File(path, "r") as f:
            take("/", f)
            f.visititems(take)
    except Exception:  # whatever h5py makes of a damaged file: it did not read it
        return None
    return found


class Help(support.CliTest):
    def test_overview(self):
        for arguments in (["help"], ["--help"], ["-h"]):
            result = self.ok(*arguments)
            self.assertEqual(result.err, "")
            for command in COMMANDS:
                self.assertRegex(result.out, r"(?m)^  %s +\S" % command)

    def test_of_every_command(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                result = self.ok("help", command)
                self.assertEqual(result.err, "")
                self.assertRegex(result.out, r"\Alta %s - .+\n\nUsage: lta %s " % (command, command))
                self.assertIn("--quiet", result.out)
                for option in ("--device", "--threads", "--memory", "--force", "--on-error"):
                    self.assertEqual(option in result.out.split("Common options:")[1].split("\n\n")[0], option in used(command), option)
                    value = {"--device": ["cpu"], "--threads": ["1"], "--memory": ["1G"], "--on-error": ["skip"]}.get(option, [])
                    self.assertEqual(self.ok(command, option, *value, "--help").out, result.out)  # taken all the same
                self.assertIn("Example:\n", result.out)
                self.assertEqual(self.ok(command, "--help").out, result.out)
                self.assertEqual(self.ok(command, "-h").out, result.out)

    def test_options_of_stages_are_options_of_run(self):
        run = self.ok("help", "run").out
        for option in ("--format", "--ids", "--tail", "--block-tokens", "--timeline", "--gap", "--sort", "--sha256", "--inputs-only",
                       "--block", "--scope", "--model", "--capacity", "--output"):
            self.assertRegex(run, r"(?m)^ .*%s\b" % option)

    def test_version(self):
        result = self.ok("--version")
        self.assertRegex(result.out, r"\Alta \d+\.\d+\.\d+ ")
        self.assertEqual(result.err, "")

    def test_devices(self):
        result = self.ok("devices")
        self.assertRegex(result.out, r"(?m)^cpu +\S")
        self.assertRegex(result.out, r"(?m)^cuda +\S")
        self.assertEqual(result.err, "")


    def test_devices_for_machines(self):
        found = json.loads(self.ok("devices", "--json", "--threads", "3").out)
        self.assertEqual(found["cpu_threads"], 3)
        self.assertTrue(found["cuda"] or found["cuda_absent"])
        self.assertIsInstance(found["auto_by_cost"], bool)

    def test_verify_for_machines(self):
        store = self.path("a: store")
        self.ok("run", "-q", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        found = json.loads(self.ok("verify", "--json", store).out)
        self.assertEqual(found, {"ok": True, "error": None,
                                 "files": [{"file": os.path.join(store, n), "result": "ok"} for n in support.STORE_FILES]})
        with open(os.path.join(store, "reuse.h5"), "r+b") as f:
            f.truncate(3000)
        result = self.lta("verify", "--json", store)
        found = json.loads(result.out)
        self.assertEqual((result.code, found["ok"]), (3, False))
        self.assertIn("reuse.h5", found["error"])


class WrongUsage(support.CliTest):
    def test_no_command(self):
        result = self.lta()
        self.assertEqual((result.code, result.out), (2, ""))
        self.assertIn("Usage:", result.err)

    def test_unknown_command(self):
        self.refused(2, "unknown command frobnicate; see `lta help`", "frobnicate")
        self.refused(2, "unknown command frobnicate; see `lta help`", "help", "frobnicate")

    def test_suggestions(self):
        for given, meant in (("rnu", "run"), ("imprt", "import"), ("exprot", "export"), ("verfiy", "verify"), ("tabel", "table"), ("helpp", "help"),
                             ("inof", "info")):
            self.refused(2, "unknown command %s, did you mean %s\\? see `lta help`$" % (given, meant), given)
        for given, meant in (("--treads", "--threads"), ("--foce", "--force"), ("--mmeory=4G", "--memory")):
            self.refused(2, "unknown or incomplete option %s, did you mean %s\\? see `lta help trie`$" % (given, meant), "trie", given)
        for given in ("frobnicate", "x", "ab", "rrrr"):
            self.refused(2, "unknown command %s; see `lta help`$" % given, given)

    def test_unknown_option(self):
        for command in COMMANDS:
            self.refused(2, ".*--frobnicate.* see `lta help %s`" % command, command, "--frobnicate")
        self.refused(2, ".*--threads.*", "trie", "--threads")

    def test_operands(self):
        self.refused(2, "missing operands, expected STORE; see `lta help trie`", "trie")
        self.refused(2, "too many operands", "trie", "a", "b")
        self.refused(2, "missing operands", "run", "-o", "store")
        self.refused(2, ".*-o STORE", "run", "file.jsonl")
        self.refused(2, ".*-o STORE", "import", "file.jsonl")
        self.refused(2, ".*-o DIR", "synth", "--format", "marconi")
        self.assertEqual(os.listdir(self.folder), [])

    def test_values(self):
        for arguments, pattern in (
                (["trie", "--threads", "0", "x"], "--threads 0: expected a whole number from 1"),
                (["trie", "--threads", "many", "x"], "--threads many: expected a whole number"),
                (["trie", "--threads", "-3", "x"], "--threads -3: expected"),
                (["trie", "--memory", "4Q", "x"], "--memory 4Q: expected a size"),
                (["trie", "--memory", "99999999999T", "x"], "--memory 99999999999T: expected a size"),
                (["import", "--on-error", "panic", "-o", "s", "x"], "--on-error panic: expected fail or skip"),
                (["curve", "--block", "0", "x"], "--block 0: expected a whole number from 1"),
                (["curve", "--block", "1,,2", "x"], "--block 1,,2: expected"),
                (["curve", "--scope", "planet", "x"], "--scope planet: expected global, source, session"),
                (["curve", "--scope", "global,global", "x"], "--scope global,global: expected"),
                (["curve", "--capacity", "5", "x"], ".*--csv"),
                (["import", "--format", "msgpack", "-o", "s", "x"], "--format msgpack: expected .*marconi.*"),
                (["import", "--format", "mooncake", "--tail", "wag", "-o", "s", "x"], "--tail wag: expected keep or drop"),
                (["import", "--format", "mooncake", "--timeline", "bent", "-o", "s", "x"], "--timeline bent: expected concat or overlay"),
                (["import", "--format", "mooncake", "--gap", "soon", "-o", "s", "x"], "--gap soon: expected"),
                (["import", "--format", "mooncake", "--block-tokens", "0", "-o", "s", "x"], "--block-tokens 0: expected"),
                (["import", "--ids", "name", "-o", "s", "x"], "--ids name: expected u32, u64, text or oracle-general"),
                (["import", "--ids", "u32", "--format", "azure", "-o", "s", "x"], "--ids u32: files of format azure hold no"),
                (["enrich", "--capacity", "ten", "x"], "--capacity ten: expected"),
                (["enrich", "--window", "0", "x"], "--window 0: expected"),
                (["synth", "-o", "d", "--format", "azure"], "--format azure: expected marconi"),
                (["synth", "-o", "d", "--format", "marconi", "--files", "0"], "--files 0: expected"),
                (["synth", "-o", "d", "--format", "marconi", "--collapse", "2"], "--collapse 2: expected"),
                (["trie", "--device", "abacus", "x"], ".*--device abacus"),
        ):
            with self.subTest(arguments=arguments):
                self.refused(2, pattern, *arguments)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_file_for_a_store(self):
        self.write("file", "x")
        for arguments in (["trie"], ["reuse"], ["curve"], ["enrich"], ["table"], ["report"], ["export", "--format", "csv"],
                          ["curve", "--csv", "-", "--capacity", "1"], ["merge", "-o", "out"], ["anonymize", "-o", "out"]):
            with self.subTest(arguments=arguments):
                self.refused(3, "file: is a file, expected the folder of a store", *arguments, "file")
                self.refused(3, "absent: is not there; expected the folder of a store", *arguments, "absent")

    def test_absent_folder_of_an_output(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        for arguments in (["report"], ["export", "--format", "csv"], ["export", "--format", "parquet"]):
            self.refused(1, "absent/x: could not be created: there is no folder absent$", *arguments, "-o", "absent/x", store)
            self.refused(1, "small.jsonl/x: could not be created: small.jsonl is not a folder$", *arguments, "-o", "small.jsonl/x", store)

    def test_no_such_device(self):
        store = self.path("store")
        self.ok("import", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        if re.search(r"(?m)^cuda +not ", self.ok("devices").out):
            self.refused(4, ".*cuda", "trie", "--device", "cuda", store)
            self.refused(4, ".*cuda", "trie", "--device", "cuda:0", store)
        self.assertEqual(os.listdir(store), ["trace.h5"])
        self.ok("trie", "--device", "cpu", store)

    def test_what_this_trace_cannot_serve(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        before = support.tree(store)
        self.refused(2, ".*block_tokens.*512", "curve", "--block", 16, store)
        self.refused(2, ".*block_tokens.*512", "curve", "--block", 16, "--csv", "-", "--capacity", 1, store)
        self.refused(2, ".*session", "curve", "--scope", "session", store)
        self.refused(2, ".*session", "curve", "--scope", "session", "--csv", "-", "--capacity", 1, store)
        self.refused(2, ".*session", "run", "-o", store, "--scope", "session", "--format", "mooncake", self.path("small.jsonl"))
        self.refused(2, ".*--model", "enrich", "--model", "no-such-model", store)
        self.refused(2, ".*--model", "enrich", "--model", "mine:0:8:128:2", store)
        self.assertEqual(support.differences(support.tree(store), before), [])
        azure = self.path("azure")
        self.ok("run", "-o", azure, "--format", "azure", self.write(*support.SAMPLES["azure"]))
        self.refused(2, ".*no tokens and no block ids", "curve", "--csv", "-", "--capacity", 1, azure)

    def test_import_options_without_files(self):
        self.ok("run", "-q", "-o", "s", self.write("m.jsonl", support.mooncake(support.MOONCAKE_ROWS)))
        for option in (["--name", "n"], ["--timeline", "overlay"], ["--sha256"]):
            result = self.lta("run", "-o", "s", *option)
            self.assertEqual(result.code, 2, str(result))
            self.assertIn("%s is for importing, but no FILE is given" % option[0], result.err)
        self.ok("run", "-q", "-o", "s", "--block", "1")

    def test_overlay(self):
        """Own clocks aligned: refused without times or in a mix of wall clocks and others, here of the same unit."""
        a = self.write("a.csv", support.AZURE_2023)
        b = self.write("b.csv", support.AZURE_2023.replace("18:17", "18:16"))
        store = self.path("overlay")
        self.ok("import", "-o", store, "--format", "azure", "--timeline", "overlay", a, b)
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual(f["requests/arrival_us"][:].tolist(), [0, 52000, 98189, 60000000, 60052000, 60098189])
            self.assertEqual(f["requests/source"][:].tolist(), [1, 1, 1, 0, 0, 0])
        store = self.path("concat")
        self.ok("import", "-o", store, "--format", "azure", "--gap", 7, a, b)
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual(f["requests/arrival_us"][:].tolist(), [0, 52000, 98189, 98196, 150196, 196385])
        # token and block traces never merge, nor do different block sizes
        moon, marc = (self.write(*support.SAMPLES[n]) for n in ("mooncake", "marconi"))
        result = self.lta("import", "-o", self.path("mixed"), moon, marc)
        self.assertIn(result.code, (2, 3), str(result))
        self.assertFalse(os.path.exists(self.path("mixed", "trace.h5")))


class Queries(support.CliTest):
    """lta curve --csv: answers from the stored curve, from the runs, or from the trie, all alike; it never writes."""

    def setUp(self):
        super().setUp()
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 2, "--sessions", 6, "--turns", 4)
        self.sources = sorted(self.path("in", n) for n in os.listdir(self.path("in")))
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "marconi", *self.sources)
        self.before = support.identities(self.store)

    def query(self, *options, store=None):
        result = self.ok("curve", store or self.store, "--csv", "-", "--capacity", "1000000000,0,1,37,500,2000,500", *options)
        return result.out

    def test_stored_and_not_stored_agree(self):
        stored = {}
        for options in ([], ["--reserve-last"], ["--scope", "session,global"], ["--block", "16"]):
            stored[tuple(options)] = self.query(*options)
        self.assertEqual(support.identities(self.store), self.before)
        os.unlink(self.store + "/curve.h5")
        for options, want in stored.items():
            self.assertEqual(self.query(*options), want, options)

    def test_rows(self):
        rows = support.read_csv(self.query("--scope", "session,global", "--block", "16,1,3"))
        self.assertEqual(list(rows[0]), ["scope", "block", "capacity", "hits", "lookups", "hit_ratio"])
        self.assertEqual({(r["scope"], r["block"]) for r in rows},
                         {(s, b) for s in ("session", "global") for b in ("16", "1", "3")})
        for at in range(0, len(rows), 7):
            same = rows[at:at + 7]
            self.assertEqual([r["capacity"] for r in same], "1000000000,0,1,37,500,2000,500".split(","))
            self.assertEqual(len({(r["scope"], r["block"], r["lookups"]) for r in same}), 1)
            by_capacity = sorted((int(r["capacity"]), int(r["hits"])) for r in same)
            self.assertEqual([h for _, h in by_capacity], sorted(h for _, h in by_capacity))
            self.assertEqual(by_capacity[0], (0, 0))
            for r in same:
                self.assertEqual(r["hit_ratio"], "%.9f" % (int(r["hits"]) / int(r["lookups"])))

    def test_options_change_the_answer(self):
        plain, reserve, inputs = (support.read_csv(self.query("--scope", "global", "--block", "1", *o))
                                  for o in ([], ["--reserve-last"], ["--inputs-only"]))
        with h5py.File(self.store + "/trace.h5", "r") as f:
            lengths = f["sequences/input_length"][:]
        self.assertEqual(int(plain[0]["lookups"]), int(lengths.sum()))
        self.assertEqual(int(inputs[0]["lookups"]), int(lengths.sum()))
        self.assertEqual(int(reserve[0]["lookups"]), int((lengths - 1).sum()))
        self.assertLess(int(inputs[0]["hits"]), int(plain[0]["hits"]), "replies come back as history")

    def test_inputs_only_from_the_trie_or_stored(self):
        want = {}
        for options in (["--inputs-only"], ["--inputs-only", "--reserve-last"], ["--inputs-only", "--block", "5"]):
            want[tuple(options)] = self.query(*options)
        other = self.path("inputs")
        self.ok("run", "-o", other, "--inputs-only", "--format", "marconi", *self.sources)
        for options, rows in want.items():
            self.assertEqual(self.query(*options, store=other), rows, options)
        self.assertEqual(self.query("--scope", "global", store=other), self.query("--scope", "global"),
                         "without the option, outputs are touched, whatever the store was made with")

    def test_to_a_file(self):
        out = self.query()
        result = self.ok("curve", self.store, "--csv", "hits.csv", "--capacity", "1000000000,0,1,37,500,2000,500")
        self.assertEqual(result.out, "")
        with open(self.path("hits.csv")) as f:
            self.assertEqual(f.read(), out)
        self.refused(2, ".*--capacity", "curve", self.store, "--csv", "-")
        os.symlink("hits.csv", self.path("link.csv"))
        self.ok("curve", self.store, "--csv", "link.csv", "--capacity", "1")
        self.assertTrue(os.path.islink(self.path("link.csv")), "a link is followed, not replaced")
        result = self.ok("curve", self.store, "--csv", "/dev/stdout", "--capacity", "1000000000,0,1,37,500,2000,500")
        self.assertEqual(result.out, out, "a pipe is written directly")

    def test_a_failed_query_prints_nothing(self):
        os.unlink(self.store + "/trie.h5")
        result = self.refused(3, r".*trie\.h5", "curve", self.store, "--csv", "-", "--block", "1,7", "--capacity", "5")
        self.assertEqual(result.out, "")

    def test_the_stage_takes_reserve_last(self):
        self.ok("curve", self.store, "--reserve-last")
        self.assertEqual(support.identities(self.store), self.before, "curve.h5 holds both anyway")
        self.assertEqual(support.identities(self.store), self.before)


class WrongFormat(support.CliTest):
    def test_the_other_format_is_named(self):
        for name, (file, content) in support.SAMPLES.items():
            path = self.write(file, content)
            for other in sorted(set(support.SAMPLES) - {name}):
                self.refused(3, r".*:1: .*; its first line looks like format %s$" % name, "import", "-o", "s", "--format", other, path)
        path = self.write("x.jsonl", '{"timestamp": 1, "input_length": "many", "output_length": 1, "hash_ids": []}\n')
        for format_name, text in (("mooncake", None), ("marconi", "x\n")):
            path = self.write("x.jsonl", text) if text else path
            result = self.refused(3, ".*x.jsonl:1: ", "import", "-o", "s", "--format", format_name, path)
            self.assertNotIn("looks like", result.err)


class Notes(support.CliTest):
    def test_equal_ones_are_grouped(self):
        names = ["%s.csv" % c for c in "abc"]
        for name in names:
            self.write(name, support.AZURE_2023)
        self.write("d.csv", "TIMESTAMP,ContextTokens,GeneratedTokens,Cost\n2023-11-16 18:17:03,4808,10,1\n")
        err = self.ok("import", "-o", "store", *names, "d.csv").err.splitlines()
        self.assertEqual([line for line in err if "UTC" in line], ["lta import: 4 files (a.csv ...): timestamps name no zone and are taken as UTC"])
        self.assertEqual([line for line in err if "format azure" in line], ["lta import: 4 files (a.csv ...): its first line is that of format azure"])
        one = self.ok("import", "-o", "one", self.path("a.csv")).err
        self.assertIn("lta import: %s: timestamps name no zone" % self.path("a.csv"), one)
        self.write("e.csv", support.AZURE_2023 + "\nsoon,1,1")
        result = self.lta("import", "-o", "bad", "a.csv", "b.csv", "e.csv")
        self.assertEqual(result.code, 3)
        self.assertIn("2 files (a.csv ...): timestamps", result.err)


class Replaced(support.CliTest):
    def test_other_files_and_options_are_said(self):
        a, b = (self.write(n, support.AZURE_2023 + tail) for n, tail in (("a.csv", ""), ("b.csv", "\n2023-11-16 18:17:05,9,9")))
        self.assertNotIn("replaced", self.ok("import", "-o", "store", a, b).err)
        self.assertNotIn("replaced", self.ok("import", "-o", "store", a, b).err)
        result = self.ok("run", "-o", "store", b)
        self.assertRegex(result.err, r"lta import: warning: store/trace\.h5: was made from other files \(a\.csv and 1 more\) and is replaced\n")
        result = self.ok("import", "-o", "store", "--name", "other", b)
        self.assertRegex(result.err, r"lta import: store/trace\.h5: was made from these files with other parameters, .* and is replaced\n")
        self.assertRegex(self.ok("import", "-q", "-o", "store", a).err, r"\A.*other files \(b\.csv\) and is replaced\n\Z")


class Summary(support.CliTest):
    """What lta run prints at the end."""

    def printed(self, *arguments):
        return self.ok("run", "-q", "--force", "-o", self.path("store"), *arguments).out

    def test_sources(self):
        a, b = (self.write(n, support.AZURE_2023) for n in ("a.csv", "b.csv"))
        self.assertRegex(self.printed(a), r"\Aa\n")
        self.assertNotIn("timeline", self.printed(a))
        out = self.printed(a, b)
        self.assertRegex(out, r"\Aa and 1 more source\n")
        self.assertRegex(out, r"(?m)^  requests +6  from 2 sources, one after the other \(--timeline concat\)$")
        out = self.printed("--timeline", "overlay", a, b, self.write("c.csv", support.AZURE_2023))
        self.assertRegex(out, r"\Aa and 2 more sources\n")
        self.assertRegex(out, r"(?m)^  requests +9  from 3 sources, by their own clocks \(--timeline overlay\)$")
        self.assertRegex(self.printed("--name", "both", a, b), r"\Aboth\n")

    def test_span(self):
        a = self.write("a.csv", support.AZURE_2023.replace("18:17:04.0781490", "21:18:04.0781490"))
        self.assertRegex(self.printed(a), r"(?m)^  span +10,860\.098  s from first to last arrival, ")


class Info(support.CliTest):
    def setUp(self):
        super().setUp()
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))

    def test_store_and_files(self):
        self.assertIn("512", self.ok("info", self.store).out)
        for name in support.STORE_FILES:
            self.assertIn(name[:-3], self.ok("info", os.path.join(self.store, name)).out)

    def test_json(self):
        for operand in (self.store, *(os.path.join(self.store, n) for n in support.STORE_FILES)):
            result = self.ok("info", "--json", operand)
            self.assertIsInstance(json.loads(result.out), dict)
            self.assertEqual(result.err, "")

    def test_overview(self):
        """A store's begins with a few lines; columns come with -v, and for a single file."""
        out = self.ok("info", self.store).out
        self.assertEqual(out.split("\n\n")[0].splitlines()[1:], [
            "  name            small", "  symbols         block of 512 tokens", "  requests        3", "  sources         1",
            "  sessions        -  (the sources give none)", "  span            2.999 s",
            "  files           up to date: trace.h5, trie.h5, reuse.h5, curve.h5, enriched.h5",
            "  curves          global, source x block1, block1_reserve_last"])
        self.assertNotIn("/requests/", out)
        for arguments in (("-v", self.store), (self.store + "/trace.h5",)):
            self.assertIn("/requests/arrival_us", self.ok("info", *arguments).out)
        found = json.loads(self.ok("info", "--json", self.store).out)
        self.assertEqual(found["overview"], {
            "name": "small", "unit": "block", "block_tokens": 512, "requests": 3, "sources": 1, "sessions": None, "span_us": 2999000,
            "curves": {"scopes": ["global", "source"], "blocks": ["block1", "block1_reserve_last"]}})
        os.unlink(self.store + "/curve.h5")
        self.ok("import", "-q", "-o", self.store, self.write(*support.SAMPLES["marconi"]))
        out = self.ok("info", self.store).out
        self.assertIn("  files           up to date: trace.h5; out of date: trie.h5, reuse.h5, enriched.h5; not made: curve.h5\n", out)
        self.assertIn("  sessions        2\n", out)
        self.assertNotIn("  curves", out)

    def test_absent(self):
        self.refused(3, ".*nowhere", "info", self.path("nowhere"))
        os.mkdir(self.path("empty"))
        self.refused(3, ".*empty", "info", self.path("empty"))

    def test_log_json(self):
        result = self.ok("trie", "--log-json", self.store)
        for line in result.err.splitlines():
            self.assertLessEqual({"level", "stage", "message"}, set(json.loads(line)))
        result = self.lta("trie", "--log-json", self.path("nowhere"))
        self.assertEqual(result.code, 3)
        self.assertEqual(json.loads(result.err.splitlines()[-1])["level"], "error")

    def test_quiet(self):
        self.assertEqual(self.ok("trie", "-q", "--force", self.store).err, "")


class Verify(support.CliTest):
    def setUp(self):
        super().setUp()
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "marconi", self.write(*support.SAMPLES["marconi"]))

    def test_ok(self):
        self.ok("verify", self.store)
        self.ok("verify", *(os.path.join(self.store, n) for n in support.STORE_FILES))
        azure = self.path("azure")
        self.ok("run", "-o", azure, "--format", "azure", self.write(*support.SAMPLES["azure"]))
        self.ok("verify", azure, self.store)

    def test_flipped_bytes(self):
        """A flipped bit is found, unless it lies in slack space and every reader still sees the same content."""
        n_found = n_slack = 0
        for name in support.STORE_FILES:
            path = os.path.join(self.store, name)
            with open(path, "rb") as f:
                whole = f.read()
            before = content_of(path)
            found_here = 0
            for i in range(24):
                at = (2 * i + 1) * len(whole) // 48
                with self.subTest(file=name, offset=at):
                    with open(path, "r+b") as f:
                        f.seek(at)
                        f.write(bytes([whole[at] ^ 1 << i % 8]))
                    result = self.lta("verify", path)
                    self.assertIn(result.code, (0, 3), str(result))
                    if result.code == 0:
                        n_slack += 1
                        self.assertTrue(content_of(path) == before, "offset %d was changed unnoticed" % at)
                    else:
                        found_here += 1
                        self.assertIn(name, result.err)
                    with open(path, "wb") as f:
                        f.write(whole)
            n_found += found_here
        self.assertGreater(n_found, 20, "%d in slack space" % n_slack)

    def test_flipped_data(self):
        """Inside the chunks of a column there is no slack: each flip is found, in the stage's file and by the next stage."""
        for name in support.STORE_FILES:
            path = os.path.join(self.store, name)
            with open(path, "rb") as f:
                whole = f.read()
            places = []
            with h5py.File(path, "r") as f:
                def take(_, item):
                    if isinstance(item, h5py.Dataset) and item.shape[0] > 0:
                        info = item.id.get_chunk_info(0)
                        places.append((item.name, info.byte_offset, info.size))
                f.visititems(take)
            for dataset, offset, size in places[:: max(1, len(places) // 6)]:
                for at in (offset, offset + size // 2, offset + size - 1):
                    with open(path, "r+b") as f:
                        f.seek(at)
                        f.write(bytes([whole[at] ^ 0x10]))
                    with self.subTest(file=name, dataset=dataset, offset=at):
                        result = self.lta("verify", path)
                        self.assertEqual(result.code, 3, str(result))
                        self.assertIn(name, result.err)
            with open(path, "wb") as f:
                f.write(whole)
        self.ok("verify", self.store)


if __name__ == "__main__":
    unittest.main()
