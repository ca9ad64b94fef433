"""Runs on input that is not what it should be: the exit code and the message of design section 5, and no partial output.

Every run is also checked for signals, hangs and sanitizers' reports (support.py). Runs of a long list go two at a time.
"""
import concurrent.futures
import os
import re
import shutil

import h5py
import support

FORMATS = ("mooncake", "marconi", "azure")
OPTIONS = {"mooncake": ("--block-tokens", "512"), "marconi": (), "azure": ()}


class HostileTest(support.CliTest):
    def each(self, cases, check):
        """Runs check(index, case) for every case, or each LTA_TEST_EVERY-th, two at a time, and reports all that fail."""
        def guarded(pair):
            try:
                check(*pair)
            except AssertionError as e:
                shown = repr(pair[1])
                return "%s\n%s" % (shown if len(shown) < 300 else shown[:300] + "...", e)
            return None
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            failures = [f for f in pool.map(guarded, list(enumerate(cases))[::support.EVERY]) if f]
        if failures:
            self.fail("%d of %d cases\n%s" % (len(failures), len(cases), "\n\n".join(failures[:5])))

    def import_file(self, format_name, path, *options, **how):
        store = path + ".store"
        return store, self.lta("import", "-o", store, "--format", format_name, *OPTIONS[format_name], *options, path, **how)

    def nothing_left(self, store, result):
        if os.path.exists(store):
            self.assertEqual(sorted(support.tree(store)), [], "nothing may be left behind\n%s" % result)

    def accepted(self, format_name, path, n_requests, *options):
        store, result = self.import_file(format_name, path, *options)
        self.assertEqual(result.code, 0, str(result))
        self.assertEqual(sorted(support.tree(store)), ["trace.h5"])
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual(len(f["requests/input_tokens"]), n_requests, str(result))
        shutil.rmtree(store)

    def rejected(self, format_name, path, line=None, pattern="", *options):
        """Exit code 3, `FILE:LINE: what, and what was expected`, and nothing in the store. Without a line, the file's name
        is enough: what is wrong with it as a whole may come to light after it was read."""
        store, result = self.import_file(format_name, path, *options)
        self.assertEqual(result.code, 3, str(result))
        self.assertEqual(result.out, "", str(result))
        place = re.escape(path) + r":%d: " % line if line else r"(%s(:\d+)?|%s): " % (
            re.escape(path), re.escape(os.path.basename(path)))
        last = result.err.rstrip("\n").rsplit("\n", 1)[-1]
        self.assertRegex(last, r"^lta import: error: " + place + r".*" + pattern, str(result))
        self.assertLess(len(last), 1500, "a message quotes no more than it needs")
        self.assertNotIn("\0", result.err)
        self.nothing_left(store, result)
        shutil.rmtree(store, ignore_errors=True)
