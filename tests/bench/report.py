"""Rows of the table, where and how they were measured, and the generated parts of README.md."""
import dataclasses
import datetime
import json
import os
import re
import subprocess

import bench
import measuring

README = os.path.join(os.path.dirname(__file__), "README.md")
RESULTS = os.path.join(bench.BUILD, "results")
COLUMNS = ("what", "ours", "against", "ratio", "target", "met", "beside it")


@dataclasses.dataclass
class Row:
    what: str
    ours: str = ""
    against: str = ""
    ratio: str = ""
    target: str = ""
    met: str = ""
    beside: str = ""


def compared(what, ours, against, ratio, beside="", at_least=None, at_most=None, unit="×"):
    """ratio: a number, or (median, least, largest). Without a target it is shown, not judged."""
    middle = ratio[0] if isinstance(ratio, tuple) else ratio
    text = number(middle) + unit
    if isinstance(ratio, tuple):
        text += " (%s – %s)" % (number(ratio[1]), number(ratio[2]))
    if at_least is not None:
        target, met = "≥ %g%s" % (at_least, unit), middle >= at_least
    elif at_most is not None:
        target, met = "≤ %g%s" % (at_most, unit), middle <= at_most
    else:
        return Row(what, ours, against, text, beside=beside)
    return Row(what, ours, against, text, target, "yes" if met else "**no**", beside)


def skipped(what, why, target=""):
    return Row(what, target=target, met="skipped", beside=str(why))


def number(x):
    return "%.0f" % x if abs(x) >= 100 else "%.1f" % x if abs(x) >= 10 else "%.2f" % x if abs(x) >= 0.1 else "%.3f" % x


def seconds(x):
    return "%s s" % number(x) if x >= 1 else "%s ms" % number(1000 * x)


def markdown(columns, lines):
    cells = [[str(c).replace("|", "\\|") for c in line] for line in lines]
    return "\n".join(["| %s |" % " | ".join(columns), "| --- " * len(columns) + "|", *("| %s |" % " | ".join(line) for line in cells)])


def rows_table(rows):
    return markdown(COLUMNS, [dataclasses.astuple(r) for r in rows])


# ---- where and how ----

def first_match(pattern, path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            found = re.search(pattern, f.read(), re.MULTILINE)
    except OSError:
        return None
    return found.group(1).strip() if found else None


def output_of(*command):
    try:
        return subprocess.run(command, cwd=bench.PROJECT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def commit():
    name = output_of("git", "rev-parse", "--short", "HEAD") or "no commit"
    return name + (" with changes" if output_of("git", "status", "--porcelain", "--untracked-files=no", "pipeline", "kernels") else "")


def circumstances():
    cache = os.path.join(bench.BUILD, "CMakeCache.txt")
    compiler = first_match(r"^CMAKE_C_COMPILER:\w+=(.+)$", cache)
    return {
        "commit": commit(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%F"),
        "machine": "%s, %d cores, %.0f GB of memory, Linux %s, huge pages %s" % (
            first_match(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo") or os.uname().machine, os.cpu_count(),
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, os.uname().release.split("-")[0],
            first_match(r"\[(\w+)\]", "/sys/kernel/mm/transparent_hugepage/enabled") or "unknown"),
        "build": "%s, %s, decompression by %s" % (
            (output_of(compiler, "--version").splitlines() or ["unknown compiler"])[0] if compiler else "unknown compiler",
            first_match(r"^  FLAGS = .*?(-O\S+)", os.path.join(bench.BUILD, "build.ninja")) or "unknown flags",
            (first_match(r"LTA_INFLATE_(\w+)", os.path.join(bench.BUILD, "build.ninja")) or "?").lower()),
    }


# ---- kept results, README ----

def keep(name, rows, extra):
    """Keeps what a full run of one group gave, for the README."""
    os.makedirs(RESULTS, exist_ok=True)
    kept = {**circumstances(), "rows": [dataclasses.asdict(r) for r in rows], "extra": extra}
    with open(os.path.join(RESULTS, name + ".json"), "w") as f:
        json.dump(kept, f, indent=1, ensure_ascii=False)


def readme_block(names):
    """The generated part: every group's latest full run. A group that has not run since the others says so."""
    kept = {}
    for name in names:
        try:
            with open(os.path.join(RESULTS, name + ".json")) as f:
                kept[name] = json.load(f)
        except OSError:
            measuring.log("%s: no full run yet, not in README.md" % name)
    places, rows, extras = {}, [], []
    for name, k in kept.items():
        places.setdefault((k["commit"], k["date"], k["machine"], k["build"]), []).append(name)
        rows += [Row(**r) for r in k["rows"]]
        extras += [k["extra"]] if k["extra"] else []
    lines = ["%s, %s; %s; %s." % place if len(places) == 1 else "%s: %s, %s; %s; %s." % (", ".join(group), *place)
             for place, group in places.items()]
    return "\n\n".join([*lines, rows_table(rows), *extras])


def write_readme(marker, text):
    with open(README, encoding="utf-8") as f:
        old = f.read()
    begin, end = "<!-- %s: begin -->" % marker, "<!-- %s: end -->" % marker
    before, found, rest = old.partition(begin)
    _, found_too, after = rest.partition(end)
    if not (found and found_too):
        raise SystemExit("%s: no %s ... %s to write between" % (README, begin, end))
    with open(README + ".part", "w", encoding="utf-8") as f:
        f.write("%s%s\n%s\n%s%s" % (before, begin, text.strip(), end, after))
    os.replace(README + ".part", README)
