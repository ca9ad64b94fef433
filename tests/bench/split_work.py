#!/usr/bin/env python3
"""What splitting a trace costs: for chats, agents, one prompt under every request and a cache trace, in 1, 2, 4, 8, 16 and 32 pieces,
the processor time of all maps and reduces against that of one piece, the largest piece against the mean, bytes of STORE/pieces, the
largest memory of a step, and the critical path: split, the slowest map, the slowest reduce, finish. One step at a time, one thread.
Usage: tests/bench/split_work.py LTA [FOLDER], about 20 minutes and 3 GB; prints the tables of jobs/README.md."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import h5py

PIECES = (1, 2, 4, 8, 16, 32)


class Step:
    """One command: seconds, processor seconds and the memory of it in MB, without shared libraries' files."""

    def __init__(self, lta, *args):
        begin = time.monotonic()
        process = subprocess.Popen([lta, *map(str, args), "-q", "--threads", "1", "--device", "cpu"])
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"lta {args}: {status}")
        self.seconds = time.monotonic() - begin
        self.cpu = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss / 1000


def write_blocks(path, rows):
    with open(path, "w", encoding="ascii") as f:
        for t, ids in rows:
            f.write(json.dumps({"timestamp": t, "input_length": 512 * len(ids), "output_length": 0, "hash_ids": ids}) + "\n")


def sessions(rng, requests, turns, blocks, system):
    """Requests of a thousand sessions at once, each turn all that was said and `blocks` new blocks or fewer."""
    fresh, live = 1000, []
    for t in range(requests):
        at = rng.randrange(1000)
        if at >= len(live) or len(live[at]) > system + turns * blocks * (1 + at % 3) // 3:
            at = min(at, len(live))
            live[at:at + 1] = [list(range(system))]
        new = rng.randrange(1, blocks + 1)
        live[at].extend(range(fresh, fresh + new))
        fresh += new
        yield t, live[at]


def make_stores(lta, folder):
    rng = random.Random(1)
    file = os.path.join(folder, "source.jsonl")
    for name, rows in (("chats", sessions(rng, 6000000, 8, 3, 4)),
                       ("agents", sessions(rng, 3000000, 30, 2, 12)),
                       ("one prompt", ((i, list(range(20)) + [100 + rng.randrange(200000), 300000 + i]) for i in range(5000000)))):
        write_blocks(file, rows)
        store = os.path.join(folder, name)
        Step(lta, "import", "-o", store, "--format", "mooncake", "--block-tokens", 512, file)
        Step(lta, "trie", store)
        yield name, store
        shutil.rmtree(store)
    os.unlink(file)
    file = os.path.join(folder, "z.txt")
    with open(file, "w", encoding="ascii") as f:
        f.writelines(f"{int(1000000**rng.random())}\n" for _ in range(10000000))
    store = os.path.join(folder, "z")
    Step(lta, "import", "-o", store, "--format", "flat", file)
    Step(lta, "trie", store)
    yield "cache trace", store


def measure(lta, store, n):
    pieces = os.path.join(store, "pieces")
    shutil.rmtree(pieces, ignore_errors=True)
    for file in ("reuse.h5", "curve.h5"):
        if os.path.exists(os.path.join(store, file)):
            os.unlink(os.path.join(store, file))
    split = Step(lta, "split", "-n", n, store)
    maps = [Step(lta, "map", os.path.join(pieces, f"piece-{k}.h5")) for k in range(n)]
    reduces = [Step(lta, "reduce", "--range", k, store) for k in range(n)]
    finish = Step(lta, "finish", store)
    with h5py.File(os.path.join(pieces, "plan.h5")) as f:
        load = f["piece/subtrees"][...] + f["piece/crown"][...]
    return {
        "load": float(load.max() / load.mean()),
        "map": max(s.cpu for s in maps) * n / sum(s.cpu for s in maps),
        "reduce": max(s.cpu for s in reduces) * n / sum(s.cpu for s in reduces),
        "maps": sum(s.cpu for s in maps),
        "reduces": sum(s.cpu for s in reduces),
        "bytes": sum(os.path.getsize(os.path.join(pieces, f)) for f in os.listdir(pieces)) / 1e6,
        "memory": max(s.megabytes for s in maps + reduces),
        "split": split.cpu,
        "finish": finish.cpu,
        "path": split.seconds + max(s.seconds for s in maps) + max(s.seconds for s in reduces) + finish.seconds,
    }


def report(lta, name, store):
    """The table of one store, which has a trace and a trie."""
    whole = [Step(lta, "reuse", store), Step(lta, "curve", store)]
    with h5py.File(os.path.join(store, "trie.h5")) as f:
        requests, nodes = len(f["requests/full_node"]), len(f["trie/parent"])
    print(f"\n**{name}**: {requests:,} requests, {nodes:,} nodes; `lta reuse` and `lta curve` take "
          f"{sum(s.cpu for s in whole):.2f} s and {max(s.megabytes for s in whole):,.0f} MB\n")
    print("| pieces | largest piece / mean | slowest map / mean | slowest reduce / mean | map, s | reduce, s | work / one piece | "
          "split, s | finish, s | critical path, s | pieces/, MB | largest step, MB |")
    print("| ---: " * 12 + "|")
    one = None
    for n in PIECES:
        m = measure(lta, store, n)
        one = one or m["maps"] + m["reduces"]
        print(f"| {n} | {m['load']:.3f} | {m['map']:.2f} | {m['reduce']:.2f} | {m['maps']:.2f} | {m['reduces']:.2f} | "
              f"{(m['maps'] + m['reduces']) / one:.2f} | {m['split']:.2f} | {m['finish']:.2f} | {m['path']:.2f} | "
              f"{m['bytes']:,.0f} | {m['memory']:,.0f} |", flush=True)


def main():
    lta = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        for name, store in make_stores(lta, folder):
            report(lta, name, store)


if __name__ == "__main__":
    main()
