"""Rows of memory: what a whole run allocates at most, against what the trace's content needs."""
import csv
import os
import time

from measuring import peak_anonymous
from report import Row

SPARE = 64 << 20


def peak(b, title, path, *options):
    store = b.fresh("store-memory")
    most = peak_anonymous(b.command("run", "-o", store, *options, path, threads=2))
    with open(os.path.join(store, "tables", "summary.csv"), newline="") as f:
        summary = {r["source"]: r for r in csv.DictReader(f)}["all"]
    requests, distinct = int(summary["requests"]), int(summary["distinct_symbols"])
    b.fresh("store-memory")
    base = distinct * 4 + requests * 200
    return Row("peak anonymous memory of lta run, %s, 2 threads" % title, "%.0f MiB" % (most / 2**20), "%.0f MiB" % (base / 2**20),
               "%.2f×" % (most / base), "≤ 2× + 64 MiB = %.0f MiB" % ((2 * base + SPARE) / 2**20),
               "yes" if most <= 2 * base + SPARE else "**no**",
               "%s distinct symbols, %s requests" % (format(distinct, ","), format(requests, ",")))


def chat(b):
    return [peak(b, "chats", b.chat())]


def agents(b):
    return [peak(b, "agents", b.agents())]


def within(b, title, budget, path, *options):
    """The same under --memory: what goes beyond the budget is in scratch files, and costs time."""
    store = b.fresh("store-memory")
    seconds = []
    for limit in ((), ("--memory", str(budget))):
        started = time.monotonic()
        most = peak_anonymous(b.command("run", "-o", store, "--force", *limit, *options, path, threads=2))
        seconds.append(time.monotonic() - started)
    b.fresh("store-memory")
    return Row("peak anonymous memory of lta run --memory %dM, %s, 2 threads" % (budget // 1000000, title), "%.0f MiB" % (most / 2**20),
               "%.0f MiB" % (budget / 2**20), "%.2f×" % (most / budget), "≤ 1×", "yes" if most <= budget else "**no**",
               "%.1f s, %.1f s without a budget, one run each" % (seconds[1], seconds[0]))


def flat(b):
    path = b.zipf("z10m")
    b.need_memory(b.size("z10m")[0] * 260)
    ids = ("--ids", "u64")
    return [peak(b, "z10m", path, *ids), within(b, "z10m", max(64000000, b.size("z10m")[0] * 25), path, *ids)]
