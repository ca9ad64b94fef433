#!/usr/bin/env python3
"""What the CUDA twins move and compute, counted by a stand-in for CUDA's runtime library, and what that comes to on an NVIDIA A10 by a
simple model. Prints the tables of kernels/README.md.

usage: cuda_counts.py BUILD EMULATOR [ACCESSES] [SESSIONS]

BUILD is a folder built with -DLTA_CUDA=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, EMULATOR one with the stand-in's libcudart. Three traces are made: SESSIONS
(default 400) made-up chats and agents in 2 files; and ACCESSES (default 1,000,000) accesses of one symbol each, nearly Zipf over a tenth as many objects,
and four times as many. Then `lta run` goes from the imported trace to the tables with --device cuda and counting on.

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

PCIE, DRAM, SECTOR = 24e9, 510e9, 32
TILE, WAYS, DIGIT = 4096, 8, 8   # of stack_distance_cuda.cu; bits that a pass of CUB's radix sort looks at
# bytes an access on the device: what stays, what distances are computed in, and what parts have to know of earlier ones; DRAM traffic of the last
MEMORY, STAYS, ENTRY, KEYS, KEYS_MOVED = 24e9 * 15 / 16, 16, 24, 8, 32


def short_name(kernel):
    own = re.search(r"\(anonymous namespace\)::(\w+)[(<]", kernel) or re.search(r"^(?:void )?lta::(\w+)[(<]", kernel)
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
    low = ["%s (%.0f %%, %.1f %% of the time)" % (name, 100 * k["thread_inst"] / (32 * k["warp_inst"]), 100 * k["model_us"] / total)
           for name, k in kernels.items() if k["thread_inst"] < 0.7 * 32 * k["warp_inst"]]
    sectors = sum(k["gld_sectors"] + k["gst_sectors"] for k in kernels.values())
    ideal = sum(k["ideal_gld_sectors"] + k["ideal_gst_sectors"] for k in kernels.values())
    simt = sum(k["thread_inst"] for k in kernels.values()) / (32 * sum(k["warp_inst"] for k in kernels.values()))
    print("| **all** | %d | %.2f | %.0f %% | | %.0f | |" % (sum(k["launches"] for k in kernels.values()), sectors / ideal, 100 * simt, total))
    print("\nKernels left out take less than 0.5 %% of the time each. Below 70 %% SIMT efficiency: %s." % (", ".join(low) or "none"))
    return total


def measure(lta, emulator, folder, name, requests, files):
    store = os.path.join(folder, name)
    run(lta, emulator, ["import", "-q", "-o", store, *files])
    kernels, stats = {}, os.path.join(folder, "stats.csv")
    run(lta, emulator, ["run", "-q", "-o", store, "--device", "cuda"], stats)
    up, down = read_stats(stats, kernels)
    print("\n### %s\n" % name)
    total = table(kernels)
    dram = sum(k["dram_read_sectors"] + k["dram_write_sectors"] for k in kernels.values()) * SECTOR
    stored = stored_bytes(store)
    print("\nDRAM: %.0f MB, %.0f bytes a request. PCIe: %.1f MB up, %.1f MB down, %.0f bytes a request, %.2f times the stored columns (%.1f MB)."
          " Modelled: kernels %.2f ms, copies %.2f ms." % (dram / 1e6, dram / requests, up / 1e6, down / 1e6, (up + down) / requests,
                                                           (up + down) / stored, stored / 1e6, total / 1e3, (up + down) / PCIE * 1e3))
    return kernels, up + down


def flat(folder, n):
    rng, path = random.Random(1), os.path.join(folder, "flat-%d.txt" % n)
    with open(path, "w") as f:
        f.writelines("%d\n" % int((n / 10)**rng.random()) for _ in range(n))
    return path


def scale(n1, counts1, n2, counts2):
    """Modelled time of larger flat traces: linear from the two sizes counted, but for the passes of merging and of radix sorts, of which a larger
    trace needs more."""
    def passes(n):
        return max(1, math.ceil(math.log(n / TILE, WAYS)))

    def digits(n):
        return math.ceil(math.log2(n / 10) / DIGIT)

    def split(kernels):
        merge = kernels["merge_stretches"]["model_us"]
        sort = sum(k["model_us"] for name, k in kernels.items() if "RadixSortOnesweep" in name)
        return merge, sort, sum(k["model_us"] for k in kernels.values()) - merge - sort

    (kernels1, bytes1), (kernels2, bytes2) = counts1, counts2
    merge1, sort1, rest1 = split(kernels1)
    merge2, sort2, rest2 = split(kernels2)
    assert digits(n1) == digits(n2)
    a_pass, a_digit = merge2 / passes(n2) / n2 * 1e3, (sort2 - sort1) / digits(n2) / (n2 - n1) * 1e3
    rest = (rest2 - rest1) / (n2 - n1) * 1e3
    fixed = max(0, rest1 - rest * n1 * 1e-3) + max(0, sort1 - a_digit * digits(n1) * n1 * 1e-3)
    a_distance = (kernels2["sort_tiles"]["model_us"] + kernels2["give_distances"]["model_us"]) / n2 * 1e3
    copied, runs = (bytes2 - bytes1) / (n2 - n1), 0.9
    print("\n### Flat traces at scale, modelled\n")
    print("From the counts above, and the differences between them, an access costs %.3f ns a merge pass, %.3f ns for %d bits of sorts, %.2f ns in "
          "all other kernels, and %.1f bytes over PCIe; launches cost %.2f ms however large the trace. "
          "Parts: so that %d bytes of an access that stay, %d for distances and, with several parts, %d for the sums of earlier ones fit in 24 GB. "
          "Beside the last part's distances come down 4 bytes an access of runs and the earlier parts' distances. "
          "Passes: log8(accesses of a part / 4096); bits sorted: log2(objects), a tenth of the accesses.\n" % (a_pass, a_digit, DIGIT, rest, copied, fixed * 1e-3, STAYS, ENTRY, KEYS))
    print("| accesses | parts | passes | bits | kernels, s | copies, s | of which beside kernels, s | million accesses/s |")
    print("| --- " * 8 + "|")
    for n in (10**6, 10**7, 5 * 10**7, 10**8, 6 * 10**8):
        parts = 1
        while n * (STAYS + ENTRY / parts + (KEYS if parts > 1 else 0)) > MEMORY:
            parts += 1
        kernel_s = fixed * 1e-6 + n * (a_pass * passes(n / parts) + a_digit * digits(n) + rest) * 1e-9 + (parts - 1) * n * KEYS_MOVED / DRAM
        copy_s = n * copied / PCIE
        beside_s = min(n * 4 * (1 + (parts - 1) / parts * runs) / PCIE, n / parts * (a_pass * passes(n / parts) + a_distance) * 1e-9)
        print("| %s | %d | %d | %d | %.4f | %.4f | %.4f | %.0f |" % (format(n, ","), parts, passes(n / parts), DIGIT * digits(n), kernel_s, copy_s,
                                                            beside_s, n / (kernel_s + copy_s - beside_s) / 1e6))


def main():
    build, emulator = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    accesses = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    sessions = sys.argv[4] if len(sys.argv) > 4 else "400"
    lta = os.path.join(build, "lta")
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "made")
        run(lta, emulator, ["synth", "-q", "-o", made, "--format", "marconi", "--files", "2", "--sessions", sessions, "--collapse", "0.3", "--seed", "1"])
        files = sorted(os.path.join(made, name) for name in os.listdir(made))
        with_requests = sum(1 for name in files for _ in open(name))
        measure(lta, emulator, folder, "%s requests of chats and agents" % format(with_requests, ","), with_requests, files)
        sizes = (accesses, 4 * accesses)
        counted = [measure(lta, emulator, folder, "%s accesses of one symbol" % format(n, ","), n, [flat(folder, n)]) for n in sizes]
        scale(sizes[0], counted[0], sizes[1], counted[1])
    spilled, kernels = spills(build)
    print("\nRegister spills: %d bytes in %d kernels." % (spilled, kernels))


if __name__ == "__main__":
    main()
