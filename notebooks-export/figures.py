"""The figures of a release: one function a figure, which draws it and returns the rows behind it.

What is drawn comes from the tables and the requests of `enriched.h5`, as pipeline/doc/tables.md describes them; nothing is
computed here but sums and shares of those integers. A function raises Absent, with a sentence for readers, where the trace does
not have what the figure needs.
"""
import base64
import html
import json
import math
import os

import h5py
import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, PercentFormatter

# Okabe and Ito's colours, which people with any colour vision tell apart; yellow is left out, too pale on white
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#767676"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK)
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))
SCOPES = {"global": (BLUE, "-"), "source": (ORANGE, "--"), "session": (GREEN, ":")}

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.titlelocation": "left", "axes.titleweight": "bold",
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e6e6e6", "grid.linewidth": 0.6,
    "axes.axisbelow": True, "axes.edgecolor": "#555555", "legend.frameon": False, "legend.fontsize": 8.5, "lines.linewidth": 1.8,
    "figure.dpi": 100, "savefig.dpi": 200, "svg.hashsalt": "lta", "svg.fonttype": "path", "axes.formatter.use_mathtext": False,
}

A10_BYTES = 24 * 10**9  # memory of an NVIDIA A10
MODEL = "llama-3-8b"    # beside whose weights the A10's budget is marked

MODELS = ("llama-3.2-1b", "qwen2.5-7b", "llama-3-8b", "llama-2-7b", "llama-3-70b", "llama-2-13b")
MOST_WINDOWS, MOST_SOURCES, MOST_PREFIXES = 1000, 30, 20
REALS = {"request_mean"}  # no ratio of two integers: printed with the fewest digits that read back, as `lta table` does


class Absent(Exception):
    """A trace lacks what a figure needs; the text says what, for readers."""


# ---- reading


def text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def column(dataset):
    values = dataset[...]
    return [text(v) for v in values] if values.dtype.kind in "SO" else values


class Trace:
    """One `enriched.h5` of a release."""

    def __init__(self, folder):
        self.name, self.path = os.path.basename(folder), os.path.join(folder, "enriched.h5")
        self.file = h5py.File(self.path, "r")
        attributes = self.file.attrs
        self.unit, self.block_tokens = text(attributes["unit"]), int(attributes["block_tokens"])
        self.parameters = json.loads(text(attributes["parameters"]))
        self.content_sha256, self.created_by = text(attributes["content_sha256"]), text(attributes["created_by"])
        self.has_symbols = "reusable" in self.file["requests"]
        self.has_sessions = "session" in self.file["requests"]
        self.has_times = "arrival_us" in self.file["requests"]

    def lacks(self, what, symbols=False, sessions=False, times=False):
        """Raises Absent, saying which of the things that `what` needs the source does not give."""
        needs = ((symbols, self.has_symbols, "symbols (ids of tokens or blocks)"), (sessions, self.has_sessions, "sessions"),
                 (times, self.has_times, "arrival times"))
        missing = [name for needed, there, name in needs if needed and not there]
        if missing:
            raise Absent("%s: no %s, because the trace has no %s." % (self.name, what, " and no ".join(missing)))

    def table(self, name, what):
        if name not in self.file["tables"]:
            raise Absent("%s: no %s, because the release has no table `%s` for this trace." % (self.name, what, name))
        return pd.DataFrame({c: column(d) for c, d in self.file["tables"][name].items()})

    def request(self, name):
        return self.file["requests"][name][...]

    def symbol(self):
        """What a symbol is, in the plural."""
        if self.unit == "token":
            return "tokens"
        return "blocks of %d tokens" % self.block_tokens if self.block_tokens > 1 else "ids" if self.block_tokens else "chunks"

    def model(self, name):
        """Bytes of a token's KV cache and of the weights in a model (0: not known), or None."""
        models = self.table("models", "sizes of models").set_index("model")
        if name not in models.index:
            return None
        return int(models["token_bytes"][name]), int(models["weight_bytes"][name]) if "weight_bytes" in models else 0


def release(folder):
    """The traces of a release, in the order of their names."""
    found = sorted(n for n in os.listdir(folder) if os.path.isfile(os.path.join(folder, n, "enriched.h5")))
    if not found:
        raise FileNotFoundError("%s: expected a release's folder, with TRACE/enriched.h5 in it" % folder)
    return [Trace(os.path.join(folder, n)) for n in found]


def a10_budget(trace, model=MODEL):
    """Bytes and whole tokens of KV cache that an A10 has beside a model's weights; None where they do not fit or are unknown."""
    token, weights = trace.model(model)
    size = A10_BYTES - weights
    return (size, size // token) if 0 < weights < A10_BYTES else None


# ---- axes


def short(x, _=None):
    """1 k, 25 M: short numbers for ticks."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(x) >= size:
            return "%g %s" % (round(x / size, 3), unit)
    return "%g" % round(x, 6)


TIMES = ((1, "1 µs"), (10, "10 µs"), (100, "100 µs"), (10**3, "1 ms"), (10**4, "10 ms"), (10**5, "100 ms"), (10**6, "1 s"),
         (10**7, "10 s"), (6 * 10**7, "1 min"), (6 * 10**8, "10 min"), (36 * 10**8, "1 h"), (36 * 10**9, "10 h"),
         (864 * 10**8, "1 d"), (864 * 10**9, "10 d"), (864 * 10**10, "100 d"))


TO_500, TO_30 = (1, 2, 5, 10, 20, 50, 100, 200, 500), (1, 2, 5, 10, 20, 30)
MORE_TIMES = tuple((n * size, "%d %s" % (n, unit)) for size, unit, numbers in (
    (1, "µs", TO_500), (10**3, "ms", TO_500), (10**6, "s", TO_30), (6 * 10**7, "min", TO_30), (36 * 10**8, "h", (1, 2, 5, 10)),
    (864 * 10**8, "d", TO_500)) for n in numbers)
FEWEST_TICKS, MOST_TICKS = 3, 10


def log_ticks(low, high, whole=True):
    """Powers of ten; on axes of less than three decades also twice and five times those, on very short ones more."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5) if high < 1000 * low else (1,), range(1, 10), [n / 10 for n in range(10, 100)]):
        ticks = [round(n * 10.0**d, 9) for d in decades for n in factors]
        ticks = [t for t in ticks if low <= t * (1 + 1e-9) and t <= high * (1 + 1e-9) and not (whole and t % 1)]
        if len(ticks) >= FEWEST_TICKS:
            break
    return ticks[::-(-len(ticks) // MOST_TICKS) or 1]


def log_axis(axis, low, high, time=False, whole=True):
    """whole: ticks at whole numbers alone."""
    high = max(high, 2 * low)
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    axis.xaxis.set_minor_formatter(NullFormatter())
    if time:
        shown = [(t, label) for t, label in TIMES if low <= t <= high]
        if len(shown) < FEWEST_TICKS:
            shown = [(t, label) for t, label in MORE_TIMES if low <= t <= high]
        axis.xaxis.set_major_locator(FixedLocator([t for t, _ in shown]))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: dict(shown).get(int(round(x)), "")))
        axis.xaxis.set_minor_locator(FixedLocator([]))
    else:
        axis.xaxis.set_major_locator(FixedLocator(log_ticks(low, high, whole)))
        axis.xaxis.set_major_formatter(FuncFormatter(short))


def share_axis(axis, label, top=1.0):
    axis.set_ylim(0, top * 1.02)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axis.set_ylabel(label)


def top_of(largest):
    """A round top for an axis of shares: small shares shall fill it too."""
    return next((t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8) if largest <= 0.95 * t), 1.0)


def legend_below(figure, axis, columns, **options):
    """Below the axes, where no curve can run into it."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, **options)


def titled(trace, axis, title):
    axis.set_title("%s: %s" % (trace.name, title))


# ---- hit curves


def curve_of(trace, what):
    trace.lacks(what, symbols=True)
    rows = trace.table("hit_curve", what)
    rows = rows[rows["capacity"] > 0].reset_index(drop=True)
    if rows.empty or not rows["hits"].any():
        raise Absent("%s: no %s, because no request hits at any capacity." % (trace.name, what))
    return rows


CURVE_COLUMNS = ["scope", "block", "reserve_last", "capacity", "capacity_tokens", "bytes_llama_3_8b", "hits", "lookups",
                 "hit_ratio"]


def kept(rows, columns):
    return rows[[c for c in columns if c in rows]].reset_index(drop=True)


def shown_range(rows, name):
    """From the first capacity that gains more than a trifle to where nothing more is gained, whatever else the table has."""
    low = rows.loc[rows["hit_ratio"] >= 0.002, name] if rows["hit_ratio"].max() >= 0.02 else rows[name]
    high = rows[rows["hits"] == rows.groupby(["scope", "block", "reserve_last"])["hits"].transform("max")]
    high = high.groupby(["scope", "block", "reserve_last"])[name].min()
    return float(low.min()), float(high.max())


def capacity_axis(trace, axis, rows):
    """Capacities in tokens, with bytes of Llama-3-8B above and the A10's budget; in symbols where their sizes differ."""
    budget = a10_budget(trace)
    name = "capacity_tokens" if "capacity_tokens" in rows else "capacity"
    low, high = shown_range(rows, name)
    if name == "capacity":
        log_axis(axis, low, high * 1.3)
        axis.set_xlabel("capacity of the cache (%s)" % trace.symbol())
        return name
    tokens = budget[1] if budget else None
    log_axis(axis, min(low, tokens / 10) if tokens else low, max(high, tokens or 0) * 1.3)
    axis.set_xlabel("capacity of the cache (tokens)")
    each = trace.model(MODEL)[0] / 1e9
    above = axis.secondary_xaxis("top", functions=(lambda x: x * each, lambda x: x / each))
    above.set_xlabel("KV cache of Llama-3-8B, fp16 (GB = 10⁹ bytes)", color=GREY)
    above.xaxis.set_major_locator(FixedLocator(log_ticks(*(x * each for x in axis.get_xlim()), whole=False)))
    above.xaxis.set_major_formatter(FuncFormatter(lambda x, _: format(x, ",g")))
    above.xaxis.set_minor_formatter(NullFormatter())
    above.tick_params(colors=GREY)
    if tokens:
        label = "A10's budget, %s tokens" % format(tokens, ",")
        axis.axvline(tokens, color=BLACK, linewidth=1, linestyle=(0, (2, 2)), label=label)
    return name


def hits_label(trace, block=None):
    what = "input symbols" if trace.unit != "block" else "input blocks"
    return "hit ratio (hits / looked-up %s)" % (what if block else "symbols or blocks")


def hit_curve_scopes(trace, figure):
    """Hit ratio by capacity, a line a scope: the smallest block size, whole inputs looked up."""
    rows = curve_of(trace, "hit curves")
    rows = kept(rows[(rows["block"] == rows["block"].min()) & (rows["reserve_last"] == 0)], CURVE_COLUMNS)
    axis = figure.add_subplot()
    x = capacity_axis(trace, axis, rows)
    for scope, part in rows.groupby("scope", sort=False):
        colour, dash = SCOPES[scope]
        axis.plot(part[x], part["hit_ratio"], color=colour, linestyle=dash, label="scope %s" % scope)
    share_axis(axis, hits_label(trace, 1), top_of(rows["hit_ratio"].max()))
    legend_below(figure, axis, 4)
    titled(trace, axis, "hits by scope")
    return rows


def hit_curve_blocks(trace, figure):
    """Hit ratio by capacity, scope global, a line a block size, whole inputs looked up or all but the last token; where lines
    coincide, the thinner lies over the thicker."""
    rows = curve_of(trace, "hit curves")
    rows = kept(rows[rows["scope"] == rows["scope"].iloc[0]], CURVE_COLUMNS)
    axis = figure.add_subplot()
    x = capacity_axis(trace, axis, rows)
    parts = list(rows.groupby(["block", "reserve_last"], sort=True))
    for i, ((block, reserved), part) in enumerate(parts):
        size = "blocks of %d tokens" % block if block > 1 else "single tokens" if trace.unit == "token" else trace.symbol()
        axis.plot(part[x], part["hit_ratio"], color=COLOURS[i % len(COLOURS)], linestyle=DASHES[i % len(DASHES)],
                  linewidth=1.6 + 1.2 * max(0, len(parts) - 1 - i),  # curves that nearly coincide stay visible under each other
                  label="%s%s" % (size, ", last token not looked up" if reserved else ""))
    share_axis(axis, "hit ratio (hits / looked-up blocks)", top_of(rows["hit_ratio"].max()))
    legend_below(figure, axis, 2)
    titled(trace, axis, "hits by block size, scope %s" % rows["scope"].iloc[0])
    return rows


def hit_curve_models(trace, figure):
    """Hit ratio by bytes of KV cache, a line a model, and what an A10 has beside its weights: scope global, smallest blocks."""
    rows = curve_of(trace, "hit curves by memory")
    if "capacity_tokens" not in rows:
        raise Absent("%s: no hit curves by memory, because the sizes of its symbols in tokens are not known." % trace.name)
    rows = rows[(rows["scope"] == rows["scope"].iloc[0]) & (rows["block"] == rows["block"].min()) & (rows["reserve_last"] == 0)]
    names = {"bytes_" + "".join(c if c.isalnum() else "_" for c in m): m for m in MODELS}
    names = {c: m for c, m in names.items() if c in rows}
    rows = kept(rows, ["scope", "block", "reserve_last", "capacity", "capacity_tokens", *names, "hits", "lookups", "hit_ratio"])
    axis = figure.add_subplot()
    ranges = [shown_range(rows, c) for c in names]
    high = 1.3 * max(A10_BYTES, *(high for _, high in ranges)) / 1e9
    log_axis(axis, min(low for low, _ in ranges) / 1e9, high, whole=False)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: format(x, ",g")))
    circle = {"marker": "o", "markersize": 7, "markeredgecolor": BLACK, "linestyle": ""}
    for i, (name, model) in enumerate(names.items()):
        within = rows[name] < high * 1e9
        x = np.append(rows.loc[within, name] / 1e9, high)  # beyond the last row nothing is gained
        y = np.append(rows.loc[within, "hit_ratio"], rows.loc[within, "hit_ratio"].iloc[-1])
        budget, weights = a10_budget(trace, model), trace.model(model)[1]
        label = "%.1f GB" % (budget[0] / 1e9) if budget else "does not fit an A10" if weights else "weights not known"
        axis.plot(x, y, color=COLOURS[i], linestyle=DASHES[i], label="%s: %s" % (model, label))
        if budget:  # on the line as it is drawn, straight on the log axis
            at = budget[0] / 1e9
            axis.plot(at, np.interp(math.log(at), np.log(x), y), color=COLOURS[i], zorder=3, **circle)
    axis.plot([], [], color="white", label="A10's 24 GB, less the weights", **circle)
    axis.set_xlabel("KV cache (GB = 10⁹ bytes)")
    share_axis(axis, hits_label(trace, 1), top_of(rows["hit_ratio"].max()))
    figure.set_size_inches(7.2, 4.6)
    legend_below(figure, axis, 2)
    titled(trace, axis, "hits by memory, scope %s" % rows["scope"].iloc[0])
    return rows


def a10_hits(trace):
    """For each curve the rows of the table on either side of the A10's budget: the hits there lie between theirs."""
    rows = curve_of(trace, "hits within the A10's budget")
    if "capacity_tokens" not in rows:
        raise Absent("%s: no hits within the A10's budget, because the sizes of its symbols in tokens are not known."
                     % trace.name)
    budget, found = a10_budget(trace), []
    if not budget:
        raise Absent("%s: no hits within the A10's budget, because the weights of %s are not known to fit." % (trace.name, MODEL))
    tokens = budget[1]
    for (scope, block, reserved), part in rows.groupby(["scope", "block", "reserve_last"], sort=False):
        below, above = part[part["capacity_tokens"] <= tokens], part[part["capacity_tokens"] > tokens]
        low = below.loc[below["capacity_tokens"].idxmax()] if len(below) else None
        high = above.loc[above["capacity_tokens"].idxmin()] if len(above) else low  # past the last vertex nothing is gained
        found.append({"scope": scope, "block": block, "reserve_last": reserved, "budget_tokens": tokens,
                      "capacity_tokens_below": 0 if low is None else low["capacity_tokens"],
                      "hit_ratio_at_least": 0.0 if low is None else low["hit_ratio"],
                      "capacity_tokens_above": high["capacity_tokens"], "hit_ratio_at_most": high["hit_ratio"]})
    return pd.DataFrame(found)


def enough(trace, figure):
    """The smallest capacity that reaches a share of the unlimited hits, by scope."""
    trace.lacks("capacities that are enough", symbols=True)
    rows = trace.table("enough", "capacities that are enough")
    rows = rows[(rows["block"] == rows["block"].min()) & (rows["reserve_last"] == 0) & (rows["capacity"] > 0)]
    if rows.empty:
        raise Absent("%s: no capacities that are enough, because no request hits at any capacity." % trace.name)
    rows = kept(rows, ["scope", "block", "reserve_last", "permille", "capacity", "capacity_tokens", "bytes_llama_3_8b", "hits",
                       "lookups", "ceiling", "hit_ratio"])
    axis = figure.add_subplot()
    x = capacity_axis(trace, axis, rows)
    for (scope, part), marker, size in zip(rows.groupby("scope", sort=False), "os^", (10, 6.5, 5)):  # seen where they coincide
        axis.plot(part[x], part["permille"] / 1000, marker, color=SCOPES[scope][0], label="scope %s" % scope, markersize=size)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.set_ylim(0.45, 1.02)
    axis.set_ylabel("share of its own scope's ceiling\n(hits / hits of an unlimited cache)")
    legend_below(figure, axis, 4)
    titled(trace, axis, "capacity that is enough")
    return rows


DENOMINATORS = {"symbols": "looked-up symbols", "tokens": "input tokens", "full_blocks": "full input blocks",
                "request_mean": "mean of requests' ratios", "requests_any": "requests (any hit)",
                "steady_state": "symbols, steady state"}


def denominators(trace, figure):
    """The same hits under every denominator in use, at the configured capacities and the last vertex, scope global."""
    trace.lacks("hit ratios by denominator", symbols=True)
    rows = trace.table("denominators", "hit ratios by denominator")
    rows = rows[(rows["scope"] == rows["scope"].iloc[0]) & (rows["block"] == rows["block"].min()) & (rows["reserve_last"] == 0)]
    rows = kept(rows, ["scope", "block", "reserve_last", "capacity", "hits", "lookups", "hit_tokens", "input_tokens",
                       "hit_full_blocks", "input_full_blocks", "requests", "requests_with_lookups", "requests_with_hits",
                       "steady_hits", "steady_lookups", *DENOMINATORS])
    there = {c: label for c, label in DENOMINATORS.items() if c in rows}
    axis = figure.add_subplot()
    place = np.arange(len(rows))
    for i, ((name, label), marker) in enumerate(zip(there.items(), "os^DvP")):
        axis.plot(place + (i - (len(there) - 1) / 2) * 0.1, rows[name], marker, color=COLOURS[i], label=label, markersize=6)
    last = rows.loc[rows["hits"] == rows["hits"].max(), "capacity"].min()  # from here on nothing more is gained
    axis.set_xticks(place, [format(c, ",") + ("\nthe last vertex:\nevery hit" if c == last else "") for c in rows["capacity"]])
    axis.set_xlim(-0.5, len(rows) - 0.5)
    axis.grid(False, axis="x")
    axis.set_xlabel("capacity of the cache (%s)" % trace.symbol())
    share_axis(axis, "hit ratio (hits / each denominator)")
    axis.legend(title="denominator", loc="upper left", bbox_to_anchor=(1.0, 1.0), alignment="left")
    titled(trace, axis, "one cache, many hit ratios")
    return rows


# ---- distributions


def distribution(trace, name, what):
    """Rows of a histogram, [edge, next_edge) each, with how many values are below `next_edge`: exact at every bin's end."""
    bins = trace.table(name, what)
    whole = trace.table("distributions", what).set_index("distribution")
    values, none = int(whole.loc[name, "values"]), int(whole.loc[name, "none"])
    if values == 0:
        raise Absent("%s: no %s, because none has a value." % (trace.name, what))
    bins.insert(0, "distribution", name)
    bins["below"] = bins["count"].cumsum()
    bins["values"], bins["none"] = np.uint64(values), np.uint64(none)
    bins["share"] = bins["below"] / bins["values"]
    return bins


def draw_cdfs(axis, parts, labels, time=False):
    """A line rises over each bin from its first to its last value: a step where the bin has one value, as all below 16."""
    low, high = [], []
    for i, (bins, label) in enumerate(zip(parts, labels)):
        used = bins[bins["count"] > 0]
        first, last = used["edge"].to_numpy(dtype=float), used["next_edge"].to_numpy(dtype=float) - 1
        share = used["share"].to_numpy()
        x, y = np.column_stack((first, last)).ravel(), np.column_stack((np.concatenate(([0.0], share[:-1])), share)).ravel()
        positive = first[first > 0]
        low.append((positive[0] if len(positive) else 1.0) / (2 if first[0] == 0 else 1.1))
        high.append(last[-1])
        axis.plot(np.maximum(x, 1e-3), y, color=COLOURS[i], linestyle=DASHES[i],
                  label="%s (n = %s)" % (label, format(int(bins["values"].iloc[0]), ",")))
    log_axis(axis, min(low), max(high) * 1.1, time)
    axis.legend(loc="lower right" if time else "upper left")


def cdf(trace, figure, names, what, title, xlabel, time=False):
    parts = [distribution(trace, n, what) for n in names]
    axis = figure.add_subplot()
    draw_cdfs(axis, parts, names.values(), time)
    axis.set_xlabel(xlabel)
    share_axis(axis, "cumulative share\n(values up to x / n)")
    titled(trace, axis, title)
    return pd.concat(parts, ignore_index=True)


def reuse_distance(trace, figure):
    """Reuse distances of looked-up symbols, and of requests' deepest reusable ones."""
    trace.lacks("reuse distances", symbols=True)
    lines = {"reuse_distance": "looked-up symbols seen before", "reuse_distance_request": "requests with anything reusable"}
    return cdf(trace, figure, lines, "reuse distances", "reuse distance",
               "reuse distance: distinct symbols touched since (%s)" % trace.symbol())


def reuse_time(trace, figure):
    """Time since the request that last touched what is reused."""
    trace.lacks("reuse times", symbols=True, times=True)
    return cdf(trace, figure, {"reuse_time": "requests with anything reusable"}, "reuse times", "reuse time",
               "time since the request that last touched the deepest reusable symbol", time=True)


def lengths(trace, figure):
    """Input and output tokens of requests."""
    lines = {"input_length": "inputs of requests", "output_length": "outputs of requests"}
    return cdf(trace, figure, lines, "lengths", "lengths", "length (tokens)")


def think_time(trace, figure):
    """Time since the previous request of the session."""
    trace.lacks("think times", sessions=True, times=True)
    return cdf(trace, figure, {"think_time": "requests after the first of their session"}, "think times", "think time",
               "time since the previous request of the session", time=True)


def session_turns(trace, figure):
    """Requests a session."""
    trace.lacks("lengths of sessions", sessions=True)
    return cdf(trace, figure, {"session_turns": "sessions"}, "lengths of sessions", "session length",
               "requests of the session")


# ---- load


SPANS = ((2 * 3600, 60, "min"), (3 * 86400, 3600, "h"), (math.inf, 86400, "days"))


def windows(trace, names):
    """The table's windows; where there are too many to draw, sums of so many in a row (`merged`)."""
    trace.lacks("load over time", times=True)
    rows = trace.table("windows", "load over time")
    width = int(trace.parameters["window_us"])
    names = [n for n in names if n in rows]
    if rows.empty:
        raise Absent("%s: no load over time, because there are no requests." % trace.name)
    merged = -(-int(rows["window"].iloc[-1] - rows["window"].iloc[0] + 1) // MOST_WINDOWS)
    rows = rows.assign(window=rows["window"] // merged)[["window", *names]].groupby("window", as_index=False).sum()
    rows.insert(1, "start_us", rows["window"] * (merged * width))
    rows.insert(2, "width_us", merged * width)
    return rows


def draw_windows(axis, rows, name, colour, empty=0.0):
    """Steps; windows without requests, which the table leaves out, are `empty`; the axis in a unit that suits the span."""
    width = int(rows["width_us"].iloc[0])
    first, last = int(rows["window"].iloc[0]), int(rows["window"].iloc[-1])
    values = np.full(last - first + 1, empty)
    values[(rows["window"] - first).to_numpy()] = rows[name].to_numpy(dtype=float)
    seconds = (last - first + 1) * width / 1e6
    per, unit = next((s, u) for most, s, u in SPANS if seconds < most)
    edges = np.arange(first, last + 2) * (width / 1e6 / per)
    axis.stairs(values, edges, color=colour, linewidth=1.2, baseline=None if math.isnan(empty) else 0)
    axis.set_xlim(edges[0], edges[-1])
    axis.set_xlabel("time from the trace's zero (%s)" % unit)


def width_text(rows):
    seconds = int(rows["width_us"].iloc[0]) / 1e6
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return "%d %s" % (seconds // size, unit)
    return "%g s" % seconds


def load_requests(trace, figure):
    """Requests a window."""
    rows = windows(trace, ["requests"])
    axis = figure.add_subplot()
    draw_windows(axis, rows, "requests", BLUE)
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(FuncFormatter(short))
    axis.set_ylabel("requests in %s" % width_text(rows))
    titled(trace, axis, "load, requests")
    return rows


def load_tokens(trace, figure):
    """Input and output tokens a window."""
    rows = windows(trace, ["input_tokens", "output_tokens"])
    names = [n for n in ("input_tokens", "output_tokens") if n in rows]
    if not names:
        raise Absent("%s: no tokens over time, because the trace has no lengths." % trace.name)
    axes = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
    for i, (axis, name, colour) in enumerate(zip(axes, names, (BLUE, RED))):
        draw_windows(axis, rows, name, colour)
        axis.set_ylim(bottom=0)
        axis.yaxis.set_major_formatter(FuncFormatter(short))
        axis.set_ylabel("%s tokens\nin %s" % (name.split("_")[0], width_text(rows)))
        if i == 0:
            titled(trace, axis, "load, tokens")
        if i + 1 < len(names):
            axis.set_xlabel("")
    return rows


def load_hits(trace, figure):
    """Hit ratio of an unlimited cache a window."""
    trace.lacks("hits over time", symbols=True, times=True)
    rows = windows(trace, ["requests", "input_symbols", "hits"])
    rows["hit_ratio"] = rows["hits"] / rows["input_symbols"].where(rows["input_symbols"] > 0)
    axis = figure.add_subplot()
    draw_windows(axis, rows, "hit_ratio", GREEN, empty=math.nan)
    share_axis(axis, "hit ratio of an unlimited cache\n(hits / input symbols in %s)" % width_text(rows))
    titled(trace, axis, "hits over time")
    return rows


# ---- sharing


def clipped(name, width=34):
    return name if len(name) <= width else name[:width - 1] + "…"


def sharing(trace, figure):
    """Input symbols of each source by where they could come from: the session, other sessions, other sources, nowhere."""
    trace.lacks("sharing", symbols=True)
    rows = trace.table("summary", "sharing")
    total = rows.iloc[[-1]]
    sources = rows.iloc[:-1]
    left_out = max(0, len(sources) - MOST_SOURCES)
    if left_out:
        largest = sources["input_symbols"].sort_values(ascending=False, kind="stable").index[:MOST_SOURCES]
        sources = sources.loc[sorted(largest)]
    rows = pd.concat([sources, total] if len(sources) > 1 else [total], ignore_index=True)
    parts = []
    if "reusable_session" in rows:
        rows["reusable_cross"] = rows["reusable_source"] - rows["reusable_session"]
        parts += [("reusable_session", "from its session", BLUE), ("reusable_cross", "from other sessions of the source", SKY)]
    else:
        parts.append(("reusable_source", "from the same source", BLUE))
    rows["reusable_other_sources"] = rows["reusable_global"] - rows["reusable_source"]
    rows["new_symbols"] = rows["input_symbols"] - rows["reusable_global"]
    if len(sources) > 1:
        parts.append(("reusable_other_sources", "from other sources alone (sister files)", ORANGE))
    parts.append(("new_symbols", "new", "#d9d9d9"))
    for name, _, _ in parts:
        rows["share_" + name] = rows[name] / rows["input_symbols"].where(rows["input_symbols"] > 0)
    axis = figure.add_subplot()
    figure.set_size_inches(7.2, 1.7 + 0.28 * len(rows))
    place, start = np.arange(len(rows)), np.zeros(len(rows))
    for name, label, colour in parts:
        width = rows["share_" + name].fillna(0).to_numpy()
        axis.barh(place, width, left=start, color=colour, label=label if width.any() else None, height=0.75)
        start = start + width
    axis.set_yticks(place, [clipped(n) for n in rows["source"]])
    axis.invert_yaxis()
    axis.grid(False, axis="y")
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(PercentFormatter(1.0))
    axis.set_xlabel("share of the source's input symbols (%s)%s" % (
        trace.symbol(), "; the %d largest of %d sources" % (MOST_SOURCES, MOST_SOURCES + left_out) if left_out else ""))
    legend_below(figure, axis, 2)
    titled(trace, axis, "where inputs come from, unlimited cache")
    return kept(rows, ["source", "requests", "input_symbols", "reusable_global", "reusable_source",
                       *(p[0] for p in parts if p[0] != "reusable_source"), *("share_" + p[0] for p in parts)])


def session_reuse(trace, figure):
    """Quantiles over sessions of what they reuse inside and across."""
    trace.lacks("reuse by session", symbols=True, sessions=True)
    rows = trace.table("session_quantiles", "reuse by session")
    rows = kept(rows, ["permille", "input_symbols", "reuse_inside", "reuse_across"])
    if rows.empty or int(rows["input_symbols"].max()) == 0:
        raise Absent("%s: no reuse by session, because no session has input symbols." % trace.name)
    axis = figure.add_subplot()
    for (name, label), colour, marker in zip((("input_symbols", "input symbols"), ("reuse_inside", "reusable from the session"),
                                              ("reuse_across", "reusable from other sessions")), (BLACK, BLUE, SKY), "os^"):
        axis.plot(rows["permille"] / 1000, rows[name], color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
    axis.set_yscale("symlog", linthresh=1)
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(FuncFormatter(short))
    axis.xaxis.set_major_formatter(PercentFormatter(1.0))
    axis.set_xlabel("quantile over sessions, each quantity by itself")
    axis.set_ylabel("%s a session" % trace.symbol())
    legend_below(figure, axis, 3)
    titled(trace, axis, "reuse by session")
    return rows


def trie_shape(trace, figure):
    """Counts of the prefix trie's nodes by kind."""
    trace.lacks("prefix trie", symbols=True)
    rows = trace.table("trie_shape", "prefix trie")
    shown = (("nodes", "nodes"), ("leaves", "leaves"), ("branching_nodes", "nodes with two children or more"),
             ("root_children", "children of the root"), ("most_children", "most children of a node"),
             ("depth_max_nodes", "greatest depth in nodes"), ("depth_max_symbols", "greatest depth in symbols"),
             ("positions", "positions (%s)" % trace.symbol()))
    shown = [(c, label) for c, label in shown if c in rows]
    axis = figure.add_subplot()
    values = [int(rows[c].iloc[0]) for c, _ in shown]
    axis.barh(range(len(values)), [max(v, 0.5) for v in values], color=BLUE, height=0.65)
    for i, v in enumerate(values):
        axis.annotate(format(v, ","), (max(v, 0.5), i), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    log_axis(axis, 0.5, max(values) * 12)
    axis.set_yticks(range(len(values)), [label for _, label in shown])
    axis.invert_yaxis()
    axis.grid(False, axis="y")
    axis.set_xlabel("number, depths in nodes or symbols")
    titled(trace, axis, "the prefix trie")
    return rows


def trie_depth(trace, figure):
    """Trie nodes on the path of each request."""
    trace.lacks("depths in the trie", symbols=True)
    values, counts = np.unique(trace.request("trie_depth"), return_counts=True)
    absent = np.iinfo(values.dtype).max  # of sources without symbols, in a merge
    values, counts = values[values != absent], counts[values != absent]
    if len(values) == 0:
        raise Absent("%s: no depths in the trie, because there are no requests." % trace.name)
    rows = pd.DataFrame({"trie_depth": values, "requests": counts})
    rows["up_to"], rows["all_requests"] = rows["requests"].cumsum(), rows["requests"].sum()
    rows["share"] = rows["up_to"] / rows["all_requests"]
    axis = figure.add_subplot()
    before = max(0, int(values[0]) - 1)
    axis.step(np.concatenate(([before], values)), np.concatenate(([0.0], rows["share"])), where="post", color=BLUE)
    axis.set_xlim(left=0)
    axis.set_xlabel("depth in the trie: nodes on the path of the request (the root not counted)")
    share_axis(axis, "cumulative share\n(requests up to x / requests)")
    titled(trace, axis, "depth of requests in the trie")
    return rows


def prefixes(trace, figure):
    """The trie nodes that save most."""
    trace.lacks("top prefixes", symbols=True)
    rows = trace.table("prefixes", "top prefixes").head(MOST_PREFIXES).reset_index(drop=True)
    rows = rows[rows["saved"] > 0]
    if rows.empty:
        raise Absent("%s: no top prefixes, because no prefix comes again." % trace.name)
    axis = figure.add_subplot()
    figure.set_size_inches(7.2, 1.3 + 0.22 * len(rows))
    place = np.arange(len(rows))
    axis.barh(place, rows["saved"].astype(float), color=BLUE, height=0.7)
    for i, (saved, length, requests) in enumerate(zip(rows["saved"], rows["length"], rows["requests"])):
        axis.annotate("%s × %s" % (format(length, ","), format(requests, ",")), (float(saved), i), xytext=(3, 0),
                      textcoords="offset points", va="center", fontsize=7.5)
    axis.set_xlim(0, float(rows["saved"].max()) * 1.18)
    axis.set_yticks(place, ["node %d" % n for n in rows["node"]])
    axis.invert_yaxis()
    axis.grid(False, axis="y")
    axis.xaxis.set_major_formatter(FuncFormatter(short))
    axis.set_xlabel("saved %s = length of the node × later requests with it" % trace.symbol())
    titled(trace, axis, "prefixes that save most, length × later requests")
    return rows


# ---- Kavier's prompt cache


def prompt_cache(trace, figure):
    """Kavier's prompt cache: hits by number of entries, a line a key length, a panel a scope."""
    trace.lacks("prompt cache", symbols=True)
    rows = trace.table("prompt_cache", "prompt cache")
    if rows.empty:
        raise Absent("%s: no prompt cache, because no key length in use is a whole number of its blocks." % trace.name)
    if not rows["lookups"].any():
        raise Absent("%s: no prompt cache, because no input is as long as any key." % trace.name)
    scopes = list(dict.fromkeys(rows["scope"]))
    axes = figure.subplots(1, len(scopes), sharey=True, squeeze=False)[0]
    top = top_of(rows["hits_per_request"].max())
    for axis, scope in zip(axes, scopes):
        of_scope = rows[rows["scope"] == scope]
        for i, (length, part) in enumerate(of_scope.groupby("min_tokens", sort=True)):
            part = part.sort_values("max_prompts")
            axis.plot(part["max_prompts"], part["hits_per_request"], color=COLOURS[i], linestyle=DASHES[i],
                      label=format(length, ","))
        log_axis(axis, 1, float(of_scope["max_prompts"].max()))
        axis.set_title("scope %s" % scope, fontweight="normal", fontsize=9)
        axis.set_xlabel("entries of the cache (prompts)")
    share_axis(axes[0], "hit ratio (hits / all requests)", top)
    figure.get_layout_engine().set(wspace=0.06)
    legend_below(figure, axes[0], 6, title="key: the first tokens of the input, so many of them")
    figure.suptitle("%s: Kavier's prompt cache" % trace.name, fontsize=10, fontweight="bold", x=0.01, ha="left")
    return rows


def prompt_and_prefix_cache(trace, figure):
    """The same event in both caches: the first `min_tokens` tokens of a request are there. Shares of all requests."""
    what = "comparison of prompt and prefix cache"
    trace.lacks(what, symbols=True)
    length = int(trace.parameters["prompt_cache_min_tokens"])
    table = trace.table("prompt_cache", what)
    table = table[table["min_tokens"] == length]
    if table.empty or not trace.block_tokens or length % trace.block_tokens:
        raise Absent("%s: no %s, because %d tokens are no whole number of its symbols." % (trace.name, what, length))
    needed, found = length // trace.block_tokens, []
    for scope, part in table.groupby("scope", sort=False):
        for row in part.sort_values("max_prompts").itertuples():
            found.append(("prompt", scope, row.max_prompts * length, row.hits, row.requests))
    requests = int(table["requests"].iloc[0])

    def prefix_hits(name):
        values = trace.request(name)  # in merges, sources without symbols hold the largest number: no hits
        return int(np.count_nonzero((values >= needed) & (values != np.iinfo(values.dtype).max)))

    for capacity in trace.parameters["capacities"]:
        if "hit_%d" % capacity in trace.file["requests"]:
            found.append(("prefix", "global", capacity * trace.block_tokens, prefix_hits("hit_%d" % capacity), requests))
    for scope, name in (("global", "reusable"), ("session", "reusable_session")):
        if name in trace.file["requests"]:
            found.append(("prefix, unlimited", scope, None, prefix_hits(name), requests))
    rows = pd.DataFrame(found, columns=["cache", "scope", "capacity_tokens", "hits", "requests"])
    rows["capacity_tokens"] = rows["capacity_tokens"].astype("UInt64")
    rows.insert(2, "first_tokens", length)
    if not rows["hits"].any():
        raise Absent("%s: no %s, because no request finds its first %d tokens in either." % (trace.name, what, length))
    rows["hits_per_request"] = rows["hits"] / rows["requests"]
    axis = figure.add_subplot()
    log_axis(axis, float(rows["capacity_tokens"].min()), float(rows["capacity_tokens"].max()) * 1.3)
    for (cache, scope), part in rows.groupby(["cache", "scope"], sort=False):
        colour, dash = SCOPES[scope]
        shares = part["hits_per_request"]
        if cache == "prompt":
            label = "prompt cache, scope %s" % scope
            axis.plot(part["capacity_tokens"].astype(float), shares, color=colour, linestyle=dash, label=label)
        elif cache == "prefix":
            axis.plot(part["capacity_tokens"].astype(float), shares, "D", color=RED, label="prefix cache, scope %s" % scope)
        else:
            label = "prefix cache, scope %s, unlimited" % scope
            axis.axhline(shares.iloc[0], color=RED, linestyle=dash, linewidth=1, label=label)
    axis.set_xlabel("capacity of the cache (tokens; for the prompt cache entries × %s)" % format(length, ","))
    label = "requests whose first %s tokens hit\n(hits / all requests)" % format(length, ",")
    share_axis(axis, label, top_of(rows["hits_per_request"].max()))
    legend_below(figure, axis, 2)
    titled(trace, axis, "prompt cache and prefix cache")
    return rows


# ---- writing


def number(value, name):
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, (float, np.floating)):
        if math.isnan(value):
            return ""
        return repr(float(value)) if name in REALS else "%.9f" % value
    return str(value)


def csv_text(rows):
    """As `lta table` writes: plain integers, ratios with 9 decimals, LF, no number that depends on the locale."""
    def field(s):
        return '"%s"' % s.replace('"', '""') if any(c in s for c in ',"\r\n') else s
    lines = [",".join(field(c) for c in rows.columns)]
    columns = [[field(number(v, c)) for v in rows[c]] for c in rows.columns]
    lines += [",".join(values) for values in zip(*columns)]
    return "\n".join(lines) + "\n"


def draw(trace, function, folder):
    """Draws one figure of a trace into folder/TRACE/NAME.svg, .png and .csv and gives back the rows behind it."""
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **STYLE}):
        figure = Figure(figsize=(7.2, 4.0), layout="constrained")
        rows = function(trace, figure)
        path = os.path.join(folder, trace.name, function.__name__)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        title = "%s: %s" % (trace.name, function.__name__)
        figure.savefig(path + ".svg", metadata={"Date": None, "Creator": None, "Title": title})
        figure.savefig(path + ".png", metadata={"Software": None})
    with open(path + ".csv", "w", encoding="utf-8", newline="") as f:
        f.write(csv_text(rows))
    return rows


class Notebook:
    """What a notebook draws with: the release and the folder for its figures, from LTA_RELEASE and LTA_FIGURES."""

    def __init__(self):
        self.traces = release(os.environ.get("LTA_RELEASE", "release"))
        self.folder = os.environ.get("LTA_FIGURES", "figures-out")

    def show(self, function):
        """Shows the figure of every trace, and a sentence for each that cannot have it."""
        from IPython.display import HTML, Markdown, display
        for trace in self.traces:
            try:
                draw(trace, function, self.folder)
            except Absent as reason:
                display(Markdown("*%s*" % reason))
                self.note(trace, function.__name__, str(reason))
                continue
            name = "%s/%s" % (trace.name, function.__name__)
            links = " ".join('<a href="%s.%s">%s</a>' % (name, e, e.upper()) for e in ("svg", "png", "csv"))
            with open(os.path.join(self.folder, name + ".svg"), "rb") as f:
                svg = base64.b64encode(f.read()).decode("ascii")
            says = html.escape("%s: %s" % (trace.name, function.__doc__), quote=True)
            display(HTML('<figure><img alt="%s" src="data:image/svg+xml;base64,%s"><figcaption>%s</figcaption></figure>'
                         % (says, svg, links)))
            self.note(trace, function.__name__, None)

    def table(self, function):
        """Shows the rows of a function that draws nothing."""
        from IPython.display import HTML, Markdown, display
        for trace in self.traces:
            try:
                rows = function(trace)
            except Absent as reason:
                display(Markdown("*%s*" % reason))
                continue
            shown = rows.map(lambda v: v if isinstance(v, str) else format(v, ".2%" if isinstance(v, float) else ","))
            display(HTML("<p>%s</p>%s" % (html.escape(trace.name), shown.to_html(index=False, border=0))))

    def note(self, trace, name, absent):
        """A line for export.py, which lists in manifest.json what there is and what is left out, with the reason."""
        log = os.environ.get("LTA_FIGURE_LOG")
        if log:
            with open(log, "a", encoding="utf-8") as f:
                f.write(json.dumps({"trace": trace.name, "figure": name, "absent": absent}, sort_keys=True) + "\n")
