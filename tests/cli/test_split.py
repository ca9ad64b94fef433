"""lta split, map, reduce and finish against lta run, on traces larger than the generator of test_split.c makes: chats, agents, a
cache trace, one prompt for all, one long session, the same request again and again. Files are the same to the last byte; what is
stale or missing is refused; what is there is not made again; a command killed at any moment is run again."""
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import support


def block_trace(rows):
    return "".join(json.dumps({"timestamp": t, "input_length": 512 * len(ids), "output_length": 3, "hash_ids": ids}) + "\n"
                   for t, ids in rows)


def made_up(kind, requests=3000):
    rng = random.Random(7)
    if kind == "one session":
        return block_trace((i, list(range(i + 1))) for i in range(600))
    if kind == "one request":
        return block_trace((i // 2, list(range(30))) for i in range(900))
    if kind == "one prompt":
        return block_trace((i, list(range(20)) + [1000 + rng.randrange(900), 50000 + i]) for i in range(requests))
    raise ValueError(kind)


class Split(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        cls.lta = support.lta_path()

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def call(self, *args, code=0):
        done = subprocess.run([self.lta, *map(str, args)], capture_output=True, text=True, env=support.environment())
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def path(self, *names):
        return os.path.join(self.dir.name, *names)

    def whole(self, name, *args):
        """A store made by one process, and one beside it with its trace and trie alone."""
        self.call("run", "-q", "-o", self.path(name), *args)
        os.mkdir(self.path(name + " in pieces"))
        for file in ("trace.h5", "trie.h5"):
            shutil.copy(self.path(name, file), self.path(name + " in pieces"))
        return self.path(name), self.path(name + " in pieces")

    def in_pieces(self, store, pieces, *args):
        self.call("split", "-q", "-n", pieces, *args, store)
        for k in range(pieces):
            self.call("map", "-q", os.path.join(store, "pieces", f"piece-{k}.h5"))
        for k in range(pieces):
            self.call("reduce", "-q", "--range", k, store)
        self.call("finish", "-q", store)

    def compare(self, whole, store):
        for file in ("reuse.h5", "curve.h5"):
            with open(os.path.join(whole, file), "rb") as a, open(os.path.join(store, file), "rb") as b:
                self.assertEqual(a.read(), b.read(), f"{store}/{file}")

    def check(self, name, *args):
        whole, store = self.whole(name, *args)
        for pieces in (5, 2, 16)[::support.EVERY]:
            for file in ("reuse.h5", "curve.h5"):
                if os.path.exists(os.path.join(store, file)):
                    os.unlink(os.path.join(store, file))
            shutil.rmtree(os.path.join(store, "pieces"), ignore_errors=True)
            self.in_pieces(store, pieces)
            self.compare(whole, store)
        # and on to the tables
        self.call("run", "-q", "-o", store)
        self.assertEqual([], support.differences(support.tree(os.path.join(whole, "tables")),
                                                 support.tree(os.path.join(store, "tables"))))

    def source(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def test_chats(self):
        self.call("synth", "-q", "-o", self.path("chat files"), "--format", "marconi", "--files", 3, "--sessions", 60, "--seed", 2)
        self.check("chats", "--format", "marconi", *sorted(
            os.path.join(self.path("chat files"), f) for f in os.listdir(self.path("chat files"))))

    def test_cache_trace(self):
        rng = random.Random(3)
        self.check("flat", "--format", "flat", self.source("flat.txt", "".join(f"{int(3000**rng.random())}\n" for _ in range(20000))))

    def test_one_session(self):
        self.check("session", "--format", "mooncake", "--block-tokens", "512", self.source("session.jsonl", made_up("one session")))

    def test_one_request(self):
        self.check("request", "--format", "mooncake", "--block-tokens", "512", self.source("request.jsonl", made_up("one request")))

    def test_one_prompt(self):
        self.check("prompt", "--format", "mooncake", "--block-tokens", "512", self.source("prompt.jsonl", made_up("one prompt")))

    def test_published(self):
        for name in ("conversation_trace.jsonl", "synthetic_trace.jsonl"):
            file = support.shared_file("mooncake", name)
            with self.subTest(name):
                if not file:
                    self.skipTest("no ../shared/data/mooncake/" + name)
                self.check(name, "--format", "mooncake", file)

    def test_memory_decides_on_pieces(self):
        whole, store = self.whole("memory", "--format", "mooncake", "--block-tokens", "512",
                                  self.source("memory.jsonl", made_up("one prompt", 60000)))
        said = self.call("split", "--piece-memory", "125000000", store)
        pieces = int(said.split(" pieces:")[0].split()[-1])
        self.assertGreater(pieces, 1)
        self.in_pieces(store, pieces)
        self.compare(whole, store)
        self.assertIn("expected a larger one", self.call("split", "--piece-memory", "1M", store, code=2))

    def test_what_is_there_stays_and_what_is_stale_is_refused(self):
        _, store = self.whole("stale", "--format", "mooncake", "--block-tokens", "512",
                              self.source("stale.jsonl", made_up("one prompt")))
        piece = os.path.join(store, "pieces", "piece-0.h5")
        self.assertIn("lta split", self.call("map", piece, code=3))
        self.assertIn("expected the name of a piece", self.call("map", store, code=2))
        self.call("split", "-q", "-n", 2, store)
        self.assertIn("lta map", self.call("reduce", "--range", 0, store, code=3))
        self.assertIn("--range", self.call("reduce", store, code=2))
        self.assertIn("expected 0 to 1", self.call("reduce", "--range", 2, store, code=2))
        self.assertIn("lta reduce", self.call("finish", store, code=3))
        self.in_pieces(store, 2)
        before = support.identities(store)
        self.in_pieces(store, 2)
        self.assertEqual(before, support.identities(store), "files were made again")
        self.assertIn("up to date", self.call("map", piece))
        # the same trace in three pieces: nothing of two fits
        shutil.move(os.path.join(store, "pieces", "map-0.h5"), self.path("old map"))
        self.call("split", "-q", "-n", 3, store)
        for k in (1, 2):
            self.call("map", "-q", os.path.join(store, "pieces", f"piece-{k}.h5"))
        shutil.move(self.path("old map"), os.path.join(store, "pieces", "map-0.h5"))
        self.assertIn("run `lta map` again", self.call("reduce", "--range", 0, store, code=3))

    def test_copies_of_pieces_are_refused(self):
        _, store = self.whole("copies", "--format", "mooncake", "--block-tokens", "512", self.source("copies.jsonl", made_up("one prompt")))
        self.in_pieces(store, 3)
        for kind, *step in (("piece", "map", os.path.join(store, "pieces", "piece-1.h5")), ("map", "reduce", "--range", "2", store),
                            ("reduce", "finish", store)):
            good, bad = (os.path.join(store, "pieces", f"{kind}-{k}.h5") for k in (0, 1))
            os.rename(bad, bad + ".kept")
            shutil.copy(good, bad)
            self.assertIn(f"{kind}-1.h5: was made under another name", self.call(*step, "--force", code=3))
            os.rename(bad + ".kept", bad)

    def test_pieces_on_another_disk(self):
        whole, store = self.whole("linked", "--format", "mooncake", "--block-tokens", "512", self.source("linked.jsonl", made_up("one prompt")))
        os.mkdir(self.path("other disk"))
        os.symlink(self.path("other disk"), os.path.join(store, "pieces"))
        self.in_pieces(store, 2)
        self.compare(whole, store)

    @unittest.skipIf(support.EVERY > 1, "the ordinary build has so many pieces")
    def test_many_pieces_in_few_open_files(self):
        whole, store = self.whole("many", "--format", "mooncake", "--block-tokens", "512", self.source("many.jsonl", made_up("one request")))
        self.call("split", "-q", "-n", 70, store)
        for k in range(70):
            self.call("map", "-q", os.path.join(store, "pieces", f"piece-{k}.h5"))
        for k in range(70):
            done = subprocess.run(["sh", "-c", 'ulimit -n 76; exec "$0" "$@"', self.lta, "reduce", "-q", "--range", str(k), store],
                                  stderr=subprocess.PIPE, text=True, env=support.environment())
            self.assertEqual(done.returncode, 0, done.stderr)
        self.call("finish", "-q", store)
        self.compare(whole, store)

    def test_lying_pieces(self):
        """Columns that do not say what they should: refused, or of no consequence, and nothing is left half done."""
        _, store = self.whole("lies", "--format", "mooncake", "--block-tokens", "512", self.source("lies.jsonl", made_up("one prompt")))
        self.in_pieces(store, 2)
        steps = {"plan": ["map", os.path.join(store, "pieces", "piece-1.h5")], "piece-1": ["map", os.path.join(store, "pieces", "piece-1.h5")],
                 "map-1": ["reduce", "--range", "1", store], "reduce-1": ["finish", store]}
        cases = []
        for name in steps:
            with h5py.File(os.path.join(store, "pieces", name + ".h5")) as f:
                f.visititems(lambda path, item: cases.extend((name, path, lie) for lie in ("zero", "largest", "last", "short"))
                             if isinstance(item, h5py.Dataset) and len(item) else None)
        refused = 0
        for name, path, lie in cases[::support.EVERY]:
            file = os.path.join(store, "pieces", name + ".h5")
            shutil.copy(file, self.path("kept"))
            with h5py.File(file, "r+") as f:
                data = f[path]
                largest = data.dtype.type(2**(8 * data.dtype.itemsize - (data.dtype.kind == "i")) - 1)
                if lie == "short":
                    attributes = dict(data.attrs)
                    column, chunks = data[:-1], data.chunks
                    del f[path]
                    f.create_dataset(path, data=column, chunks=chunks, maxshape=(None,), compression="gzip", shuffle=True, fletcher32=True)
                    f[path].attrs.update(attributes)
                elif lie == "last":
                    data[-1] = largest
                else:
                    data[...] = 0 if lie == "zero" else largest
            done = subprocess.run([self.lta, *steps[name], "--force"], capture_output=True, text=True, env=support.environment())
            self.assertIn(done.returncode, (0, 3), "%s %s %s: %s" % (name, path, lie, done.stderr))
            if done.returncode == 3:
                refused += 1
                self.assertIn(os.path.join(store, "pieces"), done.stderr)
            shutil.move(self.path("kept"), file)
        self.assertGreater(refused, len(cases[::support.EVERY]) // 4)
        self.assertEqual([n for n in os.listdir(os.path.join(store, "pieces")) if n.startswith(".")], [])

    def test_kills(self):
        whole, store = self.whole("kills", "--format", "mooncake", "--block-tokens", "512",
                                  self.source("kills.jsonl", made_up("one prompt")))
        rng = random.Random(5)
        steps = [["split", "-q", "-n", "3", store]]
        steps += [["map", "-q", os.path.join(store, "pieces", f"piece-{k}.h5")] for k in range(3)]
        steps += [["reduce", "-q", "--range", str(k), store] for k in range(3)]
        steps += [["finish", "-q", store]]
        stopped = 0
        for step in steps:
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1):
                begin = time.monotonic()
                self.call(*step, "--force")
                duration = time.monotonic() - begin
                process = subprocess.Popen([self.lta, *step, "--force"], stderr=subprocess.PIPE, env=support.environment())
                time.sleep(rng.random() * duration)
                process.send_signal(number)
                process.communicate()
                self.assertIn(process.returncode, (0, 5, -number), step)
                stopped += process.returncode != 0
            self.call(*step)
        self.assertGreater(stopped, 3)
        self.compare(whole, store)


if __name__ == "__main__":
    unittest.main()
