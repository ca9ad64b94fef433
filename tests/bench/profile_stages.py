"""Where the time of each command goes: samples of perf's cpu-clock, on one thread, by stage and function."""
import argparse
import json
import os
import shutil
import subprocess
import sys

import bench
import hot_loops
import measuring
import report

STAGES = ("import", "trie", "reuse", "curve", "enrich", "table")
BOUNDS = """What bounds each of these loops, where it takes most. Rates of bounds are this machine's, one thread, by `bench_bounds.c` in the
same run: *read* and *compare* memory that no cache holds, *touch* fresh memory, *parse* numbers and *flat* distances that lie in the first
cache, *lines_known* and *lines_told*: cache lines out of 256 MB, each known in advance or told by the one before."""
SHOWN = 0.04  # least share of a stage's time that a function is listed with


def hot_functions(data):
    """[(share, function)] of a recording, the largest first. The kernel is one line, and so is what a library has no names for."""
    done = measuring.run(["perf", "report", "-i", data, "--stdio", "-q", "--no-children", "--sort", "dso,symbol", "--field-separator", "|"])
    shares = {}
    for line in done.out.splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) < 3 or not cells[0].endswith("%"):
            continue
        library, function = cells[1].split(".so")[0], cells[2].split("] ", 1)[-1]
        if cells[2].startswith("[k]"):
            name = "the kernel"
        elif library.startswith("ld-linux"):
            name = "loading the program"
        elif library == "lta":
            name = function
        else:
            name = library if function.startswith("0x") else "%s: %s" % (library, function)
        shares[name] = shares.get(name, 0) + float(cells[0][:-1]) / 100
    return sorted(((share, name) for name, share in shares.items()), reverse=True)


def profile(b, title, path, options, seen):
    """A line a stage: wall seconds, processor seconds, functions. Adds what was seen of each function to seen, for hot_loops."""
    trace = title.split(",")[0]
    store, lines = b.fresh("store-profile"), []
    data = b.path("perf.data")
    for stage in STAGES:
        operands = ["-o", store, *options, path] if stage == "import" else [store]
        force = [] if stage == "table" else ["--force"]  # tables are always written anew
        command = b.command(stage, *force, *operands, device=stage in ("trie", "reuse", "curve"))
        plain = measuring.timed(command)
        measuring.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", 1999, "-o", data, "--", *command])
        hot = [(share, name) for share, name in hot_functions(data) if share >= SHOWN]
        functions = ["%s %.0f %%" % (name, 100 * share) for share, name in hot]
        datasets = json.loads(measuring.run([b.lta, "info", "--json", store]).out)["files"]["trace.h5"]["datasets"]
        amounts = {"text": os.path.getsize(path), "requests": next(d["length"] for d in datasets if d["path"] == "/requests/input_tokens")}
        for share, name in hot:
            seen.setdefault(name, []).append((share, "%s, %s" % (trace, stage), share * plain["cpu_s"], amounts))
        lines.append([title, stage, report.seconds(plain["s"]), report.seconds(plain["cpu_s"]), ", ".join(functions)])
        title = ""
    b.fresh("store-profile")
    os.remove(data)
    return lines


def main():
    p = argparse.ArgumentParser(prog="tests/bench/profile.sh", description=__doc__)
    p.add_argument("--quick", action="store_true", help="small traces")
    p.add_argument("--readme", action="store_true", help="write the profile of tests/bench/README.md")
    p.add_argument("--data", default=os.path.join(bench.BUILD, "data"), help="folder for input files (default .build/bench/data)")
    p.add_argument("--keep", action="store_true", help="leave input files for the next run")
    a = p.parse_args()
    if a.quick and a.readme:
        p.error("--readme takes a full run")
    try:
        subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-o", os.devnull, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: perf is not there, or may not sample cpu-clock")
        return 0
    bench.build()
    b = bench.Bench(a.quick, 1, "cpu", a.data)
    lines, seen = [], {}
    try:
        for title, make, options in (("chats", b.chat, []), ("agents", b.agents, []), ("z10m", lambda: b.zipf("z10m"), ["--ids", "u64"])):
            try:
                path = make()
            except measuring.Unavailable as e:
                lines.append([title, "skipped: %s" % e, "", "", ""])
                continue
            size = "%s, %s MB" % (title, report.number(os.path.getsize(path) / 1e6))
            lines += profile(b, size, path, options, seen)
    finally:
        if not a.keep:
            shutil.rmtree(b.data, ignore_errors=True)
    place = report.circumstances()
    text = "%(commit)s, %(date)s; %(machine)s; %(build)s.\n\n" % place + report.markdown(
        ["trace", "command", "wall", "processor", "functions, share of the processor's time"], lines)
    bounds = measuring.last_json([os.path.join(bench.BUILD, "tests", "bench_bounds")])
    text += "\n\n" + BOUNDS + "\n\n" + report.markdown(["loop", "most in", "bound", "its rate there", "the bound's rate"], hot_loops.lines(seen, bounds))
    print(text)
    if a.readme:
        report.write_readme("profile", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
