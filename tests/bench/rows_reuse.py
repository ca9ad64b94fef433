"""Rows of trie, reuse and curve: how fast, and how the cost grows with requests, with prompt lengths, and for ugly traces."""
import os

from measuring import in_turn, json_lines, run, timed
from report import compared, markdown, number, seconds

NEAR_LINEAR = 1.5  # what a request may cost more where there are ten times as many
FLAT = 1.2  # what it may cost more where prompts are ten times as long


def _shapes(b, *shapes, store=None):
    options = ["--device", b.device, "--threads", 1, "--repeats", b.repeats, "--divide", 10 if b.quick else 1]
    return json_lines([b.bench_reuse, *options, *(["--store", store] if store else []), *shapes], cwd=b.data, threads=1)


def _rate(b, title, store, found):
    """A row of a trace that is in a store, with the commands' times on it."""
    stages = ("trie", "reuse", "curve")
    taken = in_turn({s: (lambda stage=s: timed(b.command(stage, "--force", store))) for s in stages}, b.repeats)
    beside = "trie %s, reuse %s, curve %s; commands: %s" % (
        *(seconds(found[k] / 1e3) for k in ("trie_ms", "reuse_global_ms", "curve_1_ms")),
        ", ".join("%s %s" % (s, seconds(taken[s].median())) for s in stages))
    n, ms = found["requests"], found["memory_ms"]
    return compared("trie + reuse + curve in memory, %s, %s requests" % (title, format(n, ",")), "%s ms" % number(ms), "", n / ms / 1e3,
                    beside, at_least=3, unit=" M/s")


def prefix(b):
    """Columns in memory to curve in memory, one thread, scope global, single tokens; passes after the first."""
    rows = []
    store = b.fresh("store-prefix")
    run(b.command("import", "-o", store, b.chat(), device=False))
    rows.append(_rate(b, "chats", store, _shapes(b, "store", store=store)[0]))
    store = b.fresh("store-prefix")
    rows.append(_rate(b, "conversations", store, _shapes(b, "requests-1000000", store=store)[0]))
    b.fresh("store-prefix")
    return rows


def shapes(b):
    """Growth in memory and of the reuse stage, and what a request of an ugly trace costs; with the table of all of it."""
    found = {s["key"]: s for s in _shapes(b)}
    rows = []
    few, many = found["requests-100000"], found["requests-1000000"]
    times = many["requests"] / few["requests"]
    steps = (("trie + reuse + curve in memory", "memory_ms"), ("reuse stage", "reuse_stage_ms"))
    for what, key in steps:
        rows.append(compared("×%g requests (%s to %s): %s" % (times, format(few["requests"], ","), format(many["requests"], ","), what),
                             seconds(many[key] / 1e3), seconds(few[key] / 1e3), many[key] / few[key], at_most=times * NEAR_LINEAR))
    short, long = found["prompts-100"], found["prompts-1000"]
    for what, key in steps:
        rows.append(compared("×10 prompt length (mean %s to %s): %s" % (number(short["mean_length"]), number(long["mean_length"]), what),
                             seconds(long[key] / 1e3), seconds(short[key] / 1e3), long[key] / short[key], at_most=FLAT))
    for key, ordinary in (("one-session", few), ("identical", many), ("distinct", many), ("prefixes", many), ("one-symbol", many)):
        rows.append(_ugly(found[key], ordinary))
    return rows, "Shapes, milliseconds on one thread:\n\n" + _shapes_table(found.values())


def _ugly(ugly, ordinary):
    """What a request costs, over what it costs in conversations: in memory or in the reuse stage, whichever is dearer."""
    cost = {k: (1e6 * ugly[k] / ugly["requests"], 1e6 * ordinary[k] / ordinary["requests"]) for k in ("memory_ms", "reuse_stage_ms")}
    mine, usual = max(cost.values(), key=lambda c: c[0] / c[1])
    return compared("%s, %s requests: a request's cost" % (ugly["shape"], format(ugly["requests"], ",")), "%.0f ns" % mine,
                    "%.0f ns in %s conversations" % (usual, format(ordinary["requests"], ",")), mine / usual,
                    "in memory %.0f ns, reuse stage %.0f ns" % (cost["memory_ms"][0], cost["reuse_stage_ms"][0]), at_most=3)


def _shapes_table(found):
    columns = [("shape", "shape"), ("requests", "requests"), ("mean_length", "mean length"), ("nodes", "nodes"), ("runs", "runs"),
               ("trie_ms", "trie"), ("reuse_global_ms", "reuse, global"), ("curve_1_ms", "curve, B = 1"),
               ("reuse_session_ms", "reuse, session"), ("curve_16_ms", "curve, B = 16"), ("reuse_stage_ms", "reuse stage")]
    lines = [[s["shape"], *("%s" % format(s[k], ",.0f") if s[k] >= 1000 else "%g" % s[k] for k, _ in columns[1:]),
              "%.0f" % (1e6 * s["reuse_stage_ms"] / s["requests"])] for s in found]
    return markdown([title for _, title in columns] + ["stage, ns a request"], lines)


def growth(b):
    """The whole of lta run on JSON: base, ten times the requests, ten times the lengths."""
    def ten(option, default):
        return [option, 10 * default]

    kinds = {"base": b.size("growth"), "requests": ["--sessions", 10 * b.size("growth")[1]],
             "lengths": [*b.size("growth"), *ten("--message-tokens", 60), *ten("--output-tokens", 180), *ten("--system-tokens", 200),
                         *ten("--token-limit", 32768)]}
    paths = {k: b.synth("growth-" + k, "--files", 1, "--collapse", 0, "--seed", 5, *options)[0] for k, options in kinds.items()}

    def side(path):
        return lambda: timed(b.command("run", "-o", b.fresh("store-growth"), path))

    taken = in_turn({k: side(path) for k, path in paths.items()}, b.repeats)
    b.fresh("store-growth")
    rows = []
    for k, what in (("requests", "×10 requests"), ("lengths", "×10 prompt length")):
        sizes = tuple(number(os.path.getsize(paths[p]) / 1e6) for p in ("base", k))
        rows.append(compared("%s (%s MB to %s MB of JSON): lta run, 1 thread" % (what, *sizes), seconds(taken[k].median()),
                             seconds(taken["base"].median()), taken[k].median() / taken["base"].median(), at_most=10 * NEAR_LINEAR))
    return rows
