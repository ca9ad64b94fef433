#!/usr/bin/env python3
"""lta anonymize: blocks numbered as a plain dictionary of prefixes numbers them, the same curves at that block size, no way back."""
import os
import random
import shutil
import unittest

import h5py
import support


def chained(sequences, block):
    """What the blocks of full sequences are: the prefix up to the end of each, numbered in the order of first appearance."""
    number, out = {}, []
    for full in sequences:
        out.append([number.setdefault(tuple(full[:end]), len(number)) for end in range(block, len(full) + 1, block)])
    return out


class Anonymize(support.CliTest):
    def sequences(self, store):
        with h5py.File(os.path.join(store, "trace.h5"), "r") as f:
            return support.decode(f)

    def curves(self, store, block):
        with h5py.File(os.path.join(store, "curve.h5"), "r") as f:
            return {"%s%s" % (scope, name[len("block%d" % block):]): (c["capacity"][:].tolist(), c["hits"][:].tolist(), int(c.attrs["lookups"]))
                    for scope in f for name, c in f[scope].items() if name.split("_")[0] == "block%d" % block}

    def check(self, store, block, own_block=None):
        """own_block: symbols a block; tokens where the trace has tokens."""
        blocks = self.path("blocks-%d" % block)
        options = () if own_block == 1 else ("--block", block)
        self.ok("trie", store)
        self.ok("anonymize", "-o", blocks, *options, store)
        step = own_block or block
        (lengths, old), (new_lengths, new) = self.sequences(store), self.sequences(blocks)
        self.assertEqual(new, chained(old, step))
        self.assertEqual(new_lengths, [n // step for n in lengths])
        for stage in ("trie", "reuse"):
            self.ok(stage, blocks)
            self.ok(stage, store)
        self.ok("curve", blocks, "--block", "1", "--reserve-last")
        self.ok("curve", store, "--block", step, "--reserve-last")
        self.assertEqual(self.curves(blocks, 1), self.curves(store, step))
        self.ok("enrich", blocks)
        self.ok("verify", blocks)
        with h5py.File(os.path.join(store, "trace.h5"), "r") as a, h5py.File(os.path.join(blocks, "trace.h5"), "r") as b:
            self.assertEqual(sorted(a["requests"]), sorted(b["requests"]))
            for name, column in a["requests"].items():
                self.assertEqual(column[:].tolist(), b["requests"][name][:].tolist(), name)

    def test_tokens(self):
        random.seed(7)
        for round_ in range(8 // support.EVERY):
            history, rows = {}, []
            for i in range(random.randrange(1, 60)):
                session = random.randrange(4)
                turns = history.setdefault(session, [])
                words = [random.randrange(3) for _ in range(random.randrange(0, 12))]
                given = (turns[-1][: random.randrange(len(turns[-1]) + 1)] if turns and random.random() < 0.8 else []) + words
                answer = [random.randrange(3) for _ in range(random.randrange(0, 5))]
                turns.append(given + answer)
                rows.append((session, len(turns) - 1, float(i // 2), given, answer))
            with self.subTest(round=round_):
                source = self.write("t%d.jsonl" % round_, support.marconi(rows))
                store = self.path("tokens-%d" % round_)
                self.ok("import", "-o", store, "--format", "marconi", source)
                for block in (1, 2, 3, 16):
                    self.check(store, block)
                    shutil.rmtree(self.path("blocks-%d" % block))

    def test_blocks_of_two_sources(self):
        """Blocks that were not chained are so now; ids of the sources are gone."""
        rows = [(10 * i, 64 * n, 1, [random.Random(i).randrange(4) for _ in range(n)]) for i, n in enumerate([3, 1, 4, 1, 5, 2, 6, 5])]
        store = self.path("store")
        self.ok("import", "-o", store, "--format", "mooncake", "--block-tokens", "64",
                self.write("a.jsonl", support.mooncake(rows)), self.write("b.jsonl", support.mooncake(rows[3:])))
        self.check(store, 64, 1)
        self.refused(2, r".*its symbols are blocks \(block_tokens 64\)", "anonymize", "-o", self.path("x"), "--block", "16", store)
        self.assertFalse(os.path.exists(self.path("x")))

    def test_nothing_of_the_tokens_is_left(self):
        """Traces that differ by a renaming of their tokens, and in nothing else, have the same blocks, byte for byte."""
        rng = random.Random(3)
        rows = [(i % 3, i // 3, float(i), [rng.randrange(5) for _ in range(rng.randrange(40))] or [1], [rng.randrange(5)]) for i in range(30)]
        renamed = [(s, t, at, [70000 - 3 * x for x in given], [70000 - 3 * x for x in answer]) for s, t, at, given, answer in rows]
        found = []
        for name, content in (("a", rows), ("b", renamed)):
            os.mkdir(self.path(name))
            store = self.path(name, "store")
            self.ok("import", "-o", store, "--format", "marconi", self.write(os.path.join(name, "t.jsonl"), support.marconi(content)))
            self.ok("trie", store)
            self.ok("anonymize", "-o", self.path(name, "blocks"), "--block", "4", store)
            with h5py.File(self.path(name, "blocks", "trace.h5"), "r") as f:
                found.append({path: f["sequences"][path][:].tolist() for path in f["sequences"]})
        self.assertEqual(*found)

    def test_resumed_and_refused(self):
        store, blocks = self.path("store"), self.path("blocks")
        self.ok("import", "-o", store, "--format", "marconi", self.write(*support.SAMPLES["marconi"]))
        self.refused(3, r".*trie\.h5", "anonymize", "-o", blocks, store)
        self.assertFalse(os.path.exists(blocks))
        self.ok("trie", store)
        self.refused(2, r"-o \S*store is also a store to read", "anonymize", "-o", store, store)
        self.refused(2, "no store named", "anonymize", store)
        self.ok("anonymize", "-o", blocks, store)
        before = support.identities(blocks)
        self.assertIn("up to date", self.ok("anonymize", "-o", blocks, store).err)
        self.assertEqual(support.identities(blocks), before)
        self.ok("anonymize", "-o", blocks, "--block", "8", store)
        self.assertNotEqual(support.identities(blocks), before)
        lengths = self.path("lengths")
        self.ok("import", "-o", lengths, "--format", "azure", self.write(*support.SAMPLES["azure"]))
        self.refused(2, r".*its sources give no symbols", "anonymize", "-o", self.path("none"), lengths)


if __name__ == "__main__":
    unittest.main()
