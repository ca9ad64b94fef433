#!/usr/bin/python3
"""The slow, obvious reader of import_reference.py for BurstGPT, the later Azure traces, Qwen-Bailian and TraceLab.

usage: import_reference_services.py LTA [--rounds N] [--seed S]

Quirks of BurstGPT's files: versions 1 to 3 with columns in any order, whole seconds as 5 or 5.0, sessions in some rows alone,
failed requests. Of Azure's: the week of 2024 with two shapes of timestamps, the multimodal one of 2025 with three digits, T and
Z. Of Qwen-Bailian's: parents that are missing or come later, circles of parents, turns from 1, empty types, times that fall.
Some CSV files are larger than the blocks in which threads read them."""
import datetime
import decimal
import json
import os
import random
import subprocess

import import_reference as reference
from import_reference import array_text, bad_json, finish_file, json_text, timestamp_us


def microseconds(text):
    return int((decimal.Decimal(text) * 1000000).to_integral_value(decimal.ROUND_HALF_EVEN))


def count(reasons, reason):
    reasons[reason] = reasons.get(reason, 0) + 1


def csv_field(rng, value, quoted_share):
    if rng.random() < quoted_share or '"' in value or "," in value or "\n" in value:
        return '"' + value.replace('"', '""') + '"'
    return value


class CsvFile:
    """The lines of a CSV file whose columns stand in any order, with others between."""

    def __init__(self, rng, names):
        self.rng = rng
        self.names = list(names)
        self.others = rng.choice([{}, {}, {"note": "n"}, {"a,b": 'x"y'}])
        self.names += self.others
        if rng.random() < 0.6:
            rng.shuffle(self.names)
        self.quoted_share = rng.choice([0, 0, 0, 0.001, 0.1])
        self.comma_after = rng.random() < 0.2
        self.rows, self.dropped, self.lines = [], {}, []

    def text(self, fields):
        fields = dict(self.others, **fields)
        row = ",".join(csv_field(self.rng, str(fields[n]), self.quoted_share) for n in self.names)
        return row + self.rng.choice(["", ","] if self.comma_after else [""])

    def keep(self, fields, row):
        self.rows.append(dict(row, row=len(self.lines)))
        self.lines.append(self.text(fields))

    def drop(self, text, reason):
        self.lines.append(text)
        count(self.dropped, reason)

    def drop_any(self):
        self.drop(*self.rng.choice([("1,2", "wrong number of fields"), (",".join("1" * 12), "wrong number of fields"),
                                    ('"x', "malformed CSV"), ('a"b,,,', "malformed CSV"), ("", "empty line"), ("\0", "malformed CSV")]))

    def finish(self, path):
        while self.lines and self.lines[-1] == "":  # empty lines at the end are no rows
            self.lines.pop()
            self.dropped["empty line"] -= 1
            if not self.dropped["empty line"]:
                del self.dropped["empty line"]
        header = ",".join(csv_field(self.rng, n, 0.1) for n in self.names) + ("," if self.comma_after else "")
        finish_file(self.rng, path, self.lines, header)
        return self.rows, self.dropped, len(self.lines)


# ---- BurstGPT

def make_burstgpt(rng, path, n, bad_share):
    version = rng.choice([1, 3])
    columns = ["Timestamp", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"]
    if version == 3:
        columns[1:1] = ["Session ID", "Elapsed time"]
    f = CsvFile(rng, columns)
    second, turns = rng.choice([0, 5, 19440007]), {}
    shape = rng.choice(["%d", "%d.0", "%d.000", "%d.25", "%d.0000005"])
    talks = ["%08x-0000-4000-8000-000000000000" % rng.getrandbits(32) for _ in range(rng.choice([1, 3, 30]))]
    for k in range(n):
        if k and rng.random() < bad_share:
            f.drop_any()
            continue
        second += rng.choice([0, 0, 0, 1, 7])
        time, reason = shape % second, None
        entered, answered = rng.choice([0, rng.randint(0, 9000)]), rng.choice([0, rng.randint(0, 900)])
        session = rng.choice(talks) if version == 3 and (k == 0 or rng.random() < 0.4) else None
        model, kind = rng.choice(["ChatGPT", "GPT-4"]), "Conversation log" if session else "API log"
        if k and rng.random() < 0.02:
            model = rng.choice([None, "m\u00fc,2"])
        if k and rng.random() < 0.02:
            kind = None
        if k and bad_share and rng.random() < 0.1:
            time, entered, answered, reason = rng.choice([
                ("-1", 1, 1, "not a timestamp"), ("", 1, 1, "not a timestamp"), ("1e", 1, 1, "not a timestamp"),
                (time, "x", 1, "not an integer"), (time, 1, "", "not an integer"), (time, 2**32 - 1, 1, "number out of range")])
            if second > 3 and rng.random() < 0.3:
                time, entered, answered, reason = shape % (second - 3), 1, 1, "time falls"
                if f.rows[-1]["us"] <= microseconds(time):
                    continue
        total = entered + answered if isinstance(entered, int) and isinstance(answered, int) else 7
        if rng.random() < 0.01:
            total += 1
        fields = {"Timestamp": time, "Session ID": session or "", "Elapsed time": rng.randint(0, 99), "Model": model or "",
                  "Request tokens": entered, "Response tokens": answered, "Total tokens": total, "Log Type": kind or ""}
        if reason:
            f.drop(f.text(fields), reason)
            continue
        turn = None
        if session:
            turn = turns[session] = turns.get(session, -1) + 1
        f.keep(fields, dict(us=microseconds(time), input=entered, output=answered, model=model, kind=kind, session=session, turn=turn))
    return f.finish(path)


# ---- Azure

EPOCH = datetime.datetime(1970, 1, 1)


def make_azure(rng, path, n, bad_share):
    """The week of 2024, or the multimodal trace of 2025."""
    multimodal = rng.random() < 0.4
    f = CsvFile(rng, ["TIMESTAMP"] + ["NumImages"] * multimodal + ["ContextTokens", "GeneratedTokens"])
    us = rng.randint(1715472000 * 10**6, 1729000000 * 10**6)
    for k in range(n):
        if k and rng.random() < bad_share:
            f.drop_any()
            continue
        us += rng.choice([0, 1, 999, 10**6, rng.randint(0, 10**8)])
        if not multimodal and rng.random() < 0.2:
            us += -us % 10**6
        t = EPOCH + datetime.timedelta(microseconds=us)
        whole, micro = t.strftime("%Y-%m-%d %H:%M:%S"), us % 10**6
        if multimodal:
            text = whole.replace(" ", "T") + ".%03dZ" % (micro // 1000)
        else:
            text = whole + (".%06d" % micro if micro else "") + "+00:00"
        entered, answered, reason = rng.randint(0, 9000), rng.randint(0, 900), None
        if k and bad_share and rng.random() < 0.1:
            text, entered, reason = rng.choice([
                (whole + "+0000", 1, "not a timestamp"), ("", 1, "not a timestamp"), (whole[:-1], 1, "not a timestamp"),
                (text, "1.0", "not an integer"), (text, 2**64, "number out of range"), ("2023" + text[4:], 1, "time falls")])
        fields = {"TIMESTAMP": text, "NumImages": rng.randint(0, 16), "ContextTokens": entered, "GeneratedTokens": answered}
        if reason:
            f.drop(f.text(fields), reason)
        else:
            f.keep(fields, dict(us=timestamp_us(text), input=entered, output=answered))
    return f.finish(path)


# ---- Qwen-Bailian

def name_sessions(links):
    """links: (chat, parent or None) in the order of the file. What is connected is a session, named by its first request whose
    parent is not in the file, or by its first request."""
    chats = {chat for chat, _ in links}
    label = {x: x for link in links for x in link if x is not None}
    changed = True
    while changed:  # the lowest label spreads along links
        changed = False
        for chat, parent in links:
            if parent is not None and label[chat] != label[parent]:
                label[chat] = label[parent] = min(label[chat], label[parent])
                changed = True
    names = {}
    for chat, parent in links:
        if parent not in chats:
            names.setdefault(label[chat], chat)
    for chat, _ in links:
        names.setdefault(label[chat], chat)
    return {chat: str(names[label[chat]]) for chat in chats}


def make_bailian(rng, path, block, n, bad_share):
    rows, dropped, lines, links = [], {}, [], []
    chats = rng.sample(range(10**6), n + 3)
    floor = rng.random() < 0.3
    top = rng.choice([5, 60, 2**33])
    thousandths, past = rng.randint(0, 90), {None: []}
    later = rng.choice([0, 0.2])
    for k in range(n):
        if k and rng.random() < bad_share:
            text, reason = bad_json(rng)
            if reason == "empty line" and k == n - 1:
                text, reason = "{", "malformed JSON"
            if reason == "repeated key":
                text = '{"chat_id":1,"chat_id":1}'
            lines.append(text)
            count(dropped, reason)
            continue
        chat = chats[k]
        parent = rng.choice([None, chats[rng.randint(0, max(0, k - 1))] if k else None, chats[rng.randint(n, n + 2)]])
        if rng.random() < later:
            parent = chats[rng.randint(0, n - 1)]  # maybe this one itself
        thousandths = max(0, thousandths + rng.choice([0, 0, 1, 60000, -2] if later else [0, 0, 1, 60000]))
        time = rng.choice(["%d.%03d" % divmod(thousandths, 1000), "%de-3" % thousandths])
        ids = list(past.get(parent, []))
        if len(ids) > 30 and rng.random() < 0.5:  # the template leaves out what stood in the middle
            at = rng.randint(1, 10)
            ids = ids[:at] + ids[at + rng.randint(1, 9):]
        else:
            ids = ids[:len(ids) if rng.random() < 0.5 else rng.randint(0, len(ids))]
        ids += [rng.randint(0, top) for _ in range(rng.choice([1, 3, 25]))]
        past[chat] = ids
        tokens = len(ids) * block + (rng.randint(0, block - 1) if floor else -rng.randint(0, block - 1))
        turn, kind, reason = rng.randint(1, 9), rng.choice(["text", "search", "", "th\u00e9"]) if k else "file", None
        if k and bad_share and rng.random() < 0.1:
            tokens, turn, reason = rng.choice([(tokens + 2 * block, turn, "ids do not fit the block size"),
                                               (tokens, 0, "number out of range"), (2**32 - 1, turn, "number out of range")])
        if reason != "number out of range":
            links.append((chat, parent))
        shown = kind if rng.random() < 0.8 else "".join("\\u%04x" % ord(c) for c in kind)
        text = json_text(rng, [("chat_id", str(chat)), ("parent_chat_id", "-1" if parent is None else str(parent)),
                               ("timestamp", time), ("input_length", str(tokens)), ("output_length", "7"),
                               ("type", '"%s"' % shown), ("turn", str(turn)), ("hash_ids", array_text(rng, ids))])
        if reason:
            count(dropped, reason)
        else:
            rows.append(dict(row=len(lines), us=microseconds(time), input=tokens, output=7, symbols=ids, n_input=len(ids),
                             chat=chat, turn=turn - 1, kind=kind or None))
        lines.append(text)
    names = name_sessions(links)
    for r in rows:
        r["session"] = names[r["chat"]]
    finish_file(rng, path, lines)
    return rows, dropped, len(lines)


# ---- TraceLab

def make_tracelab(rng, path, n, bad_share):
    """Rounds in no order of time, without natural keys; texts that are null; events of which the first has the time."""
    rows, dropped, lines = [], {}, []
    for k in range(n):
        us = rng.randint(0, 10**6) * 1000 * rng.choice([1, 1, 3600]) + 1780000000 * 10**6
        time = (reference.EPOCH + datetime.timedelta(microseconds=us)).isoformat(timespec="milliseconds") + "Z"
        events = ['{"event_type": "user_message", "timestamp": "%s"}' % time] + ['{"timestamp": "never", "k": [null]}'] * rng.randint(0, 3)
        session, model, provider = rng.choice(["claude:a", "codex:b", "ü"]), rng.choice(["m-1", None]) if k else "m-1", rng.choice(["claude", None]) if k else "codex"
        entered, generated, turn, reason = rng.randint(0, 10**6), rng.randint(0, 5000), rng.randint(0, 5), None
        given = dict(session_id=json.dumps(session), round_index=turn, model=json.dumps(model), provider=json.dumps(provider), input_tokens_total=entered,
                     output_tokens=generated, timing_events="[%s]" % ", ".join(events), round_id='"same"', reasoning_output_tokens="null")
        if k and rng.random() < bad_share:
            reason, change = rng.choice([("no time", dict(timing_events="[]")), ("missing key", dict(timing_events='[{"event_type": "x"}]')),
                                         ("malformed time", dict(timing_events='[{"timestamp": "never"}]')), ("no session", dict(session_id="null")),
                                         ("number out of range", dict(output_tokens=2**32 - 1)), ("malformed JSON", dict(timing_events="null"))])
            given.update(change)
            count(dropped, reason)
        else:
            rows.append(dict(row=k, us=us, session=session, turn=turn, model=model, kind=provider, input=entered, output=generated))
        lines.append(json_text(rng, [(key, str(v)) for key, v in given.items()]))
    finish_file(rng, path, lines)
    return rows, dropped, n


# ---- rounds

NAMES = {
    "burstgpt": ["BurstGPT_1.csv", "BurstGPT_without_fails_3.csv", "x.csv", "B.csv"],
    "azure": ["AzureLLMInferenceTrace_conv_1week.csv", "AzureLMMInferenceTrace_multimodal.csv", "x.csv", "B.csv"],
    "tracelab": ["round_trace.jsonl", "syfi_coding_trace.jsonl", "x.jsonl"],
    "bailian": ["qwen_traceA_blksz_%d.jsonl", "qwen_coder_blksz_%d.jsonl", "x_blksz_%d.jsonl", "B_blksz_%d.jsonl"],
}
KINDS = {"AzureLLMInferenceTrace_conv_1week.csv": "conv", "AzureLMMInferenceTrace_multimodal.csv": "multimodal"}


def one_round(lta, folder, seed):
    rng = random.Random(seed)
    fmt = rng.choice(["burstgpt", "burstgpt", "azure", "bailian", "bailian", "tracelab"])
    bad_share = rng.choice([0, 0, 0.15])
    block = rng.choice([1, 2, 16])
    files = []
    for plain in rng.sample(NAMES[fmt], rng.choice([1, 1, 2, 3])):
        name = plain.replace("%d", str(block))
        path = os.path.join(folder, name)
        if fmt == "bailian":
            rows, dropped, n_rows = make_bailian(rng, path, block, rng.choice([1, 2, 10, 40]), bad_share)
        elif fmt == "tracelab":
            rows, dropped, n_rows = make_tracelab(rng, path, rng.choice([1, 2, 10, 40]), bad_share)
        else:
            make = make_burstgpt if fmt == "burstgpt" else make_azure
            rows, dropped, n_rows = make(rng, path, rng.choice([1, 2, 10, 40, 5000]), bad_share)
        name, path = reference.compress(rng, name, path)
        files.append(dict(name=name, path=path, rows=rows, dropped=dropped, n_rows=n_rows, kind=KINDS.get(plain), block=block))
    options = dict(timeline=rng.choice(["concat", "overlay"]), gap=rng.choice([0, 0, 1000]), sort=rng.random() < 0.3,
                   tail=rng.choice(["keep", "drop"]) if fmt == "bailian" else "keep")
    store = os.path.join(folder, "store")
    command = [lta, "import", "-q", "-o", store, "--timeline", options["timeline"], "--gap", str(options["gap"]), "--tail",
               options["tail"], "--threads", rng.choice("123"), "--on-error", "skip" if bad_share else "fail"]
    command += ["--sort"] if options["sort"] else []
    command += ["--format", fmt] if rng.random() < 0.5 else []
    done = subprocess.run(command + [f["path"] for f in files], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise AssertionError("exit code %d: %s" % (done.returncode, done.stderr))
    requests, sources = reference.build(files, options, fmt)
    return reference.compare(os.path.join(store, "trace.h5"), requests, sources, fmt)


if __name__ == "__main__":
    reference.main(one_round, least_copies=-1)
