"""lta export: what one source gives does not depend on the rest of the trace, nor made-up tokens on anything but seed and id."""
import json
import math
import os
import random
import struct
import unittest

import h5py
import support

BURSTGPT = ("Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
            "1.0,0b7c0000-0000-4000-8000-00000000000b,2,ChatGPT,3,4,7,Conversation log\n"
            "2.0,0a7c0000-0000-4000-8000-00000000000a,2,ChatGPT,5,6,11,Conversation log\n"
            "3.5,0b7c0000-0000-4000-8000-00000000000b,2,ChatGPT,7,8,15,Conversation log\n")


def azure(day, *seconds):
    return "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
        "2023-11-%02d 18:17:%010.7f,%d,10\n" % (day, s, 100 + i) for i, s in enumerate(seconds))


class ExportTest(support.CliTest):
    def store(self, name, text, *options):
        """A store of one made-up file of this name."""
        self.ok("import", "-q", "-o", self.path(name + ".store"), *options, self.write(name, text))
        return self.path(name + ".store")

    def merge(self, name, *arguments):
        self.ok("merge", "-q", "-o", self.path(name), *arguments)
        return self.path(name)

    def export(self, fmt, store, *options):
        return self.ok("export", "--format", fmt, "--allow-restricted", *options, store).out


class Times(ExportTest):
    def test_any_double(self):
        """Python's shortest digits, also where the nearest number of so many digits reads back as another double."""
        rng = random.Random(11)
        times = [2.0**k for k in range(-60, 41)] + [0.0, 1e-05, 0.0001, 16 / 3, 123456789.125, 1e12]
        times += [rng.randrange(10**6) / 1.5 for _ in range(200)] + [math.ldexp(rng.random(), rng.randint(-30, 40)) for _ in range(200)]
        text = support.marconi([(0, i, t, [i % 9], []) for i, t in enumerate(sorted(times))])
        self.assertTrue(self.export("marconi-jsonl", self.store("a.jsonl", text)) == text)

    def test_wall_clocks(self):
        """A source has the same times alone and out of a merge, on either time line."""
        texts = [azure(16, 3.98, 4.032, 9), azure(18, 1.5, 1.5, 2.25)]
        stores = [self.store("az%d.csv" % i, text) for i, text in enumerate(texts)]
        alone = [self.export("kavier-csv", store) for store in stores]
        self.assertEqual(alone[1], "ts,num_input_tokens,num_output_tokens\n0.0,100,10\n0.0,101,10\n0.75,102,10\n")
        for line in ("concat", "overlay"):
            merged = self.merge(line, "--timeline", line, *stores)
            for i, want in enumerate(alone):
                self.assertEqual(self.export("kavier-csv", merged, "--source", "az%d.csv" % i), want)
            self.assertEqual(self.export("kavier-csv", merged), alone[0] + alone[1].split("\n", 1)[1])

    def test_no_times(self):
        """oracle-general has no place for their absence: all are 0, which our own reader takes for none."""
        store = self.store("a.jsonl", support.marconi([(0, 0, 5.0, [1, 2], [3]), (0, 1, 9.0, [1], [])]))
        with h5py.File(store + "/trace.h5", "r+") as f:
            del f["requests/arrival_us"], f["requests/source_time"]
        self.ok("export", "--format", "oracle-general", "-o", self.path("out"), store)
        with open(self.path("out"), "rb") as f:
            self.assertEqual([record[0] for record in struct.iter_unpack("<IQIq", f.read())], [0, 0, 0, 0])


class Sessions(ExportTest):
    def test_names_that_are_no_integers(self):
        store = self.store("burst.csv", BURSTGPT)
        done = self.ok("export", "--format", "kavier-csv", "--allow-restricted", store)
        self.assertEqual([row["session_id"] for row in support.read_csv(done.out)], ["0", "1", "0"])
        self.assertRegex(done.err, "sessions are numbered from 0, since the source's own names")
        other = self.ok("export", "--format", "kavier-csv", "--allow-restricted", self.store("int.jsonl", support.marconi(support.MARCONI_ROWS)))
        self.assertNotIn("numbered from 0", other.err)

    def test_no_gaps(self):
        """Two sources of one name with another between them: numbers are those kept."""
        stores = []
        for i, name in enumerate(("same", "between", "same")):
            os.mkdir(self.path(str(i)))
            stores.append(self.store(os.path.join(str(i), name + ".jsonl"), support.marconi([(s, 0, s, [i, s], []) for s in range(3)])))
        out = self.export("marconi-jsonl", self.merge("all", *stores), "--source", "same.jsonl")
        self.assertEqual([json.loads(line)["session_id"] for line in out.splitlines()], list(range(6)))

    def test_largest_number(self):
        text = support.marconi([(2**64 - 1, 0, 0.0, [1], []), (0, 0, 1.0, [2], [])])
        out = self.export("marconi-jsonl", self.store("large.jsonl", text))
        self.assertEqual([json.loads(line)["session_id"] for line in out.splitlines()], [0, 1])


class MadeUpTokens(ExportTest):
    def blocks(self, text, size, *options):
        """Block id -> the tokens of every place where it stands whole."""
        store = self.store("blocks%d" % random.getrandbits(64), text, "--block-tokens", size, "--format", "mooncake")
        found = {}
        for line, original in zip(self.export("marconi-jsonl", store, "--seed", 5, *options).splitlines(), text.splitlines()):
            tokens, row = json.loads(line)["input_tokens"], json.loads(original)
            for k, number in enumerate(row["hash_ids"]):
                if (k + 1) * size <= row["input_length"]:
                    found.setdefault(number, set()).add(tuple(tokens[k * size:(k + 1) * size]))
        return found

    def test_of_seed_and_id_alone(self):
        for vocabulary, size, top in ((32000, 16, 2**50), (3, 16, 1000), (7, 16, 10**6)):
            with self.subTest(vocabulary=vocabulary):
                rng = random.Random(vocabulary)
                ids = list(range(40)) + [top - 1] + [rng.randrange(top) for _ in range(200)]
                ids += [v for p in range(1, 50) for v in (vocabulary**p - 1, (vocabulary - 1)**p, vocabulary**p) if v < top]
                one = support.mooncake([(i, size, i % 3, [number]) for i, number in enumerate(ids)])
                few = support.mooncake([(0, 2 * size + 1, 9, [ids[7], ids[30], ids[2]])])
                every, some = (self.blocks(text, size, "--vocabulary", vocabulary) for text in (one, few))
                self.assertEqual({len(contents) for contents in every.values()}, {1}, "the same id, the same block")
                self.assertEqual(len(set().union(*every.values())), len(set(ids)), "different ids, different blocks")
                for number, contents in some.items():
                    self.assertEqual(contents, every[number], "whatever else is in the trace")

    def test_source_of_a_merge(self):
        texts = [support.mooncake([(0, 512, 3, [7]), (1, 900, 0, [7, i])]) for i in (12345, 3, 99)]
        stores = [self.store("m%d.jsonl" % i, text, "--block-tokens", 512) for i, text in enumerate(texts)]
        merged = self.merge("merged", *stores)
        for i, store in enumerate(stores):
            self.assertEqual(self.export("marconi-jsonl", merged, "--seed", 9, "--source", "m%d" % i),
                             self.export("marconi-jsonl", store, "--seed", 9))

    def test_outputs_share_nothing(self):
        text = support.mooncake([(i, 700, 40, [1, 2]) for i in range(20)])
        out = self.export("marconi-jsonl", self.store("same.jsonl", text, "--block-tokens", 512), "--seed", 1)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len({tuple(row["input_tokens"]) for row in rows}), 1)
        self.assertEqual(len({tuple(row["output_tokens"]) for row in rows}), len(rows))

    def test_vocabulary_too_small(self):
        store = self.store("m.jsonl", support.mooncake([(0, 2, 1, [5]), (0, 3, 1, [5, 900])]), "--block-tokens", 2)
        self.refused(2, r"2 tokens a block below --vocabulary 900 cannot tell ids up to 900 apart", "export", "--format", "marconi-jsonl",
                     "--seed", 1, "--vocabulary", 900, store)
        self.export("marconi-jsonl", store, "--seed", 1, "--vocabulary", 902)
        self.refused(2, r"--vocabulary\b.*2", "export", "--format", "marconi-jsonl", "--seed", 1, "--vocabulary", 2, store)


class SideFile(ExportTest):
    def setUp(self):
        super().setUp()
        self.small = self.store("m.jsonl", support.mooncake(support.MOONCAKE_ROWS))

    def test_content(self):
        self.ok("export", "--format", "mooncake-jsonl", "-o", self.path("out"), self.small)
        with open(self.path("out.meta.json")) as f:
            meta = json.load(f)
        self.assertEqual((meta["unit"], meta["scope"], meta["block_tokens"]), ("block", "global", 512))

    def test_neither_without_the_other(self):
        os.mkdir(self.path("out.meta.json"))
        self.refused(1, r"\S*out.meta.json", "export", "--format", "mooncake-jsonl", "-o", self.path("out"), self.small)
        self.assertFalse(os.path.exists(self.path("out")))
        self.assertEqual([name for name in os.listdir(self.folder) if name.endswith(".partial")], [])

    def test_devices_have_no_neighbours(self):
        done = self.ok("export", "--format", "mooncake-jsonl", "-o", "/dev/stdout", self.small)
        self.assertEqual(done.out, support.mooncake(support.MOONCAKE_ROWS))


if __name__ == "__main__":
    unittest.main()
