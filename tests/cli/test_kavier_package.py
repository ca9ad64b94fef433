"""The PyPI package kavier reads what lta exports for it, and its prompt cache hits as often as our prompt_cache table says."""
import json
import os
import subprocess
import sys
import unittest

import h5py
import support

MIN_TOKENS = (64, 256, 1024)
MAX_PROMPTS = (1, 2, 8, 10, 32)
PYTHON = support.venv_python("kavier")


class PromptCache(support.CliTest):
    def check(self, fmt, ending):
        """A synthesised trace of three sources, exported whole and one source alone."""
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 3, "--sessions", 12, "--turns", 8,
                "--message-tokens", 60, "--output-tokens", 80)
        files = [self.path("in", name) for name in sorted(os.listdir(self.path("in")))]
        name = os.path.basename(files[1])[:-len(".jsonl")]
        for store, sources, options in (("all", files, ()), ("one", files[1:2], ("--source", name))):
            self.ok("run", "-q", "-o", self.path(store), *sources)
            out = self.path(store + ending)
            self.ok("export", "--format", fmt, "-o", out, *options, self.path("all"))
            done = subprocess.run([PYTHON, os.path.join(os.path.dirname(__file__), "kavier_hits.py"), out, *map(str, MIN_TOKENS), "--",
                                   *map(str, MAX_PROMPTS)], capture_output=True, text=True, timeout=600)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            theirs = {(scope, m, p): (hits, n) for scope, m, p, hits, n in json.loads(done.stdout.splitlines()[-1])}
            ours = {}
            with h5py.File(self.path(store, "enriched.h5"), "r") as f:
                t = {k: v[...] for k, v in f["tables/prompt_cache"].items()}
                n = len(f["requests/source"])
            for scope, m, p, hits in zip(t["scope"], t["min_tokens"], t["max_prompts"], t["hits"]):
                ours[(support.text(scope), int(m), int(p))] = int(hits)
            self.assertEqual({k: (ours[k], n) for k in theirs}, theirs)
            hits = [h for h, _ in theirs.values()]
            self.assertGreater(len(set(hits)), 5, "a trace that tells cache sizes apart")
            self.assertEqual(len(theirs), 2 * len(MIN_TOKENS) * len(MAX_PROMPTS))

    def test_csv(self):
        self.check("kavier-csv", ".csv")

    def test_parquet(self):
        if "Arrow" not in self.ok("--version").out:
            self.skipTest("this lta was built without Parquet")
        self.check("kavier-parquet", ".parquet")


if __name__ == "__main__":
    if PYTHON is None:
        sys.exit(support.SKIPPED)
    unittest.main()
