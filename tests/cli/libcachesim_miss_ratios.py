"""LRU miss ratios of the PyPI package libcachesim: python libcachesim_miss_ratios.py FILE CAPACITY...

Run by test_libcachesim.py with a Python that has the package. Prints a JSON object: what its oracleGeneral reader sees, and the
request miss ratio at each capacity."""
import json
import sys

import libcachesim as lcs


def reader(path):
    return lcs.TraceReader(path, lcs.TraceType.ORACLE_GENERAL_TRACE)


def main():
    path, capacities = sys.argv[1], list(map(int, sys.argv[2:]))
    seen = [(r.clock_time, r.obj_id, r.obj_size, r.next_access_vtime) for r in reader(path)]
    ratios = []
    for capacity in capacities:
        cache, misses = lcs.LRU(capacity), 0
        for request in reader(path):
            misses += not cache.get(request)
        ratios.append(misses / len(seen))
    sys.stdout.flush()
    print("\n" + json.dumps({"seen": seen, "miss_ratio": ratios}))


main()
