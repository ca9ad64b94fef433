"""Small random traces in the formats that are published, for tests that go through the program."""
import json
import os


def write_marconi(folder, rng, files, longest):
    """Growing conversations, some collapsing, some with shared beginnings, replayed in the sister files."""
    heads = [[rng.randrange(50) for _ in range(rng.randrange(1, longest // 4))] for _ in range(3)]
    sessions = []
    for _ in range(rng.randrange(1, 6)):
        history, turns = list(rng.choice(heads)), []
        for _ in range(rng.randrange(1, 6)):
            history = history + [rng.randrange(50) for _ in range(rng.randrange(0, longest // 4))]
            output = [rng.randrange(50) for _ in range(rng.randrange(0, longest // 8))]
            turns.append((history, output))
            history = history + output
            if rng.random() < 0.3 and len(history) > 4:
                history = history[:len(history) // 3] + history[len(history) // 2:]
        sessions.append(turns)
    sessions += rng.choices(sessions, k=1)
    names = []
    for i in range(files):
        rows = []
        for s, turns in enumerate(sessions):
            at = s / (i + 1)
            for turn, (a, b) in enumerate(turns):
                rows.append(dict(session_id=s, turn_id=turn, ts=at, num_input_tokens=len(a), num_output_tokens=len(b),
                                 input_tokens=a, output_tokens=b))
                at += rng.choice([0, 1, 2, 1 / 3])
        rows.sort(key=lambda row: row["ts"])
        names.append(os.path.join(folder, f"synth_sps={i + 1}_nums={len(sessions)}.jsonl"))
        with open(names[-1], "w") as f:
            f.writelines(json.dumps(row) + "\n" for row in rows)
    return names


def write_mooncake(folder, rng):
    name = os.path.join(folder, "mooncake.jsonl")
    path, next_id, at = {}, 0, 0
    with open(name, "w") as f:
        for i in range(rng.randrange(3, 50)):
            ids, parent = [], ()
            for _ in range(rng.randrange(1, 9)):
                parent = parent + (rng.randrange(3),)
                if parent not in path:
                    path[parent], next_id = next_id, next_id + 1
                ids.append(path[parent])
            at += rng.choice([0, 0, 700, 2999])
            tokens = len(ids) * 512 - rng.choice([0, 0, 1, 511])
            f.write(json.dumps(dict(timestamp=at, input_length=tokens, output_length=rng.randrange(1, 99), hash_ids=ids)) + "\n")
    return [name]


def write_azure(folder, rng):
    name = os.path.join(folder, "AzureLLMInferenceTrace_code.csv")
    at, lines = 0, ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for _ in range(rng.randrange(2, 60)):
        at += int(rng.expovariate(1 / 400000))
        lines.append("2023-11-16 18:%02d:%02d.%06d0,%d,%d" % (15 + at // 60000000, at // 1000000 % 60, at % 1000000,
                                                          rng.randrange(0, 5000), rng.randrange(0, 300)))
    with open(name, "w") as f:
        f.write("\r\n".join(lines))
    return [name]


def write_burstgpt(folder, rng):
    """Failed requests, requests without a session, and times of whole seconds, many of them equal."""
    name = os.path.join(folder, "BurstGPT_3.csv")
    at, lines = 19440000, ["Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type"]
    for row in range(rng.randrange(2, 60)):
        at += rng.choice([0, 0, 1, 20])
        session = "00000000-0000-4000-8000-%012d" % rng.randrange(6) if row == 0 or rng.random() < 0.6 else ""
        entered, answered = rng.randrange(0, 900), rng.choice([0, rng.randrange(1, 300)])
        lines.append("%d.0,%s,%d,%s,%d,%d,%d,%s" % (at, session, rng.randrange(20), rng.choice(["GPT-4", "ChatGPT"]), entered,
                                                    answered, entered + answered, "Conversation log" if session else "API log"))
    with open(name, "w") as f:
        f.write("\n".join(lines) + "\n")
    return [name]
