"""The same input gives the same bytes: with any number of threads, in any folder, after any kill; and nothing is done twice.

Kill points come in two kinds: at the moment a stage's temporary file appears (every file of the store in turn), and at
random delays over the whole run. LTA_TEST_SEED replays the delays.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import support

SEED = int(os.environ.get("LTA_TEST_SEED", "1"))
GRACEFUL = {signal.SIGTERM: 5, signal.SIGUSR1: 5, signal.SIGINT: 130}  # and the exit code that each gives


class Reproducible(support.CliTest):
    sessions = 30

    def setUp(self):
        super().setUp()
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 2, "--sessions", self.sessions,
                "--turns", 6, "--collapse", 0.3, "--seed", SEED)
        self.sources = sorted(self.path("in", name) for name in os.listdir(self.path("in")))
        self.assertEqual(len(self.sources), 2)

    def run_all(self, store, *options, **how):
        return self.ok("run", "-o", store, "--format", "marconi", *options, *self.sources, **how)

    def assert_same_tree(self, a, b, message=""):
        a, b = support.tree(a), support.tree(b)
        self.assertEqual(support.differences(a, b), [], message)


class Threads(Reproducible):
    sessions = 15

    def test_threads_folders_and_surroundings(self):
        one = self.path("one")
        self.run_all(one, "--threads", 1)
        self.assertLessEqual(set(support.STORE_FILES), set(os.listdir(one)))
        for threads in (2, 7):
            other = self.path("with %d threads" % threads)
            self.run_all(other, "--threads", threads)
            self.assert_same_tree(one, other, "%d threads" % threads)
        moved = self.path("moved", "inputs")
        shutil.copytree(self.path("in"), moved)
        self.sources = sorted(os.path.relpath(os.path.join(moved, n), self.path("moved")) for n in os.listdir(moved))
        self.run_all("store", "--threads", 3, "-q", cwd=self.path("moved"),
                     env=support.environment(LC_ALL="de_DE.UTF-8", TZ="Asia/Tokyo", OMP_NUM_THREADS="5", OMP_DYNAMIC="true"))
        self.assert_same_tree(one, self.path("moved", "store"), "another folder, locale and time zone")

    def test_readers_of_rows_and_texts(self):
        """Rows of a file larger than the blocks in which threads read it, and messages tokenized side by side."""
        day, row = "2024-05-12 %02d:%02d:%02d.%06d+00:00,%d,%d\n", range(20000)
        azure = self.write("week.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
            day % (i // 3600, i // 60 % 60, i % 60, i, i * 7919 % 8000, i % 700) for i in row))
        chats = self.write("chats.json", json.dumps([{"id": str(i), "conversations": [
            {"from": "human" if k % 2 == 0 else "gpt", "value": "word " * ((i + k) % 50)} for k in range(i % 9)]} for i in range(1000)]))
        for path, *options in ((azure,), (chats, "--tokenizer", "bytes")):
            for threads in (1, 2, 7):
                self.ok("import", "-o", self.path("by", str(threads)), "--force", "--threads", threads, *options, path)
                self.assert_same_tree(self.path("by", "1"), self.path("by", str(threads)), "%s, %d threads" % (path, threads))

    def test_stages_one_by_one(self):
        """With several sources, and with one, whose scope source is another name of global."""
        for name in ("several", "one"):
            whole, steps = self.path(name, "whole"), self.path(name, "steps")
            os.mkdir(self.path(name))
            self.run_all(whole, "--threads", 2)
            self.ok("import", "-o", steps, "--format", "marconi", "--threads", 7, *self.sources)
            for stage in support.STAGES + ("table",):
                self.ok(stage, "--threads", 3, steps)
            self.assert_same_tree(whole, steps, name)
            self.sources = self.sources[:1]

    def test_order_of_sources(self):
        """Sources stand in command-line order; with --sort, by name whatever the order given."""
        self.run_all(self.path("a"), "--sort")
        self.sources.reverse()
        self.run_all(self.path("b"), "--sort")
        self.assert_same_tree(self.path("a"), self.path("b"))
        self.run_all(self.path("c"))
        self.assertIn("trace.h5", support.differences(support.tree(self.path("a")), support.tree(self.path("c"))))

    def test_synth(self):
        again = self.path("again")
        self.ok("synth", "-o", again, "--format", "marconi", "--files", 2, "--sessions", self.sessions, "--turns", 6,
                "--collapse", 0.3, "--seed", SEED, "--threads", 7)
        self.assert_same_tree(self.path("in"), again)


class Resume(Reproducible):
    """Nothing up to date is done again, and what is not up to date is noticed."""
    sessions = 8

    def setUp(self):
        super().setUp()
        self.store = self.path("store")
        self.run_all(self.store)
        self.before = support.identities(self.store)

    def written(self):
        """Names of the store's files that were written since the last look; tables count as one."""
        now = support.identities(self.store)
        names = {n for n in now if now[n] != self.before.get(n)} | (self.before.keys() - now.keys())
        self.before = now
        return {"tables" if n.startswith("tables/") else n for n in names}

    def test_second_run_does_nothing(self):
        result = self.run_all(self.store, "--threads", 5)
        self.assertEqual(self.written() - {"tables"}, set())
        for name in support.STORE_FILES:
            self.assertRegex(result.err, r"%s\b.* up to date" % name)
        for stage in support.STAGES:
            self.assertIn("up to date", self.ok(stage, self.store).err)
        self.assertEqual(self.written() - {"tables"}, set())

    def test_options_redo_only_what_depends_on_them(self):
        self.run_all(self.store, "--capacity", "50,500")
        self.assertEqual(self.written(), {"enriched.h5", "tables"})
        self.run_all(self.store, "--capacity", "50,500", "--block", "1,4")
        self.assertEqual(self.written() - {"tables"}, {"curve.h5", "enriched.h5"})
        self.run_all(self.store, "--capacity", "50,500", "--block", "1,4", "--inputs-only")
        self.assertEqual(self.written() - {"tables"}, {"reuse.h5", "curve.h5", "enriched.h5"})
        self.run_all(self.store, "--name", "other", "--capacity", "50,500", "--block", "1,4", "--inputs-only")
        self.assertLessEqual({"trace.h5", "enriched.h5"}, self.written())
        fresh = self.path("fresh")
        self.run_all(fresh, "--name", "other", "--capacity", "50,500", "--block", "1,4", "--inputs-only")
        self.assert_same_tree(self.store, fresh, "the way to a result leaves no trace in it")

    def test_changed_source(self):
        for source in self.sources:
            os.utime(source, (1, 1))
        self.run_all(self.store)
        self.assertEqual(self.written() - {"tables"}, set(), "times of files decide nothing")
        with open(self.sources[0], "rb") as f:
            lines = f.readlines()
        with open(self.sources[0], "wb") as f:
            f.writelines(lines[:-1])
        self.run_all(self.store)
        self.assertEqual(self.written(), {*support.STORE_FILES, "tables"})
        self.run_all(self.path("fresh"))
        self.assert_same_tree(self.store, self.path("fresh"))

    def test_force(self):
        before = support.tree(self.store)
        self.run_all(self.store, "--force")
        self.assertLessEqual(set(support.STORE_FILES), self.written())
        self.assertEqual(support.differences(support.tree(self.store), before), [])

    def test_stale_stage_is_noticed(self):
        self.ok("import", "-o", self.store, "--format", "marconi", self.sources[0])
        for stage in ("reuse", "curve", "enrich"):
            self.refused(3, r".*/trie\.h5: was made from another trace\.h5", stage, self.store)
        self.refused(3, r".*enriched\.h5: .*", "export", "--format", "csv", self.store)
        self.refused(3, r".*enriched\.h5: .*", "table", self.store)
        self.refused(3, r".*\.h5: .*", "verify", self.store)
        self.ok("trie", self.store)
        self.refused(3, r".*/reuse\.h5: was made from another tr(ac|i)e\.h5", "curve", self.store)
        for stage in support.STAGES[1:] + ("table",):
            self.ok(stage, self.store)
        self.ok("run", "-o", self.path("fresh"), "--format", "marconi", self.sources[0])
        self.assert_same_tree(self.store, self.path("fresh"))

    def test_damaged_file_is_made_again(self):
        want = support.tree(self.store)
        for name in support.STORE_FILES:
            with open(os.path.join(self.store, name), "r+b") as f:
                f.truncate(100)
            self.run_all(self.store)
            self.assertEqual(support.differences(support.tree(self.store), want), [], name)

    def test_another_trace_in_the_same_store(self):
        """Tables of the trace before, of a kind that the new one does not have, are not left among the new ones."""
        azure = self.write(*support.SAMPLES["azure"])
        self.ok("run", "-o", self.store, "--format", "azure", azure)
        self.ok("run", "-o", self.path("fresh"), "--format", "azure", azure)
        fresh, old = support.tree(self.path("fresh")), support.tree(self.store)
        for name in fresh:
            self.assertTrue(old[name] == fresh[name], name)
        self.assertEqual(sorted(n for n in old if n.startswith("tables/")), sorted(n for n in fresh if n.startswith("tables/")))

    def test_several_at_once(self):
        """Runs on one store at the same time: each is through or says that another is writing; the files stay whole."""
        want = support.tree(self.store)
        store = self.path("busy")
        runs = [subprocess.Popen([support.lta_path(), "run", "-q", "-o", store, "--format", "marconi", *self.sources],
                                 env=support.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE) for _ in range(6)]
        for p in runs:
            _, err = p.communicate(timeout=support.TIMEOUT)
            err = err.decode("utf-8", "replace")
            self.assertIsNone(support.REPORT.search(err), err)
            self.assertIn(p.returncode, (0, 1, 3), err)
            if p.returncode == 1:
                self.assertRegex(err, "another process is writing|could not be renamed")
        for name, content in support.tree(store).items():
            self.assertTrue(content == want.get(name), name)
        self.run_all(store)
        self.assertEqual(support.differences(support.tree(store), want), [])

    def test_missing_stage_names_its_command(self):
        os.unlink(os.path.join(self.store, "reuse.h5"))
        self.refused(3, r".*/reuse\.h5: .*lta reuse", "curve", self.store)
        os.unlink(os.path.join(self.store, "trace.h5"))
        self.refused(3, r".*/trace\.h5: .*lta import", "trie", self.store)


class Kills(Reproducible):
    """A kill leaves every file whole, old or new; the same command then ends with the same bytes and nothing beside them."""

    def setUp(self):
        super().setUp()
        self.reference = self.path("reference")
        started = time.monotonic()
        self.run_all(self.reference)
        self.seconds = time.monotonic() - started
        self.want = support.tree(self.reference)

    def start(self, *arguments):
        """Starts the program and waits until it catches signals."""
        p = subprocess.Popen([support.lta_path(), *map(str, arguments)], cwd=self.folder, env=support.environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(p.stderr.close)
        while p.poll() is None:
            try:
                with open("/proc/%d/status" % p.pid) as f:
                    caught = [int(line.split()[1], 16) for line in f if line.startswith("SigCgt:")]
            except OSError:
                break
            if caught and caught[0] >> (signal.SIGTERM - 1) & 1:
                break
        return p

    def finish(self, p, number):
        """The program's end after a signal: its own exit code, unless it was done before."""
        _, err = p.communicate(timeout=support.TIMEOUT)
        err = err.decode("utf-8", "replace")
        self.assertIsNone(support.REPORT.search(err), err)
        stopped = GRACEFUL.get(number, -number)
        self.assertIn(p.returncode, (0, stopped), err)
        if p.returncode == stopped and number in GRACEFUL:
            self.assertRegex(err, r"stopped by signal %d" % number)
        return p.returncode != 0

    def check_after_kill(self, store, number):
        """Committed files are whole; only SIGKILL may leave a temporary one."""
        for name, content in support.tree(store).items():
            if name in self.want:
                self.assertTrue(content == self.want[name], "%s is neither absent nor complete" % name)
            else:
                self.assertEqual(number, signal.SIGKILL, "%s was left behind" % name)
                self.assertTrue(os.path.basename(name).startswith("."), name)

    def check_finished(self, store):
        self.assertEqual(support.differences(support.tree(store), self.want), [])

    def test_random_delays(self):
        rng = random.Random(SEED)
        n_stopped = 0
        for number in (signal.SIGKILL, *GRACEFUL):
            for step in range(5):
                store = self.path("store-%d-%d" % (number, step))
                p = self.start("run", "-o", store, "--format", "marconi", *self.sources)
                time.sleep((step + rng.random()) / 5 * self.seconds)
                p.send_signal(number)
                n_stopped += self.finish(p, number)
                self.check_after_kill(store, number)
                self.run_all(store)
                self.check_finished(store)
                shutil.rmtree(store)
        self.assertGreater(n_stopped, 6, "most signals came after the end: the runs are too short to test anything")

    def test_killed_again_and_again(self):
        """One store, killed after ever longer delays until a run gets through."""
        rng = random.Random(SEED + 1)
        store = self.path("store")
        signals = (signal.SIGKILL, *GRACEFUL)
        for attempt in range(200):
            number = signals[attempt % len(signals)]
            p = self.start("run", "-o", store, "--format", "marconi", *self.sources)
            time.sleep(rng.random() * self.seconds * attempt / 10)
            p.send_signal(number)
            stopped = self.finish(p, number)
            if attempt > 0 or not stopped:
                self.check_after_kill(store, signal.SIGKILL)
            if not stopped:
                break
        self.assertFalse(stopped, "200 attempts did not get through")
        self.run_all(store)
        self.check_finished(store)

    def test_while_each_file_is_written(self):
        """Stopped as soon as the temporary file of each stage appears, over a store that has the old file already or not."""
        for file in support.STORE_FILES:
            for number in (signal.SIGKILL, signal.SIGTERM):
                for old_file in (False, True):
                    with self.subTest(file=file, signal=number, old_file=old_file):
                        self.stop_while_writing(file, number, old_file)

    def stop_while_writing(self, file, number, old_file):
        store = self.path("-".join((file, number.name, str(old_file))))
        shutil.copytree(self.reference, store)
        stage = {"trace.h5": "import", "enriched.h5": "enrich"}.get(file, file.split(".")[0])
        operands = ["-o", store, "--format", "marconi", *self.sources] if stage == "import" else [store]
        if not old_file:
            os.unlink(os.path.join(store, file))
        p = self.start(stage, "--force", *operands)
        deadline = time.monotonic() + support.TIMEOUT
        while p.poll() is None and not self.temporary_files(store):
            self.assertLess(time.monotonic(), deadline)
        p.send_signal(number)
        self.finish(p, number)
        self.check_after_kill(store, number)
        if old_file:
            self.assertIn(file, os.listdir(store))
        self.ok(stage, "--force", *operands)
        self.run_all(store)
        self.check_finished(store)
        shutil.rmtree(store)

    @staticmethod
    def temporary_files(store):
        return [n for n in os.listdir(store) if n.startswith(".")]

    def test_leftovers_of_others(self):
        """A temporary file of a killed run, even one that is garbage, is in nobody's way."""
        store = self.path("store")
        os.mkdir(store)
        for name in support.STORE_FILES:
            with open(os.path.join(store, ".%s.partial" % name), "wb") as f:
                f.write(b"left over" * 1000)
        self.run_all(store)
        self.check_finished(store)


if __name__ == "__main__":
    unittest.main()
