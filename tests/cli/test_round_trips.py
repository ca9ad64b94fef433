"""lta export for other tools: what came in comes out, byte for byte; what a format cannot say is refused."""
import itertools
import json
import os
import random
import struct
import unittest

import support


def shared_lists(rng, n, top):
    made = [[]]
    for _ in range(n):
        base = rng.choice(made)
        made.append(base[:rng.randint(0, len(base))] + [rng.randint(0, top) for _ in range(rng.randint(0, 9))])
    return made[1:]


def marconi_text(rng, n=40, top=31999):
    """What Marconi's generator could have written, and a few things more: any double as time, any integer as session."""
    time, rows, turn = 0.0, [], {}
    for sequence in shared_lists(rng, n, top):
        time += rng.choice([0.0, 0.0, 1 / 1.5, 2.0, 1e-05, rng.random(), 12345.678])
        cut = rng.randint(0, len(sequence))
        session = rng.choice([0, 1, 7, 2**40])
        rows.append((session, turn.get(session, 0), time, sequence[:cut], sequence[cut:]))
        turn[session] = turn.get(session, 0) + 1
    return support.marconi(rows)


def mooncake_text(rng, n=40, top=30, block=512, fractions=False):
    time, rows = rng.randint(0, 9), []
    for sequence in shared_lists(rng, n, top):
        time += rng.choice([0, 0, 1, 3000])
        ms = time + rng.choice([0.5, 0.25, 0.125, 0]) if fractions else time
        tokens = block * len(sequence) - (rng.randint(0, block - 1) if sequence else 0)
        rows.append((ms, tokens, rng.randint(0, 50), sequence))
        time += 1 if fractions else 0
    rows += [(time, block, 1, [0]), (time, block + 1, 1, [0, 1])]
    text = support.mooncake(rows)
    return text.replace(".0,", ",")  # whole milliseconds are integers


class RoundTrips(support.CliTest):
    def export(self, fmt, store, *options):
        out = self.path("out")
        options += "--allow-restricted",
        self.ok("export", "--format", fmt, "-o", out, *options, store)
        with open(out, encoding="utf-8") as f:
            text = f.read()
        self.assertEqual(self.ok("export", "--format", fmt, *options, store).out, text, "stdout says the same")
        return text

    def check(self, fmt, texts):
        """Each file alone, and out of a merged trace, laid one after the other and over each other."""
        stores = []
        for i, text in enumerate(texts):
            path = self.write("file%d.jsonl" % i, text)
            stores.append(self.path("store%d" % i))
            self.ok("import", "-q", "-o", stores[-1], path)
            self.assertEqual(self.export(fmt, stores[-1]), text)
        for timeline in ("concat", "overlay"):
            merged = self.path(timeline)
            self.ok("merge", "-q", "-o", merged, "--timeline", timeline, "--gap", 0 if timeline == "overlay" else 77, *stores)
            for i, text in enumerate(texts):
                self.assertEqual(self.export(fmt, merged, "--source", "file%d" % i), text)
                self.assertEqual(self.export(fmt, merged, "--source", "file%d.jsonl" % i), text)
            whole = self.export(fmt, merged)
            self.assertEqual(len(whole.splitlines()), sum(len(t.splitlines()) for t in texts))
            again = self.path("again-" + timeline)
            self.ok("import", "-q", "-o", again, self.write("whole.jsonl", whole))
            self.assertEqual(self.export(fmt, again), whole)

    def test_marconi(self):
        for seed in range(4):
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                self.check("marconi-jsonl", [marconi_text(rng), marconi_text(rng, top=5), marconi_text(rng, top=2**33)])

    def test_mooncake(self):
        for seed in range(4):
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                self.check("mooncake-jsonl", [mooncake_text(rng), mooncake_text(rng, top=2**45), mooncake_text(rng, fractions=True)])

    def test_published_mooncake(self):
        found = [p for p in (support.shared_file("mooncake", n) for n in ("conversation_trace.jsonl", "synthetic_trace.jsonl")) if p]
        if not found:
            self.skipTest("no data/mooncake in $LTA_SHARED or ../shared")
        for i, path in enumerate(found):
            self.ok("import", "-q", "-o", self.path("st%d" % i), path)
        self.ok("merge", "-q", "-o", self.path("both"), *[self.path("st%d" % i) for i in range(len(found))])
        for i, path in enumerate(found):
            with open(path, encoding="utf-8") as f:
                text = f.read()
            self.assertTrue(self.export("mooncake-jsonl", self.path("st%d" % i)) == text)
            self.assertTrue(self.export("mooncake-jsonl", self.path("both"), "--source", os.path.basename(path)) == text)

    def test_meta_file(self):
        self.ok("import", "-q", "-o", self.path("store"), self.write("a.jsonl", marconi_text(random.Random(1))))
        self.export("mooncake-jsonl", self.path("store"), "--block", "4", "--tail", "drop")
        with open(self.path("out.meta.json")) as f:
            meta = json.load(f)
        self.assertEqual(meta["block_tokens"], 4)
        self.assertEqual(meta["partial_last_block"], "dropped")
        self.assertEqual(meta["sources"], [{"name": "a", "licence": ""}])

    def test_kavier_csv(self):
        text = marconi_text(random.Random(5))
        self.ok("import", "-q", "-o", self.path("store"), self.write("a.jsonl", text))
        rows = support.read_csv(self.export("kavier-csv", self.path("store")))
        want = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(list(rows[0]), ["session_id", "turn_id", "ts", "num_input_tokens", "num_output_tokens", "input_tokens", "output_tokens"])
        self.assertEqual([{k: json.loads(v) for k, v in row.items()} for row in rows], want)
        self.ok("import", "-q", "-o", self.path("azure"), self.write("azure.csv", support.AZURE_2023))
        self.assertEqual(self.export("kavier-csv", self.path("azure")),
                         "ts,num_input_tokens,num_output_tokens\n0.0,4808,10\n0.052,3180,8\n0.098189,110,27\n")


class OtherSymbols(support.CliTest):
    """Blocks as tokens and tokens as blocks keep every prefix relation: the curves are the same."""

    def curve(self, store, *options):
        capacities = ",".join(map(str, range(1, 160)))
        rows = support.read_csv(self.ok("curve", store, "--csv", "-", "--inputs-only", "--scope", "global", "--capacity", capacities, *options).out)
        return [(int(r["capacity"]), int(r["hits"]), int(r["lookups"])) for r in rows]

    def test_blocks_as_tokens(self):
        for seed, block, vocabulary in ((1, 512, 32000), (2, 8, 40), (3, 16, 3)):
            with self.subTest(seed=seed):
                text = mooncake_text(random.Random(seed), n=60, top=25 if vocabulary > 3 else 3, block=block)
                blocks, tokens = self.path("b%d" % seed), self.path("t%d" % seed)
                self.ok("run", "-q", "-o", blocks, "--tail", "drop", "--block-tokens", block, self.write("b%d.jsonl" % seed, text))
                kept = self.path("k%d" % seed)
                self.ok("import", "-q", "-o", kept, "--block-tokens", block, self.path("b%d.jsonl" % seed))
                made = self.ok("export", "--format", "marconi-jsonl", "--seed", 7, "--vocabulary", vocabulary, kept).out
                self.assertEqual(self.ok("export", "--format", "marconi-jsonl", "--seed", 7, "--vocabulary", vocabulary, kept).out, made)
                self.assertNotEqual(self.ok("export", "--format", "marconi-jsonl", "--seed", 8, "--vocabulary", vocabulary, kept).out, made)
                for line, original in zip(made.splitlines(), text.splitlines()):
                    new, old = json.loads(line), json.loads(original)
                    self.assertEqual((new["num_input_tokens"], new["num_output_tokens"], len(new["input_tokens"])),
                                     (old["input_length"], old["output_length"], old["input_length"]))
                    self.assertLess(max(new["input_tokens"] + [0]), vocabulary)
                self.ok("run", "-q", "-o", tokens, self.write("t%d.jsonl" % seed, made))
                want = self.curve(blocks)
                self.assertEqual(self.curve(tokens, "--block", block), want)
                self.assertGreater(want[-1][1], 0)

    def test_tokens_as_blocks(self):
        for seed, block in itertools.product((1, 2), (1, 3, 16)):
            with self.subTest(seed=seed, block=block):
                text = marconi_text(random.Random(seed), n=80, top=3)
                name = "%d-%d" % (seed, block)
                tokens, blocks = self.path("t" + name), self.path("b" + name)
                self.ok("run", "-q", "-o", tokens, self.write(name + ".jsonl", text))
                made = self.ok("export", "--format", "mooncake-jsonl", "--block", block, "--tail", "drop", tokens).out
                ids = [json.loads(line)["hash_ids"] for line in made.splitlines()]
                seen = list(dict.fromkeys(i for row in ids for i in row))
                self.assertEqual(seen, list(range(len(seen))), "numbered in order of first appearance")
                self.ok("run", "-q", "-o", blocks, "--block-tokens", block, "--format", "mooncake", self.write(name + ".b.jsonl", made))
                self.assertEqual(self.curve(blocks), self.curve(tokens, "--block", block))
                # with the tail kept, two inputs have the same last id exactly if they are equal
                kept = self.ok("export", "--format", "mooncake-jsonl", "--block", block, tokens).out
                inputs = [json.loads(line)["input_tokens"] for line in text.splitlines()]
                ids = [json.loads(line)["hash_ids"] for line in kept.splitlines()]
                self.assertEqual([len(i) for i in ids], [-(-len(t) // block) for t in inputs])
                for (a, x), (b, y) in itertools.combinations(zip(inputs, ids), 2):
                    common = len(os.path.commonprefix([a, b]))
                    same = len(os.path.commonprefix([x, y]))
                    self.assertEqual(same, len(x) if a == b else common // block)


class OracleGeneral(support.CliTest):
    def check(self, text, *options):
        self.ok("import", "-q", "-o", self.path("store"), "--force", *options, self.write("a.jsonl", text))
        self.ok("export", "--format", "oracle-general", "-o", self.path("out"), self.path("store"))
        with open(self.path("out"), "rb") as f:
            data = f.read()
        got = list(struct.iter_unpack("<IQIq", data))
        touches, first = [], None
        for line in text.splitlines():
            row = json.loads(line)
            sequence = row["input_tokens"] + row["output_tokens"] if "ts" in row else row["hash_ids"]
            time = row["ts"] if "ts" in row else row["timestamp"] / 1000
            first = time if first is None else first
            us = round(time * 1e6) - round(first * 1e6)
            touches += [(us // 10**6, tuple(sequence[:d])) for d in range(len(sequence), 0, -1)]
        later, want = {}, []
        for i in range(len(touches) - 1, -1, -1):
            want.append((touches[i][0], touches[i][1], 1, later.get(touches[i][1], -1)))
            later[touches[i][1]] = i + 1
        want.reverse()
        self.assertEqual([(s, z, n) for s, _, z, n in got], [(s, z, n) for s, _, z, n in want])
        objects = {}
        for (_, number, _, _), (_, path, _, _) in zip(got, want):
            self.assertEqual(objects.setdefault(path, number), number)
        self.assertEqual(len(set(objects.values())), len(objects), "different positions are different objects")
        self.assertNotIn(0, objects.values())

    def test_positions(self):
        for seed in range(5):
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                self.check(marconi_text(rng, n=60, top=rng.choice([1, 3, 1000])))
                self.check(mooncake_text(rng, n=60, top=rng.choice([1, 3, 1000])), "--format", "mooncake")


class Refusals(support.CliTest):
    def test_what_a_trace_lacks(self):
        self.ok("import", "-q", "-o", self.path("azure"), self.write("azure.csv", support.AZURE_2023))
        self.ok("import", "-q", "-o", self.path("block"), self.write("b.jsonl", support.mooncake(support.MOONCAKE_ROWS)))
        self.ok("import", "-q", "-o", self.path("token"), self.write("t.jsonl", support.marconi(support.MARCONI_ROWS)))
        for fmt in ("marconi-jsonl", "mooncake-jsonl", "oracle-general"):
            self.refused(2, r"\S*azure: its sources give no (tokens|symbols)", "export", "--format", fmt, "-o", self.path("out"), self.path("azure"))
        self.refused(2, r"\S*block: .*--seed N", "export", "--format", "marconi-jsonl", self.path("block"))
        self.refused(2, r".*--block and --tail cannot change", "export", "--format", "mooncake-jsonl", "--block", 512, self.path("block"))
        self.refused(2, r".*expected --block N", "export", "--format", "mooncake-jsonl", self.path("token"))
        self.refused(2, r".*cannot tell ids up to \d+ apart", "export", "--format", "marconi-jsonl", "--seed", 1, "--vocabulary", 3,
                     self.small_blocks())
        self.refused(2, r"--source nobody: expected one of t", "export", "--format", "marconi-jsonl", "--source", "nobody", self.path("token"))
        self.assertFalse(os.path.exists(self.path("out")))

    def small_blocks(self):
        text = support.mooncake([(0, 2, 1, [5]), (0, 3, 1, [5, 900])])
        self.ok("import", "-q", "-o", self.path("small"), "--block-tokens", 2, self.write("small.jsonl", text))
        return self.path("small")

    def test_licence(self):
        name = "lmsys_sps=1_nums=2"
        self.ok("run", "-q", "-o", self.path("store"), self.write(name + ".jsonl", support.marconi(support.MARCONI_ROWS)))
        for name in ("unnamed", "synth_sps=1_nums=2"):
            self.ok("import", "-q", "-o", self.path(name), self.write(name + ".jsonl", support.marconi(support.MARCONI_ROWS)))
        self.ok("merge", "-q", "-o", self.path("both"), self.path("store"), self.path("unnamed"), self.path("synth_sps=1_nums=2"))
        for store in ("store", "both"):
            for fmt in ("marconi-jsonl", "kavier-csv"):
                out = self.path("out")
                self.refused(2, r"the licence of source lmsys_sps=1_nums=2 is \"CC BY-NC.*do not redistribute\".*--allow-restricted",
                             "export", "--format", fmt, "-o", out, self.path(store))
                self.assertFalse(os.path.exists(out))
                self.ok("export", "--format", fmt, "--allow-restricted", self.path(store))
        for store in ("unnamed", "both"):
            self.refused(2, "the licence of source unnamed is not known, .*--allow-restricted", "export", "--format", "marconi-jsonl", "--source",
                         "unnamed", self.path(store))
            self.ok("export", "--format", "marconi-jsonl", "--source", "unnamed", "--allow-restricted", self.path(store))
        self.ok("export", "--format", "marconi-jsonl", "--source", "synth_sps=1_nums=2", self.path("both"))
        self.ok("export", "--format", "csv", self.path("store"))  # counts and fields, no symbols
        self.ok("export", "--format", "mooncake-jsonl", "--block", 2, self.path("store"))  # numbers of prefixes


if __name__ == "__main__":
    unittest.main()
