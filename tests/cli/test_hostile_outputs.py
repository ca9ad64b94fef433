"""Places that cannot be written to, or not far enough."""
import fcntl
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import unittest

import support
from hostile import HostileTest


class Outputs(HostileTest):
    """Places that cannot be written to."""

    def setUp(self):
        super().setUp()
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 1, "--sessions", 40, "--turns", 5)
        self.source = self.path("in", os.listdir(self.path("in"))[0])
        self.reference = self.path("reference")
        self.ok("run", "-o", self.reference, "--format", "marconi", self.source)
        self.want = support.tree(self.reference)

    def check_whole(self, store, result):
        for name, content in support.tree(store).items():
            self.assertIn(name, self.want, "%s was left behind\n%s" % (name, result))
            self.assertTrue(content == self.want[name], "%s is damaged\n%s" % (name, result))

    def test_file_size_limit(self):
        """RLIMIT_FSIZE stands for a quota: exit code 4, nothing partial, and with more room the same files."""
        sizes = sorted(len(c) for n, c in self.want.items() if n.endswith(".h5"))
        limits = {1, 1000, *(s * k // 4 for s in sizes for k in (1, 3)), *(s - 1 for s in sizes)}
        for i, limit in enumerate(sorted(limits)):
            with self.subTest(limit=limit):
                store = self.path("store-%d" % i)
                done = subprocess.run([support.lta_path(), "run", "-o", store, "--format", "marconi", self.source],
                                      env=support.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=support.TIMEOUT,
                                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                result = support.Result(["run", "under a limit of", limit], done.returncode, done.stdout, done.stderr)
                self.check_ended_well(result)
                self.assertEqual(result.code, 4, str(result))
                self.assertRegex(result.err, r"error: .*store-%d/.*File too large" % i, str(result))
                self.check_whole(store, result)
                self.ok("run", "-o", store, "--format", "marconi", self.source)
                self.assertEqual(support.differences(support.tree(store), self.want), [])
                shutil.rmtree(store)

    def mount(self, where, options):
        os.mkdir(where)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "lta-test", where], stderr=subprocess.PIPE)
        if done.returncode != 0:
            self.skipTest("cannot mount a tmpfs: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", where], check=True)

    def remount(self, where, options):
        subprocess.run(["mount", "-o", "remount," + options, where], check=True)

    def test_disk_full(self):
        """A tmpfs too small for each file in turn: exit code 4, old files intact, nothing left over; then there is room."""
        disk = self.path("disk")
        self.mount(disk, "size=1M")
        store = os.path.join(disk, "store")
        total = sum(map(len, self.want.values()))
        n_full = 0
        for kib in sorted({4, 12, 40, *(total * k // 16 // 1024 for k in range(1, 17))}):
            with self.subTest(kib=kib):
                self.remount(disk, "size=%dk" % kib)
                result = self.lta("run", "-o", store, "--format", "marconi", self.source)
                if result.code == 4:
                    n_full += 1
                    self.assertRegex(result.err, r"error: .*[Nn]o space left", str(result))
                else:
                    self.assertEqual(result.code, 0, str(result))
                if os.path.exists(store):
                    self.check_whole(store, result)
                # what was written before stays as it is when a stage does not fit
                result = self.lta("run", "--force", "-o", store, "--format", "marconi", self.source)
                self.assertIn(result.code, (0, 4), str(result))
                if os.path.exists(store):
                    self.check_whole(store, result)
                    shutil.rmtree(store)
        self.assertGreater(n_full, 8)
        self.remount(disk, "size=64M")
        self.ok("run", "-o", store, "--format", "marconi", self.source)
        self.assertEqual(support.differences(support.tree(store), self.want), [])

    def test_disk_full_for_text(self):
        """synth, export and queries write all or nothing too."""
        disk = self.path("disk")
        self.mount(disk, "size=16k")
        for arguments in (("synth", "-o", disk, "--format", "marconi", "--files", 2, "--sessions", 20),
                          ("export", "--format", "csv", "-o", disk + "/requests.csv", self.reference),
                          ("table", "-o", disk + "/tables", self.reference)):
            result = self.lta(*arguments)
            self.assertEqual(result.code, 4, str(result))
            self.assertRegex(result.err, r"error: .*[Nn]o space left")
            left = {os.path.basename(n): c for n, c in support.tree(disk).items()}
            for name, content in left.items():
                whole = self.want.get("tables/" + name)
                self.assertEqual(content, whole, "%s was left behind\n%s" % (name, result))
            for name in os.listdir(disk):
                path = os.path.join(disk, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def test_read_only_folder(self):
        disk = self.path("disk")
        self.mount(disk, "size=16M")
        store = os.path.join(disk, "store")
        self.ok("run", "-o", store, "--format", "marconi", self.source)
        self.remount(disk, "ro")
        before = support.identities(store)
        # what is up to date needs no writing; questions are answered
        self.ok("verify", store)
        self.ok("info", store)
        self.ok("curve", "--csv", "-", "--capacity", "100", store)
        self.ok("trie", store)
        for arguments in (("trie", "--force", store), ("enrich", "--force", store),
                          ("run", "-o", os.path.join(disk, "new"), "--format", "marconi", self.source),
                          ("export", "--format", "csv", "-o", disk + "/x.csv", store)):
            result = self.lta(*arguments)
            self.assertEqual(result.code, 1, str(result))
            self.assertRegex(result.err, r"error: .*[Rr]ead-only file system", str(result))
        self.assertEqual(support.identities(store), before)

    def test_full_device_as_standard_output(self):
        commands = (("export", "--format", "csv", self.reference), ("info", self.reference), ("info", "--json", self.reference),
                    ("curve", "--csv", "-", "--capacity", "1,2,3", self.reference), ("devices",))
        for arguments in commands:
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                done = subprocess.run([support.lta_path(), *arguments], stdin=subprocess.DEVNULL, stdout=full,
                                      stderr=subprocess.PIPE, env=support.environment(), timeout=support.TIMEOUT)
                self.assertEqual(done.returncode, 4, done.stderr.decode())
                self.assertRegex(done.stderr.decode(), r"error: .*[Nn]o space left")

    def test_closed_pipe(self):
        """A reader that goes away ends the program, quietly or with a message, not in a crash."""
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = subprocess.run([support.lta_path(), "export", "--format", "csv", self.reference], stdin=subprocess.DEVNULL,
                              stdout=write_end, stderr=subprocess.PIPE, env=support.environment(), timeout=support.TIMEOUT)
        os.close(write_end)
        self.assertIn(done.returncode, (1, -signal.SIGPIPE), done.stderr.decode())

    def test_missing_parents(self):
        """They are made with the store, and by nothing that fails."""
        deep, bad = self.path("new", "parent", "store"), self.write("bad.jsonl", "x")
        self.refused(3, ".*bad.jsonl:1: ", "import", "-o", deep, "--format", "marconi", bad)
        self.assertFalse(os.path.exists(self.path("new")))
        self.ok("run", "-o", deep, "--format", "marconi", self.source)
        self.assertEqual(support.differences(support.tree(deep), self.want), [])

    def test_the_place_is_checked_before_reading(self):
        """A bad source is not even looked at where the store could not be made."""
        disk, bad = self.path("disk"), self.write("bad.jsonl", "x")
        self.refused(2, ".*bad.jsonl: .*folder", "import", "-o", bad, "--format", "marconi", bad)
        self.mount(disk, "size=1M")
        store = os.path.join(disk, "store")
        os.mkdir(store)
        self.remount(disk, "ro")
        self.refused(1, ".*[Rr]ead-only file system", "import", "-o", disk + "/no/where", "--format", "marconi", bad)
        self.refused(1, ".*[Rr]ead-only file system", "import", "-o", store, "--format", "marconi", bad)

    def test_a_store_that_is_locked(self):
        """Found out before reading, too; the lock is the other run's partial file."""
        store, bad = self.path("store"), self.write("bad.jsonl", "x")
        os.mkdir(store)
        with open(os.path.join(store, ".trace.h5.partial"), "w") as held:
            fcntl.fcntl(held, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            self.refused(1, ".*another process is writing it", "import", "-o", store, "--format", "marconi", bad)
        self.refused(3, ".*bad.jsonl:1: ", "import", "-o", store, "--format", "marconi", bad)
        self.assertEqual(os.listdir(store), [])

    def test_store_that_is_no_folder(self):
        path = self.write("file", "x")
        self.refused(2, re.escape(path) + ": .*folder", "run", "-o", path, "--format", "marconi", self.source)
        with open(path) as f:
            self.assertEqual(f.read(), "x")
        below = os.path.join(path, "store")
        self.refused(2, re.escape(below) + ": .*is not one", "import", "-o", below, "--format", "marconi", self.source)
        self.refused(3, ".*absent: is not there; expected the folder of a store", "trie", self.path("absent"))
        self.refused(3, ".*", "trie", path)


if __name__ == "__main__":
    unittest.main()
