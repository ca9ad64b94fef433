"""What `lta synth` writes: line by line what Python's own json.dumps would write, the history of every session, the
clock, the sizes, the same bytes for the same seed on any machine, and nothing at all where the options are wrong.

Usage: synth_files.py LTA"""
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

LTA = sys.argv[1]
KEYS = ["session_id", "turn_id", "ts", "num_input_tokens", "num_output_tokens", "input_tokens", "output_tokens"]
RATES = ["0.25", "0.5", "1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "2000", "5000", "10000"]
KEPT = 5  # user messages before the last that a collapsing history keeps


def synth(folder, *options, code=0):
    command = [LTA, "synth", "-q", "-o", folder, "--format", "marconi", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, (command, done.returncode, done.stderr)
    assert done.stdout == "", done.stdout
    return done.stderr


def files(folder):
    return {name: open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder))}


def is_prefix(a, b):
    return b[: len(a)] == a


def check_session(turns, collapses_seen):
    """Strict extension always, or until turn 6 and never after."""
    broken = [t for t in range(1, len(turns))
              if not is_prefix(turns[t - 1]["input_tokens"] + turns[t - 1]["output_tokens"], turns[t]["input_tokens"])]
    if broken:
        assert broken == list(range(KEPT + 2, len(turns))), broken
        collapses_seen.append(len(turns))
        user, reply = [], [t["output_tokens"] for t in turns]
        for t, turn in enumerate(turns):
            rest = turn["input_tokens"]
            for i in range(t + 1):
                if i == t:
                    user.append(rest)
                elif i == 0 or i + KEPT >= t:
                    assert is_prefix(user[i], rest)
                    rest = rest[len(user[i]):]
                if i < t:
                    assert is_prefix(reply[i], rest)
                    rest = rest[len(reply[i]):]


def check_file(name, data, limit):
    rate, n = re.fullmatch(r"synth_sps=([0-9.]+)_nums=([0-9]+)\.jsonl", name).groups()
    sessions, before, requests, collapsing = collections.defaultdict(list), (-1.0, 0, 0), [], []
    for line in data.decode("ascii").splitlines(keepends=True):
        r = json.loads(line)
        assert list(r) == KEYS and json.dumps(r) + "\n" == line, line[:300]
        assert r["num_input_tokens"] == len(r["input_tokens"]) <= limit
        assert r["num_output_tokens"] == len(r["output_tokens"])
        assert all(1 <= x < 32000 for x in r["input_tokens"] + r["output_tokens"])
        key = (r["ts"], r["session_id"], r["turn_id"])
        assert before < key, (before, key)
        before = key
        assert r["turn_id"] == len(sessions[r["session_id"]])
        sessions[r["session_id"]].append(r)
        requests.append((r["session_id"], r["turn_id"], r["input_tokens"], r["output_tokens"]))
    assert sorted(sessions) == list(range(int(n)))
    for k, turns in sessions.items():
        assert turns[0]["ts"] == k / float(rate)
        check_session(turns, collapsing)
    return rate, sorted(requests), collapsing


with tempfile.TemporaryDirectory() as top:
    def folder(name):
        return os.path.join(top, name)

    # every file, and the sister files hold the same requests
    synth(folder("a"), "--files", "4", "--sessions", "40", "--collapse", "0.5", "--system-tokens", "50", "--seed", "3")
    a = files(folder("a"))
    parts = [check_file(name, data, 32768) for name, data in a.items()]
    assert [p[0] for p in parts] == RATES[:4]
    assert all(p[1] == parts[0][1] for p in parts) and len({d for d in a.values()}) == 4
    assert len(parts[0][2]) >= 5, "too few collapsing sessions to say anything"

    # every rate, tiny messages, no replies, a limit that ends sessions
    synth(folder("b"), "--files", "15", "--sessions", "30", "--message-tokens", "2", "--output-tokens", "0",
          "--token-limit", "9", "--system-tokens", "3")
    b = files(folder("b"))
    assert {check_file(name, data, 9)[0] for name, data in b.items()} == set(RATES)

    # none collapses; everything collapses
    for share, some in (("0", False), ("1", True)):
        synth(folder("c" + share), "--files", "1", "--sessions", "20", "--turns", "20", "--collapse", share)
        for name, data in files(folder("c" + share)).items():
            assert bool(check_file(name, data, 32768)[2]) == some

    # sizes are reached, and hardly passed
    for size, least in (("1", 1), ("3M", 3000000), ("1Mi", 1 << 20)):
        synth(folder("s" + size), "--files", "2", "--size", size, "--turns", "4")
        total = sum(map(len, files(folder("s" + size)).values()))
        assert least <= total <= least + 500000, (size, total)

    # the same bytes again, over the old files, and on every machine; others for another seed
    digest = hashlib.sha256(b"".join(a.values())).hexdigest()
    assert digest == "ea0093825b566935d26e84528d88473c2a9472b3b8eb246e458ed59a59e82ab4", digest
    synth(folder("a"), "--files", "4", "--sessions", "40", "--collapse", "0.5", "--system-tokens", "50", "--seed", "3")
    assert files(folder("a")) == a
    synth(folder("d"), "--files", "4", "--sessions", "40", "--collapse", "0.5", "--system-tokens", "50", "--seed", "4")
    assert not set(files(folder("d")).values()) & set(a.values())

    # wrong options: exit code 2, a message that names the option, no file
    for wrong in (["--files", "0"], ["--files", "16"], ["--sessions", "0"], ["--turns", "0"], ["--message-tokens", "0"],
                  ["--collapse", "1.5"], ["--system-tokens", "32768"], ["--system-prompts", "0"], ["--token-limit", "0"],
                  ["--size", "much"], ["--seed", "-1"], ["--format", "other"]):
        message = synth(folder("e"), *wrong, code=2)
        assert wrong[0] in message and not os.path.exists(folder("e")), (wrong, message)

    # a folder that cannot hold files: nothing is left behind
    open(folder("plain"), "w").close()
    synth(folder("plain"), code=2)
    synth(os.path.join(top, "no", "such", "folder"), code=1)
    if os.path.exists("/dev/full") and os.geteuid() != 0:
        os.mkdir(folder("locked"), 0o555)
        synth(folder("locked"), code=1)
        assert not os.listdir(folder("locked"))
print("ok")
