#!/usr/bin/python3
"""Recomputes enriched.h5 from trace.h5 alone, by definition, and compares every field and table.

Usage: enrich_reference.py LTA [STORE...]     (without stores: on small traces made here)

enrich_definitions.py does the computing. Numbers must be equal to the last digit, except the fitted distributions
(relative 1e-6)."""
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import h5py

from enrich_definitions import EDGES, PERMILLE, Reference, Trace, lookup_length, quantile, ratio
from small_traces import write_azure, write_burstgpt, write_marconi, write_mooncake

checks = 0


def equal(what, got, want):
    """Exact equality, NaN equal to NaN; names the first difference."""
    global checks
    checks += 1
    got, want = list(got), list(want)
    if len(got) != len(want):
        sys.exit(f"{what}: {len(got)} values, expected {len(want)}")
    for i, (g, w) in enumerate(zip(got, want)):
        if isinstance(w, str):
            g = g.decode() if isinstance(g, bytes) else g
        if g != w and not (isinstance(w, float) and math.isnan(w) and math.isnan(g)):
            sys.exit(f"{what}: row {i} is {g!r}, expected {w!r}")


def close(what, got, want, relative):
    global checks
    checks += 1
    if not (math.isnan(got) and math.isnan(want)) and not abs(got - want) <= relative * abs(want):
        sys.exit(f"{what}: {got!r}, expected about {want!r}")


def check_curves(ref, tables):
    """hit_curve and enough against hits counted at every capacity of their rows."""
    t = ref.t
    seen = {}

    def hits(scope, b, reserve_last, c):
        key = (scope, b, reserve_last, c)
        if key not in seen:
            seen[key] = sum(ref.scope[scope, b].hits(r, lookup_length(t, r, reserve_last), b, c) for r in range(t.n))
        return seen[key]

    for name in ("hit_curve", "enough"):
        table = tables[name]
        curves = list(zip([s.decode() for s in table["scope"]], table["block"].tolist(), table["reserve_last"].tolist()))
        capacities, at = table["capacity"].tolist(), table["hits"].tolist()
        equal(name + " curves", sorted(set(curves)),
              sorted((s, b, x) for s in t.scopes for b in ref.blocks() for x in (0, 1)))
        tokens = [c * k[1] * t.block_tokens for c, k in zip(capacities, curves)]
        equal(name + " capacity_tokens", table["capacity_tokens"], tokens)
        equal(name + " bytes", table["bytes"], [n * t.token_bytes for n in tokens])
        equal(name + " bytes_llama_2_7b", table["bytes_llama_2_7b"], [n * 524288 for n in tokens])
        equal(name + " hits", at, [hits(*k, c) for k, c in zip(curves, capacities)])
        equal(name + " ceiling", table["ceiling"], [hits(*k, math.inf) for k in curves])
        lookups = [sum(lookup_length(t, r, k[2]) // k[1] for r in range(t.n)) for k in curves]
        equal(name + " lookups", table["lookups"], lookups)
        equal(name + " hit_ratio", table["hit_ratio"], [ratio(h, l) for h, l in zip(at, lookups)])
        for k in set(curves):
            mine = [i for i, other in enumerate(curves) if other == k]
            if name == "enough":
                for i in mine:
                    permille, c = table["permille"][i], capacities[i]
                    assert 1000 * at[i] >= permille * hits(*k, math.inf), (k, permille)
                    assert c == 0 or 1000 * hits(*k, c - 1) < permille * hits(*k, math.inf), (k, permille)
            else:
                rising = [capacities[i] for i in mine]
                last = min(c for c in rising if hits(*k, c) == hits(*k, math.inf))
                want = {e for e in EDGES if e <= last} | {last} | set(t.capacities)
                equal("hit_curve rows", rising, sorted(want))


def gamma_cdf(a, x):
    term = total = 1.0 / a
    i = 1
    while term > total * 1e-17:
        term *= x / (a + i)
        total += term
        i += 1
    return math.exp(a * math.log(x) - x - math.lgamma(a)) * total


def best(likelihood, low, high):
    """Golden-section search over the logarithm of the shape."""
    g = (math.sqrt(5) - 1) / 2
    a, b = math.log(low), math.log(high)
    for _ in range(200):
        c, d = b - g * (b - a), a + g * (b - a)
        if likelihood(math.exp(c)) > likelihood(math.exp(d)):
            b = d
        else:
            a = c
    return math.exp((a + b) / 2)


def ks(values, cdf):
    n = len(values)
    return max(max((i + 1) / n - cdf(v), cdf(v) - i / n) for i, v in enumerate(values))


def check_interarrival(t, table):
    gaps = [t.arrival[r] - t.arrival[r - 1] for r in range(1, t.n)]
    mean = ratio(t.arrival[-1] - t.arrival[0], len(gaps)) if gaps else math.nan
    equal("interarrival gaps", table["gaps"], [len(gaps)])
    equal("interarrival zero_gaps", table["zero_gaps"], [gaps.count(0)])
    equal("interarrival mean_us", table["mean_us"], [mean])
    if gaps and mean > 0:
        deviation = math.sqrt(sum((g - mean) ** 2 for g in gaps) / len(gaps))
        close("interarrival cv", table["cv"][0], deviation / mean, 6e-9)
    windows = [a // t.window_us for a in t.arrival]
    counts = [windows.count(k) for k in range(windows[0], windows[-1] + 1)]
    m = sum(counts) / len(counts)
    equal("interarrival windows", table["windows"], [len(counts)])
    close("index of dispersion", table["index_of_dispersion"][0],
          sum((c - m) ** 2 for c in counts) / len(counts) / m, 1e-8)
    x = sorted(g for g in gaps if g > 0)
    if len(set(x)) < 2:
        assert math.isnan(table["gamma_shape"][0]) and math.isnan(table["weibull_shape"][0])
        return
    average, logs = sum(x) / len(x), sum(map(math.log, x)) / len(x)
    if not 1e-3 < table["gamma_shape"][0] < 1e3:
        return  # a plain likelihood in double precision says nothing there; test_enrich.c has such samples
    k = best(lambda k: (k - 1) * logs - k - math.lgamma(k) - k * math.log(average / k), 1e-3, 1e3)
    close("gamma shape", table["gamma_shape"][0], k, 1e-6)
    close("gamma scale", table["gamma_scale_us"][0], average / k, 1e-6)
    close("gamma ks", table["gamma_ks"][0], ks(x, lambda v: gamma_cdf(k, v * k / average)), 1e-6)
    scale = lambda k: x[-1] * (sum((v / x[-1]) ** k for v in x) / len(x)) ** (1 / k)
    k = best(lambda k: math.log(k) - k * math.log(scale(k)) + (k - 1) * logs, 1e-3, 1e2)
    close("weibull shape", table["weibull_shape"][0], k, 1e-6)
    close("weibull scale", table["weibull_scale_us"][0], scale(k), 1e-6)
    close("weibull ks", table["weibull_ks"][0], ks(x, lambda v: -math.expm1(-(v / scale(k)) ** k)), 1e-6)


def check_descriptions(name, obj):
    if isinstance(obj, h5py.Dataset):
        assert obj.attrs.get("description") and obj.attrs.get("unit"), name + ": no description or unit"


def check_csv(lta, store, tables, t, fields):
    """The CSV files repeat the columns; the export repeats the fields."""
    for name, columns in tables.items():
        with open(os.path.join(store, "tables", name + ".csv"), newline="") as f:
            rows = list(csv.reader(f))
        equal(name + ".csv header", sorted(rows[0]), sorted(columns))
        for i, column in enumerate(rows[0]):
            got, want = [row[i] for row in rows[1:]], columns[column]
            if want.dtype.kind == "f":
                equal(name + ".csv " + column, [v == "" for v in got], [bool(math.isnan(w)) for w in want])
                for g, w in zip(got, want):
                    assert g == "" or abs(float(g) - w) <= 1e-9 * max(1.0, abs(w)), (name, column, g, w)
            else:
                equal(name + ".csv " + column, got, [w.decode() if isinstance(w, bytes) else str(w) for w in want])
    text = subprocess.run([lta, "export", "-q", "--format", "csv", store], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(text.splitlines()))
    equal("export request", [int(row["request"]) for row in rows], range(t.n))
    equal("export columns", list(rows[0])[-len(fields):], fields)
    for k in fields:
        equal("export " + k, [row[k] for row in rows], [str(v) for v in fields[k]])
    one = subprocess.run([lta, "export", "-q", "--format", "csv", "--source", t.source_names[0], store], check=True,
                         capture_output=True, text=True).stdout
    equal("export --source", [int(row["request"]) for row in csv.DictReader(one.splitlines())],
          [r for r in range(t.n) if t.source_names[t.source[r]] == t.source_names[0]])


def check(lta, store):
    t = Trace(store)
    ref = Reference(t)
    with h5py.File(os.path.join(store, "enriched.h5"), "r") as f:
        f.visititems(check_descriptions)
        base = ["session", "turn", "arrival_us", "input_tokens", "output_tokens", "model", "kind", "source", "source_session",
                "source_row", "source_time"]
        fields = {k: f["/requests/" + k][:].tolist() for k in f["/requests"] if k not in base}
        order = ["reusable", "reusable_session", "reusable_source", "reusable_cross", "new_symbols", "reuse_distance",
                 "reuse_distance_first", "reuse_request", "reuse_time_us", "working_set", "next_request",
                 "next_reuse_time_us", "interarrival_us", "think_time_us", "session_turns", "trie_depth"]
        order += [f"hit_{c}" for c in t.capacities] + ["kv_bytes", "prompt_cache_distance"]
        fields = {k: fields.pop(k) for k in order if k in fields} | fields
        equal("fields", sorted(fields), sorted(ref.field))
        for k, v in ref.field.items():
            equal("field " + k, fields[k], v)
        tables = {name: {c: g[c][:] for c in g} for name, g in f["/tables"].items()}
    for name, columns in ref.tables().items():
        for k, v in columns.items():
            if k not in tables[name]:
                sys.exit(f"{store}: {name}.{k} is missing")
            equal(f"{name}.{k}", tables[name][k].tolist(), v)
    if t.full is not None:
        check_curves(ref, tables)
    if t.session:
        q = tables["session_quantiles"]
        equal("session_quantiles permille", q["permille"], PERMILLE)
        for k in q:
            if k != "permille":
                values = sorted(v for v in tables["sessions"][k].tolist() if v == v)
                equal("session_quantiles " + k, q[k].tolist(), [quantile(values, p) if values else math.nan for p in PERMILLE])
    if t.arrival:
        check_interarrival(t, tables["interarrival"])
    check_csv(lta, store, tables, t, fields)


def run(lta, *arguments):
    p = subprocess.run([lta, *arguments], capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"lta {' '.join(arguments)}: exit code {p.returncode}\n{p.stderr}")


# design and formats.md: Mooncake's published files, all ids and full blocks alone
PUBLISHED = [
    ("conversation", "keep", 182790, 105710, 288500, 1430487342, 1, 8295, 158281),
    ("conversation", "drop", 170899, 105592, 276491, 1353098983, 1, 7890, 147881),
    ("synthetic", "keep", 43924, 77953, 121877, 673413865, 1, 6209, 41186),
    ("synthetic", "drop", 40148, 77740, 117888, 638409548, 1, 5972, 38239),
]


def check_published(lta, folder):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    data = os.path.join(os.environ.get("LTA_SHARED", os.path.join(root, "..", "shared")), "data", "mooncake")
    if not os.path.isdir(data):
        print(f"Mooncake's files skipped: {data} is absent")
        return
    for name, tail, distinct, hits, lookups, total, low, median, high in PUBLISHED:
        store = os.path.join(folder, name + tail)
        run(lta, "run", "-q", "-o", store, "--format", "mooncake", "--tail", tail,
            os.path.join(data, name + "_trace.jsonl"))
        read = lambda table: list(csv.DictReader(open(os.path.join(store, "tables", table + ".csv"), newline="")))
        row, everything = read("distributions")[0], read("summary")[-1]
        equal(f"{name}, {tail}", [int(row[k]) for k in ("values", "sum", "min", "median", "max")],
              [hits, total, low, median, high])
        equal(f"{name}, {tail}", [int(everything[k]) for k in ("distinct_symbols", "input_symbols", "reusable_global")],
              [distinct, lookups, hits])


def check_many_prompts(lta, folder):
    """1,500 prompts of two blocks in order, and again: each comes back after all the others, so the table ends at 2,048 entries."""
    name, store = os.path.join(folder, "many.jsonl"), os.path.join(folder, "many")
    with open(name, "w") as f:
        for i in range(3000):
            k = i % 1500
            f.write(json.dumps(dict(timestamp=i, input_length=1024, output_length=1, hash_ids=[2 * k, 2 * k + 1])) + "\n")
    run(lta, "run", "-q", "-o", store, "--format", "mooncake", "--block-tokens", "512", name)
    with open(os.path.join(store, "tables", "prompt_cache.csv"), newline="") as f:
        rows = [(int(r["min_tokens"]), int(r["max_prompts"]), int(r["hits"])) for r in csv.DictReader(f)]
    sizes = [1, 2, 4, 8, 10, 16, 32, 64, 128, 256, 512, 1024]
    want = [(m, c, 1500 * (c == 2048)) for m in (512, 1024) for c in sizes + [2048]]
    equal("many prompts", rows, want + [(m, c, 0) for m in (2048, 4096) for c in sizes])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lta = sys.argv[1]
    for store in sys.argv[2:]:
        check(lta, store)
    if len(sys.argv) > 2:
        return
    stores = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(24):
            rng = random.Random(seed)
            kind = ("marconi", "marconi", "mooncake", "burstgpt" if seed % 8 == 3 else "azure")[seed % 4]
            if kind == "marconi":
                files = write_marconi(folder, rng, rng.randrange(1, 4), 2400 if seed % 8 == 0 else 60)
            else:
                write = dict(mooncake=write_mooncake, azure=write_azure, burstgpt=write_burstgpt)[kind]
                files = write(folder, rng)
            store = os.path.join(folder, f"store{seed}")
            options = ["--capacity", "3,17,90", "--window", "2"] if seed % 3 else ["--model", "tiny:2:3:5:1"]
            if seed % 5 == 1:
                options.append("--inputs-only")
            files += write_azure(folder, rng) if kind == "burstgpt" and seed % 16 == 3 else []
            run(lta, "run", "-q", "-o", store, *options, *files)
            check(lta, store)
            stores += 1
        check_many_prompts(lta, folder)
        check_published(lta, folder)
    print(f"{stores} stores, {checks} columns compared")


if __name__ == "__main__":
    main()
