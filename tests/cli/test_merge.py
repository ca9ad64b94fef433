"""lta merge: the same trace as importing all files at once; order, time lines, sessions and ids; what never merges."""
import itertools
import json
import os
import random
import unittest

import h5py
import support


def content(store):
    """Every dataset of trace.h5, and the root attributes that say what the trace is."""
    found = {}
    with h5py.File(os.path.join(store, "trace.h5"), "r") as f:
        f.visititems(lambda name, item: found.__setitem__(name, (item.dtype.str, item[...].tolist()))
                     if isinstance(item, h5py.Dataset) else None)
        for name in ("name", "unit", "block_tokens"):
            found["@" + name] = support.text(f.attrs[name])
    return {k: repr(v) for k, v in found.items()}  # repr: NaN equals NaN


def lists(rng, n, top):
    """Sequences that share beginnings."""
    made = [[]]
    for _ in range(n):
        base = rng.choice(made)
        made.append(base[:rng.randint(0, len(base))] + [rng.randint(0, top) for _ in range(rng.randint(1, 12))])
    return made[1:]


def marconi_file(rng, n, top=31999):
    time, rows, turns = 0.0, [], {}
    for sequence in lists(rng, n, top):
        time += rng.choice([0.0, 0.0, 1 / 1.5, 3.0])
        cut = rng.randint(0, len(sequence))
        session = rng.randint(0, 4)
        rows.append((session, turns.get(session, 0), time, sequence[:cut], sequence[cut:]))
        turns[session] = turns.get(session, 0) + 1
    return support.marconi(rows)


def mooncake_file(rng, n, top):
    time, rows = rng.randint(0, 5000), []
    for sequence in lists(rng, n, top):
        time += rng.choice([0, 0, 3000])
        rows.append((time, 512 * len(sequence) - rng.randint(0, 511), rng.randint(0, 9), sequence))
    rows.append((time, 512, 1, [0]))  # these two leave 512 tokens a block alone
    rows.append((time, 513, 1, [0, 1]))
    return support.mooncake(rows)


def azure_file(rng, n, hour):
    rows, us = [], 0
    for _ in range(n):
        us += rng.randint(0, 4_000_000)
        rows.append("2023-11-16 %02d:%02d:%02d.%06d0,%d,%d" % (hour, us // 60_000_000, us // 1_000_000 % 60, us % 1_000_000,
                                                              rng.randint(0, 99), rng.randint(0, 99)))
    return "TIMESTAMP,ContextTokens,GeneratedTokens\r\n" + "\r\n".join(rows)


def burstgpt_file(rng, n, sessions):
    rows, time = [], 19440007
    for _ in range(n):
        time += rng.randint(0, 2)
        session = rng.choice(["a0", "b1", "c2", ""]) if sessions else ""
        a, b = rng.randint(0, 99), rng.randint(0, 99)
        rows.append("%d.0,%s,3,%s,%d,%d,%d,%s" % (time, session, rng.choice(["GPT-4", "ChatGPT"]), a, b, a + b,
                                                 "Conversation log" if session else "API log"))
    return "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n" + "\n".join(rows) + "\n"


def bailian_file(rng, n):
    rows, time = [], 0
    for i, ids in enumerate(lists(rng, n, 50)):
        time += rng.randint(-200, 2000)  # falls now and then: the builder sorts
        time = max(time, 0)
        rows.append(json.dumps(dict(chat_id=i, parent_chat_id=rng.choice([-1, max(i - 3, 0), i + 1000]), timestamp=time / 1000,
                                    input_length=16 * len(ids), output_length=1, type=rng.choice(["text", "image"]),
                                    turn=rng.randint(1, 3), hash_ids=ids)))
    return "\n".join(rows) + "\n"


class SameAsImport(support.CliTest):
    def check(self, files, options=(), import_options=()):
        """files: name -> content. Merging their stores in any grouping is importing them at once."""
        paths = []
        for i, (name, text) in enumerate(files):
            os.makedirs(self.path("in%d" % i))
            paths.append(self.write("in%d/%s" % (i, name), text))
        stores = [self.path("one%d" % i) for i in range(len(paths))]
        for path, store in zip(paths, stores):
            self.ok("import", "-o", store, *import_options, path)
        self.ok("import", "-o", self.path("together"), *import_options, *options, *paths)
        self.ok("merge", "-o", self.path("merged"), *options, *stores)
        want = content(self.path("together"))
        self.assertEqual(content(self.path("merged")), want)
        self.ok("verify", self.path("merged"))
        if len(stores) > 2:
            self.ok("merge", "-o", self.path("front"), *options, *stores[:2])
            self.ok("merge", "-o", self.path("nested"), *options, self.path("front"), *stores[2:])
            self.assertEqual(content(self.path("nested")), want, "a merge of merges")
        if "--sort" in options:
            for order in itertools.islice(itertools.permutations(stores), 6):
                self.ok("merge", "-o", self.path("permuted"), "--force", *options, *order)
                with open(self.path("merged/trace.h5"), "rb") as a, open(self.path("permuted/trace.h5"), "rb") as b:
                    self.assertTrue(a.read() == b.read(), "the order of stores plays no part with --sort")

    def test_marconi(self):
        rng = random.Random(1)
        files = [("swebench_sps=1_art=5_nums=5.jsonl", marconi_file(rng, 40)), ("lmsys_sps=0.5_nums=5.jsonl", marconi_file(rng, 30)),
                 ("other.jsonl", marconi_file(rng, 20))]
        for options in ((), ("--gap", "1500000"), ("--timeline", "overlay"), ("--sort",), ("--sort", "--timeline", "overlay", "--name", "x")):
            with self.subTest(options=options):
                self.folder = os.path.join(self.folder, "next")
                os.makedirs(self.folder)
                self.check(files, options)

    def test_the_same_file_twice(self):
        text = marconi_file(random.Random(2), 30)
        self.check([("a.jsonl", text), ("a.jsonl", text), ("b.jsonl", text)], ("--sort",))

    def test_block_ids_are_kept_apart(self):
        rng = random.Random(3)
        self.check([("a.jsonl", mooncake_file(rng, 30, 20)), ("b.jsonl", mooncake_file(rng, 30, 2**40)),
                    ("c.jsonl", mooncake_file(rng, 30, 9))])
        with h5py.File(self.path("merged/trace.h5"), "r") as f:
            base = f["sources/symbol_base"][...].tolist()
        self.assertTrue(0 == base[0] < base[1] < base[2], base)

    def test_wall_clocks(self):
        rng = random.Random(4)
        files = [("AzureLLMInferenceTrace_code.csv", azure_file(rng, 30, 18)), ("AzureLLMInferenceTrace_conv.csv", azure_file(rng, 30, 18))]
        self.check(files, ("--timeline", "overlay"))

    def test_sources_with_and_without_sessions(self):
        rng = random.Random(5)
        self.check([("x.csv", burstgpt_file(rng, 40, False)), ("y.csv", burstgpt_file(rng, 40, True)),
                    ("z.csv", burstgpt_file(rng, 40, True))])

    def test_times_that_fall_and_dropped_rows(self):
        rng = random.Random(6)
        texts = [bailian_file(rng, 40) for _ in range(3)]
        texts[1] += "nonsense\n[]\nnonsense\n"
        self.check([("%d.jsonl" % i, t) for i, t in enumerate(texts)], import_options=("--on-error", "skip"))
        with h5py.File(self.path("merged/trace.h5"), "r") as f:
            self.assertEqual(f["skipped/count"][...].tolist(), [3])
            self.assertEqual(f["skipped/source"][...].tolist(), [1])


class Marconi(support.CliTest):
    def test_thirty_files_of_a_hundred_sessions(self):
        os.makedirs(self.path("in"))
        for seed, name in ((1, "lmsys"), (2, "sharegpt")):
            made = self.path(name)
            self.ok("synth", "-o", made, "--format", "marconi", "--files", 15, "--sessions", 100, "--seed", seed, "--turns", 2,
                    "--message-tokens", 4, "--output-tokens", 4, "--system-tokens", 8)
            for file in os.listdir(made):
                os.rename(os.path.join(made, file), self.path("in", file.replace("synth", name)))
        files = sorted(os.listdir(self.path("in")))
        self.assertEqual(len(files), 30)
        for i, name in enumerate(files):
            self.ok("import", "-q", "-o", self.path("st%02d" % i), self.path("in", name))
        self.ok("merge", "-o", self.path("all"), "--sort", *[self.path("st%02d" % i) for i in reversed(range(30))])
        with h5py.File(self.path("all/trace.h5"), "r") as f:
            session, source = f["requests/session"][...], f["requests/source"][...]
            own = f["dictionary/source_session"].asstr()[...][f["requests/source_session"][...]]
            self.assertEqual(sorted(set(session.tolist())), list(range(3000)))
            self.assertEqual(session.tolist(), [100 * s + int(o) for s, o in zip(source.tolist(), own)])
            self.assertEqual(f["sources/file"].asstr()[...].tolist(), files)
        out = self.ok("run", "-o", self.path("all")).out  # without files: every stage on the trace that is there
        self.assertIn("from 30 sources", out)
        self.ok("verify", self.path("all"))


class Refusals(support.CliTest):
    def store(self, name, text, *options):
        self.ok("import", "-o", self.path(name), *options, self.write(name + ".txt", text))
        return self.path(name)

    def setUp(self):
        super().setUp()
        rng = random.Random(7)
        self.token = self.store("token", marconi_file(rng, 9))
        self.block = self.store("block", mooncake_file(rng, 9, 5))
        self.none = self.store("none", azure_file(rng, 9, 1))

    def test_units_and_block_sizes(self):
        small = self.store("small", bailian_file(random.Random(8), 9))
        out = self.path("out")
        self.refused(2, r"block\.txt has symbols of unit \"block\" and token\.txt of \"token\"", "merge", "-o", out, self.token, self.block)
        self.refused(2, r"none\.txt has symbols of unit \"none\"", "merge", "-o", out, self.block, self.none)
        self.refused(2, r"small\.txt has blocks of 16 tokens and block\.txt of 512", "merge", "-o", out, self.block, small)
        self.assertFalse(os.path.exists(out))

    def test_clocks(self):
        relative = self.store("relative", burstgpt_file(random.Random(9), 9, True))
        self.refused(2, r".*one has a wall clock and one has not", "merge", "-o", self.path("out"), "--timeline", "overlay", self.none, relative)
        self.ok("merge", "-o", self.path("out"), self.none, relative)

    def test_itself_and_nothing(self):
        self.refused(2, r"-o \S*/token is also a store to read", "merge", "-o", self.token, self.block, self.token)
        self.refused(2, r"missing operands", "merge", "-o", self.path("out"))
        self.refused(2, r"no store named", "merge", self.token)
        self.refused(3, r"\S*/absent: is not there; expected the folder of a store", "merge", "-o", self.path("out"), self.token, self.path("absent"))
        self.refused(2, r"the name of a trace is empty", "merge", "-o", self.path("out"), "--name", "", self.token)

    def test_damaged_store(self):
        path = self.path("block/trace.h5")
        with open(path, "r+b") as f:
            f.truncate(os.path.getsize(path) // 2)
        self.refused(3, r"\S*/block/trace\.h5", "merge", "-o", self.path("out"), self.block)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_up_to_date(self):
        self.ok("merge", "-o", self.path("out"), self.token, self.token)
        before = support.identities(self.path("out"))
        self.assertIn("up to date", self.ok("merge", "-o", self.path("out"), self.token, self.token).err)
        self.assertEqual(support.identities(self.path("out")), before)
        self.ok("merge", "-o", self.path("out"), "--gap", "5", self.token, self.token)
        self.assertNotEqual(support.identities(self.path("out")), before)


if __name__ == "__main__":
    unittest.main()
