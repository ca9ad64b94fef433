"""Rows of memory: what a whole run allocates at most, against what the trace's content needs."""
import csv
import os

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


def flat(b):
    path = b.zipf("z10m")
    b.need_memory(b.size("z10m")[0] * 260)
    return [peak(b, "z10m", path, "--ids", "u64")]
