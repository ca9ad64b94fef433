"""`--device cuda` gives the files that `--device cpu` gives, and ends well when the device does not: on a device, or on a stand-in for
CUDA's runtime library in the folder LTA_CUDA_EMULATOR, which can be told to fail.

Skipped where there is neither."""
import csv
import os
import random
import sys
import unittest

import support

EMULATOR = os.environ.get("LTA_CUDA_EMULATOR")
LIBRARY = {"LD_LIBRARY_PATH": EMULATOR} if EMULATOR else {}


def with_device(**changes):
    return support.environment(**LIBRARY, **{k: str(v) for k, v in changes.items()})


class CudaTest(support.CliTest):
    def same_files(self, *files, **settings):
        """Runs all stages on both devices; the last run's result."""
        for device, env in (("cpu", support.environment()), ("cuda", with_device(**settings))):
            result = self.ok("run", "-o", self.path(device), "--device", device, *files, env=env)
        self.assert_same(self.path("cpu"), self.path("cuda"))
        return result

    def assert_same(self, a, b):
        self.assertEqual(support.differences(support.tree(a), support.tree(b)), [])

    def sessions(self, *options):
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", *options)
        return sorted(self.path("in", f) for f in os.listdir(self.path("in")))

    def rows(self, stats):
        """Of CUDA_EMU_STATS: one for each kernel, and then one for each kind of copy."""
        with open(stats, newline="") as f:
            return [row for row in csv.reader(f) if len(row) > 2 and row[1].isdigit()]

    def launches(self, stats, *kernels):
        return [sum(int(row[1]) for row in self.rows(stats) if kernel in row[0]) for kernel in kernels]

    def run_counted(self, *arguments, **settings):
        """Result, and where the counts are."""
        stats = self.path("counts.csv")
        return self.ok(*arguments, "--device", "cuda", env=with_device(CUDA_EMU_STATS=stats, **settings)), stats

    def accesses(self, n, objects):
        return self.write("ids.txt", "".join("%d\n" % (i * i * 2654435761 // 977 % objects) for i in range(n)))


@unittest.skipUnless(EMULATOR, "a device does not count")
class Counts(CudaTest):
    def test_each_operation_launches_its_kernels(self):
        files = self.sessions("--files", 2, "--sessions", 10, "--turns", 4, "--seed", 6)
        _, stats = self.run_counted("run", "-o", self.path("s"), *files)
        for kernel, n in zip(("make_rows", "find_pairs", "sort_tiles", "look_up", "merge_changes"),
                             self.launches(stats, "make_rows", "find_pairs", "sort_tiles", "look_up", "merge_changes")):
            self.assertGreater(n, 0, kernel)
        _, stats = self.run_counted("verify", self.path("s"))
        self.assertGreater(self.launches(stats, "fill_heads")[0], 0)

    def test_nothing_goes_up_twice(self):
        """In one process columns go up once; commands of their own have to take up what others made."""
        def up(stats):
            return sum(int(row[2]) for row in self.rows(stats) if row[0] == "[memcpy H2D]")

        for name, files in (("accesses", [self.accesses(20000, 3000)]), ("prompts", self.sessions("--files", 2, "--sessions", 20, "--turns", 6,
                                                                                              "--seed", 7))):
            self.ok("import", "-o", self.path(name), *files)
            apart = 0
            for stage in support.STAGES:
                apart += up(self.run_counted(stage, self.path(name))[1])
            together = up(self.run_counted("run", "--force", "-o", self.path(name))[1])
            self.assertGreater(apart, 0)
            self.assertLess(together, 0.75 * apart, name)


class SameFiles(CudaTest):
    def test_sessions_of_tokens(self):
        for seed, collapse in ((1, 0), (2, 0.3)):
            said = self.same_files("--force", *self.sessions("--files", 3, "--sessions", 30, "--turns", 6, "--collapse", collapse, "--seed", seed)).err
            self.assertIn("cuda", said)
            self.assertNotIn("on the CPU", said)

    def test_inputs_only(self):
        self.same_files("--inputs-only", *self.sessions("--files", 2, "--sessions", 10, "--turns", 4, "--seed", 3))

    def test_flat_trace(self):
        self.same_files(self.accesses(30000, 4000))

    def test_mooncake(self):
        for name in ("conversation_trace.jsonl", "synthetic_trace.jsonl"):
            path = support.shared_file("mooncake", name)
            if not path:
                self.skipTest("mooncake/%s is absent" % name)
            self.same_files("--force", path)

    def test_release(self):
        """A release is the same whatever computed it."""
        if "Arrow" not in self.ok("--version").out:
            self.skipTest("this lta was built without Parquet")
        self.sessions("--files", 2, "--sessions", 10, "--turns", 4, "--seed", 9)
        os.rename(self.path("in"), self.path("chats"))
        with open(os.path.join(support.PROJECT, "pipeline", "release", "examples", "synthetic.yaml")) as f:
            config = self.write("release.yaml", f.read())
        for device, env in (("cpu", support.environment()), ("cuda", with_device())):
            self.ok("release", "-o", self.path(device), "--anonymize", 16, "--device", device, config, env=env)
        self.assert_same(self.path("cpu"), self.path("cuda"))

    def test_verify_and_exports(self):
        self.same_files(*self.sessions("--files", 1, "--sessions", 10, "--turns", 4, "--seed", 5))
        self.ok("verify", "--device", "cuda", self.path("cpu"), env=with_device())
        texts = [self.ok("export", "--device", d, "--format", "mooncake-jsonl", "--block", 16, self.path("cpu"), env=with_device()).out
                 for d in ("cpu", "cuda")]
        self.assertEqual(*texts)


class Devices(CudaTest):
    def test_list(self):
        out = self.ok("devices", env=with_device()).out
        self.assertRegex(out, r"(?m)^cuda:0  .*compute capability \d+\.\d+, \d+ multiprocessors, [\d.]+ of [\d.]+ GiB free$")
        self.assertRegex(out, r"(?m)^auto    takes cuda for each operation that is modelled to be faster")

    def test_auto_leaves_small_traces_to_the_cpu(self):
        said = self.ok("run", "-o", self.path("s"), self.accesses(1000, 30), env=with_device()).err
        self.assertRegex(said, r"(?m)^lta trie: .*\bcpu\b")
        self.assertNotIn("lta auto", said)

    def test_absent_device(self):
        path = self.accesses(10, 3)
        self.refused(4, r"--device cuda:99: there (is|are) \d+ CUDA devices?, the first being cuda:0", "run", "-o", self.path("s"), "--device", "cuda:99",
                     path, env=with_device())
        self.refused(2, "--device cuda:x: expected the number of a device", "run", "-o", self.path("s"), "--device", "cuda:x", path, env=with_device())
        self.assertFalse(os.path.exists(self.path("s")))


@unittest.skipUnless(EMULATOR, "a device cannot be told to fail")
class Failures(CudaTest):
    """CUDA_EMU_...: what the stand-in is told."""

    def test_no_device(self):
        env = with_device(CUDA_EMU_NO_DEVICE=1)
        self.refused(4, "no CUDA device: ", "run", "-o", self.path("s"), "--device", "cuda", self.accesses(10, 3), env=env)
        self.assertIn("no CUDA device", self.ok("devices", env=env).out)
        self.ok("run", "-o", self.path("s"), self.accesses(10, 3), env=env)

    def small_traces(self):
        """One of accesses, one of prompts, imported: a store for each device."""
        for kind, import_options in (("accesses", [self.accesses(40, 7)]), ("prompts", self.branching_prompts(40))):
            stores = [self.path(kind + "-" + device) for device in ("cpu", "cuda")]
            for store in stores:
                self.ok("import", "-o", store, *import_options)
            self.ok("run", "-o", stores[0], "--device", "cpu")
            yield stores

    def test_every_allocation_fails_once(self):
        for cpu, cuda in self.small_traces():
            n = 0
            while True:
                n += 1
                result = self.ok("run", "-o", cuda, "--force", "--device", "cuda", env=with_device(CUDA_EMU_FAIL_MALLOC=n, CUDA_EMU_LEAKCHECK=1))
                self.assert_same(cpu, cuda)
                self.assertIn("LEAK SUMMARY: 0 bytes", result.err)
                if "injected failure" not in result.err:
                    break
            self.assertGreater(n, 100 if "prompts" in cpu else 30)

    def test_every_launch_fails_once(self):
        for cpu, cuda in self.small_traces():
            kernels = set()
            for n in range(1, 1000):
                result = self.lta("run", "-o", cuda, "--force", "--device", "cuda", env=with_device(CUDA_EMU_FAIL_LAUNCH=n))
                if "injected failure" not in result.err:
                    break
                self.assertEqual(result.code, 4, str(result))
                self.assertRegex(result.err, r"error: CUDA device 0: .* (over|of) \d+ elements: ", str(result))
                kernels.update(w for w in result.err.replace("kernel ", "kernel_").split() if w.startswith("kernel_"))
                self.assertEqual([f for f in os.listdir(cuda) if "partial" in f], [])
            self.assert_same(cpu, cuda)
            self.assertGreaterEqual(len(kernels), 20 if "prompts" in cpu else 10, kernels)

    def test_little_memory(self):
        """What does not fit goes through in pieces, or is computed on the CPU, with the same result."""
        files = [self.accesses(60000, 9000)]
        self.ok("run", "-o", self.path("cpu"), "--device", "cpu", *files)
        for megabytes in (1, 2, 20):
            stats = self.path("%d.csv" % megabytes)
            result = self.ok("run", "-o", self.path("cuda"), "--force", "--device", "cuda", *files,
                             env=with_device(CUDA_EMU_MEM_BYTES=megabytes * 10**6, CUDA_EMU_STATS=stats))
            self.assert_same(self.path("cpu"), self.path("cuda"))
            if megabytes > 1:
                self.assertEqual(self.launches(stats, "list_accesses") > [1], megabytes < 20)
            self.assertEqual(result.err.count("on the CPU instead"), megabytes < 2, str(result))   # once

    def branching_prompts(self, n):
        """Options that import block ids: each request goes on from somewhere in an earlier one's."""
        rng, paths, ids = random.Random(3), [[0]], 1
        rows = []
        for i in range(n):
            base = rng.choice(paths[-300:])
            new = rng.randint(1, 3)
            path = base[:rng.randint(0, min(len(base), 12))] + list(range(ids, ids + new))
            ids += new
            paths.append(path)
            rows.append('{"timestamp": %d, "input_length": %d, "output_length": 1, "hash_ids": %s}\n' % (i, 512 * len(path), path))
        return "--format", "mooncake", "--block-tokens", 512, self.write("prompts.jsonl", "".join(rows))

    def test_pieces(self):
        """The more pieces the less memory, as kernels' launches show, and nothing is left to the CPU."""
        prompts = self.branching_prompts(20000)
        for device in ("cpu", "cuda"):
            self.ok("import", "-o", self.path(device), *prompts)
        self.ok("run", "-o", self.path("cpu"), "--device", "cpu")
        launches = {}
        for kilobytes in (2500, 8000):
            stats = self.path("%d.csv" % kilobytes)
            result = self.ok("run", "-o", self.path("cuda"), "--force", "--device", "cuda",
                             env=with_device(CUDA_EMU_MEM_BYTES=kilobytes * 1000, CUDA_EMU_STATS=stats))
            self.assertNotIn("on the CPU instead", result.err)
            self.assert_same(self.path("cpu"), self.path("cuda"))
            launches[kilobytes] = self.launches(stats, "list_ways", "find_pairs", "add_up")
        self.assertEqual(launches[8000], [1, 1, 0])
        for in_pieces, at_once in zip(launches[2500], launches[8000]):
            self.assertGreater(in_pieces, at_once)


if __name__ == "__main__":
    probe = support.subprocess.run([support.lta_path(), "devices"], env=with_device(), stdout=support.subprocess.PIPE, text=True)
    if "cuda:0" not in probe.stdout:
        print("skipped: " + next((line for line in probe.stdout.splitlines() if line.startswith("cuda")), "no CUDA"))
        sys.exit(support.SKIPPED)
    unittest.main()
