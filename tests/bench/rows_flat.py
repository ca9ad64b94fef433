"""Rows of flat traces: every access's stack distance, and the curve that libCacheSim's LRU gives."""
import csv
import io
import os
import re

from measuring import in_turn, last_json, quotient, run, timed
from report import Row, compared, number, seconds, skipped

# side: name, instructions (0 plain, 1 AVX2, 2 AVX-512), threads, target over the yardstick
VARIANTS = (("AVX-512, 1 thread", 2, 1, 7), ("AVX-512, 2 threads", 2, 2, 11), ("AVX2 only, 1 thread", 1, 1, 3.5),
            ("AVX2 only, 2 threads", 1, 2, None), ("plain, 1 thread", 0, 1, None))


def rate(n, s):
    return "%s M/s" % number(n / s / 1e6)


def distances(b, name):
    path, yardstick = b.zipf(name), b.yardstick("stackdist_bitmap")

    def theirs():
        done = run([yardstick, path])
        return {"s": float(re.search(r"dist ([\d.]+) s", done.err)[1]), "curve": done.out.splitlines()}

    def ours(instructions, threads):
        return last_json([b.bench_flat, path, instructions, threads])

    sides = {"theirs": theirs}
    for what, instructions, threads, _ in VARIANTS:
        sides[what] = lambda i=instructions, t=threads: ours(i, t)
    samples = in_turn(sides, b.repeats)
    peer, rows = samples["theirs"], []
    for what, _, _, target in VARIANTS:
        mine, title = samples[what], "flat distances, %s, %s" % (name, what)
        if mine.why_not:
            rows.append(skipped(title, mine.why_not, "≥ %g×" % target if target else ""))
            continue
        if mine.last("curve") != peer.last("curve"):
            raise RuntimeError("%s: another curve than the yardstick's" % title)
        n = mine.last("n")
        beside = "distances alone %s; first pass, in fresh memory, %s" % (
            rate(n, mine.median("distances_s")), rate(n, mine.median("fresh_s")))
        rows.append(compared(title, rate(n, mine.median()), "stackdist_bitmap.c %s" % rate(n, peer.median()), quotient(peer, mine), beside,
                             at_least=target))
    return rows


def commands(b, name):
    """Wall time of the commands on the same trace, from the committed trace.h5 on."""
    path, (accesses, _) = b.zipf(name), b.size(name)
    b.need_memory(accesses * 260)
    store = b.fresh("store-flat")
    imported = timed(b.command("import", "-o", store, "--ids", "u64", path, device=False))
    stages = ("trie", "reuse", "curve")
    rounds = b.repeats if accesses <= 10**7 else 1
    taken = in_turn({(stage, threads): (lambda s=stage, t=threads: timed(b.command(s, "--force", store, threads=t)))
                     for stage in stages for threads in (1, 2)}, rounds)
    b.fresh("store-flat")
    whole = sum(taken[stage, 1].median() for stage in stages)
    texts = ["%s %s and %s" % (stage, *(seconds(taken[stage, t].median()) for t in (1, 2))) for stage in stages]
    return [Row("commands on %s: trie, reuse, curve, 1 thread" % name, "%s, %s" % (seconds(whole), rate(accesses, whole)),
                beside="1 and 2 threads: %s; import once, 1 thread: %s%s" % (", ".join(texts), seconds(imported["s"]),
                                                                            "; one round" if rounds == 1 else ""))]


def libcachesim(b):
    """The package on PyPI has no stack distances (they need a build of the C program): its LRU gives one capacity a pass, exactly."""
    python, path, ids = b.python_with("libcachesim"), b.zipf("z10m", "oracle"), b.zipf("z10m")
    accesses, objects = b.size("z10m")
    capacities = [objects * k // 20 for k in range(1, 21)]
    script = os.path.join(os.path.dirname(__file__), "libcachesim_curve.py")
    store = b.fresh("store-libcachesim")
    run(b.command("import", "-o", store, "--ids", "u64", ids, device=False))

    def ours():
        taken = [timed(b.command(stage, "--force", store)) for stage in ("trie", "reuse", "curve")]
        return {"s": sum(t["s"] for t in taken)}

    samples = in_turn({"theirs": lambda: last_json([python, script, path, *capacities]), "ours": ours}, 1)
    curve = csv.DictReader(io.StringIO(run(b.command("curve", store, "--scope", "global", "--csv", "-",
                                                     "--capacity", ",".join(map(str, capacities)))).out))
    misses = [int(r["lookups"]) - int(r["hits"]) for r in curve]
    wrong = [c for c, m, x in zip(capacities, misses, samples["theirs"].last("misses")) if m != x]
    b.fresh("store-libcachesim")
    theirs, mine = samples["theirs"], samples["ours"]
    beside = "theirs at one capacity %s; misses %s; one round" % (
        rate(accesses, theirs.median("one_s")), "differ at %s" % wrong if wrong else "equal at all 20")
    return [compared("exact LRU curve of z10m at 20 capacities",
                     "trie, reuse, curve commands, 1 thread, every capacity: %s" % seconds(mine.median()),
                     "libCacheSim %s, a pass each: %s" % (theirs.last("version"), seconds(theirs.median())),
                     theirs.median() / mine.median(), beside)]
