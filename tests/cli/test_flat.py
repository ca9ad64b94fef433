"""Flat traces: whatever holds the ids, the curve is that of a plain LRU cache, and the order of the file is what counts."""
import collections
import os
import random
import struct
import unittest

import support

CAPACITIES = (1, 2, 5, 17, 40, 100, 1000)


def lru_hits(ids, capacity):
    cache, hits = collections.OrderedDict(), 0
    for i in ids:
        hits += i in cache
        cache[i] = None
        cache.move_to_end(i)
        if len(cache) > capacity:
            cache.popitem(last=False)
    return hits


class Flat(support.CliTest):
    def check(self, ids, path, *options):
        store = path + ".store"
        self.ok("run", "-o", store, *options, path)
        self.ok("verify", store)
        rows = support.read_csv(self.ok("curve", store, "--csv", "-", "--capacity", ",".join(map(str, CAPACITIES)),
                                        "--scope", "global").out)
        self.assertEqual([int(r["hits"]) for r in rows], [lru_hits(ids, c) for c in CAPACITIES])
        self.assertEqual({int(r["lookups"]) for r in rows}, {len(ids)})

    def test_every_kind_of_ids(self):
        rng = random.Random(7)
        ids = [min(int(rng.paretovariate(0.7)), 2**32 - 1) for _ in range(3000)]
        wide = [i * 0x9e3779b97f4a7c15 % 2**63 for i in ids]
        self.check(ids, self.write("a.u32", struct.pack("<%dI" % len(ids), *ids)), "--format", "flat")
        self.check(wide, self.write("a.dat", struct.pack("<%dQ" % len(ids), *wide)), "--ids", "u64")
        self.check(ids, self.write("a.txt", "".join("%d\n" % i for i in ids)))
        for name, times in (("rising", sorted(rng.randrange(500) for _ in ids)), ("falling", range(len(ids), 0, -1)),
                            ("zero", [0] * len(ids))):
            records = b"".join(struct.pack("<IQIq", t, i, 1, -1) for t, i in zip(times, wide))
            self.check(wide, self.write(name + ".oracleGeneral", records))

    def test_names_that_do_not_tell(self):
        path = self.write("x.bin", b"12345678")
        self.refused(2, ".*/x.bin: its name does not tell how it holds ids, expected --ids u32", "import", "-o", self.path("s"),
                     "--format", "flat", path)
        self.refused(3, '.*/x.bin:1: "12345678" is the beginning of no known format', "import", "-o", self.path("s"), path)
        self.refused(3, ".*/x.bin: 8 bytes, expected a multiple of 24", "import", "-o", self.path("s"), "--ids", "oracle-general",
                     path)
        self.assertFalse(os.path.exists(self.path("s")))


if __name__ == "__main__":
    unittest.main()
