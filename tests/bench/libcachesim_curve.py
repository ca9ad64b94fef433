"""LRU misses of the PyPI package libcachesim, timed: python libcachesim_curve.py FILE.oracleGeneral CAPACITY...

Run by rows_flat.py with a Python that has the package. Prints a JSON object."""
import importlib.metadata
import json
import statistics
import sys
import time

import libcachesim as lcs


def main():
    path, capacities = sys.argv[1], list(map(int, sys.argv[2:]))
    n, spent, misses = None, [], []
    for capacity in capacities:
        reader = lcs.TraceReader(path, lcs.TraceType.ORACLE_GENERAL_TRACE)
        n = n or reader.get_num_of_req()
        started = time.monotonic()
        ratio, _ = lcs.Util.process_trace(lcs.LRU(capacity), reader)
        spent.append(time.monotonic() - started)
        misses.append(round(ratio * n))
    sys.stdout.flush()
    print("\n" + json.dumps({"version": importlib.metadata.version("libcachesim"), "s": sum(spent), "one_s": statistics.median(spent),
                             "misses": misses}))


main()
