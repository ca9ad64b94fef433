#!/usr/bin/python3
"""The slow, obvious reader of import_reference.py for WEKA, RAGPulse and flat traces.

usage: import_reference_blocks.py LTA [--rounds N] [--seed S]

Quirks of WEKA's files: keys in any order, nested and repeated sub-agents, times inside them that count from either start,
partial last blocks in places, line breaks inside the object. Of RAGPulse's: parts in any order, times that fall. Of flat
ones: every kind of ids, with and without times."""
import decimal
import os
import random
import struct
import subprocess

import import_reference as reference
from import_reference import array_text, finish_file, json_text


def microseconds(text):
    return int((decimal.Decimal(text) * 1000000).to_integral_value(decimal.ROUND_HALF_EVEN))


def spread(rng, items):
    """A list of objects, on one line or many."""
    between = rng.choice([",", ", ", ",\n", "\r\n, "])
    return "[" + rng.choice(["", " ", "\n"]) + between.join(items) + rng.choice(["", "\n"]) + "]"


# ---- WEKA

class Weka:
    """Writes one conversation; what it says is collected as rows, in the order of the file."""

    def __init__(self, rng, conversation, bad_share):
        self.rng, self.bad_share = rng, bad_share
        self.block = rng.choice([1, 2, 16, 64])
        self.count_from_container = rng.random() < 0.6
        self.top = rng.choice([5, 60, 2**33])
        self.past = [[]]
        self.names = {conversation}
        self.rows, self.dropped = [], {}
        self.n_rows = 0
        self.relative = False  # by the rule: some inner time is below its container's

    def drop(self, reason):
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        self.n_rows += 1

    def note_time(self, time, container):
        self.relative |= microseconds(time) < microseconds(container)

    def time_text(self, time):
        return self.rng.choice(["%s", "%s", "%s0", "%se0"]) % time if "." in str(time) else str(time)

    def request(self, session, turn, time, container, starts):
        rng = self.rng
        ids = list(rng.choice(self.past[-3:]))
        if rng.random() < 0.4:  # something in the middle was dropped
            ids = ids[:rng.randint(0, len(ids))] + ids[rng.randint(0, len(ids)):]
        else:
            ids = ids[:rng.randint(0, len(ids))]
        ids += [rng.randint(0, self.top) for _ in range(rng.randint(0, 25))]
        self.past.append(ids)
        entered = len(ids) * self.block + rng.randint(0, self.block - 1)
        if ids and rng.random() < 0.2:
            entered = len(ids) * self.block - rng.randint(0, self.block - 1)  # the last one is partial
        answer = rng.choice([0, rng.randint(1, 4000)])
        kind, model = rng.choice("ns"), rng.choice(["model-1", "m\u00fc"])
        text = self.time_text(time)
        pairs = {"t": text, "type": '"%s"' % kind, "model": '"%s"' % model.replace("\u00fc", rng.choice(["\u00fc", "\\u00fc"])),
                 "in": str(entered), "out": str(answer), "hash_ids": array_text(rng, ids)}
        reason = None
        if rng.random() < self.bad_share:
            reason = rng.choice(["missing key", "number out of range", "ids do not fit the block size",
                                 "requests outside a container", "malformed JSON", "repeated key"])
        if reason == "missing key":
            del pairs[rng.choice(list(pairs))]
        elif reason == "number out of range":
            pairs["t"] = rng.choice(["-1", "1e40", "99999999999999"])
        elif reason == "ids do not fit the block size":
            pairs["in"] = str((len(ids) + 1) * self.block)
        elif reason == "requests outside a container":
            pairs["requests"] = "[]"
        elif reason == "malformed JSON":  # for this reader; it is JSON
            pairs["in"] = '"12"'
        known = {"input_types": '["text"]', "stop": '""', "api_time": "1.5", "ttft": "null", "think_time": "0.0"}
        pairs.update((k, v) for k, v in known.items() if rng.random() < 0.5)
        pairs = list(pairs.items())
        if reason == "repeated key":
            pairs += [("stop", '"a"'), ("stop", '"b"')][-1 if any(k == "stop" for k, _ in pairs) else 0:]
        # what of a dropped row could be read still tells how times count
        if reason in (None, "ids do not fit the block size"):
            self.note_time(text, container)
        if reason:
            self.drop(reason)
        else:
            self.rows.append(dict(row=self.n_rows, inner=microseconds(text), starts=starts, session=session, turn=turn, input=entered,
                                  output=answer, kind=kind, model=model, symbols=ids, n_input=len(ids)))
            self.n_rows += 1
        return json_text(rng, pairs), reason is None

    def container(self, session, time, above, starts, depth):
        rng = self.rng
        agent = rng.choice(["agent_001", "agent_002", "a/b"])
        text = self.time_text(time)
        pairs = {"t": text, "type": '"subagent"', "agent_id": '"%s"' % agent}
        if rng.random() < self.bad_share:  # dropped whole, as one row
            del pairs["agent_id"]
            kept = Weka(rng, "", 0)
            pairs["requests"] = kept.requests("", time, text, (), depth + 1)
            self.drop("missing key")
            return json_text(rng, pairs.items())
        self.note_time(text, above)
        name, k = session + "/" + agent, 1
        while name in self.names:
            k += 1
            name = "%s/%s#%d" % (session, agent, k)
        self.names.add(name)
        pairs["requests"] = self.requests(name, time, text, starts + (microseconds(text),), depth + 1)
        pairs.update((k, v) for k, v in {"subagent_type": '"Explore"', "duration_ms": "9", "status": '"completed"',
                                         "total_tokens": "1", "models": "[]", "tool_tokens": "0"}.items() if rng.random() < 0.5)
        return json_text(rng, pairs.items())

    def requests(self, session, now, container, starts, depth):
        rng = self.rng
        time = decimal.Decimal(0) if self.count_from_container or depth == 0 else now
        items, turn = [], 0
        for _ in range(rng.choice([0, 1, 3]) if depth else rng.choice([1, 4, 12])):
            if depth < 3 and rng.random() < 0.2:
                items.append(self.container(session, time, container, starts, depth))
            else:
                text, good = self.request(session, turn, time, container, starts)
                items.append(text)
                turn += good
            time += rng.choice([0, 0, decimal.Decimal("0.1"), decimal.Decimal("12.345"), decimal.Decimal("0.0000005"), 3])
        return spread(rng, items)


def make_weka(rng, path, bad_share):
    conversation = rng.choice(["trace_0001", "x", "a-longer-id-0123456789"])
    w = Weka(rng, conversation, bad_share)
    pairs = {"id": '"%s"' % conversation, "block_size": str(w.block), "requests": w.requests(conversation, 0, "0", (), 0)}
    while not w.rows:  # a file without a usable row is refused
        w.__init__(rng, conversation, bad_share)
        pairs.update(block_size=str(w.block), requests=w.requests(conversation, 0, "0", (), 0))
    pairs.update((k, v) for k, v in {"models": '["m"]', "hash_id_scope": '"local"', "tool_tokens": "1", "system_tokens": "2",
                                     "totals": '{"subagent_count":1}'}.items() if rng.random() < 0.7)
    with_breaks = json_text(rng, pairs.items())
    finish_file(rng, path, [with_breaks])
    for r in w.rows:
        r["us"] = r.pop("inner") + (sum(r["starts"]) if w.relative else 0)
        del r["starts"]
    return w.rows, w.dropped, w.n_rows, w.block


# ---- RAGPulse

PARTS = ("sys_prompt", "passages_ids", "history", "web_search", "user_input")


def make_ragpulse(rng, path, n, bad_share):
    rows, dropped, lines, turns = [], {}, [], {}
    top = rng.choice([3, 30, 2**33])
    time = rng.randint(0, 100)
    for k in range(n):
        if lines and rng.random() < bad_share:
            text, reason = rng.choice([reference.bad_json(rng), ('{"hash_ids":{"x":[1]}}', "unknown part"),
                                       ('{"hash_ids":{"history":[],"history":[]}}', "repeated key"),
                                       ('{"timestamp":"soon"}', "time not readable"), ('{"timestamp":7}', "malformed JSON"),
                                       ('{"hash_ids":[1]}', "malformed JSON")])
            if reason == "empty line" and k == n - 1:
                text, reason = "nonsense", "malformed JSON"
            lines.append(text)
            dropped[reason] = dropped.get(reason, 0) + 1
            continue
        time = max(0, time + rng.choice([0, 0, 1, 11, -3]))
        parts = {p: [rng.randint(0, top) for _ in range(rng.choice([0, 1, 3, 9]))] for p in PARTS}
        if rows and rng.random() < 0.5:
            parts["sys_prompt"] = rows[0]["parts"]["sys_prompt"]
        symbols = [i for p in PARTS for i in parts[p]]
        entered, answer = len(symbols) + rng.randint(0, 900), rng.randint(0, 9)
        session = rng.choice(["1757-a", "b", "s\u00e9"])
        turn = turns.get(session, 0)
        if bad_share and symbols and rng.random() < 0.05 and rows:
            entered = len(symbols) - 1
            dropped["ids exceed tokens"] = dropped.get("ids exceed tokens", 0) + 1
        else:
            turns[session] = turn + 1
            rows.append(dict(row=len(lines), us=time * 1000000, input=entered, output=answer, session=session, turn=turn,
                             symbols=symbols, n_input=len(symbols), parts=parts))
        order = rng.sample(PARTS, len(PARTS)) if rng.random() < 0.5 else PARTS
        ids = "{" + ", ".join('"%s": %s' % (p, array_text(rng, parts[p])) for p in order) + "}"
        lines.append(json_text(rng, [("timestamp", '"%d"' % time), ("input_length", str(entered)), ("output_length", str(answer)),
                                     ("hash_ids", ids), ("session_id", '"%s"' % session)]))
    finish_file(rng, path, lines)
    for r in rows:
        del r["parts"]
    return rows, dropped, len(lines), 0


# ---- flat

KINDS = {"u32": [".u32", ".dat"], "u64": [".u64", ".dat"], "text": [".txt", ".ids", ".dat"],
         "oracle-general": [".oracleGeneral", ".oracleGeneral.bin", ".dat"]}


def make_flat(rng, path, kind, timed, n, bad_share):
    rows, dropped, lines, records = [], {}, [], b""
    top = rng.choice([1, 30, 2**32 - 1, 2**61])
    top = min(top, 2**32 - 1) if kind == "u32" else top
    time = rng.randint(1, 2**31)
    never = not timed and n > 1 and rng.random() < 0.5  # all times are 0; otherwise they fall
    for k in range(n):
        i = rng.randint(0, top)
        row = dict(row=k, input=1, output=0, symbols=[i], n_input=1)
        time = 0 if never or (not timed and n == 1) else time + rng.choice([0, 0, 1, 60])
        if not timed and not never and k == 1:
            time = 0  # and never again in order
        if timed:
            row["us"] = time * 1000000
        text, reason = str(i), None
        if kind == "text" and lines and rng.random() < bad_share:
            text, reason = rng.choice([("", "empty line"), ("x", "no id"), ("1 2", "no id"), ("-1", "no id"), ("+1", "no id"),
                                       ("18446744073709551616", "no id"), ("1.0", "no id")])
            if reason == "empty line" and k == n - 1:
                text, reason = "x", "no id"
        lines.append(text)
        records += {"u32": lambda: struct.pack("<I", i), "u64": lambda: struct.pack("<Q", i), "text": lambda: b"",
                    "oracle-general": lambda: struct.pack("<IQIq", time, i, rng.randint(0, 9), rng.randint(-1, 9))}[kind]()
        if reason:
            dropped[reason] = dropped.get(reason, 0) + 1
        else:
            rows.append(row)
    if kind == "text":
        finish_file(rng, path, lines)
    else:
        with open(path, "wb") as f:
            f.write(records)
    return rows, dropped, n, 1


# ---- rounds

def one_round(lta, folder, seed):
    rng = random.Random(seed)
    fmt = rng.choice(["weka", "weka", "ragpulse", "flat"])
    bad_share = rng.choice([0, 0, 0.15])
    kind = rng.choice(list(KINDS))
    ending = rng.choice(KINDS[kind])
    timed = kind == "oracle-general" and rng.random() < 0.7
    files, block = [], None
    for base in rng.sample(["trace_0001", "x", "B", "\u00e9"], rng.choice([1, 1, 2, 4])):
        name = base + {"weka": ".json", "ragpulse": ".jsonl", "flat": ending}[fmt]
        path = os.path.join(folder, name)
        while True:
            n = rng.choice([1, 2, 10, 40])
            if fmt == "weka":
                rows, dropped, n_rows, size = make_weka(rng, path, bad_share)
            elif fmt == "ragpulse":
                rows, dropped, n_rows, size = make_ragpulse(rng, path, n, bad_share)
            else:
                rows, dropped, n_rows, size = make_flat(rng, path, kind, timed, n, bad_share)
            if rows and block in (None, size):  # blocks of other sizes do not merge
                break
        block = size
        name, path = reference.compress(rng, name, path)
        files.append(dict(name=name, path=path, rows=rows, dropped=dropped, n_rows=n_rows, kind=None, block=block))
    options = dict(timeline=rng.choice(["concat", "overlay"]) if fmt != "flat" or timed else "concat", gap=rng.choice([0, 0, 1000]),
                   sort=rng.random() < 0.3, tail=rng.choice(["keep", "drop"]) if fmt == "weka" else "keep")
    store = os.path.join(folder, "store")
    command = [lta, "import", "-q", "-o", store, "--timeline", options["timeline"], "--gap", str(options["gap"]),
               "--tail", options["tail"], "--on-error", "skip" if bad_share else "fail"]
    command += ["--sort"] if options["sort"] else []
    if fmt == "flat" and (ending == ".dat" or rng.random() < 0.5):
        command += ["--ids", kind]
    else:
        command += ["--format", fmt]
    done = subprocess.run(command + [f["path"] for f in files], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError("exit code %d: %s" % (done.returncode, done.stderr))
    requests, sources = reference.build(files, options, fmt)
    return reference.compare(os.path.join(store, "trace.h5"), requests, sources, fmt)


if __name__ == "__main__":
    reference.main(one_round, least_copies=5)
