#!/usr/bin/python3
"""A slow, obvious reader of the source formats, compared with `lta import` on generated files.

usage: import_reference.py LTA [--rounds N] [--seed S]

Each round writes one to four files of one format with random quirks (key order, spacing, escapes in keys, unknown keys,
line ends, byte order marks, compression, bad rows, equal times), imports them with random options, reads trace.h5 with h5py, and
compares every column, every dictionary, every table of sources and dropped rows, and every piece of the delta-coded
sequences with what is worked out here from the text alone, in the plainest way. Exit code 77: h5py is not installed."""
import argparse
import datetime
import decimal
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
except ImportError:
    print("skipped: h5py is not installed")
    sys.exit(77)

GRAM = 8
BLOCK_FORMATS = ("mooncake", "bailian", "weka", "ragpulse", "flat")
EPOCH = datetime.datetime(1970, 1, 1)


# ---- writing files with quirks; what a good row says is kept beside its text ----

def json_text(rng, pairs):
    """An object with its keys in any order, other keys between, and any spacing."""
    pairs = list(pairs)
    if rng.random() < 0.5:
        rng.shuffle(pairs)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        extra = rng.choice(['null', '[]', '{"a":[1,{"b":"\\u00e9 \\ud83d\\ude00"}],"c":-1.5e3}', '"x\\"y"', 'true', '0.5'])
        pairs.insert(rng.randint(0, len(pairs)), (rng.choice(["extra", "note", "Zeit\\u00fc"]), extra))
    comma, colon = rng.choice([(", ", ": "), (",", ":"), (" ,\t", " : "), (",  ", ":  ")])
    out = []
    for key, value in pairs:
        if rng.random() < 0.05:
            key = "\\u%04x" % ord(key[0]) + key[1:]
        out.append('"%s"%s%s' % (key, colon, value))
    pad = rng.choice(["", "", " "])
    return pad + "{" + pad + comma.join(out) + pad + "}" + pad


def array_text(rng, values):
    comma = rng.choice([", ", ", ", ",", " , "])
    return "[" + comma.join(map(str, values)) + "]"


def finish_file(rng, path, lines, header=None):
    end = rng.choice(["\n", "\r\n"])
    text = end.join(([header] if header else []) + lines)
    text += rng.choice(["", end, end, end + end + "\n"])
    data = text.encode()
    if rng.random() < 0.2:
        data = b"\xef\xbb\xbf" + data
    with open(path, "wb") as f:
        f.write(data)


def compress(rng, name, path):
    """Sometimes stores the file compressed; its name and path afterwards."""
    how = rng.choice([None, None, None, "gz", "zst"])
    if how is None or (how == "zst" and not shutil.which("zstd")):
        return name, path
    if how == "gz":
        with open(path, "rb") as f:
            data = f.read()
        cut = rng.randint(0, len(data))
        with open(path + ".gz", "wb") as f:
            f.write(gzip.compress(data[:cut]) + gzip.compress(data[cut:]))
    else:
        subprocess.run(["zstd", "-q", path], check=True)
    os.remove(path)
    return name + "." + how, path + "." + how


def bad_json(rng):
    """A row that must be dropped, and the reason under which it is counted."""
    return rng.choice([("nonsense", "malformed JSON"), ("[1]", "malformed JSON"), ('{"a":1,}', "malformed JSON"),
                       ('{"a":"\\ud800"}', "malformed JSON"), ("", "empty line"), ("{}", "missing key"),
                       ('{"input_length":1,"input_length":1,"ts":1,"ts":2}', "repeated key")])


def make_mooncake(rng, path, block, n, bad_share):
    """Rows (row number, own time in us, tokens in, tokens out, ids) that an importer must keep; reasons of the others."""
    rows, dropped, lines = [], {}, []
    time = decimal.Decimal(rng.randint(0, 50))
    top = rng.choice([5, 40, 2**33])
    earlier = [[]]
    rule_floor = rng.random() < 0.3
    for k in range(n):
        if lines and rng.random() < bad_share:
            text, reason = bad_json(rng)
            if reason == "empty line" and k == n - 1:
                text, reason = "nonsense", "malformed JSON"
            lines.append(text)
            dropped[reason] = dropped.get(reason, 0) + 1
            continue
        if lines and bad_share and time > 1 and rng.random() < 0.05:
            lines.append('{"timestamp":0,"input_length":0,"output_length":0,"hash_ids":[]}')
            dropped["time falls"] = dropped.get("time falls", 0) + 1
            continue
        time += rng.choice([0, 0, 1, 3000, decimal.Decimal("0.0005"), decimal.Decimal("0.25")])
        base = list(rng.choice(earlier))
        base = base[:rng.randint(0, len(base))] + [rng.randint(0, top) for _ in range(rng.randint(0, 6))]
        n_ids = len(base)
        if n_ids == 0:
            tokens = rng.randint(0, block - 1) if rule_floor else 0
        elif rule_floor:
            tokens = n_ids * block + rng.randint(0, block - 1)
        else:
            tokens = n_ids * block - rng.randint(0, block - 1)
        output = rng.randint(0, 300)
        earlier.append(base)
        rows.append(dict(row=len(lines), us=int((time * 1000).to_integral_value(decimal.ROUND_HALF_EVEN)), input=tokens,
                         output=output, symbols=base, n_input=n_ids))
        lines.append(json_text(rng, [("timestamp", str(time)), ("input_length", str(tokens)), ("output_length", str(output)),
                                     ("hash_ids", array_text(rng, base))]))
    finish_file(rng, path, lines)
    return rows, dropped, len(lines)


def make_marconi(rng, path, n, bad_share):
    rows, dropped, lines = [], {}, []
    time = rng.choice([0.0, 1 / 3, 17.25])
    top = rng.choice([3, 10, 31999, 31999, 2**32 + 2])
    history = {}
    turn = {}
    for k in range(n):
        if lines and rng.random() < bad_share:
            text, reason = bad_json(rng)
            if reason == "empty line" and k == n - 1:
                text, reason = "nonsense", "malformed JSON"
            lines.append(text)
            dropped[reason] = dropped.get(reason, 0) + 1
            continue
        time += rng.choice([0, 0, 1 / 1.5, 2.0, 1e-7, rng.random()])
        session = rng.choice([0, 1, 2, 7, 2**63])
        past = history.get(session, [])
        if rng.random() < 0.5:   # the history collapses, or another session's is replayed
            past = rng.choice(list(history.values()) or [[]])
            a = rng.randint(0, len(past))
            past = past[:a] + past[min(len(past), a + rng.randint(0, 12)):]
        entered = past + [1] + [rng.randint(0, top) for _ in range(rng.randint(0, 25))]
        answer = [rng.randint(0, top) for _ in range(rng.randint(0, 12))]
        history[session] = entered + answer
        turn[session] = turn.get(session, -1) + 1
        ts = repr(time) if rng.random() < 0.9 else "%.25e" % time
        rows.append(dict(row=len(lines), us=round(float(ts) * 1e6), time=float(ts), session=str(session), turn=turn[session],
                         input=len(entered), output=len(answer), symbols=entered + answer, n_input=len(entered)))
        count = len(entered)
        if bad_share and rng.random() < 0.05 and k > 0:
            count += 1
            rows.pop()
            dropped["count differs from content"] = dropped.get("count differs from content", 0) + 1
        lines.append(json_text(rng, [("session_id", str(session)), ("turn_id", str(turn[session])), ("ts", ts),
                                     ("num_input_tokens", str(count)), ("num_output_tokens", str(len(answer))),
                                     ("input_tokens", array_text(rng, entered)), ("output_tokens", array_text(rng, answer))]))
    finish_file(rng, path, lines)
    return rows, dropped, len(lines)


def timestamp_us(text):
    """Microseconds since 1970 of a timestamp, half to even, through datetime and Decimal."""
    m = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|([+-])(\d\d):(\d\d))?", text)
    whole = datetime.datetime.strptime(m[1] + " " + m[2], "%Y-%m-%d %H:%M:%S") - EPOCH
    seconds = decimal.Decimal(whole.days * 86400 + whole.seconds) + decimal.Decimal(m[3] or 0)
    if m[5]:
        seconds -= (1 if m[5] == "+" else -1) * (int(m[6]) * 3600 + int(m[7]) * 60)
    return int((seconds * 1000000).to_integral_value(decimal.ROUND_HALF_EVEN))


def make_azure(rng, path, n, bad_share):
    rows, dropped, lines = [], {}, []
    names = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"] + rng.choice([[], ["NumImages"], ["a,b", 'c "d"']])
    rng.shuffle(names)
    comma_after = rng.random() < 0.3
    nanoseconds = rng.randint(0, 2 * 10**18)
    digits = rng.choice([0, 3, 6, 7, 9])
    for k in range(n):
        if lines and rng.random() < bad_share:
            text, reason = rng.choice([("2023-11-16 18:17:03", "wrong number of fields"), ('"x', "malformed CSV"),
                                       ('a"b,,,', "malformed CSV")])
            lines.append(text)
            dropped[reason] = dropped.get(reason, 0) + 1
            continue
        nanoseconds += rng.choice([0, 1, 1500, 10**9, rng.randint(0, 10**12)])
        t = EPOCH + datetime.timedelta(seconds=nanoseconds // 10**9)
        text = t.strftime("%Y-%m-%d") + rng.choice(" T") + t.strftime("%H:%M:%S")
        fraction = "%09d" % (nanoseconds % 10**9)
        shown = fraction[:digits] if rng.random() < 0.9 else ""
        text += ("." + shown if shown else "") + rng.choice(["", "Z", "+00:00"])
        value = timestamp_us(text)
        if rows and value < rows[-1]["us"]:   # cutting digits may make time fall
            text = last
            value = rows[-1]["us"]
        last = text
        entered, answer = rng.randint(0, 5000), rng.randint(0, 500)
        rows.append(dict(row=len(lines), us=value, input=entered, output=answer))
        fields = {"TIMESTAMP": text, "ContextTokens": entered, "GeneratedTokens": answer, "NumImages": 3, "a,b": 'x"y'}
        out = []
        for name in names:
            value = str(fields.get(name, ""))
            if rng.random() < 0.1 or '"' in value:
                value = '"' + value.replace('"', '""') + '"'
            out.append(value)
        lines.append(",".join(out) + rng.choice(["", ","] if comma_after else [""]))
    header = ",".join('"%s"' % n.replace('"', '""') if re.search('[",]', n) else n for n in names)
    finish_file(rng, path, lines, header + ("," if comma_after else ""))
    return rows, dropped, len(lines)


# ---- the trace that the rows must give ----

def common_prefix(a, b):
    n = 0
    while n < len(a) and n < len(b) and a[n] == b[n]:
        n += 1
    return n


def pieces_of(r, sequences, sessions):
    """The pieces of request r by the rule, literally: (request, start, length), start None for new symbols."""
    s, out, g, q = sequences[r], [], 0, None
    for k in range(r):
        c = common_prefix(sequences[k], s)
        if c > g:
            g, q = c, k
    if g:
        out.append([q, 0, g])
    p = None
    for k in range(r):
        if sessions and sessions[k] is not None and sessions[k] == sessions[r]:
            p = k
    reference, c = [], 0
    if p is not None:
        c = common_prefix(sequences[p], s)
        reference = sequences[p][c:]
    copies = len(reference) >= GRAM and len(s) - g >= GRAM
    i, fresh = g, False
    while i < len(s):
        found = None
        if copies and len(s) - i >= GRAM:
            for j in range(len(reference) - GRAM + 1):
                if reference[j:j + GRAM] == s[i:i + GRAM]:
                    found = j
                    break
        if found is None:
            if not fresh:
                out.append([-1, None, 0])
            out[-1][2] += 1
            fresh = True
            i += 1
        else:
            length = common_prefix(reference[found:], s[i:])
            out.append([p, c + found, length])
            fresh = False
            i += length
    return out


def build(files, options, fmt):
    """files: dicts with name, rows, dropped, n_rows, kind, block. A row of a trace without times has no us."""
    if options["sort"]:
        files = sorted(files, key=lambda f: f["name"].encode())
    blocks = fmt in BLOCK_FORMATS
    everything, start, base, sources = [], 0, 0, []
    timed = "us" in files[0]["rows"][0]
    earliest = min(r["us"] for f in files for r in f["rows"]) if timed else 0
    for number, f in enumerate(files):
        rows = f["rows"]
        shift = 0
        if timed:
            shift = -earliest if options["timeline"] == "overlay" else start - min(r["us"] for r in rows)
            start = max(r["us"] for r in rows) + shift + options["gap"]
        largest = -1
        for row in rows:
            r = dict(row, source=number)
            r.setdefault("kind", f["kind"])
            if timed:
                r["arrival"] = row["us"] + shift
            if "symbols" in r:
                ids = list(r["symbols"])
                if blocks:
                    if options["tail"] == "drop" and len(ids) > r["input"] // f["block"]:
                        ids.pop()
                        r["n_input"] -= 1
                    largest = max([largest] + ids)
                    ids = [base + i for i in ids]
                r["symbols"] = ids
            everything.append(r)
        sources.append(dict(f, shift=shift, base=base))
        if blocks:
            base += largest + 1
    everything.sort(key=lambda r: (r.get("arrival", 0), r["source"], r["row"]))
    dense = {}
    for r in sorted(everything, key=lambda r: r["source"]):
        if r.get("session") is not None:
            r["dense"] = dense.setdefault((r["source"], r["session"]), len(dense))
    return everything, sources


def check(what, got, want):
    got = [x.decode() if isinstance(x, bytes) else x for x in (got.tolist() if hasattr(got, "tolist") else got)]
    if got != want:
        at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
        raise AssertionError("%s differs at %d: %r, expected %r" % (what, at, got[at:at + 3], want[at:at + 3]))


def dictionary(values):
    order = []
    for v in values:
        if v is not None and v not in order:
            order.append(v)
    return order, [order.index(v) if v is not None else None for v in values]


def filled(values, absent):
    return [absent if v is None else v for v in values]


def compare(path, requests, sources, fmt):
    h = h5py.File(path, "r")
    columns = {"input_tokens": [r["input"] for r in requests], "output_tokens": [r["output"] for r in requests],
               "source": [r["source"] for r in requests], "source_row": [r["row"] for r in requests]}
    if "arrival" in requests[0]:
        columns["arrival_us"] = [r["arrival"] for r in requests]
    kinds, kind = dictionary([r["kind"] for r in requests])
    if kinds:
        columns["kind"] = filled(kind, 65535)
        check("dictionary/kind", h["dictionary/kind"][()], kinds)
    if "model" in requests[0]:
        models, model = dictionary([r["model"] for r in requests])
        columns["model"] = filled(model, 65535)
        check("dictionary/model", h["dictionary/model"][()], models)
    names, name = dictionary([r.get("session") for r in requests])
    if names:
        check("dictionary/source_session", h["dictionary/source_session"][()], names)
        columns.update(session=filled([r.get("dense") for r in requests], 2**32 - 1), source_session=filled(name, 2**32 - 1),
                       turn=filled([r["turn"] for r in requests], 2**32 - 1))
    if "time" in requests[0]:
        columns["source_time"] = [r["time"] for r in requests]
    check("columns", sorted(h["requests"]), sorted(columns))
    for c, want in columns.items():
        check(c, h["requests"][c][()], want)
        assert h["requests"][c].attrs["description"] and h["requests"][c].attrs["unit"], c
    check("sources/file", h["sources/file"][()], [s["name"] for s in sources])
    check("sources/rows", h["sources/rows"][()], [s["n_rows"] for s in sources])
    check("sources/time_shift_us", h["sources/time_shift_us"][()], [s["shift"] for s in sources])
    check("sources/symbol_base", h["sources/symbol_base"][()], [s["base"] for s in sources])
    dropped = sorted((i, reason, n) for i, s in enumerate(sources) for reason, n in s["dropped"].items())
    got = [(int(s), r.decode() if isinstance(r, bytes) else r, int(n)) for s, r, n in
           zip(h["skipped/source"][()], h["skipped/reason"][()], h["skipped/count"][()])]
    check("skipped", sorted(got), dropped)
    if "symbols" not in requests[0]:
        assert "sequences" not in h
        return 0
    sequences = [r["symbols"] for r in requests]
    sessions = [r.get("dense") for r in requests]
    check("input_length", h["sequences/input_length"][()], [r["n_input"] for r in requests])
    offset, request, begin, length, symbols = [0], [], [], [], []
    copies = 0
    for r in range(len(requests)):
        at = 0
        for q, s, n in pieces_of(r, sequences, sessions):
            request.append(q)
            begin.append(len(symbols) if q < 0 else s)
            length.append(n)
            copies += q >= 0 and at > 0
            if q < 0:
                symbols += sequences[r][at:at + n]
            at += n
        offset.append(len(request))
    check("offset", h["sequences/offset"][()], offset)
    check("piece_request", h["sequences/piece_request"][()], request)
    check("piece_start", h["sequences/piece_start"][()], begin)
    check("piece_length", h["sequences/piece_length"][()], length)
    check("symbols", h["sequences/symbols"][()], symbols)
    wide = any(s >= 2**32 for s in symbols)
    assert h["sequences/symbols"].dtype == ("<u8" if wide else "<u4"), "width of symbols"
    return copies


def one_round(lta, folder, seed):
    rng = random.Random(seed)
    fmt = rng.choice(["mooncake", "marconi", "marconi", "azure"])
    n_files = rng.choice([1, 1, 2, 4])
    bad_share = rng.choice([0, 0, 0.15])
    block = rng.choice([1, 2, 16, 512])
    names = {"mooncake": ["conversation_trace.jsonl", "synthetic_trace.jsonl", "x.jsonl", "B.jsonl"],
             "marconi": ["lmsys_sps=0.5_nums=5.jsonl", "swebench_sps=1_art=7.5_nums=4.jsonl", "sharegpt.jsonl", "Z.jsonl"],
             "azure": ["AzureLLMInferenceTrace_conv.csv", "AzureLLMInferenceTrace_code.csv", "x.csv", "B.csv"]}[fmt]
    kinds = {"conversation_trace.jsonl": "conversation", "synthetic_trace.jsonl": "synthetic",
             "lmsys_sps=0.5_nums=5.jsonl": "lmsys", "swebench_sps=1_art=7.5_nums=4.jsonl": "swebench",
             "AzureLLMInferenceTrace_conv.csv": "conv", "AzureLLMInferenceTrace_code.csv": "code"}
    files = []
    for name in rng.sample(names, n_files):
        path = os.path.join(folder, name)
        n = rng.choice([1, 2, 10, 40])
        if fmt == "mooncake":
            rows, dropped, n_rows = make_mooncake(rng, path, block, n, bad_share)
        elif fmt == "marconi":
            rows, dropped, n_rows = make_marconi(rng, path, n, bad_share)
        else:
            rows, dropped, n_rows = make_azure(rng, path, n, bad_share)
        plain = name
        name, path = compress(rng, name, path)
        files.append(dict(name=name, path=path, rows=rows, dropped=dropped, n_rows=n_rows, kind=kinds.get(plain), block=block))
    options = dict(timeline=rng.choice(["concat", "overlay"]), gap=rng.choice([0, 0, 1000]), sort=rng.random() < 0.3,
                   tail=rng.choice(["keep", "drop"]) if fmt == "mooncake" else "keep")
    store = os.path.join(folder, "store")
    command = [lta, "import", "-q", "-o", store, "--format", fmt, "--timeline", options["timeline"], "--gap",
               str(options["gap"]), "--tail", options["tail"], "--on-error", "skip" if bad_share else "fail"]
    command += ["--sort"] if options["sort"] else []
    command += ["--block-tokens", str(block)] if fmt == "mooncake" else []
    done = subprocess.run(command + [f["path"] for f in files], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError("exit code %d: %s" % (done.returncode, done.stderr))
    requests, sources = build(files, options, fmt)
    return compare(os.path.join(store, "trace.h5"), requests, sources, fmt)


def main(one_round=one_round, least_copies=50):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lta")
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    seeds = [args.seed] if args.seed is not None else [random.randrange(2**48) for _ in range(args.rounds)]
    copies = 0
    for seed in seeds:
        folder = tempfile.mkdtemp(prefix="lta-import-")
        try:
            copies += one_round(args.lta, folder, seed)
        except Exception:
            print("failed with --seed %d; files in %s" % (seed, folder), file=sys.stderr)
            raise
        shutil.rmtree(folder)
    print("%d rounds agree; %d pieces copied from a session's previous request" % (len(seeds), copies))
    if args.seed is None and args.rounds >= 100:
        assert copies > least_copies, "the generator made too few collapsed histories"


if __name__ == "__main__":
    main()
