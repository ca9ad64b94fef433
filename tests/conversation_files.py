"""Made-up conversations with random quirks, as files of the four text formats.

A generated conversation is the value that Python's own json module reads back from the text that was written, so what
the reference works on is the text, not what the generator meant."""
import json
import os
import random

TEXTS = ["Hi", "", " ", "Fix the bug  please", "x" * 300, "naïve café", "日本語のテキスト" * 8, "\U0001f600 ok \U0001f680", "tab\there\nnew\r\n", 'say "yes"',
         "it's", "it's \"both\"", "back\\slash/", "\x7f\x1f\x01\b\f", "\u2028\u200b\xa0\xad", "<s> [INST] </s>", "{\"a\": 1}", "nul\0in", "ﷺ",
         "half \ud83d pair", "\ude00\ud83d", "\ud83dA", "e\u0301", "    return x", "0", "null"]
ROLES = {"lmsys": ["user", "assistant", "system"], "wildchat": ["user", "assistant"],
         "sharegpt": ["human", "gpt", "system", "user", "chatgpt", "bing", "bard"], "swebench": ["user", "assistant", "system"]}
EXTRAS = [None, True, False, 0, -0.0, -17, 10**20, 1.5, 1e16, 1e15, 1e-5, 0.0001, 123456.789e30, 5e-324, 1.7976931348623157e308, 0.1 + 0.2,
          -2.5e-7, [], {}, [1, [2.0, "é"], {"b": None}], {"k": "v", "ü": [True]}, "\U0001f4a9 '\""]
CONTENT = {"lmsys": "content", "wildchat": "content", "sharegpt": "value", "swebench": "content"}


def text_of(rng):
    if rng.random() < 0.7:
        return rng.choice(TEXTS)
    words = ["the", "of", "prefix", "cache", "größer", "a", "token", "數據", "if", "(x)", "\n"]
    return " ".join(rng.choice(words) for _ in range(rng.randint(1, 60)))


def string_json(rng, text):
    """A JSON string with escapes where they may be, and where they must."""
    out = []
    for c in text:
        code = ord(c)
        named = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\r": "\\r", "/": "\\/"}
        if c in named and (c != "/" or rng.random() < 0.2) and rng.random() < 0.9:
            out.append(named[c])
        elif code < 0x20 or 0xd800 <= code < 0xe000 or c in '"\\' or rng.random() < 0.05:
            units = [code] if code < 0x10000 else [0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff)]
            out.append("".join(rng.choice(["\\u%04x", "\\u%04X"]) % u for u in units))
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def value_json(rng, value, style):
    comma, colon = style
    if isinstance(value, str):
        return string_json(rng, value)
    if isinstance(value, dict):
        return "{" + comma.join(string_json(rng, k) + colon + value_json(rng, v, style) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + comma.join(value_json(rng, v, style) for v in value) + "]"
    if isinstance(value, float) and rng.random() < 0.3:
        return rng.choice(["%.25e", "%.17E"]) % value
    return json.dumps(value)


def shuffled(rng, pairs):
    pairs = list(pairs.items())
    if rng.random() < 0.3:
        rng.shuffle(pairs)
    return dict(pairs)


def message(rng, fmt, position, long_text):
    text = text_of(rng) if not long_text else "".join(rng.choice("abcde fgh") for _ in range(rng.randint(100, 9000)))
    role = ROLES[fmt][position % 2] if rng.random() < 0.8 else rng.choice(ROLES[fmt])
    m = {CONTENT[fmt]: text, ("from" if fmt == "sharegpt" else "role"): role}
    if fmt in ("sharegpt", "swebench"):
        m = dict(reversed(m.items()))
    if fmt == "wildchat":
        m.update(country="Nowhere", hashed_ip="00ff", header={"accept-language": "xx", "user-agent": "made up é"}, language="English",
                 redacted=False, state=None, toxic=False, turn_identifier=rng.randint(0, 9**9))
        if rng.random() < 0.9:
            given = rng.random() < (0.8 if position % 2 else 0.1)
            m["timestamp"] = moment(rng) if given else None
    if rng.random() < 0.1:
        m[rng.choice(["extra", "größe", "tool_calls"])] = rng.choice(EXTRAS)
    if rng.random() < 0.02:
        del m["from" if fmt == "sharegpt" else "role"]
    return shuffled(rng, m)


def moment(rng):
    text = "2023-%02d-%02d%s%02d:%02d:%02d" % (rng.randint(1, 12), rng.randint(1, 28), rng.choice("T "), rng.randint(0, 23), rng.randint(0, 59),
                                               rng.randint(0, 59))
    return text + rng.choice(["", ".5", ".123456"]) + rng.choice(["Z", "+00:00", "-05:30", ""])


def conversation(rng, fmt, number, marconi):
    """The value of a row; for swebench the list of messages."""
    n = rng.choice([0, 1, 2, 2, 3, 4, 5, 8] + ([20, 21, 25, 40] * 2 if marconi else []) + ([110] if fmt == "swebench" else []))
    long_text = marconi and rng.random() < 0.4
    messages = [message(rng, fmt, i, long_text) for i in range(n)]
    if fmt == "swebench":
        return messages
    if fmt == "sharegpt":
        row = {"id": "%06d_%d" % (number // 2, number % 2) if rng.random() < 0.9 else rng.choice(["same", None, 17]), "conversations": messages}
        if rng.random() < 0.1:
            del row["id"]
        return shuffled(rng, row)
    row = {"conversation_id" if fmt == "lmsys" else "conversation_hash": "%032x" % number if rng.random() < 0.8 else rng.choice(["same", "same#2"]),
           "model": rng.choice(["model-a", "modèle", None]), "conversation": messages, "turn": n // 2,
           "language": rng.choice(["English", "English", "Chinese", "unknown", None]), "openai_moderation": rng.choice([[], [{"flagged": False}]]),
           "redacted": True}
    if fmt == "wildchat":
        row["timestamp"] = moment(rng) if rng.random() < 0.9 else None
    for key in ("model", "language"):
        if rng.random() < 0.05:
            del row[key]
    return shuffled(rng, row)


def bad_row(rng, fmt):
    """A row that is whole JSON but no conversation, and why."""
    key, content = ("conversations" if fmt == "sharegpt" else "conversation"), CONTENT[fmt]
    name = {"lmsys": '"conversation_id": "x", ', "wildchat": '"conversation_hash": "x", "turn": 1, ', "sharegpt": ""}[fmt]
    choices = [('{"other": 1}', "missing key"), ("17", "malformed JSON"), ("[]", "malformed JSON"),
               ('{%s"%s": null}' % (name, key), "malformed JSON"), ('{%s"%s": {}}' % (name, key), "malformed JSON"),
               ('{%s"%s": [17]}' % (name, key), "malformed JSON"), ('{%s"%s": [{"role": "user"}]}' % (name, key), "missing key"),
               ('{"%s": [], "%s": []}' % (key, key), "repeated key"),
               ('{%s"%s": [{"%s": "a", "%s": "b"}]}' % (name, key, content, content), "repeated key")]
    if fmt == "wildchat":
        choices.append(('{%s"%s": [{"content": "a", "timestamp": "yesterday"}]}' % (name, key), "malformed time"))
    return rng.choice(choices)


def write_file(rng, folder, fmt, number, marconi, with_bad):
    """A file (or folder) of the format: its path, and its rows in order: values, or the reason of a bad one as ("bad", reason)."""
    style = rng.choice([(", ", ": "), (",", ":"), (" ,\t", " : ")])
    n = rng.randint(2, 30)
    rows, texts = [], []
    for k in range(n):
        if with_bad and fmt != "swebench" and k and rng.random() < 0.2:
            text, reason = bad_row(rng, fmt)
            if fmt in ("lmsys", "wildchat") and rng.random() < 0.3:
                text, reason = rng.choice([("nonsense", "malformed JSON"), ('{"conversation": [', "malformed JSON")])
            rows.append(("bad", reason))
        else:
            text = value_json(rng, conversation(rng, fmt, k, marconi), style)
            rows.append(json.loads(text))
        texts.append(text)
    path = os.path.join(folder, "%s%d" % (fmt, number))
    if fmt == "swebench":
        return write_folder(rng, path, rows, texts, with_bad)
    if fmt == "sharegpt":
        path += ".json"
        between = rng.choice([",", ", ", ",\n ", "\n,\r\n"])
        whole = rng.choice(["", " ", "\n"]) + "[" + rng.choice(["", "\n "]) + between.join(texts) + rng.choice(["", "\n"]) + "]" + rng.choice(["", "\n", "\r\n\n"])
    else:
        path += ".jsonl"
        whole = rng.choice(["\n", "\r\n"]).join(texts) + rng.choice(["", "\n", "\r\n", "\n\n"])
    data = whole.encode()
    if rng.random() < 0.2:
        data = b"\xef\xbb\xbf" + data
    with open(path, "wb") as f:
        f.write(data)
    return path, rows


def write_folder(rng, path, rows, texts, with_bad):
    os.mkdir(path)
    names = ["%s__%s-%d.json" % (rng.choice("aBz_"), rng.choice(["x", "é", "Y"]), i) for i in range(len(rows))]
    names.sort(key=lambda name: name.encode())
    found = []
    for name, row, text in zip(names, rows, texts):
        if with_bad and rng.random() < 0.2:
            text, reason = rng.choice([("", "no JSON text"), ("[{]", "malformed JSON"), ('{"role": 1}', "malformed JSON"),
                                       ('[{"role": "user"}]', "missing key"), (text + "]", "malformed JSON")])
            row = ("bad", reason)
        found.append(row)
        with open(os.path.join(path, name), "wb") as f:
            f.write((rng.choice(["", "\n"]) + text + rng.choice(["", "\n"])).encode())
    for other in (".hidden.json", "README.md"):
        with open(os.path.join(path, other), "w") as f:
            f.write("[]")
    found = [r if isinstance(r, tuple) else {"name": n[:-len(".json")], "messages": r} for n, r in zip(names, found)]
    return path, found
