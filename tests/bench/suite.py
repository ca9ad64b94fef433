"""The benchmarks, by name: what each row measures is said in tests/bench/README.md."""
import argparse
import functools
import os
import shutil
import sys
import time

import bench
import measuring
import report
import rows_flat
import rows_import
import rows_memory
import rows_reuse

# name: parts, each with what it is called where it cannot run
GROUPS = {
    "z10m": (("flat distances, z10m", functools.partial(rows_flat.distances, name="z10m")),
             ("commands on z10m", functools.partial(rows_flat.commands, name="z10m"))),
    "z50m": (("flat distances, z50m", functools.partial(rows_flat.distances, name="z50m")),
             ("commands on z50m", functools.partial(rows_flat.commands, name="z50m"))),
    "libcachesim": (("exact LRU curve of z10m", rows_flat.libcachesim),),
    "chat": (("chats to trace.h5", rows_import.chat), ("chats, cold", rows_import.chat_otherwise)),
    "agents": (("agents to trace.h5", rows_import.agents),),
    "sisters": (("30 sister files to enriched.h5", rows_import.sisters),),
    "prefix": (("trie + reuse + curve in memory", rows_reuse.prefix),),
    "shapes": (("growth and ugly traces, in memory", rows_reuse.shapes),),
    "growth": (("growth of lta run", rows_reuse.growth),),
    "memory": (("peak memory, chats", rows_memory.chat), ("peak memory, agents", rows_memory.agents),
               ("peak memory, z10m", rows_memory.flat)),
}


def measure(b, name):
    rows, extra = [], ""
    for title, part in GROUPS[name]:
        try:
            found = part(b)
        except measuring.Unavailable as e:
            found = [report.skipped(title, e)]
        if isinstance(found, tuple):
            found, extra = found
        rows += found
    return rows, extra


def arguments():
    p = argparse.ArgumentParser(prog="tests/bench/run.sh", description="Builds lta and measures it against yardsticks, sides in turn.")
    p.add_argument("names", nargs="*", metavar="NAME", help="rows to measure, of: %s (default: all)" % ", ".join(GROUPS))
    p.add_argument("--quick", action="store_true", help="everything small, 3 rounds: to see that it works; the numbers mean little")
    p.add_argument("--rounds", type=int, help="rounds of both sides after one to warm up (default 5)")
    p.add_argument("--device", default="cpu", help="device of the trie, reuse and curve stages (default cpu)")
    p.add_argument("--readme", action="store_true", help="write the table of tests/bench/README.md from the latest full run of each row")
    p.add_argument("--data", default=os.path.join(bench.BUILD, "data"), help="folder for input files (default .build/bench/data)")
    p.add_argument("--keep", action="store_true", help="leave input files for the next run")
    a = p.parse_args()
    unknown = [n for n in a.names if n not in GROUPS]
    if unknown:
        p.error("%s: no such row, expected some of %s" % (" ".join(unknown), ", ".join(GROUPS)))
    if a.quick and a.readme:
        p.error("--readme takes full runs")
    return a


def main():
    a = arguments()
    bench.build()
    b = bench.Bench(a.quick, a.rounds or (3 if a.quick else 5), a.device, a.data)
    place = report.circumstances()
    print("%(commit)s, %(date)s; %(machine)s; %(build)s" % place)
    print("medians of %d rounds after one to warm up, sides in turn; in brackets the least and the largest ratio of a round\n" % b.repeats)
    print(report.markdown(report.COLUMNS, []), flush=True)
    missed, extras = [], []
    try:
        for name in a.names or GROUPS:
            started = time.monotonic()
            rows, extra = measure(b, name)
            print("\n".join(report.rows_table(rows).splitlines()[2:]), flush=True)
            measuring.log("%s took %.0f s" % (name, time.monotonic() - started))
            missed += [r.what for r in rows if "no" in r.met]
            extras += [extra] if extra else []
            if not a.quick:
                report.keep(name, rows, extra)
    finally:
        if not a.keep:
            shutil.rmtree(b.data, ignore_errors=True)
    print("\n" + "\n\n".join(extras))
    if missed:
        print("\n%d targets missed:\n- %s" % (len(missed), "\n- ".join(missed)))
    if a.readme:
        report.write_readme("rows", report.readme_block(GROUPS))


if __name__ == "__main__":
    sys.exit(main())
