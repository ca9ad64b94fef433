#!/usr/bin/python3
"""A slow, obvious reader of the text formats, compared with `lta import` on generated files: plain, with and without a
tokenizer, and by Marconi's rules.

usage: conversation_reference.py LTA [--rounds N] [--seed S] [--sentencepiece PYTHON]

With --sentencepiece, texts are tokenized by a small SentencePiece model that PYTHON, which has the package sentencepiece,
trains on made-up text, and compared with what that package gives. Exit code 77: something needed is not there."""
import argparse
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from conversation_files import CONTENT, write_file

try:
    import h5py
    import numpy
except ImportError as e:
    print("skipped: %s" % e)
    sys.exit(77)

LICENCE = {"lmsys": "LMSYS-Chat-1M Dataset License Agreement: do not redistribute", "wildchat": "ODC-BY",
           "sharegpt": "unclear origin: do not redistribute", "swebench": ""}
NAME_KEY = {"lmsys": "conversation_id", "wildchat": "conversation_hash", "sharegpt": "id"}
LIMIT = 32768
DROPPED = {"country", "hashed_ip", "header", "language", "redacted", "state", "timestamp", "toxic", "turn_identifier"}
TOKENIZE = """
import json, sys, sentencepiece
sp = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
bos = [sp.bos_id()] if sp.bos_id() >= 0 else []
print(json.dumps([bos + sp.encode(text) for text in json.load(sys.stdin)]))
"""
TRAIN = """
import sys, random, sentencepiece
rng = random.Random(5)
words = ["prefix", "cache", "token", "role", "user", "content", "assistant", "value", "human", "größer", "return", "日本", "the", "of", "it's"]
lines = ['{"content": "%s", "role": "user"}' % " ".join(rng.choice(words) for _ in range(rng.randint(1, 12))) for _ in range(400)]
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix=sys.argv[1], vocab_size=int(sys.argv[3]),
    model_type=sys.argv[2], byte_fallback=sys.argv[2] == "bpe", bos_id=int(sys.argv[4]), eos_id=-1 if int(sys.argv[4]) < 0 else 2, unk_id=0,
    character_coverage=1.0, minloglevel=2, num_threads=1)
"""


# ---- tokenizers: lists of ids of texts without halves of surrogate pairs

class Bytes:
    option = "bytes"

    def __call__(self, texts):
        return [list(t.encode()) for t in texts]


class SentencePiece:
    def __init__(self, python, path):
        self.python, self.option = python, path

    def __call__(self, texts):
        done = subprocess.run([self.python, "-c", TOKENIZE, self.option], input=json.dumps(texts), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)


def whole_characters(text):
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


# ---- what a file must give: (requests, dropped rows by reason, rows)

def microseconds(text):
    m = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))?", text)
    whole = datetime.datetime.strptime(m[1] + " " + m[2], "%Y-%m-%d %H:%M:%S") - datetime.datetime(1970, 1, 1)
    us = (whole.days * 86400 + whole.seconds) * 10**6 + int(((m[3] or ".0")[1:] + "000000")[:6])
    return us - (1 if m[5] == "+" else -1) * (int(m[6]) * 60 + int(m[7])) * 60 * 10**6 if m[5] else us


def messages_of(fmt, row):
    return row["messages" if fmt == "swebench" else "conversations" if fmt == "sharegpt" else "conversation"]


def count(dropped, reason, n=1):
    dropped[reason] = dropped.get(reason, 0) + n


def plain(fmt, rows, tokenizer):
    requests, dropped, n_rows, names = [], {}, 0, set()
    for row in rows:
        if isinstance(row, tuple):
            count(dropped, row[1])
            n_rows += 1
            continue
        messages = messages_of(fmt, row)
        pairs = [(messages[:i + 1], messages[i + 1]) for i in range(0, len(messages) - 1, 2)]
        times = [reply.get("timestamp") or row.get("timestamp") for _, reply in pairs] if fmt == "wildchat" else []
        if None in times:
            count(dropped, "no time")
            n_rows += 1
            continue
        if not pairs:
            count(dropped, "conversation without a pair of messages")
            n_rows += 1
            continue
        name = row["name"] if fmt == "swebench" else row.get(NAME_KEY[fmt])
        name = "row %d" % n_rows if name is None else str(name)
        unique, k = name, 1
        while unique in names:
            k += 1
            unique = "%s#%d" % (name, k)
        names.add(unique)
        texts = [whole_characters(m[CONTENT[fmt]]) for m in messages]
        ids = tokenizer(texts) if tokenizer else None
        for t, (sent, _) in enumerate(pairs):
            r = dict(row=n_rows, session=unique, turn=t, model=row.get("model"), kind=row.get("language") if fmt != "swebench" else None)
            if times:
                r["us"] = microseconds(times[t])
            if ids:
                r["input"] = sum(ids[:len(sent)], [])
                r["output"] = ids[len(sent)]
            requests.append(r)
            n_rows += 1
    return requests, dropped, n_rows


def chosen(fmt, row):
    """None, or why Marconi's rules pass the conversation over."""
    messages = messages_of(fmt, row)
    if fmt == "sharegpt":
        return None if len(messages) >= 20 else "too few turns for Marconi's rules"
    if fmt == "swebench":
        return None
    if row["turn"] < 10:
        return "too few turns for Marconi's rules"
    if fmt == "wildchat" and row.get("language") != "English":
        return "not in English, as Marconi's rules want it"
    text = str([{k: v for k, v in m.items() if fmt == "lmsys" or k not in DROPPED} for m in messages])
    if sum(c > "\x7f" for c in text) / len(text) > 0.5:
        return "too little ASCII for Marconi's rules"
    return None


def marconi(fmt, rows, tokenizer, sps, art, wanted):
    dropped, sessions = {}, []
    for row in rows:
        if len(sessions) == wanted:
            break
        reason = row[1] if isinstance(row, tuple) else chosen(fmt, row)
        if reason == "malformed time":   # nobody looks at it, and the row has one turn
            reason = "too few turns for Marconi's rules"
        if reason:
            count(dropped, reason)
        else:
            sessions.append(messages_of(fmt, row))
    numpy.random.seed(42)
    requests = []
    for k, messages in enumerate(sessions):
        kept = [{key: v for key, v in m.items() if fmt != "wildchat" or key not in DROPPED} for m in messages]
        ids = tokenizer([json.dumps(m) for m in kept])
        ts, said = k / sps, []   # said: pairs of what was sent and the reply; what was sent may go
        for t in range(len(messages) // 2):
            sent, reply = ids[2 * t], ids[2 * t + 1]
            if t and fmt == "swebench":
                ts += float(numpy.random.poisson(lam=art, size=1)[0])
            elif t:
                content = messages[2 * t][CONTENT[fmt]]
                ts += (content if fmt == "sharegpt" else json.dumps(content)).count(" ") / (90.0 / 60.0)
            past = [i for pair in said for part in pair if part is not None for i in part]
            length = len(past) + len(sent) + (len(reply) if fmt in ("lmsys", "wildchat") else 0)
            if length > LIMIT or (fmt == "swebench" and t > 50):
                count(dropped, "turn beyond the limits of Marconi's rules", len(messages) // 2 - t)
                break
            requests.append(dict(session=str(k), turn=t, ts=float(ts), input=past + sent, output=reply, kind=fmt, model=None))
            if fmt == "swebench" and sum(pair[0] is not None for pair in said) >= 6:
                said[-5] = (None, said[-5][1])
            said.append((sent, reply))
    requests.sort(key=lambda r: r["ts"])
    for n, r in enumerate(requests):
        r.update(row=n, us=int(numpy.rint(r["ts"] * 1e6)))
    return requests, dropped, len(requests) + sum(dropped.values())


# ---- looking at what lta made

def text(values):
    return [v.decode() if isinstance(v, bytes) else v for v in values.tolist()]


def decoded(h):
    """Inputs and outputs of all requests, from the pieces."""
    if "sequences" not in h:
        return None
    s = {k: v[()] for k, v in h["sequences"].items()}
    full = []
    for r in range(len(s["input_length"])):
        out = []
        for p in range(int(s["offset"][r]), int(s["offset"][r + 1])):
            begin, length = int(s["piece_start"][p]), int(s["piece_length"][p])
            of = s["symbols"] if s["piece_request"][p] < 0 else full[s["piece_request"][p]]
            out.extend(of[begin:begin + length])
        full.append([int(x) for x in out])
    return [(f[:n], f[n:]) for f, n in zip(full, s["input_length"])]


def check(what, got, want):
    if got != want:
        at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
        raise AssertionError("%s differs at %d of %d, %d: %r, expected %r" % (what, at, len(got), len(want), got[at:at + 2], want[at:at + 2]))


def compare(path, sources, tokenizer, by_rules):
    h = h5py.File(path, "r")
    requests, shift = [], 0
    for number, s in enumerate(sources):
        for r in s["requests"]:
            r.update(source=number)
        if "us" in s["requests"][0]:
            first, last = min(r["us"] for r in s["requests"]), max(r["us"] for r in s["requests"])
            for r in s["requests"]:
                r["arrival"] = r["us"] - first + shift
            shift += last - first
        requests += s["requests"]
    if "arrival" in requests[0]:
        requests.sort(key=lambda r: (r["arrival"], r["source"], r["row"]))
    dense = {}
    for r in sorted(requests, key=lambda r: r["source"]):
        dense.setdefault((r["source"], r["session"]), len(dense))
    q = {k: v[()].tolist() for k, v in h["requests"].items()}
    fmt = sources[0]["format"]
    want = {"source", "source_row", "session", "source_session", "turn"}
    want |= {"input_tokens", "output_tokens"} if tokenizer else set()
    want |= {"arrival_us"} if "arrival" in requests[0] else set()
    want |= {"source_time", "kind"} if by_rules else {"kind", "model"} if fmt in ("lmsys", "wildchat") else set()
    check("columns", sorted(q), sorted(want))
    check("session", q["session"], [dense[r["source"], r["session"]] for r in requests])
    names = text(h["dictionary/source_session"][()])
    check("source_session", [names[i] for i in q["source_session"]], [r["session"] for r in requests])
    for column, key in (("source", "source"), ("source_row", "row"), ("turn", "turn")):
        check(column, q[column], [r[key] for r in requests])
    for column in ("kind", "model"):
        if column in q:
            words = text(h["dictionary/" + column][()])
            check(column, [words[i] if i < 65535 else None for i in q[column]], [r[column] for r in requests])
    if "arrival" in requests[0]:
        check("arrival_us", q["arrival_us"], [r["arrival"] for r in requests])
    if by_rules:
        check("source_time", q["source_time"], [r["ts"] for r in requests])
    if tokenizer:
        check("sequences", decoded(h), [(r["input"], r["output"]) for r in requests])
        check("input_tokens", q["input_tokens"], [len(r["input"]) for r in requests])
        check("output_tokens", q["output_tokens"], [len(r["output"]) for r in requests])
    assert h.attrs["unit"].decode() == ("token" if tokenizer else "none")
    check("rows", h["sources/rows"][()].tolist(), [s["rows"] for s in sources])
    check("names", text(h["sources/name"][()]), [s["name"] for s in sources])
    check("files", text(h["sources/file"][()]), [os.path.basename(s["path"]) for s in sources])
    check("dataset", text(h["sources/dataset"][()]), ["marconi" if by_rules else fmt] * len(sources))
    licence = "CC BY-NC 4.0, derived from gated text: do not redistribute" if by_rules else LICENCE[fmt]
    check("licence", text(h["sources/licence"][()]), [licence] * len(sources))
    got = sorted((int(s), r, int(n)) for s, r, n in zip(h["skipped/source"][()], text(h["skipped/reason"][()]), h["skipped/count"][()]))
    check("skipped", got, sorted((i, r, n) for i, s in enumerate(sources) for r, n in s["dropped"].items()))
    h.close()


# ---- rounds

def one_round(lta, folder, seed, tokenizer):
    rng = random.Random(seed)
    fmt = rng.choice(["lmsys", "wildchat", "sharegpt", "swebench"])
    by_rules = tokenizer is not None and rng.random() < 0.5
    skip = rng.random() < 0.4
    used = tokenizer if by_rules or rng.random() < 0.8 else None
    sps, art, wanted = rng.choice(["0.25", "1", "10", "5.0", ".50", "3", "1e1"]), rng.choice(["5", "7.5", "10", "10.0"]), rng.choice([None, 1, 3])
    arguments = [lta, "import", "-q", "-o", os.path.join(folder, "store"), "--threads", rng.choice(["1", "2", "5"])]
    arguments += ["--format", rng.choice([fmt, "auto"]) if not skip and fmt != "sharegpt" and not by_rules else fmt]
    arguments += ["--on-error", "skip"] if skip else []
    arguments += ["--tokenizer", used.option] if used else []
    if by_rules:
        arguments += ["--marconi-rules", "--sps", sps] + (["--art", art] if fmt == "swebench" else [])
        arguments += ["--sessions", str(wanted)] if wanted else []
    sources = []
    for i in range(rng.choice([1, 1, 2])):
        path, rows = write_file(rng, folder, fmt, i, by_rules, skip)
        name = os.path.splitext(os.path.basename(path))[0]
        if by_rules:
            requests, dropped, n_rows = marconi(fmt, rows, used, float(sps), float(art), wanted or 100)
            number = lambda typed: str(int(typed)) if typed.isdigit() else repr(float(typed))
            name = "%s_sps=%s%s_nums=%d" % (fmt, number(sps), "_art=" + number(art) if fmt == "swebench" else "", wanted or 100)
        else:
            requests, dropped, n_rows = plain(fmt, rows, used)
        sources.append(dict(path=path, name=name, format=fmt, requests=requests, dropped=dropped, rows=n_rows))
    done = subprocess.run(arguments + [s["path"] for s in sources], capture_output=True, text=True)
    command = " ".join(arguments)
    empty = [s for s in sources if not s["requests"]]
    no_time = not skip and any("no time" in s["dropped"] for s in sources)
    if empty or no_time:
        assert done.returncode == 3 and not os.path.exists(os.path.join(folder, "store")), (command, done.stderr)
        assert "has no usable row" in done.stderr or "has a time" in done.stderr or "no known format" in done.stderr, done.stderr
        return 0
    if done.returncode == 3 and "no known format" in done.stderr:   # the first conversation says too little
        assert "auto" in arguments
        return 0
    assert done.returncode == 0, (command, done.stderr)
    compare(os.path.join(folder, "store", "trace.h5"), sources, used, by_rules)
    return sum(len(s["requests"]) for s in sources)


def poisson_round(lta, folder, art, sps):
    """Enough turns of agents for thousands of draws, with messages of next to no tokens."""
    path = os.path.join(folder, "agents")
    os.mkdir(path)
    rows = []
    for k in range(100):
        messages = [{"role": "r", "content": ""}] * (2 * (k % 60))
        rows.append({"name": "%03d" % k, "messages": messages})
        with open(os.path.join(path, "%03d.json" % k), "w") as f:
            json.dump(messages, f)
    arguments = [lta, "import", "-q", "-o", os.path.join(folder, "store"), "--format", "swebench", "--tokenizer", "bytes", "--marconi-rules",
                 "--sps", sps, "--art", art, path]
    requests, dropped, n_rows = marconi("swebench", rows, Bytes(), float(sps), float(art), 100)
    name = "swebench_sps=%s_art=%s_nums=100" % (sps, art)
    subprocess.run(arguments, check=True)
    compare(os.path.join(folder, "store", "trace.h5"),
            [dict(path=path, name=name, format="swebench", requests=requests, dropped=dropped, rows=n_rows)], True, True)
    return len(requests)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lta")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--sentencepiece", metavar="PYTHON")
    args = parser.parse_args()
    total = 0
    with tempfile.TemporaryDirectory() as top:
        tokenizers = [Bytes()]
        if args.sentencepiece:
            version = subprocess.run([args.lta, "--version"], capture_output=True, text=True, check=True).stdout
            has_package = os.path.exists(args.sentencepiece) and subprocess.run([args.sentencepiece, "-c", "import sentencepiece"],
                                                                                capture_output=True).returncode == 0
            missing = "lta was built without SentencePiece" if "SentencePiece: not" in version else None if has_package else \
                "no %s with the package sentencepiece" % args.sentencepiece
            if missing and os.environ.get("CI"):
                sys.exit(missing + ", which CI must have")
            if missing:
                print("skipped: " + missing)
                sys.exit(77)
            tokenizers = []
            for kind, size, bos in (("bpe", "400", "1"), ("unigram", "60", "1"), ("bpe", "380", "-1")):
                path = os.path.join(top, kind + bos)
                subprocess.run([args.sentencepiece, "-c", TRAIN, path, kind, size, bos], check=True, capture_output=True)
                tokenizers.append(SentencePiece(args.sentencepiece, path + ".model"))
        seeds = [args.seed] if args.seed is not None else range(1, args.rounds + 1)
        for seed in seeds:
            folder = os.path.join(top, "round")
            os.mkdir(folder)
            try:
                total += one_round(args.lta, folder, seed, tokenizers[seed % len(tokenizers)])
            except Exception:
                print("seed %d; files in %s" % (seed, shutil.copytree(folder, "/tmp/conversation_reference", dirs_exist_ok=True)), file=sys.stderr)
                raise
            shutil.rmtree(folder)
        if not args.sentencepiece and args.seed is None:
            for art in ("5", "7.5", "10", "0.3", "37.5", "1000"):
                folder = os.path.join(top, "round")
                os.mkdir(folder)
                total += poisson_round(args.lta, folder, art, "0.25")
                shutil.rmtree(folder)
    print("%d rounds agree, %d requests" % (len(seeds), total))
    if args.seed is None and args.rounds >= 100:
        assert total > 1000, "the generator made too few requests"


if __name__ == "__main__":
    main()
