"""Traces that lack what some sources lack go through every stage: no times, no sessions, no symbols, no lengths, blocks of unequal
lengths. What cannot be known is absent, in enriched.h5, in the tables and in the summary; the rest is as ever."""
import json
import os
import random
import unittest

import h5py
import support


def ragpulse(rng, n):
    made, rows = [[]], []
    for i in range(n):
        base = rng.choice(made)
        ids = base[:rng.randint(0, len(base))] + [rng.randint(0, 9) for _ in range(rng.randint(1, 5))]
        made.append(ids)
        cuts = sorted(rng.randint(0, len(ids)) for _ in range(4))
        parts = dict(zip(("sys_prompt", "passages_ids", "history", "web_search", "user_input"),
                         (ids[a:b] for a, b in zip([0] + cuts, cuts + [len(ids)]))))
        rows.append(dict(timestamp=str(i), input_length=100 * len(ids), output_length=3, hash_ids=parts, session_id=str(rng.randint(0, 3))))
    return made[1:], "".join(json.dumps(r) + "\n" for r in rows)


def hits_of_lru(sequences, capacity, lookups):
    """Plain LRU over positions, as the definitions say: look up, then touch everything, deepest first."""
    order, hits = [], 0
    for ids, limit in zip(sequences, lookups):
        path = [tuple(ids[:d]) for d in range(1, len(ids) + 1)]
        for d in range(limit):
            if path[d] not in order:
                break
            hits += 1
        for position in reversed(path):
            if position in order:
                order.remove(position)
            order.append(position)
        del order[:max(0, len(order) - capacity)]
    return hits


TOKENS = {"input_tokens", "output_tokens", "empty", "no_output"}
SIZES = {"capacity_tokens", "bytes", "bytes_llama_3_8b"}


class Absent(support.CliTest):
    def run_all(self, name, text, *options):
        store = self.path(name.partition(".")[0] + ".store")
        out = self.ok("run", "-o", store, *options, self.write(name, text)).out
        self.ok("verify", store)
        self.ok("info", store)
        self.ok("export", "--format", "csv", store)
        with h5py.File(os.path.join(store, "enriched.h5"), "r") as f:
            requests = set(f["requests"])
            tables = {t: set(f["tables"][t]) for t in f["tables"]}
        for table in tables:
            self.assertTrue(os.path.exists(os.path.join(store, "tables", table + ".csv")), table)
        return out, requests, tables, store

    def test_blocks_of_unequal_lengths(self):
        sequences, text = ragpulse(random.Random(1), 120)
        out, requests, tables, store = self.run_all("rag.jsonl", text)
        self.assertIn("blocks of unequal numbers of tokens", out)
        self.assertNotIn("GB = ", out)
        self.assertNotIn("prompt_cache_distance", requests)
        self.assertIn("kv_bytes", requests)
        for table in ("hit_curve", "enough"):
            self.assertFalse(tables[table] & SIZES, table)
            self.assertIn("capacity", tables[table])
        self.assertFalse(tables["denominators"] & {"hit_full_blocks", "hit_tokens", "input_full_blocks", "tokens", "full_blocks"})
        self.assertIn("symbols", tables["denominators"])
        for options, limit in (((), len), (("--reserve-last",), lambda ids: max(len(ids) - 1, 0))):
            capacities = (1, 2, 5, 17, 60, 1000)
            rows = support.read_csv(self.ok("curve", store, "--csv", "-", "--scope", "global", "--capacity", ",".join(map(str, capacities)), *options).out)
            for row, capacity in zip(rows, capacities):
                self.assertEqual(int(row["hits"]), hits_of_lru(sequences, capacity, [limit(s) for s in sequences]), (options, capacity))
                self.assertEqual(int(row["lookups"]), sum(map(limit, sequences)))
        self.refused(2, ".*", "curve", store, "--csv", "-", "--block", 2, "--capacity", 5)
        self.refused(2, ".*unequal numbers of tokens", "export", "--format", "mooncake-jsonl", store)
        self.refused(2, ".*unequal numbers of tokens", "export", "--format", "marconi-jsonl", "--seed", 1, store)

    def test_no_times(self):
        out, requests, tables, _ = self.run_all("flat.txt", "".join("%d\n" % i for i in (5, 7, 5, 9, 7, 5)), "--format", "flat")
        self.assertFalse(requests & {"arrival_us", "interarrival_us", "reuse_time_us", "next_reuse_time_us", "session", "turn"})
        self.assertLessEqual({"reusable", "reuse_distance", "next_request", "kv_bytes"}, requests)
        self.assertFalse(set(tables) & {"windows", "interarrival", "reuse_time", "think_time"})
        self.assertFalse(tables["summary"] & {"span_us", "rate"})
        self.assertNotIn("span", out)

    def test_neither_symbols_nor_sessions(self):
        out, requests, tables, _ = self.run_all("azure.csv", support.AZURE_2023)
        self.assertIn("nothing is known about reuse", out)
        self.assertFalse(requests & {"session", "turn", "reusable", "think_time_us"})
        self.assertLessEqual({"input_tokens", "kv_bytes", "interarrival_us"}, requests)
        self.assertLessEqual(TOKENS, tables["summary"])


if __name__ == "__main__":
    unittest.main()
