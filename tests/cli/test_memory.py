#!/usr/bin/env python3
"""--memory: what goes beyond the budget lies in scratch files, the files made are the same, and where there is no room for
scratch the run ends with exit code 4 and leaves nothing partial."""
import os
import random
import struct
import subprocess
import time
import unittest

import support


def allocated(pid):
    """Bytes of private writable memory of a process, touched or not; None when it has ended."""
    try:
        with open("/proc/%d/status" % pid) as f:
            return next((int(line.split()[1]) * 1024 for line in f if line.startswith("VmData:")), None)
    except (FileNotFoundError, ProcessLookupError):
        return None


class Memory(support.CliTest):
    BUDGET = 64000000

    def setUp(self):
        super().setUp()
        with open(support.lta_path(), "rb") as f:
            program = f.read()
        if b"__asan_init" in program or b"__tsan_init" in program:
            self.skipTest("a sanitizer's own memory does not fit a budget")

    def flat(self, n):
        draw = random.Random(5)
        ids = [int(draw.paretovariate(0.3)) % 100000 * 7919 for _ in range(n)]
        return self.write("ids.u64", struct.pack("<%dQ" % n, *ids))

    def peak(self, *arguments):
        """The most that a run has allocated at a time, as far as looking every few milliseconds tells."""
        run = subprocess.Popen([support.lta_path(), *arguments], env=support.environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        most = 0
        while run.poll() is None:
            most = max(most, allocated(run.pid) or 0)
            time.sleep(0.004)
        err = run.stderr.read().decode()
        run.stderr.close()
        self.assertEqual(run.returncode, 0, err)
        return most

    def check(self, n_threads, *source):
        more = self.peak("run", "--threads", n_threads, "-o", self.path("free"), *source)
        self.assertGreater(more, 1.2 * self.BUDGET, "the trace is too small for this test")
        budget = ("--memory", str(self.BUDGET), "--threads", n_threads)
        less = self.peak("run", *budget, "-o", self.path("bound"), *source)
        self.assertLessEqual(less, self.BUDGET)
        self.assertEqual(support.differences(support.tree(self.path("free")), support.tree(self.path("bound"))), [])

        nowhere = support.environment(TMPDIR=self.path("nowhere"))
        self.refused(4, r".*nowhere: no scratch file of \d+ bytes for what goes beyond --memory", "run", *budget, "-o",
                     self.path("none"), *source, env=nowhere)
        left = support.tree(self.path("none")) if os.path.isdir(self.path("none")) else {}
        self.assertEqual([name for name in left if "partial" in name], [])

    def test_one_symbol_a_request(self):
        self.check("2", "--format", "flat", "--ids", "u64", self.flat(600000))

    def test_sessions(self):
        self.ok("synth", "--format", "marconi", "-o", self.path("in"), "--files", "2", "--size", "60M", "--message-tokens", "8",
                "--output-tokens", "8", "--system-tokens", "20", "--turns", "6")
        self.check("1", *sorted(self.path("in", name) for name in os.listdir(self.path("in"))))

    def test_scratch_is_full(self):
        disk = self.path("disk")
        os.mkdir(disk)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "lta-test", disk], stderr=subprocess.PIPE)
        if done.returncode != 0:
            self.skipTest("cannot mount a tmpfs: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        self.refused(4, r".*disk: no scratch file of .*No space left", "run", "--memory", self.BUDGET, "--threads", "2", "-o",
                     self.path("store"), "--format", "flat", "--ids", "u64", self.flat(600000), env=support.environment(TMPDIR=disk))

    def test_least(self):
        for threads, least in ((1, 48), (2, 64), (5, 112)):
            self.refused(2, "--memory: expected at least 32M, and 16M more for each of %d thread" % threads, "trie", "--threads",
                         threads, "--memory", "%dM" % (least - 1), self.path("store"))
            self.refused(3, "", "trie", "--threads", threads, "--memory", "%dM" % least, self.path("store"))


if __name__ == "__main__":
    unittest.main()
