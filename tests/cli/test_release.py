#!/usr/bin/env python3
"""lta release: a release of synthesised chats and of a trace without symbols is complete, describes itself truly, is read by other
tools, and comes out with the same bytes from another folder, with other threads, on another day, and after being killed."""
import csv
import glob
import hashlib
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time
import unittest

import h5py
import support

CONFIG = """# an example
release: Example
version: "1.2"
title: "Chats: an example"
description: >-
  Two traces | with everything.
licence: CC-BY-4.0
creators:
  - {name: "Doe, Jane", affiliation: VU, orcid: 0000-0002-1825-0097}
  - name: The Archive
keywords: [a, "b: c"]
traces:
  - name: chats
    files: ["in/*.jsonl"]
    note: Nobody wrote these.
    options: {format: marconi, capacity: [100, 5000], block: [1, 16], sort: true}
  - name: lengths
    files: azure.csv
"""
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    "2023-11-16 18:15:%02d.5000000,%d,%d\n" % (i, 100 + 7 * i, i) for i in range(40))
DOCUMENTS = {"CITATION.cff", "README.md", "data-dictionary.csv", "datapackage.json", "provenance.json", "zenodo.json"}


class Release(support.CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.given = os.path.join(os.environ.get("TMPDIR", "/tmp"), "lta-release-%d" % os.getpid())
        os.mkdir(cls.given)
        subprocess.run([support.lta_path(), "synth", "-q", "--format", "marconi", "-o", os.path.join(cls.given, "in"), "--files", "2",
                        "--sessions", "12", "--turns", "4"], check=True)
        with open(os.path.join(cls.given, "azure.csv"), "w") as f:
            f.write(AZURE)
        with open(os.path.join(cls.given, "release.yaml"), "w") as f:
            f.write(CONFIG)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.given)

    def setUp(self):
        super().setUp()
        self.config = os.path.join(self.given, "release.yaml")

    def release(self, name="out", *options, **more):
        self.ok("release", *options, "-o", self.path(name), self.config, **more)
        return support.tree(self.path(name))

    # ---- what is in it

    def test_files_and_sums(self):
        files = self.release()
        traces = {t: {n for n in files if n.startswith(t + "/")} for t in ("chats", "lengths")}
        self.assertEqual(set(files), DOCUMENTS | {"SHA256SUMS"} | traces["chats"] | traces["lengths"])
        for t in traces:
            for name in ("enriched.h5", "requests.csv", "requests.parquet", "kavier.parquet", "tables/summary.csv"):
                self.assertIn("%s/%s" % (t, name), traces[t])
        self.assertIn("chats/tables/hit_curve.csv", files)
        self.assertNotIn("lengths/tables/hit_curve.csv", files)
        sums = dict(reversed(line.split("  ", 1)) for line in files["SHA256SUMS"].decode().splitlines() if not line.startswith("#"))
        self.assertEqual(set(sums), set(files) - {"SHA256SUMS"})
        for name, digest in sums.items():
            self.assertEqual(hashlib.sha256(files[name]).hexdigest(), digest, name)
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=self.path("out"), check=True)
        contents = [line.split() for line in files["SHA256SUMS"].decode().splitlines() if line.startswith("#")]
        self.assertEqual([c[3] for c in contents], ["chats/enriched.h5", "lengths/enriched.h5"])
        for _, _, digest, name in contents:
            info = json.loads(self.ok("info", "--json", self.path("out", name)).out)
            self.assertIn(digest, json.dumps(info))

    def test_same_as_run(self):
        """The same commands by hand give the same files."""
        files = self.release()
        sources = sorted(glob.glob(os.path.join(self.given, "in", "*.jsonl")))
        self.ok("run", "-o", self.path("store"), "--sha256", "--name", "chats", "--sort", "--format", "marconi", "--capacity", "100,5000",
                "--block", "1,16", *sources)
        with open(self.path("store", "enriched.h5"), "rb") as f:
            self.assertEqual(f.read(), files["chats/enriched.h5"])
        for name, content in support.tree(self.path("store", "tables")).items():
            self.assertEqual(content, files["chats/tables/" + name])

    def test_dictionary_tells_every_column(self):
        files = self.release()
        told = {}
        for row in csv.DictReader(files["data-dictionary.csv"].decode().splitlines()):
            told.setdefault(row["file"], []).append(row["column"])
            self.assertTrue(row["unit"] and row["description"], row)
            self.assertIn(row["type"], ("integer", "number", "string"))
        for name, content in files.items():
            if "/" in name and name.endswith(".csv"):
                self.assertEqual(told[name], next(csv.reader(content.decode().splitlines())), name)

    def test_documents(self):
        files = self.release()
        package = json.loads(files["datapackage.json"])
        self.assertEqual({r["path"] for r in package["resources"]}, {n for n in files if "/" in n})
        for r in package["resources"]:
            if r["path"].endswith(".csv"):
                self.assertEqual(r["hash"], "sha256:" + hashlib.sha256(files[r["path"]]).hexdigest())
                self.assertEqual(r["bytes"], len(files[r["path"]]))
            else:  # compressed: its bytes depend on libraries, and so would this file
                self.assertFalse({"hash", "bytes"} & set(r))
            self.assertEqual("content_sha256" in r, r["path"].endswith(".h5"))
        for name in DOCUMENTS:
            for path, content in files.items():
                if path.endswith((".h5", ".parquet")):
                    self.assertNotIn(hashlib.sha256(content).hexdigest(), files[name].decode())
        zenodo = json.loads(files["zenodo.json"])["metadata"]
        self.assertEqual(zenodo["creators"][0], {"name": "Doe, Jane", "affiliation": "VU", "orcid": "0000-0002-1825-0097"})
        self.assertNotIn("publication_date", zenodo)
        citation = files["CITATION.cff"].decode()
        for line in ('title: "Chats: an example"', '  - family-names: "Doe"', '    given-names: "Jane"', '  - name: "The Archive"',
                     '    orcid: "https://orcid.org/0000-0002-1825-0097"', '  - "b: c"'):
            self.assertIn(line + "\n", citation)
        readme = files["README.md"].decode()
        for words in ("# Chats: an example", "Nobody wrote these.", "## lengths", "Version 1.2, licence CC-BY-4.0.", "40 requests",
                      "The sources stand one after the other, in this order (`--timeline concat`): the first request of each arrives 0 us after"):
            self.assertIn(words, readme)
        self.assertEqual(readme.count("The sources stand"), 1, "lengths has one source")
        provenance = json.loads(files["provenance.json"])
        chats, lengths = provenance["traces"]
        self.assertEqual([s["file"] for s in chats["stages"]], list(support.STORE_FILES))
        self.assertEqual([s["file"] for s in lengths["stages"]], ["trace.h5", "enriched.h5"])
        for trace, pattern in ((chats, "in/*.jsonl"), (lengths, "azure.csv")):
            for source, path in zip(trace["sources"], sorted(glob.glob(os.path.join(self.given, pattern)))):
                with open(path, "rb") as f:
                    self.assertEqual(source["sha256"], hashlib.sha256(f.read()).hexdigest())
        for name in DOCUMENTS:
            self.assertNotIn(self.folder.encode(), files[name])
            self.assertNotIn(self.given.encode(), files[name])
            self.assertNotIn(os.uname().nodename.encode(), files[name])

    def test_tokenizer(self):
        """A tokenizer's path starts where the configuration lies; the release has its name alone, and a bad one is named with its line."""
        os.mkdir(self.path("there"))
        self.write("there/c.json", json.dumps([{"id": "x", "conversations": [{"from": "human", "value": "hello"}, {"from": "gpt", "value": "you"}]}]))
        config = CONFIG[:CONFIG.index("traces:")] + "traces:\n  - name: t\n    files: c.json\n    options:\n      format: sharegpt\n      tokenizer: %s\n"
        self.config = self.path("there", "r.yaml")
        for name in ("absent/tok.model", "r.yaml"):
            self.write("there/r.yaml", config % name)
            result = self.lta("release", "-q", "-o", self.path("never"), self.config)
            self.assertIn(result.code, (2, 3), "2: a build without SentencePiece")
            self.assertRegex(result.err, r"^lta release: error: .*there/r\.yaml:17: .*there/%s: " % name)
        self.assertFalse(os.path.exists(self.path("never")))
        self.write("there/r.yaml", config % "bytes")
        command = json.loads(self.release("bytes")["provenance.json"])["traces"][0]["command"]
        self.assertEqual(command[command.index("--tokenizer") + 1], "bytes")
        if "SentencePiece" not in self.ok("--version").out:
            return
        pieces = ((b"<unk>", 2), (b"<s>", 3), (b"</s>", 3), (b"hello", 1), (b"you", 1), (b"\xe2\x96\x81", 1))
        body = [b"\x0a%c%s\x15%s\x18%c" % (len(p), p, struct.pack("<f", -1), kind) for p, kind in pieces]
        self.write("there/tok.model", b"".join(b"\x0a%c%s" % (len(b), b) for b in body))
        self.write("there/r.yaml", config % "tok.model")
        provenance = self.release("model")["provenance.json"].decode()
        command = json.loads(provenance)["traces"][0]["command"]
        self.assertEqual(command[command.index("--tokenizer") + 1], "tok.model")
        self.assertNotIn(self.folder, provenance)

    def test_command_makes_the_same_store(self):
        """provenance.json's command, with what the command line said of bad rows; a trace's own word on them goes first."""
        with open(os.path.join(self.given, "bad.csv"), "w") as f:
            f.write(AZURE + "2023-11-16,soon,7\n")
        options = "files: bad.csv\n    options: {sha256: true, name: x%s}\n"
        for own, given, skips in (("", "skip", True), ("", "fail", False), (", on-error: skip", "fail", True), (", on-error: fail", "skip", False)):
            self.configured("bad.yaml", ("files: azure.csv\n", options % own))
            arguments = "release", "-q", "--on-error", given, "-o", self.path("out"), self.config
            if not skips:
                self.refused(3, r".*bad\.csv:42: ", *arguments)
                continue
            self.ok(*arguments)
            with open(self.path("out", "provenance.json")) as f:
                command = json.load(f)["traces"][1]["command"]
            self.assertEqual(command, ["lta", "run", "-o", "lengths", "--sha256", "--on-error", "skip", "--name", "x", "bad.csv"])
            self.ok(*command[1:3], self.path("again"), *command[4:], cwd=self.given)
            with open(self.path("again", "enriched.h5"), "rb") as f, open(self.path("out", "lengths", "enriched.h5"), "rb") as g:
                self.assertEqual(f.read(), g.read())
        self.wrong(r".*wrong\.yaml:16: --on-error drop: expected fail or skip", ("sort: true", "on-error: drop"))

    def test_readme_tells_what_is_used_and_published(self):
        self.configured("inputs.yaml", ("    note:", "    symbols: true\n    note:"), ("sort: true", "sort: true, inputs-only: true"),
                        ('title: "Chats: an example"', 'title: "Chats:\\nan example"'), ("name: The Archive", 'name: "The\\nArchive"'),
                        ("keywords: [a,", 'keywords: ["a\\nb",'))
        files = self.release()
        readme = files["README.md"].decode()
        for words in ("`trace.h5` has the sequences themselves, `kavier.parquet` their token lists.\n", "Outputs are not used: ", "# Chats: an example\n"):
            self.assertEqual(readme.count(words), 1, words)
        self.assertIn('  - name: "The Archive"\n', files["CITATION.cff"].decode())
        self.assertEqual(json.loads(files["zenodo.json"])["metadata"]["keywords"][0], "a b")
        self.config = os.path.join(self.given, "release.yaml")
        readme = self.release()["README.md"].decode()
        for words in ("token lists", "Outputs are not used"):
            self.assertNotIn(words, readme)

    def test_names_with_line_ends(self):
        """A file's name may have one; a list's entry is one line all the same."""
        with open(os.path.join(self.given, "b\nad.csv"), "w") as f:
            f.write(AZURE + "2023-11-16,soon,7\n")
        self.configured("bad.yaml", ("files: azure.csv", "files: b*ad.csv\n    options: {on-error: skip, format: azure}"))
        readme = self.release()["README.md"].decode()
        self.assertIn("| b ad | azure | b ad.csv |", readme)
        self.assertIn("- b ad: 1, ", readme)
        os.unlink(os.path.join(self.given, "b\nad.csv"))

    # ---- the same again

    def test_same_bytes(self):
        want = self.release()
        self.assertEqual(support.differences(want, self.release()), [], "again, into the same folder")
        moved = self.path("elsewhere")
        shutil.copytree(self.given, moved)
        for name in glob.glob(os.path.join(moved, "in", "*")):
            os.utime(name, (1, 1))
        self.config = os.path.join(moved, "release.yaml")
        again = self.release("b", "--threads", "1", "--work", self.path("w"), env=support.environment(TZ="Asia/Tokyo"))
        self.assertEqual(support.differences(want, again), [])

    def test_what_was_met_in_the_sources(self):
        """The README tells what import said and what the sources lack, however often the release was gone on with."""
        want = self.release()["README.md"].decode()
        self.assertIn("- azure.csv: timestamps name no zone and are taken as UTC\n", want)
        self.assertIn("The sources give no sessions; no turns; no tokens or blocks", want)
        self.assertNotIn(self.given, want)
        self.assertEqual(self.release("out", "-q")["README.md"].decode(), want, "gone on with, and silent")
        notes = self.path("out.work", "lengths", "import-notes.txt")
        with open(notes) as f:
            text = f.read()
        for change in (None, "0" * 64 + text[64:], text[:40], ""):
            os.unlink(notes)
            if change is not None:
                with open(notes, "w") as f:
                    f.write(change)
            self.assertEqual(self.release()["README.md"].decode(), want, change)
            with open(notes) as f:
                self.assertEqual(f.read(), text)

    def test_equal_notes_once(self):
        shutil.copy(os.path.join(self.given, "azure.csv"), os.path.join(self.given, "b.csv"))
        self.configured("two.yaml", ("files: azure.csv", "files: [azure.csv, b.csv]"))
        readme = self.release()["README.md"].decode()
        self.assertIn("- 2 files (azure.csv ...): timestamps name no zone and are taken as UTC\n", readme)
        self.assertEqual(readme.count("taken as UTC"), 1)
        self.assertNotIn("first line", readme)

    def test_dates(self):
        day = support.environment(SOURCE_DATE_EPOCH="1700000000")
        files = self.release(env=day)
        self.assertIn('date-released: "2023-11-14"\n', files["CITATION.cff"].decode())
        self.assertEqual(json.loads(files["zenodo.json"])["metadata"]["publication_date"], "2023-11-14")
        self.refused(2, 'SOURCE_DATE_EPOCH "soon"', "release", "-q", "-o", self.path("x"), self.config,
                     env=support.environment(SOURCE_DATE_EPOCH="soon"))

    def test_killed(self):
        started = time.monotonic()
        want = self.release()
        whole = time.monotonic() - started
        draw, killed = random.Random(int(os.environ.get("LTA_TEST_SEED", "7"))), 0
        for _ in range(50 // support.EVERY):
            p = subprocess.Popen([support.lta_path(), "release", "-q", "-o", self.path("k"), self.config], env=support.environment(),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(draw.random() * whole)
            p.send_signal(draw.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT)))
            code = p.wait()
            killed += code != 0
            self.assertIn(code, (0, 5, 130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT))
            if os.path.exists(self.path("k", "SHA256SUMS")):
                subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=self.path("k"), check=True)
            if draw.random() < 0.2:
                shutil.rmtree(self.path("k.work"), ignore_errors=True)
        self.assertGreater(killed, 10)
        self.assertEqual(support.differences(want, self.release("k")), [])

    # ---- other tools

    def read_by(self, package, program):
        """Runs a program in the Python that has the package, on Parquet and CSV of each trace and the HDF5 file's sums."""
        self.release()
        python = support.venv_python(package)
        if not python:
            self.skipTest("no " + package)
        for t in ("chats", "lengths"):
            with open(self.path("out", t, "requests.csv"), newline="") as f:
                rows = list(csv.DictReader(f))
            want = [len(rows)] + [sum(int(r[name]) for r in rows) for name in ("input_tokens", "output_tokens")]
            done = subprocess.run([python, "-c", program, self.path("out", t, "requests.parquet"), self.path("out", t, "requests.csv")],
                                  check=True, stdout=subprocess.PIPE, text=True)
            for line in done.stdout.splitlines():
                self.assertEqual([int(x) for x in line.split()], want)
            self.assertEqual(len(done.stdout.splitlines()), 2)

    def test_read_by_pyarrow(self):
        self.read_by("pyarrow", """
import sys, pyarrow.parquet as pq, pyarrow.csv as pc
for t in (pq.read_table(sys.argv[1]), pc.read_csv(sys.argv[2])):
    print(t.num_rows, sum(t["input_tokens"].to_pylist()), sum(t["output_tokens"].to_pylist()))""")

    def test_read_by_pandas(self):
        self.read_by("pandas", """
import sys, pandas as pd
for t in (pd.read_parquet(sys.argv[1]), pd.read_csv(sys.argv[2])):
    print(len(t), t.input_tokens.sum(), t.output_tokens.sum())""")

    def test_read_by_duckdb(self):
        self.read_by("duckdb", """
import sys, duckdb
for path in sys.argv[1:]:
    print(*duckdb.sql("select count(*), sum(input_tokens), sum(output_tokens) from '%s'" % path).fetchall()[0])""")

    def test_valid_for_frictionless(self):
        files = self.release()
        python = support.venv_python("frictionless")
        if not python:
            self.skipTest("no frictionless")
        done = subprocess.run([python, "-m", "frictionless", "validate", "--json", "datapackage.json"], cwd=self.path("out"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        report = json.loads(done.stdout)
        self.assertTrue(report["valid"], [t for t in report["tasks"] if not t["valid"]])
        self.assertEqual(len(report["tasks"]), sum("/" in n for n in files))

    def test_simulated_by_kavier(self):
        self.release()
        python = support.venv_python("kavier")
        if not python:
            self.skipTest("no kavier")
        for t, n in (("chats", None), ("lengths", 40)):
            to = self.path("kavier-" + t)
            done = subprocess.run([python, "-m", "kavier", "inference", "--gpu", "A10", "--llm", "Llama-3-8B", "--export_rate", "10", "--trace",
                                   self.path("out", t, "kavier.parquet"), "--output_folder", to], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            tasks, = glob.glob(os.path.join(to, "*", "tasks.parquet"))
            counted = subprocess.run([python, "-c", "import sys, pyarrow.parquet as pq; print(pq.read_metadata(sys.argv[1]).num_rows)", tasks],
                                     check=True, capture_output=True, text=True)
            with open(self.path("out", t, "requests.csv")) as f:
                self.assertEqual(int(counted.stdout), sum(1 for _ in f) - 1)
            if n:
                self.assertEqual(int(counted.stdout), n)

    def test_published_traces(self):
        """The example of Azure and Mooncake, on the published files, twice: the same digests, whole, and the published numbers."""
        given = {"azure": [support.shared_file("azure2023", "AzureLLMInferenceTrace_%s.csv" % n) for n in ("code", "conv")],
                 "mooncake": [support.shared_file("mooncake", "%s_trace.jsonl" % n) for n in ("conversation", "synthetic")]}
        if None in given["azure"] + given["mooncake"]:
            self.skipTest("no published traces on this machine")
        sums = []
        for folder, threads in (("a", 1), ("b", 3)):
            for name, files in given.items():
                os.makedirs(self.path(folder, name))
                for path in files:
                    os.symlink(path, self.path(folder, name, os.path.basename(path)))
            self.config = shutil.copy(os.path.join(support.PROJECT, "pipeline", "release", "examples", "azure-mooncake.yaml"), self.path(folder))
            sums.append(self.release(folder + "/out", "--threads", threads)["SHA256SUMS"])
        self.assertEqual(*sums)
        self.ok("verify", self.path("a", "out"))
        with open(self.path("a", "out", "mooncake", "tables", "summary.csv"), newline="") as f:
            rows = list(csv.DictReader(f))
        self.assertEqual([int(r["requests"]) for r in rows if "conversation" in r["source"]], [12031])
        self.assertEqual([int(r["distinct_symbols"]) for r in rows if "conversation" in r["source"]], [182790])
        with open(self.path("a", "out", "azure-2023", "tables", "summary.csv"), newline="") as f:
            self.assertEqual(max(int(r["requests"]) for r in csv.DictReader(f)), 8819 + 19366)

    def test_marconi_example(self):
        """The example of Marconi's 30 files, on synthesised ones that have their names."""
        os.makedirs(self.path("marconi"))
        for seed, (name, art) in enumerate((("lmsys", ""), ("sharegpt", ""), ("swebench", "_art=5"), ("swebench", "_art=7.5"),
                                            ("swebench", "_art=10"))):
            self.ok("synth", "-q", "--format", "marconi", "-o", self.path("in"), "--files", 6, "--sessions", 3, "--turns", 4, "--seed", seed)
            for path in glob.glob(self.path("in", "*.jsonl")):
                shutil.move(path, self.path("marconi", os.path.basename(path).replace("synth", name).replace("_nums", art + "_nums")))
        self.config = shutil.copy(os.path.join(support.PROJECT, "pipeline", "release", "examples", "marconi.yaml"), self.folder)
        files = self.release()
        self.ok("verify", self.path("out"))
        rows = list(csv.DictReader(files["marconi/tables/summary.csv"].decode().splitlines()))
        self.assertEqual(len(rows), 31)
        self.assertEqual(sum(int(r["requests"]) for r in rows[:-1]), int(rows[-1]["requests"]))
        self.assertIn("marconi/blocks/trace.h5", files)
        with h5py.File(self.path("out", "marconi", "blocks", "trace.h5")) as f:
            self.assertEqual((support.text(f.attrs["unit"]), int(f.attrs["block_tokens"])), ("block", 16))
        readme = files["README.md"].decode()
        for name in ("lmsys", "sharegpt", "swebench", "Arrivals are synthetic"):
            self.assertIn(name, readme)

    def test_difference(self):
        """lta diff of two releases says which traces, requests, fields and tables differ."""
        self.release("old")
        self.assertEqual(self.ok("diff", self.path("old"), self.path("old")).code, 0)
        self.configured("other.yaml", ("capacity: [100, 5000]", "capacity: [100, 6000]"))
        self.release("new")
        result = self.lta("diff", self.path("old"), self.path("new"))
        self.assertEqual(result.code, 1, str(result))
        self.assertIn("hit_5000", result.out)
        self.assertIn("hit_6000", result.out)
        self.assertIn("chats", result.out)

    def test_difference_of_sequences(self):
        """Published symbols and blocks are compared as the traces that they are."""
        for name, line in (("both", "    symbols: true\n    anonymize: 16\n"), ("larger", "    symbols: true\n    anonymize: 32\n"),
                           ("symbols", "    symbols: true\n"), ("blocks", "    anonymize: 16\n")):
            self.configured(name + ".yaml", ("    note:", line + "    note:"))
            self.release(name)
        def found(old, new, code):
            result = self.lta("diff", "--json", self.path(old), self.path(new))
            self.assertEqual(result.code, code, str(result))
            return json.loads(result.out)
        same = found("both", "both", 0)
        self.assertEqual([os.path.relpath(s["old"], self.path("both")) for s in same["stores"]], ["chats", "chats/blocks", "lengths"])
        differ = {os.path.relpath(s["old"], self.path("both")): s for s in found("both", "larger", 1)["stores"]}
        self.assertEqual({name for name, s in differ.items() if not s["same"]}, {"chats/blocks"})
        self.assertEqual([(a["name"], a["old"], a["new"]) for a in differ["chats/blocks"]["attributes"]], [("block_tokens", 16, 32)])
        self.assertIn("/sequences/symbols", [d["name"] for d in differ["chats/blocks"]["datasets"]])
        self.assertEqual(found("both", "symbols", 1)["stores_only_old"], ["chats/blocks"])
        self.assertEqual(found("symbols", "both", 1)["stores_only_new"], ["chats/blocks"])
        files = {f["file"]: f["new"] for f in found("both", "blocks", 1)["stores"][0]["files"]}
        self.assertIsNone(files["trace.h5"])
        self.assertIn("stores only in old: chats/blocks\n", self.lta("diff", self.path("both"), self.path("symbols")).out)

    def test_what_is_not_of_it(self):
        """Files of others are named and keep a release unfinished; with --force they are warned of."""
        files = self.release()
        names = ["chats/.hidden", "chats/old/x.csv", "notes.txt"]
        os.makedirs(self.path("out", "chats", "old"))
        for name in names:
            self.write("out/" + name, "mine")
        for _ in range(2):
            result = self.refused(2, "-o .*/out: holds 3 files that are not of this release .*expected none: SHA256SUMS is not written .--force",
                                  "release", "-q", "-o", self.path("out"), self.config)
            for name in names:
                self.assertIn(name, result.err)
            self.assertFalse(os.path.exists(self.path("out", "SHA256SUMS")))
        result = self.ok("release", "--force", "-o", self.path("out"), self.config)
        for name in names:
            self.assertRegex(result.err, "warning: .*%s is not of this release" % name)
        for i in range(9):
            self.write("out/%d.txt" % i, "mine")
        result = self.ok("release", "--force", "-o", self.path("out"), self.config)
        self.assertEqual(result.err.count("not of this release"), 5)
        self.assertIn("8 more files are not of this release", result.err)
        self.assertRegex(self.lta("release", "-o", self.path("out"), self.config).err, r"holds 12 files .*\(([^,]*, ){5}\.\.\.\)")
        for name in names + ["%d.txt" % i for i in range(9)]:
            os.unlink(self.path("out", name))
        os.rmdir(self.path("out", "chats", "old"))
        self.assertEqual(support.differences(files, self.release()), [])

    def test_what_an_earlier_release_left(self):
        """Files that an earlier release put there and this one does not publish go, symbols above all."""
        want = self.release("want")
        self.configured("before.yaml", ("    note:", "    symbols: true\n    anonymize: 16\n    note:"), ("name: lengths", "name: gone"))
        self.release()
        for name in ("chats/.trace.h5.partial", "chats/blocks/.trace.h5.partial", "gone/.requests.csv.partial", ".SHA256SUMS.partial"):
            self.write("out/" + name, "symbols of a killed run")
        self.config = os.path.join(self.given, "release.yaml")
        self.assertEqual(support.differences(want, self.release()), [])
        self.assertEqual(sorted(os.listdir(self.path("out"))), sorted(os.listdir(self.path("want"))))
        self.assertFalse(os.path.exists(self.path("out", "chats", "blocks")))
        os.mkdir(self.path("out", "chats", "blocks"))
        for name in ("chats/trace.h5", "chats/blocks/trace.h5"):
            self.write("out/" + name, "of a release that was stopped")
        self.assertEqual(support.differences(want, self.release()), [])

    def test_sums_of_others_remove_nothing(self):
        """Neither the sums of another kind of folder, nor lines that lead outside, say which files may go."""
        os.makedirs(self.path("out", "chats"))
        for name in ("out/mine.txt", "out/chats/trace.h5", "outside.txt"):
            self.write(name, "mine")
        self.write("out/SHA256SUMS", "%s  mine.txt\n" % (64 * "0"))
        files = self.release("out", "--force")
        self.assertEqual({files.pop("mine.txt"), files.pop("chats/trace.h5")}, {b"mine"})
        os.unlink(self.path("out", "mine.txt"))
        with open(self.path("out", "SHA256SUMS"), "a") as f:
            for name in ("../outside.txt", self.path("outside.txt"), "chats/../../outside.txt"):
                f.write("%s  %s\n" % (64 * "0", name))
        self.assertEqual(support.differences(files, self.release()), [])
        self.assertTrue(os.path.exists(self.path("outside.txt")))

    def test_folders_of_others(self):
        """What is not a release is not written into unless --force is on; a failed release leaves no folder of its own."""
        home = self.path("home")
        os.makedirs(os.path.join(home, "chats"))
        self.write("home/SHA256SUMS", "mine")
        before = support.tree(home)
        for arguments in ((), ("--threads", "1")):
            self.refused(2, "-o .*/home: holds files that are not of a release; expected .*--force", "release", "-q", *arguments, "-o", home,
                         self.config)
            self.assertEqual(support.tree(home), before)
        self.assertFalse(os.path.exists(self.path("home.work")))
        self.write("home/provenance.json", "{}")
        self.refused(2, "-o .*/home: holds files", "release", "-q", "-o", home, self.config)
        os.remove(self.path("home", "provenance.json"))
        want = self.release("out")
        self.assertEqual(support.differences(want, self.release("home", "--force")), [])
        os.mkdir(self.path("empty"))
        self.assertEqual(support.differences(want, self.release("empty")), [])
        os.remove(self.path("out", "SHA256SUMS"))
        self.assertEqual(support.differences(want, self.release("out")), [], "unfinished ones are gone on with")
        with open(os.path.join(self.given, "broken.csv"), "w") as f:
            f.write(AZURE + "2023-11-16,soon,7\n")
        self.configured("broken.yaml", ("in/*.jsonl", "broken.csv"), ("format: marconi", "format: azure"))
        self.refused(3, ".*broken.csv:42: ", "release", "-q", "-o", self.path("never"), self.config)
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith("never")], [])

    def test_apart_from_its_sources(self):
        """Nothing is written where a source, the configuration, a tokenizer or the stores are, however the folder is named."""
        home = self.path("home")
        self.release("home")
        os.symlink(home, self.path("link"))
        os.symlink(self.path("home", "lengths", "requests.csv"), self.path("outside.csv"))
        os.symlink(os.path.join(self.given, "azure.csv"), self.path("home", "linked.csv"))
        absolute = CONFIG.replace("in/*.jsonl", self.given + "/in/*.jsonl").replace("azure.csv", self.given + "/azure.csv")
        wrong = {}
        for name, old, new, what in (("a", self.given + "/azure.csv", "home/lengths/requests.csv", "source .*/home/lengths/requests.csv"),
                                     ("b", self.given + "/azure.csv", "outside.csv", "source .*outside.csv"),
                                     ("c", self.given + "/azure.csv", "home/linked.csv", "source .*linked.csv"),
                                     ("d", "sort: true", "tokenizer: %s/README.md" % home, "tokenizer .*/README.md"),
                                     ("home/inside", "", "", "the configuration .*inside.yaml")):
            wrong[self.write(name + ".yaml", absolute.replace(old, new) if old else absolute)] = what
        before = support.tree(home)
        for out in ("home", "link", "home/../new/../home/"):
            for config, what in wrong.items():
                self.refused(2, "-o .*: %s lies in it; expected" % what, "release", "-q", "--force", "-o", out, config)
            for work in ("home", "home/work", "home/chats", "link/x/y", "."):
                self.refused(2, "--work .*: is, holds or lies in the folder of the release", "release", "-q", "-o", out, "--work", work, self.config)
        self.assertEqual(support.tree(home), before)
        for work in ("new", "new/work", "."):
            self.refused(2, "--work .*: is, holds or lies in", "release", "-q", "-o", "new", "--work", work, self.config)
        self.assertFalse(os.path.exists(self.path("new")))
        self.release("homes", "--work", self.path("homes-work"))

    # ---- verified

    def test_verified(self):
        files = self.release()
        out = self.ok("verify", self.path("out")).out.splitlines()
        self.assertEqual(len(out), len(files) - 1 + 2)
        self.assertIn(self.path("out", "chats/enriched.h5") + ": content ok", out)

    def test_every_bad_file_is_named(self):
        files = self.release()
        os.remove(self.path("out", "README.md"))
        for name in ("chats/requests.csv", "zenodo.json"):
            with open(self.path("out", name), "ab") as f:
                f.write(b"x")
        with open(self.path("out", "chats/enriched.h5"), "r+b") as f:
            f.truncate(3000)
        bad = {"README.md": "absent", "chats/requests.csv": "bad", "zenodo.json": "bad", "chats/enriched.h5": "bad"}
        result = self.lta("verify", self.path("out"))
        self.assertEqual(result.code, 3, str(result))
        lines = result.out.splitlines()
        for name, what in bad.items():
            self.assertIn("%s: %s" % (self.path("out", name), what), lines)
            self.assertRegex(result.err, "(?m)^lta verify: error: .*/%s: " % name)
        self.assertEqual(sum(line.endswith(": ok") for line in lines), len(files) - 1 - len(bad))
        self.assertTrue(result.err.endswith("SHA256SUMS: 5 of %d lines do not hold\n" % len(lines)), str(result))
        result = self.lta("verify", "--json", self.path("out"))
        found = json.loads(result.out)
        self.assertEqual((result.code, found["ok"]), (3, False))
        self.assertIn("5 of", found["error"])
        self.assertLessEqual(set(bad), {os.path.relpath(f["file"], self.path("out")) for f in found["files"] if not f["result"].endswith("ok")})

    def test_any_flipped_bit_is_found(self):
        files = self.release()
        draw = random.Random(int(os.environ.get("LTA_TEST_SEED", "3")))
        for name in sorted(files):
            for _ in range(4 if name in ("SHA256SUMS", "chats/enriched.h5") else 1):
                changed = bytearray(files[name])
                changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
                with open(self.path("out", name), "wb") as f:
                    f.write(changed)
                with self.subTest(name=name):
                    self.assertEqual(self.lta("verify", self.path("out")).code, 3)
            with open(self.path("out", name), "wb") as f:
                f.write(files[name])
        self.ok("verify", self.path("out"))
        self.write("out/chats/more.csv", "a\n1\n")
        self.refused_verify(r"chats/more\.csv: is not in SHA256SUMS")
        os.remove(self.path("out", "chats/more.csv"))
        os.remove(self.path("out", "chats/tables/summary.csv"))
        self.refused_verify(r".*summary\.csv")

    def refused_verify(self, pattern):
        result = self.lta("verify", self.path("out"))
        self.assertEqual(result.code, 3, str(result))
        self.assertRegex(result.err, pattern)

    def test_unfinished(self):
        self.release()
        os.rename(self.path("out", "SHA256SUMS"), self.path("out", ".unfinished"))
        self.refused_verify(r"out/SHA256SUMS: is not there: the release is not finished")
        os.unlink(self.path("out", ".unfinished"))
        self.refused_verify(r"out/SHA256SUMS: is not there: the release is not finished")

    def test_sums_that_lead_outside(self):
        self.release()
        for line in ("../secret", "/etc/passwd", "chats/../../x", "a//b", "./README.md", ""):
            with open(self.path("out", "SHA256SUMS"), "w") as f:
                f.write("%s  %s\n" % (64 * "0", line))
            self.refused_verify(r"SHA256SUMS:1: expected a digest, two spaces and a path inside the release")
        for text in ("", 64 * "0" + "  README.md", "\0\n"):
            with open(self.path("out", "SHA256SUMS"), "w") as f:
                f.write(text)
            self.refused_verify(r"SHA256SUMS: is empty, cut off or binary")

    # ---- symbols

    def configured(self, name, *changes):
        text = CONFIG
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        self.config = os.path.join(self.given, name)
        with open(self.config, "w") as f:
            f.write(text)

    def test_published_sequences_are_run(self):
        """The hits that a release states are those of a cache over the sequences that it publishes, not of other ones."""
        self.ok("synth", "-q", "--format", "marconi", "-o", os.path.join(self.given, "in-2"), "--files", "2", "--sessions", "12",
                "--turns", "4", "--seed", "7")
        inputs_only = (("format: marconi,", "format: marconi, inputs-only: true,"),)
        for published, place in (("anonymize: 16", "chats/blocks/trace.h5"), ("symbols: true", "chats/trace.h5"))[::support.EVERY]:
            for options in ((), inputs_only):
                note = ("    note:", "    %s\n    note:" % published)
                self.configured("published.yaml", note, *options)
                self.release("out", "--force")
                self.assertIn("hits counted again at 3 capacities", self.ok("verify", "-v", self.path("out")).err)
                self.configured("published-2.yaml", note, ("in/", "in-2/"), *options)
                self.release("other", "--force")
                shutil.copy(self.path("other", place), self.path("out", place))
                with open(self.path("other", "SHA256SUMS")) as f:
                    sums = {line.split("  ")[1]: line for line in f if not line.startswith("#")}
                    f.seek(0)
                    contents = {line.split("  ")[1]: line for line in f if line.startswith("#")}
                with open(self.path("out", "SHA256SUMS")) as f:
                    lines = [{"%s\n" % place: (contents if line.startswith("#") else sums).get(place + "\n")}.get(line.split("  ")[1], line)
                             for line in f]
                with open(self.path("out", "SHA256SUMS"), "w") as f:
                    f.writelines(lines)
                self.refused_verify(r"enriched.h5:/global/block[0-9]+: says [0-9]+ hits at capacity [0-9]+, but a cache of that size has")

    def test_anonymised_blocks(self):
        """Published blocks give the enrichment of the tokens at that block size, in every scope, and no token."""
        self.configured("anonymised.yaml", ("    note:", "    anonymize: 16\n    note:"))
        files = self.release()
        self.assertIn("numbered blocks", files["README.md"].decode())
        self.ok("verify", self.path("out"))
        again = self.path("again")
        shutil.copytree(self.path("out", "chats", "blocks"), again)
        self.ok("run", "-o", again, "--capacity", "7,313", "--reserve-last")
        self.ok("verify", again)
        for reserve in ("", "_reserve_last"):
            for scope in ("global", "source", "session"):
                with h5py.File(self.path("out.work", "chats", "curve.h5"), "r") as old, h5py.File(again + "/curve.h5", "r") as new:
                    a, b = old["%s/block16%s" % (scope, reserve)], new["%s/block1%s" % (scope, reserve)]
                    self.assertGreater(len(a["hits"]), 1)
                    self.assertEqual(a["capacity"][:].tolist(), b["capacity"][:].tolist())
                    self.assertEqual(a["hits"][:].tolist(), b["hits"][:].tolist())
                    self.assertEqual(a.attrs["lookups"], b.attrs["lookups"])
        with h5py.File(self.path("out", "chats", "enriched.h5"), "r") as old, h5py.File(again + "/enriched.h5", "r") as new:
            for field in ("reusable", "reusable_session", "reusable_source"):
                self.assertEqual((old["requests/" + field][:] // 16).tolist(), new["requests/" + field][:].tolist(), field)
            for field in ("session", "turn", "arrival_us", "input_tokens", "output_tokens", "source", "source_row", "kv_bytes",
                          "think_time_us", "session_turns"):
                self.assertEqual(old["requests/" + field][:].tolist(), new["requests/" + field][:].tolist(), field)
        with h5py.File(again + "/trace.h5", "r") as f:
            self.assertEqual((f.attrs["unit"], f.attrs["block_tokens"]), (b"block" if isinstance(f.attrs["unit"], bytes) else "block", 16))
            ids = f["sequences/symbols"][:].tolist()
            self.assertEqual(ids, list(range(len(ids))), "numbered in the order of first appearance, each stored once")

    def test_anonymised_by_option(self):
        """With --anonymize every trace that has symbols has blocks; the configuration's own size goes first."""
        self.configured("by-option.yaml", ("    note:", "    anonymize: 32\n    note:"))
        for options, blocks in ((("--anonymize", "16"), 32), ((), 32)):
            files = self.release("out", "--force", *options)
            self.assertEqual([n for n in files if "/blocks/" in n], ["chats/blocks/trace.h5"])
            with h5py.File(self.path("out", "chats", "blocks", "trace.h5"), "r") as f:
                self.assertEqual(f.attrs["block_tokens"], blocks)
        self.config = os.path.join(self.given, "release.yaml")
        self.release("out", "--anonymize", "16")
        with h5py.File(self.path("out", "chats", "blocks", "trace.h5"), "r") as f:
            self.assertEqual(f.attrs["block_tokens"], 16)
        self.refused(2, "--anonymize", "release", "-o", self.path("out"), "--anonymize", "0", self.config)

    def test_symbols_by_licence(self):
        """Symbols are published where the configuration says so, restricted ones only where it says so twice."""
        self.configured("symbols.yaml", ("    note:", "    symbols: true\n    note:"))
        files = self.release()
        with open(self.path("out.work", "chats", "trace.h5"), "rb") as f:
            self.assertEqual(f.read(), files["chats/trace.h5"])
        self.assertNotIn("No tokens", files["README.md"].decode())
        self.ok("verify", self.path("out"))
        shutil.copytree(os.path.join(self.given, "in"), os.path.join(self.given, "marconi"))
        for i, path in enumerate(sorted(glob.glob(os.path.join(self.given, "marconi", "*.jsonl")))):
            os.rename(path, os.path.join(self.given, "marconi", "lmsys_sps=%d_nums=12.jsonl" % (i + 1)))
        restricted = ("in/*.jsonl", "marconi/*.jsonl")
        self.configured("refused.yaml", restricted, ("    note:", "    symbols: true\n    note:"))
        self.refused(2, '.*refused\.yaml:13: the licence of source .* is ".*do not redistribute.*": its symbols are not written unless .*allow_restricted', "release", "-q", "-o",
                     self.path("restricted"), self.config)
        self.assertFalse(os.path.exists(self.path("restricted")))
        self.assertEqual(set(os.listdir(self.path("restricted.work", "chats"))) & set(support.STORE_FILES), {"trace.h5"}, "refused before anything is computed")
        os.rename(os.path.join(self.given, "marconi"), os.path.join(self.given, "renamed"))
        for i, path in enumerate(sorted(glob.glob(os.path.join(self.given, "renamed", "*.jsonl")))):
            os.rename(path, os.path.join(self.given, "renamed", "%d.jsonl" % i))
        self.configured("renamed.yaml", ("in/*.jsonl", "renamed/*.jsonl"), ("    note:", "    symbols: true\n    note:"))
        self.refused(2, r".*renamed\.yaml:13: the licence of source 0 is not known, .*allow_restricted", "release", "-q", "-o", self.path("renamed"), self.config)
        self.assertFalse(os.path.exists(self.path("renamed")))
        os.rename(os.path.join(self.given, "renamed"), os.path.join(self.given, "marconi"))
        for i in range(2):
            os.rename(os.path.join(self.given, "marconi", "%d.jsonl" % i), os.path.join(self.given, "marconi", "lmsys_sps=%d_nums=12.jsonl" % (i + 1)))
        self.configured("allowed.yaml", restricted, ("    note:", "    symbols: true\n    allow_restricted: true\n    note:"))
        self.assertIn("chats/trace.h5", self.release("restricted"))
        self.configured("blocks.yaml", restricted, ("    note:", "    anonymize: 16\n    note:"))
        self.release("blocks")
        self.ok("run", "-q", "-o", self.path("blocks", "chats", "blocks"))
        self.ok("export", "--format", "mooncake-jsonl", "-o", self.path("blocks.jsonl"), self.path("blocks", "chats", "blocks"))
        shutil.rmtree(os.path.join(self.given, "marconi"))

    def test_blocks_keep_their_size(self):
        """Of block traces blocks have the size that they have: a number for all traces does not say another, one of their own must be it."""
        with open(os.path.join(self.given, "blocks.jsonl"), "w") as f:
            f.write(support.mooncake(support.MOONCAKE_ROWS))
        blocks = ("files: azure.csv\n", "files: blocks.jsonl\n    options: {format: mooncake, capacity: 2}\n")
        self.configured("blocks.yaml", blocks, ("files: blocks", "anonymize: 512\n    files: blocks"))
        want = self.release("own")["lengths/blocks/trace.h5"]
        self.configured("blocks.yaml", blocks)
        files = self.release("all", "--anonymize", "16")
        self.assertEqual(files["lengths/blocks/trace.h5"], want)
        with h5py.File(self.path("all", "lengths", "blocks", "trace.h5")) as f:
            self.assertEqual(int(f.attrs["block_tokens"]), 512)
        with h5py.File(self.path("all", "chats", "blocks", "trace.h5")) as f:
            self.assertEqual(int(f.attrs["block_tokens"]), 16)
        self.configured("other.yaml", blocks, ("files: blocks", "anonymize: 16\n    files: blocks"), ("name: chats", "name: zchats"))
        self.refused(2, r".*other\.yaml:18: anonymize 16: trace lengths consists of blocks of 512 tokens, expected 512", "release", "-q", "-o",
                     self.path("other"), self.config)
        self.assertEqual(set(os.listdir(self.path("other.work", "lengths"))) & set(support.STORE_FILES), {"trace.h5"})

    def test_symbols_of_a_trace_without(self):
        self.configured("none.yaml", ("files: azure.csv\n", "files: azure.csv\n    symbols: true\n    anonymize: 16\n"))
        files = self.release()
        self.assertFalse({n for n in files if n.startswith("lengths/") and n.endswith("trace.h5")})
        self.assertIn("No tokens, texts or block ids", files["README.md"].decode())

    def test_metadata(self):
        """ORCIDs with their site, leap days and licences of one's own are taken; Zenodo's description is HTML."""
        self.configured("metadata.yaml", ("orcid: 0000-0002-1825-0097", 'orcid: "https://orcid.org/0000-0002-1694-233X"'), ("keywords:", "date: 2024-02-29\nkeywords:"),
                        ("CC-BY-4.0", "LicenseRef-lta+1"), ("Two traces |", "Two <traces> & |"))
        files = self.release()
        zenodo = json.loads(files["zenodo.json"])["metadata"]
        self.assertEqual(zenodo["creators"][0]["orcid"], "0000-0002-1694-233X")
        self.assertEqual(zenodo["description"], "Two &lt;traces&gt; &amp; | with everything.")
        self.assertEqual((zenodo["publication_date"], zenodo["license"]), ("2024-02-29", "licenseref-lta+1"))
        citation = files["CITATION.cff"].decode()
        self.assertIn('    orcid: "https://orcid.org/0000-0002-1694-233X"\n', citation)
        self.assertIn("Two <traces> & | with everything.", citation)
        self.assertIn("Two <traces> & |", json.loads(files["datapackage.json"])["description"])

    # ---- wrong configurations

    def wrong(self, pattern, *changes, code=3):
        text = CONFIG
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        path = os.path.join(self.given, "wrong.yaml")
        with open(path, "wb") as f:
            f.write(text.encode() if isinstance(text, str) else text)
        self.refused(code, pattern, "release", "-q", "-o", self.path("never"), path)
        self.assertFalse(os.path.exists(self.path("never")))

    def test_wrong_configurations(self):
        self.wrong(r'.*wrong\.yaml:3: a release has no key "versoin"', ("version:", "versoin:"))
        self.wrong(r'.*wrong\.yaml:2: a release lacks the key "licence"', ("licence: CC-BY-4.0\n", ""))
        self.wrong(r'.*wrong\.yaml:4: "version" is given twice', ("title: ", 'version: "2"\ntitle: '))
        self.wrong(r'.*wrong\.yaml:2: release "a/b": expected', ("release: Example", "release: a/b"))
        self.wrong(r'.*wrong\.yaml:14: "in/\*\.csv" matches no file', ("in/*.jsonl", "in/*.csv"))
        self.wrong(r'.*wrong\.yaml:14: "absent/\*\.csv" matches no file: folder .*/absent/: No such file or directory$', ("in/*.jsonl", "absent/*.csv"))
        self.wrong(r'.*wrong\.yaml:14: "absent/x\.csv" matches no file: folder .*/absent/: No such', ("in/*.jsonl", "absent/x.csv"))
        self.wrong(r'.*wrong\.yaml:16: lta run has no option "blocks" for a trace', ("block:", "blocks:"))
        self.wrong(r".*wrong\.yaml:16: --format marcono: expected one of", ("format: marconi", "format: marcono"))
        self.wrong(r".*wrong\.yaml:16: sort takes no value", ("sort: true", "sort: 3"))
        self.wrong(r'.*wrong\.yaml:17: there is a trace named "chats"', ("name: lengths", "name: Chats"))
        for name in ("README.md", "SHA256SUMS", "sha256sums", "provenance.json", "data-dictionary.csv"):
            self.wrong(r'.*wrong\.yaml:17: name "%s": is a file of every release' % name, ("name: lengths", "name: " + name))
        self.wrong(r'.*wrong\.yaml:15: anonymize "0": expected tokens a block', ("    note:", "    anonymize: 0\n    note:"))
        self.wrong(r'.*wrong\.yaml:15: symbols "yes": expected true or false', ("    note:", "    symbols: yes\n    note:"))
        self.wrong(r".*wrong\.yaml:\d+: aliases are not read", ("keywords: [a, ", "keywords: [&x a, *x, "))
        self.wrong(r".*wrong\.yaml:\d+: .*expected YAML", ("creators:", "creators: ["))
        for day in ("2026-13-01", "2026-00-10", "2026-02-29", "2100-02-29", "2026-04-31", "2026-1-01", "2026-01-1", "26-01-01", "2026/01/01",
                    "2026-01-01 ", "2026-01-00", "2026-01-011"):
            self.wrong(r'.*wrong\.yaml:11: date "%s": expected YYYY-MM-DD' % day, ("keywords", 'date: "%s"\nkeywords' % day))
        for orcid in ("0000-0002-1825-0098", "0000-0002-1825-009X", "0000000218250097", "0000-0002-1825-0097 ", "0000-0002-1825-009", "X000-0002-1825-0097",
                      "http://orcid.org/0000-0002-1825-0097", "https://orcid.org/", "0000-0002-1825_0097"):
            self.wrong(r'.*wrong\.yaml:9: orcid "%s": expected' % orcid, ("orcid: 0000-0002-1825-0097", 'orcid: "%s"' % orcid))
        for licence in ("CC BY 4.0", "a/b", "MIT,BSD", "(MIT)", "free!"):
            self.wrong(r'.*wrong\.yaml:7: licence "%s": expected an SPDX identifier' % re.escape(licence), ("CC-BY-4.0", '"%s"' % licence))
        self.wrong(r'.*wrong\.yaml:2: "creators" is empty', ("  - {name: \"Doe, Jane\", affiliation: VU, orcid: 0000-0002-1825-0097}\n  - name: The Archive\n",
                                                        "  []\n"))
        self.refused(3, r".*absent\.yaml", "release", "-o", self.path("never"), self.path("absent.yaml"))
        self.refused(2, "no folder named", "release", self.config)
        self.refused(2, "missing operands", "release", "-o", self.path("never"))


if __name__ == "__main__":
    if "Arrow" not in subprocess.run([support.lta_path(), "--version"], stdout=subprocess.PIPE, text=True).stdout:
        support.missing("this lta was built without Parquet")
        raise SystemExit(support.SKIPPED)
    unittest.main()
