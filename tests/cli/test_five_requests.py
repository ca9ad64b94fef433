"""The example of the definitions: requests ABC ABD ABC AE AE, known run by run."""
import unittest

import h5py
import support

A, B, C, D, E = 0, 1, 2, 3, 4
REQUESTS = [[A, B, C], [A, B, D], [A, B, C], [A, E], [A, E]]
RUNS = [[], [(1, 2)], [(1, 2), (4, 1)], [(1, 1)], [(1, 2)]]  # (T + 1, length)
HITS = {0: 0, 1: 4, 2: 7, 3: 7, 4: 8, 1000000: 8}  # T + 1 of the only other run is 4: 8 hits from capacity 4 on
LOOKUPS = sum(map(len, REQUESTS))


class FiveRequests(support.CliTest):
    def setUp(self):
        super().setUp()
        self.source = self.write("five.jsonl", support.mooncake(
            [(1000 * i, 1025 if len(ids) == 3 else 1024, 1, ids) for i, ids in enumerate(REQUESTS)]))  # 512 a block
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "mooncake", self.source)

    def test_runs(self):
        with h5py.File(self.store + "/reuse.h5", "r") as f:
            g = f["global"]
            offset, distance, length = g["offset"][:], g["distance"][:], g["length"][:]
            start, previous = g["start"][:], g["previous"][:]
        got = [[(int(distance[i]) + 1, int(length[i])) for i in range(offset[r], offset[r + 1])] for r in range(5)]
        self.assertEqual(got, RUNS)
        self.assertEqual(list(start), [0, 0, 2, 0, 0])
        self.assertEqual(list(previous), [0, 1, 0, 2, 3])

    def test_hits(self):
        result = self.ok("curve", self.store, "--scope", "global", "--csv", "-",
                         "--capacity", ",".join(map(str, HITS)))
        want = ["scope,block,capacity,hits,lookups,hit_ratio"]
        want += ["global,1,%d,%d,%d,%.9f" % (c, h, LOOKUPS, h / LOOKUPS) for c, h in HITS.items()]
        self.assertEqual(result.out.splitlines(), want)

    def test_vertices_of_the_curve(self):
        """Runs of (T, length) (0,2) (0,2) (3,1) (0,1) (0,2) make slopes 4, 3, 0, 1, 0 from capacities 0, 1, 2, 3, 4."""
        with h5py.File(self.store + "/curve.h5", "r") as f:
            curve = f["global/block1"]
            got = list(zip(map(int, curve["capacity"]), map(int, curve["hits"])))
        self.assertEqual(got, [(0, 0), (1, 4), (2, 7), (3, 7), (4, 8)])

    def test_trie(self):
        """Four nodes: A, then B or E, then C or D below B. Rows stand by owner, then depth."""
        with h5py.File(self.store + "/trie.h5", "r") as f:
            rows = list(zip(*(map(int, f["trie"][c]) for c in ("parent", "depth", "owner"))))
            self.assertEqual(rows, [(-1, 1, 0), (0, 2, 0), (1, 3, 0), (1, 3, 1), (0, 2, 3)])
            self.assertEqual(list(map(int, f["requests/full_node"])), [2, 3, 2, 4, 4])
            self.assertEqual(list(map(int, f["requests/input_node"])), [2, 3, 2, 4, 4])

    def test_fields(self):
        want = {
            "reusable": [0, 2, 3, 1, 2],
            "new_symbols": [3, 1, 0, 1, 0],
            "reuse_distance": [0, 2, 4, 1, 2],
            "reuse_distance_first": [0, 1, 1, 1, 1],
            "reuse_request": [-1, 0, 0, 2, 3],
            "reuse_time_us": [-1, 1000000, 2000000, 1000000, 1000000],
            "working_set": [0, 3, 4, 4, 5],
            "next_request": [1, 2, 3, 4, -1],
            "next_reuse_time_us": [1000000, 1000000, 1000000, 1000000, -1],
            "interarrival_us": [-1, 1000000, 1000000, 1000000, 1000000],
            "trie_depth": [3, 3, 3, 2, 2],
            "hit_1000": [0, 2, 3, 1, 2],
        }
        with h5py.File(self.store + "/enriched.h5", "r") as f:
            got = {name: list(map(int, f["requests"][name])) for name in want}
        self.assertEqual(got, want)


if __name__ == "__main__":
    unittest.main()
