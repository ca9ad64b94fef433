#!/usr/bin/python3
"""A slow, obvious reader of Kavier tables, compared with `lta import` on generated files.

usage: kavier_reference.py LTA [--parquet] [--rounds N] [--seed S]

Each round makes one to three tables (columns there or not, in any order and type; gaps; times that fall; bad rows) and writes
each as CSV or, with --parquet, as Parquet: integers of any width, floating point, text; token lists as text or lists, any of
them dictionary-encoded; several row groups. It imports them with random options and compares every column, source,
dropped row and piece with what is worked out here from the values alone. With --parquet each table is also written as CSV,
which must give the same. Exit code 77: h5py, pyarrow (.build/venv, tests/venv.sh) or Parquet in this build is missing."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import import_reference as reference

PROJECT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
VENV = os.path.join(PROJECT, ".build", "venv", "bin", "python")
NONE = 2**32 - 1
NAMES = ["num_input_tokens", "num_output_tokens", "session_id", "turn_id", "ts", "input_tokens", "output_tokens"]


# ---- tables: values, and what is wrong with some rows ----

def make_table(rng, n, bad_share, tokens, times, parquet):
    """Rows {column: value or None, bad: reason or None}, and which columns there are."""
    present = {"num_input_tokens", "num_output_tokens"}
    present |= {"session_id"} if rng.random() < 0.8 else set()
    present |= {"turn_id"} if rng.random() < 0.6 else set()
    present |= {"ts"} if times else set()
    if tokens:
        present |= {"input_tokens", "output_tokens"}
    elif rng.random() < 0.3:
        present.add(rng.choice(["input_tokens", "output_tokens"]))   # one list alone is not used
    numbers = rng.random() < 0.7   # sessions are integers, or texts
    gaps = rng.random() < 0.4
    top = rng.choice([3, 100, 31999, 2**40])
    rows, history, time = [], {}, rng.choice([0.0, 17.25])
    whole_times = rng.random() < 0.2
    for k in range(n):
        time = rng.choice([time, time + 2, time + rng.random(), time + 1 / 3, max(0.0, time - rng.choice([0, 1, 5.5]))])
        session = rng.choice([0, 1, 2, 7, 2**40]) if numbers else rng.choice(["a", "b", "s-1", "x y", "1,5"])
        if gaps and rng.random() < 0.2:
            session = None
        past = history.get(session, [])
        entered = past[:rng.randint(0, len(past))] + [rng.randint(0, top) for _ in range(rng.randint(0, 12))]
        answer = [rng.randint(0, top) for _ in range(rng.randint(0, 6))]
        history[session] = entered + answer
        row = dict(num_input_tokens=len(entered), num_output_tokens=len(answer), session_id=session,
                   turn_id=None if gaps and rng.random() < 0.2 else rng.randint(0, 9),
                   ts=float(int(time)) if whole_times else time, input_tokens=entered, output_tokens=answer, bad=None)
        for c in ("input_tokens", "output_tokens"):   # a list that is not there is empty
            if k > 0 and not row[c] and rng.random() < 0.5:
                row[c] = None
        if k > 0 and rng.random() < bad_share:
            spoil(rng, row, present, tokens)
        rows.append(row)
    return rows, present


def spoil(rng, row, present, tokens):
    kinds = ["no count"]
    kinds += ["count"] if tokens else []
    kinds += ["no time", "early"] if "ts" in present else []
    kind = rng.choice(kinds)
    if kind == "no count":
        row["num_output_tokens"], row["bad"] = None, "not an integer"
    elif kind == "count":
        row["num_input_tokens"] += 1
        row["bad"] = "count differs from content"
    elif kind == "no time":
        row["ts"], row["bad"] = None, "not a number"
    else:
        row["ts"], row["bad"] = -1.0, "number out of range"


# ---- writing them ----

def csv_cell(rng, value, column, floats):
    if value is None:
        return rng.choice(["", "", "NaN", "nan", "null", "None", "<NA>"])
    if isinstance(value, list):
        text = reference.array_text(rng, value)
        return '"%s"' % text if "," in text or rng.random() < 0.5 else text
    if isinstance(value, str):
        return '"%s"' % value if "," in value or rng.random() < 0.2 else value
    if isinstance(value, float):
        return rng.choice([repr(value), repr(value), "%.25e" % value] + (["%d" % value] if value == int(value) else []))
    return "%d.0" % value if column in floats else str(value)


def write_csv(rng, path, rows, present, bad_share):
    """Also puts in rows that are no CSV, which are then in the list of rows; the list comes back."""
    columns = [c for c in NAMES if c in present] + rng.choice([[], ["extra"]])
    rng.shuffle(columns)
    comma = rng.random() < 0.3
    floats = [c for c in columns if c not in ("ts", "input_tokens", "output_tokens") and rng.random() < 0.2]
    lines, all_rows = [], []
    for row in rows:
        if all_rows and rng.random() < bad_share / 2:
            text, reason = rng.choice([(",".join("1" * (len(columns) + 2)), "wrong number of fields"), ('"x', "malformed CSV"), ('a"b', "malformed CSV")])
            lines.append(text)
            all_rows.append(dict(bad=reason, text=True))
        line = ",".join("z" if c == "extra" else csv_cell(rng, row[c], c, floats) for c in columns)
        lines.append(line + rng.choice(["", ","] if comma else [""]))
        all_rows.append(row)
    reference.finish_file(rng, path, lines, ",".join(columns) + ("," if comma else ""))
    return all_rows


def parquet_column(rng, name, values):
    given = [v for v in values if v is not None]
    if name in ("input_tokens", "output_tokens"):
        if rng.random() < 0.5:
            fits = ["int64", "uint64"] + ([] if any(i >= 2**31 for v in given for i in v) else ["int32", "uint32"])
            return dict(name=name, type=rng.choice(["list<%s>", "large_list<%s>"]) % rng.choice(fits), values=values)
        texts = [rng.choice([None, ""]) if v is None else reference.array_text(rng, v) for v in values]
        return dict(name=name, type=rng.choice(["string", "large_string", "string_view"]), values=texts)
    if any(isinstance(v, str) for v in given):
        return dict(name=name, type=rng.choice(["string", "large_string", "binary"]), values=values)
    if name == "ts":
        types = ["float64"] + (["int32", "int64", "float32"] if all(v == int(v) for v in given) else [])
    else:
        types = ["int64", "float64", "string"] + [t for t, m in (("int8", 7), ("uint8", 8), ("int16", 15), ("uint16", 16), ("int32", 31),
                                                                ("uint32", 32)) if all(v < 2**m for v in given)]
        types += ["uint64"]
    kind = rng.choice(types)
    if kind == "string":
        values = [None if v is None else rng.choice(["%d", "%d.0"]) % v for v in values]
    elif kind.startswith(("int", "uint")):
        values = [None if v is None else int(v) for v in values]
    return dict(name=name, type=kind, values=values)


def write_parquet(rng, writer, path, rows, present):
    columns = []
    for name in NAMES:
        if name in present:
            c = parquet_column(rng, name, [r[name] for r in rows])
            c["dictionary"] = "list" not in c["type"] and c["type"] != "string_view" and rng.random() < 0.3
            columns.append(c)
    if rng.random() < 0.3:
        columns.append(dict(name="extra", type="list<string>", values=[["x"] for _ in rows]))
    rng.shuffle(columns)
    spec = dict(path=path, columns=columns, row_group=rng.choice([1, 2, 7, 1000]), compression=rng.choice(["zstd", "snappy", "gzip", "none"]),
                store_schema=rng.random() < 0.7)
    writer.stdin.write(json.dumps(spec) + "\n")
    writer.stdin.flush()
    answer = writer.stdout.readline()
    assert answer == "ok\n", answer


# ---- the trace that they must give ----

def sources_of(table, options):
    """The rows of each source, in the order of requests, with what was dropped."""
    rows, present = table["rows"], table["present"]
    seen = {c: c in present and any(not r.get("text") and r[c] is not None for r in rows) for c in NAMES}
    times = seen["ts"] and options["order"] == "time"
    tokens = {"input_tokens", "output_tokens"} <= present and (seen["input_tokens"] or seen["output_tokens"])
    parts, turns, last = [dict(rows=[], dropped={}, first=0)], {}, None
    for number, row in enumerate(rows):
        if row["bad"] and not (row["bad"] in ("not a number", "number out of range") and not times):
            reasons = parts[-1]["dropped"]
            reasons[row["bad"]] = reasons.get(row["bad"], 0) + 1
            continue
        session = row["session_id"] if "session_id" in present else None
        r = dict(row=number, input=row["num_input_tokens"], output=row["num_output_tokens"],
                 session=None if session is None else str(session), turn=row["turn_id"] if "turn_id" in present else None, us=0)
        if session is not None and not seen["turn_id"]:
            r["turn"] = turns[r["session"]] = turns.get(r["session"], -1) + 1
        if times:
            r.update(us=round(row["ts"] * 1e6), time=row["ts"])
        if tokens:
            r.update(symbols=(row["input_tokens"] or []) + (row["output_tokens"] or []), n_input=len(row["input_tokens"] or []))
        if times and options["cut"] and last is not None and r["us"] < last:
            parts.append(dict(rows=[], dropped={}, first=number))
        last = r["us"]
        parts[-1]["rows"].append(r)
    falls = [r["ts"] for r in rows if not r.get("text") and r.get("ts") is not None]
    digits = max(2, len(str(sum(b < a for a, b in zip(falls, falls[1:])))))
    for k, p in enumerate(parts):
        p["rows"].sort(key=lambda r: r["us"])
        p["n_rows"] = (parts[k + 1]["first"] if k + 1 < len(parts) else len(rows)) - p["first"]
        p["name"] = table["name"].rsplit(".", 1)[0] + ("-%0*d" % (digits, k) if times and options["cut"] else "")
        p.update(file=table["name"], session=seen["session_id"], turn=seen["session_id"] or seen["turn_id"], times=times, tokens=tokens)
    return parts


def build(tables, options):
    sources = [s for t in tables for s in sources_of(t, options)]
    everything, start, dense = [], 0, 0
    earliest = min(s["rows"][0]["us"] for s in sources)
    for number, s in enumerate(sources):
        s["shift"] = -earliest if options["timeline"] == "overlay" else start - s["rows"][0]["us"]
        if not s["times"]:
            s["shift"] = 0
        start = s["rows"][-1]["us"] + s["shift"] + options["gap"]
        numbers = {}
        for r in s["rows"]:
            if r["session"] is not None and s["session"]:
                r["dense"] = numbers.setdefault(r["session"], dense + len(numbers))
            everything.append(dict(r, source=number, arrival=r["us"] + s["shift"]))
        dense += len(numbers)
    if sources[0]["times"]:
        everything.sort(key=lambda r: (r["arrival"], r["source"], r["row"]))
    return everything, sources


def compare(path, requests, sources):
    check, h = reference.check, reference.h5py.File(path, "r")
    columns = {"input_tokens": [r["input"] for r in requests], "output_tokens": [r["output"] for r in requests],
               "source": [r["source"] for r in requests], "source_row": [r["row"] for r in requests]}
    if sources[0]["times"]:
        columns.update(arrival_us=[r["arrival"] for r in requests], source_time=[r["time"] for r in requests])
    # a column in which nothing is given is not there
    if any(s["turn"] for s in sources) and any(r["turn"] is not None for r in requests):
        columns["turn"] = [NONE if r["turn"] is None else r["turn"] for r in requests]
    if any("dense" in r for r in requests):
        names, name = reference.dictionary([r["session"] for r in requests])
        check("dictionary/source_session", h["dictionary/source_session"][()], names)
        columns.update(session=[r.get("dense", NONE) for r in requests], source_session=[NONE if i is None else i for i in name])
    check("columns", sorted(h["requests"]), sorted(columns))
    for c, want in columns.items():
        check(c, h["requests"][c][()], want)
    for column in ("name", "file"):
        check("sources/" + column, h["sources/" + column][()], [s[column] for s in sources])
    check("sources/rows", h["sources/rows"][()], [s["n_rows"] for s in sources])
    check("sources/time_shift_us", h["sources/time_shift_us"][()], [s["shift"] for s in sources])
    check("skipped", sorted((int(s), r.decode(), int(n)) for s, r, n in zip(h["skipped/source"][()], h["skipped/reason"][()],
                                                                             h["skipped/count"][()])),
          sorted((i, reason, n) for i, s in enumerate(sources) for reason, n in s["dropped"].items()))
    if not sources[0]["tokens"]:
        assert "sequences" not in h
        return
    sequences, sessions = [r["symbols"] for r in requests], [r.get("dense") for r in requests]
    check("input_length", h["sequences/input_length"][()], [r["n_input"] for r in requests])
    pieces = [reference.pieces_of(r, sequences, sessions) for r in range(len(requests))]
    check("piece_request", h["sequences/piece_request"][()], [q for p in pieces for q, _, _ in p])
    check("piece_length", h["sequences/piece_length"][()], [n for p in pieces for _, _, n in p])
    fresh = []
    for r, p in enumerate(pieces):
        at = 0
        for q, _, n in p:
            fresh += sequences[r][at:at + n] if q < 0 else []
            at += n
    check("symbols", h["sequences/symbols"][()], fresh)


# ---- rounds ----

def import_files(lta, store, paths, options, skip):
    command = [lta, "import", "-q", "-o", store, "--format", options["format"], "--timeline", options["timeline"], "--gap",
               str(options["gap"]), "--order", options["order"], "--on-error", "skip" if skip else "fail"]
    command += ["--cut-at-time-fall"] if options["cut"] else []
    done = subprocess.run(command + paths, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError("exit code %d: %s" % (done.returncode, done.stderr))


def one_round(lta, folder, seed, writer):
    rng = random.Random(seed)
    bad_share = rng.choice([0, 0, 0.15])
    tokens, times = rng.random() < 0.7, rng.random() < 0.8
    options = dict(order="file" if rng.random() < 0.15 else "time", cut=False, gap=rng.choice([0, 0, 1000]), timeline="concat",
                   format=rng.choice(["auto", "kavier"]))
    if times and options["order"] == "time":
        options["cut"] = rng.random() < 0.3
        options["timeline"] = rng.choice(["concat", "overlay"])
    ending = ".parquet" if writer else ".csv"
    tables = []
    for name in rng.sample(["b", "a", "input_example", "x.y"], rng.choice([1, 1, 2, 3])):
        rows, present = make_table(rng, rng.choice([1, 2, 10, 40]), bad_share, tokens, times, writer)
        path = os.path.join(folder, name + ending)
        if writer:
            write_parquet(rng, writer, path, rows, present)
            write_csv(rng, os.path.join(folder, name + ".csv"), rows, present, 0)
        else:
            rows = write_csv(rng, path, rows, present, bad_share)
        tables.append(dict(name=name + ending, path=path, rows=rows, present=present))
    for kind in [ending] + ([".csv"] if writer else []):
        store = os.path.join(folder, "store" + kind)
        for t in tables:
            t["name"] = os.path.splitext(t["name"])[0] + kind
        import_files(lta, store, [os.path.join(folder, t["name"]) for t in tables], options, bad_share > 0)
        compare(os.path.join(store, "trace.h5"), *build(tables, options))


def skipped(reason):
    print(reason)
    sys.exit(1 if os.environ.get("CI") else 77)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lta")
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    writer = None
    if args.parquet:
        if not os.path.exists(VENV):
            skipped("skipped: no %s, which tests/venv.sh makes" % VENV)
        if "Arrow" not in subprocess.run([args.lta, "--version"], stdout=subprocess.PIPE, text=True).stdout:
            skipped("skipped: this lta was built without Parquet")
        writer = subprocess.Popen([VENV, os.path.join(PROJECT, "tests", "write_parquet.py")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
    seeds = [args.seed] if args.seed is not None else [random.randrange(2**48) for _ in range(args.rounds)]
    for seed in seeds:
        folder = tempfile.mkdtemp(prefix="lta-kavier-")
        try:
            one_round(args.lta, folder, seed, writer)
        except Exception:
            print("failed with --seed %d; files in %s" % (seed, folder), file=sys.stderr)
            raise
        shutil.rmtree(folder)
    if writer:
        writer.stdin.close()
        writer.wait()
    print("%d rounds agree" % len(seeds))


if __name__ == "__main__":
    main()
