#!/usr/bin/env python3
"""Manual pages and completion say what the help says, which is made from the same tables; groff and the shells take them."""
import os
import re
import shutil
import subprocess
import unittest

import support


class Made(support.CliTest):
    def commands(self):
        part = self.ok("help").out.split("Commands:\n")[1].split("\n\n")[0]
        return re.findall(r"(?m)^  (\w+) ", part)

    def options(self, command):
        return set(re.findall(r"(?m)^ +(?:-\w, )?(--[a-z][\w-]*)", self.ok("help", command).out))


class Manual(Made):
    def test_every_option_of_the_help(self):
        self.assertGreater(len(self.commands()), 15)
        for command in self.commands():
            if command in ("help", "version"):
                continue
            page = self.ok("man", command).out
            plain = page.replace("\\-", "-")
            self.assertGreater(len(self.options(command)), 3)
            for option in self.options(command):
                self.assertIn("\\fB%s\\fR" % option, plain)
            for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
                self.assertRegex(page, r'(?m)^\.SH "?%s"?$' % section, command)

    def test_folder(self):
        self.ok("man", "-o", self.path("pages"), env=support.environment(SOURCE_DATE_EPOCH="1700000000"))
        pages = support.tree(self.path("pages"))
        self.assertEqual(set(pages), {"lta.1"} | {"lta-%s.1" % c for c in self.commands() if c not in ("help", "version")})
        self.assertIn(b'"2023-11-14"', pages["lta-run.1"])
        self.ok("man", "-o", self.path("again"), env=support.environment(SOURCE_DATE_EPOCH="1700000000"))
        self.assertEqual(support.tree(self.path("again")), pages)
        self.refused(2, "unknown command frobnicate", "man", "frobnicate")
        if not shutil.which("groff"):
            self.skipTest("no groff")
        for name, page in pages.items():
            done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=page, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""), name)


class Completion(Made):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = ". %s\nCOMP_WORDS=(%s)\nCOMP_CWORD=%d\n_lta\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n" % (
            self.path("lta.bash"), " ".join("'%s'" % w for w in words), len(words) - 1)
        done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return [w.rstrip() for w in done.stdout.split("\n") if w.strip()]

    def setUp(self):
        super().setUp()
        self.write("lta.bash", self.ok("completion", "bash").out)

    def test_bash(self):
        self.assertEqual(self.complete("lta", "en"), ["enrich"])
        self.assertEqual(set(self.complete("lta", "")), set(self.commands()))
        for command in self.commands():
            if command not in ("help", "version"):
                self.assertLessEqual(self.options(command), set(self.complete("lta", command, "-")), command)
        self.assertEqual(self.complete("lta", "import", "--timeline", ""), ["concat", "overlay"])
        self.assertEqual(self.complete("lta", "export", "--format", "kavier"), ["kavier-csv", "kavier-parquet"])
        self.assertEqual(self.complete("lta", "run", "--format", "mar"), ["marconi"])
        self.assertEqual(self.complete("lta", "trie", "--device", "cp"), ["cpu"])
        self.assertEqual(self.complete("lta", "trie", "--threads", ""), [])
        os.mkdir(self.path("some.store"))
        self.write("some.h5", "")
        self.write("some.txt", "")
        self.assertEqual(self.complete("lta", "trie", "some"), ["some.store", "some.h5"], "a store is a folder, and a file of it ends in .h5")
        self.assertEqual(self.complete("lta", "run", "-o", "some.store", "some.t"), ["some.txt"])
        self.assertEqual(self.complete("lta", "report", "s", "-o", "some.t"), ["some.txt"])

    def test_shells(self):
        self.assertIn("#compdef lta", self.ok("completion", "zsh").out)
        for shell in ("bash", "zsh"):
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=self.ok("completion", shell).out, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.refused(2, ".*tcsh.*expected", "completion", "tcsh")


if __name__ == "__main__":
    unittest.main()
