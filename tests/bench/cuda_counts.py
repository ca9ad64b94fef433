#!/usr/bin/env python3
"""What the CUDA twins move and compute, counted by a stand-in for CUDA's runtime library, and what that comes to on an NVIDIA A10 by a
simple model. Prints the tables of kernels/README.md.

usage: cuda_counts.py BUILD EMULATOR [ACCESSES] [SESSIONS]

BUILD is a folder built with -DLTA_CUDA=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, EMULATOR one with the stand-in's libcudart. Two traces are made: ACCESSES (default
1,000,000) accesses of one symbol each, nearly Zipf over a tenth as many objects; and SESSIONS (default 400) made-up chats and agents
in 2 files. Then `lta trie`, `reuse` and `curve` run with --device cuda and counting on.

Kernel time is a model, not a measurement: the larger of DRAM sectors at 510 GB/s and instructions at full issue rate, at least 3 us
a launch, plus copies at 24 GB/s."""
import csv
import math
import os
import random
import re
import subprocess
import sys
import tempfile

STAGES = ("trie", "reuse", "curve")
PCIE, DRAM, SECTOR = 24e9, 510e9, 32


def short_name(kernel):
    own = re.search(r"\(anonymous namespace\)::(\w+)\(", kernel)
    if own and "cub::" not in kernel:
        return own.group(1)
    found = re.findall(r"Device\w*Kernel|Device\w*Agent\w*|\w+Kernel", kernel)
    return "CUB " + (re.sub(r"Kernel$", "", found[0]) if found else kernel[:40])


def run(lta, emulator, arguments, stats=None):
    env = dict(os.environ, LD_LIBRARY_PATH=emulator)
    if stats:
        env["CUDA_EMU_STATS"] = stats
    subprocess.run([lta, *arguments], env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read_stats(path, kernels):
    """Adds to kernels {name: sums}; returns bytes up and down."""
    copied = {}
    with open(path, newline="") as f:
        in_copies = False
        for row in csv.reader(f):
            if row and row[0] == "copy":
                in_copies = True
            elif in_copies and row:
                copied[row[0]] = int(row[2])
            elif row and row[0] == "kernel":
                names = row
            elif row and row[0] != "TOTAL":
                values = dict(zip(names, row))
                k = kernels.setdefault(short_name(row[0]), {})
                for c in ("launches", "thread_inst", "warp_inst", "gld_sectors", "gst_sectors", "ideal_gld_sectors", "ideal_gst_sectors",
                          "dram_read_sectors", "dram_write_sectors", "shared_requests", "shared_wavefronts", "local_requests", "model_us"):
                    k[c] = k.get(c, 0) + float(values[c])
    return copied.get("[memcpy H2D]", 0), copied.get("[memcpy D2H]", 0)


def stored_bytes(store):
    """Bytes of the columns that the stages read and write, uncompressed."""
    script = """
import h5py, sys, os
total = 0
def add(name, d):
    global total
    if isinstance(d, h5py.Dataset) and d.dtype.kind != "S":
        total += d.size * d.dtype.itemsize
for f in ("trie.h5", "reuse.h5", "curve.h5"):
    h5py.File(os.path.join(sys.argv[1], f), "r").visititems(add)
h5py.File(os.path.join(sys.argv[1], "trace.h5"), "r")["sequences"].visititems(add)
print(total)
"""
    return int(subprocess.run(["/usr/bin/python3", "-c", script, store], check=True, stdout=subprocess.PIPE).stdout)


def spills(build):
    """Bytes of register spills that ptxas reports, for every kernel of every file."""
    found, kernels = 0, 0
    with open(os.path.join(build, "compile_commands.json")) as f:
        import json
        commands = [c for c in json.load(f) if c["file"].endswith("_cuda.cu")]
    for c in commands:
        command = re.sub(r" -o \S+", " -o /dev/null", c["command"]) + " -Xptxas -v"
        text = subprocess.run(command, shell=True, cwd=c["directory"], check=True, stderr=subprocess.PIPE, text=True).stderr
        kernels += len(re.findall(r"Compiling entry function", text))
        found += sum(map(int, re.findall(r"(\d+) bytes spill stores", text)))
    return found, kernels


def table(kernels):
    print("| kernel | launches | sectors / ideal | SIMT efficiency | bank conflicts | modelled, us | share |")
    print("| --- " * 7 + "|")
    total = sum(k["model_us"] for k in kernels.values())
    for name, k in sorted(kernels.items(), key=lambda x: -x[1]["model_us"]):
        if k["model_us"] < 0.005 * total:
            continue
        ideal = k["ideal_gld_sectors"] + k["ideal_gst_sectors"]
        conflicts = "%.2f" % (k["shared_wavefronts"] / k["shared_requests"]) if k["shared_requests"] else "-"
        print("| %s | %d | %.2f | %.0f %% | %s | %.0f | %.0f %% |" % (
            name, k["launches"], (k["gld_sectors"] + k["gst_sectors"]) / ideal if ideal else 0, 100 * k["thread_inst"] / (32 * k["warp_inst"]),
            conflicts, k["model_us"], 100 * k["model_us"] / total))
    sectors = sum(k["gld_sectors"] + k["gst_sectors"] for k in kernels.values())
    ideal = sum(k["ideal_gld_sectors"] + k["ideal_gst_sectors"] for k in kernels.values())
    simt = sum(k["thread_inst"] for k in kernels.values()) / (32 * sum(k["warp_inst"] for k in kernels.values()))
    print("| **all** | %d | %.2f | %.0f %% | | %.0f | |" % (sum(k["launches"] for k in kernels.values()), sectors / ideal, 100 * simt, total))
    return total


def measure(lta, emulator, folder, name, requests, files):
    store = os.path.join(folder, name)
    run(lta, emulator, ["import", "-q", "-o", store, *files])
    kernels, up, down = {}, 0, 0
    for stage in STAGES:
        stats = os.path.join(folder, "stats.csv")
        run(lta, emulator, [stage, "-q", "--device", "cuda", store], stats)
        u, d = read_stats(stats, kernels)
        up, down = up + u, down + d
    print("\n### %s\n" % name)
    total = table(kernels)
    dram = sum(k["dram_read_sectors"] + k["dram_write_sectors"] for k in kernels.values()) * SECTOR
    stored = stored_bytes(store)
    print("\nDRAM: %.0f MB, %.0f bytes a request. PCIe: %.1f MB up, %.1f MB down, %.0f bytes a request, %.2f times the stored columns (%.1f MB)."
          " Modelled: kernels %.2f ms, copies %.2f ms." % (dram / 1e6, dram / requests, up / 1e6, down / 1e6, (up + down) / requests,
                                                           (up + down) / stored, stored / 1e6, total / 1e3, (up + down) / PCIE * 1e3))
    return kernels, up + down, total


def scale(accesses, kernels, copied, total):
    """Modelled time of larger flat traces: all linear, but for the levels of merging."""
    merge = kernels.get("merge_stretches", {"model_us": 0, "launches": 1})
    levels = max(1, math.ceil(math.log2(2 * accesses / 1024)))
    a_level = merge["model_us"] / levels / accesses
    rest = (total - merge["model_us"]) / accesses
    print("\n### Flat traces at scale, modelled\n")
    print("From the counts above, an access costs %.3f ns a merge level, %.2f ns in all other kernels, and %.0f bytes over PCIe; "
          "levels = log2(2 accesses / 1024).\n" % (1e3 * a_level, 1e3 * rest, copied / accesses))
    print("| accesses | levels | kernels, s | copies, s | million accesses/s |")
    print("| --- " * 5 + "|")
    for n in (10**6, 10**7, 5 * 10**7, 10**8, 6 * 10**8):
        k = math.ceil(math.log2(2 * n / 1024))
        kernel_s, copy_s = n * (a_level * k + rest) * 1e-6, n * copied / accesses / PCIE
        print("| %s | %d | %.3f | %.3f | %.0f |" % (format(n, ","), k, kernel_s, copy_s, n / (kernel_s + copy_s) / 1e6))


def main():
    build, emulator = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    accesses = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    sessions = sys.argv[4] if len(sys.argv) > 4 else "400"
    lta = os.path.join(build, "lta")
    with tempfile.TemporaryDirectory() as folder:
        rng = random.Random(1)
        flat = os.path.join(folder, "flat.txt")
        with open(flat, "w") as f:
            f.writelines("%d\n" % int((accesses / 10)**rng.random()) for _ in range(accesses))
        made = os.path.join(folder, "made")
        run(lta, emulator, ["synth", "-q", "-o", made, "--format", "marconi", "--files", "2", "--sessions", sessions, "--collapse", "0.3", "--seed", "1"])
        files = sorted(os.path.join(made, name) for name in os.listdir(made))
        with_requests = sum(1 for name in files for _ in open(name))
        measure(lta, emulator, folder, "%s requests of chats and agents" % format(with_requests, ","), with_requests, files)
        counted = measure(lta, emulator, folder, "%s accesses of one symbol" % format(accesses, ","), accesses, [flat])
        scale(accesses, *counted)
    spilled, kernels = spills(build)
    print("\nRegister spills: %d bytes in %d kernels." % (spilled, kernels))


if __name__ == "__main__":
    main()
