"""The PyPI package libcachesim reads our oracle-general, and its LRU misses as often as our curve says."""
import json
import os
import random
import subprocess
import sys
import unittest

import support

CAPACITIES = (1, 3, 10, 40, 150)
PYTHON = support.venv_python("libcachesim")
NEVER = 2**63 - 1


class MissRatio(support.CliTest):
    def test_one_block_a_request(self):
        rng = random.Random(4)
        time, rows = 0, []
        for _ in range(3000):
            time += rng.choice([0, 0, 250, 3000])
            rows.append((time, 16, rng.randint(0, 9), [min(int(rng.paretovariate(0.7)), 400)]))
        source = self.write("one.jsonl", support.mooncake(rows))
        self.ok("run", "-q", "-o", self.path("store"), "--format", "mooncake", "--block-tokens", 16, source)
        self.ok("export", "--format", "oracle-general", "-o", self.path("one.oracleGeneral"), self.path("store"))
        done = subprocess.run([PYTHON, os.path.join(os.path.dirname(__file__), "libcachesim_miss_ratios.py"),
                               self.path("one.oracleGeneral"), *map(str, CAPACITIES)], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        theirs = json.loads(done.stdout.splitlines()[-1])

        objects, later, want = {}, {}, []
        for i in range(len(rows) - 1, -1, -1):
            want.append((rows[i][0] // 1000, later.get(rows[i][3][0], NEVER)))
            later[rows[i][3][0]] = i + 1
        for (seconds, number, size, following), row, (when, after) in zip(theirs["seen"], rows, reversed(want)):
            self.assertEqual((seconds, size, following), (when, 1, after))
            self.assertEqual(objects.setdefault(row[3][0], number), number, "one object a block")
        self.assertEqual(len(theirs["seen"]), len(rows))
        self.assertEqual(len(set(objects.values())), len(objects))

        curve = support.read_csv(self.ok("curve", self.path("store"), "--csv", "-", "--scope", "global", "--capacity",
                                         ",".join(map(str, CAPACITIES))).out)
        ours = [int(row["lookups"]) - int(row["hits"]) for row in curve]
        self.assertEqual([int(row["lookups"]) for row in curve], [len(rows)] * len(CAPACITIES))
        self.assertEqual([round(r * len(rows)) for r in theirs["miss_ratio"]], ours)
        self.assertEqual(len(set(ours)), len(ours), "capacities that differ")


if __name__ == "__main__":
    if PYTHON is None:
        sys.exit(support.SKIPPED)
    unittest.main()
