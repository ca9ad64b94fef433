#!/usr/bin/env python3
"""How fast rows of a CSV file become a store, against `wc -l` on the same file in the same run.

usage: import_rows.py LTA [ROWS]

Writes a file of ROWS rows (default 27,303,999) in the two shapes of Azure's week of 2024 to a temporary folder, imports it with 1 and
2 threads, and prints a row of the README's table for each: the median of 3 runs. `wc -l` reads the file from memory and counts
line ends: the least that reading rows can cost."""
import datetime
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

BLOCK = 100000


def write_rows(path, rows):
    rng = random.Random(42)
    us = 1163
    step = 2 * 604799994297 // rows
    days = [(datetime.datetime(2024, 5, 12) + datetime.timedelta(days=d)).strftime("%Y-%m-%d ") for d in range(9)]
    with open(path, "w") as f:
        f.write("TIMESTAMP,ContextTokens,GeneratedTokens\n")
        for first in range(0, rows, BLOCK):
            lines = []
            for _ in range(min(BLOCK, rows - first)):
                us += int(rng.random() * step)
                if rng.random() < 0.001:
                    us += -us % 1000000
                second, micro = divmod(us, 1000000)
                minute = second // 60
                lines.append("%s%02d:%02d:%02d%s+00:00,%d,%d\n" % (
                    days[minute // 1440], minute // 60 % 24, minute % 60, second % 60, ".%06d" % micro if micro else "",
                    rng.random()**4 * 8000, rng.random()**3 * 700))
            f.writelines(lines)


def seconds(command):
    times = []
    for _ in range(3):
        start = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.monotonic() - start)
    return statistics.median(times)


def main():
    lta, rows = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 27303999
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "week.csv")
        write_rows(path, rows)
        size = os.path.getsize(path)
        bound = seconds(["wc", "-l", path])
        print("| rows | MB | threads | import, s | million rows/s | MB/s | peak memory, MB | wc -l, s | import / wc -l |")
        print("| --- " * 9 + "|")
        for threads in (1, 2):
            spent = seconds([lta, "import", "-q", "--force", "--threads", str(threads), "-o", os.path.join(folder, "store"), path])
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
            print("| %s | %s | %d | %.2f | %.2f | %.0f | %s | %.3f | %.0f |" % (
                format(rows, ","), format(size // 10**6, ","), threads, spent, rows / spent / 1e6, size / spent / 1e6,
                format(round(peak), ","), bound, spent / bound))


if __name__ == "__main__":
    main()
