"""Conversations as Parquet, as LMSYS-Chat-1M and WildChat are published: the same trace as from JSONL of the same values.

Runs in .build/venv (tests/venv.sh); skipped where that or Parquet in this build is missing, which in CI is a failure."""
import datetime
import json
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

import support
from conversation_files import TEXTS

UTC = datetime.timezone.utc
WHOLE = [t for t in TEXTS if not any("\ud800" <= c < "\ue000" for c in t)]   # no halves of surrogate pairs, which Arrow cannot hold


def moment(rng):
    return None if rng.random() < 0.3 else datetime.datetime(2023, rng.randint(1, 12), rng.randint(1, 28), rng.randint(0, 23), 59, 1,
                                                             rng.choice([0, 1, 999999, 500000]), UTC)


def message(rng, fmt, position):
    m = {"content": rng.choice(WHOLE) + " word" * rng.randint(0, 30), "role": ("user", "assistant")[position % 2]}
    if fmt == "wildchat":
        m.update(country=rng.choice(["Nowhere", None]), header={"accept-language": "xx", "user-agent": None}, redacted=rng.random() < 0.5,
                 timestamp=moment(rng) if position % 2 else None, toxic=False, turn_identifier=rng.randint(0, 2**62))
    return m


def conversation(rng, fmt, number):
    n = rng.choice([0, 1, 2, 3, 4, 8, 20, 21, 30])
    row = {"conversation_id" if fmt == "lmsys" else "conversation_hash": "%032x" % number if rng.random() < 0.9 else "same",
           "model": rng.choice(["model-a", "modèle", None]), "conversation": [message(rng, fmt, i) for i in range(n)], "turn": n // 2,
           "language": rng.choice(["English", "English", "Chinese", None]), "openai_moderation": [{"flagged": False, "score": 0.5}],
           "redacted": False}
    if fmt == "wildchat":
        row["timestamp"] = moment(rng) or datetime.datetime(2023, 4, 9, tzinfo=UTC)
    return row


def arrow_type(rng, fmt):
    """The type of a row: any width of offsets and integers, texts as dictionaries, any unit of time from us on."""
    text = lambda: rng.choice([pa.string(), pa.large_string()])
    listed = rng.choice([pa.list_, pa.large_list])
    time = pa.timestamp(rng.choice(["us", "ns"]), tz=rng.choice([None, "UTC", "Europe/Amsterdam"]))
    fields = [("content", text()), ("role", text())]
    if fmt == "wildchat":
        fields += [("country", text()), ("header", pa.struct([("accept-language", text()), ("user-agent", text())])), ("redacted", pa.bool_()),
                   ("timestamp", time), ("toxic", pa.bool_()), ("turn_identifier", pa.int64())]
    columns = [("conversation_id" if fmt == "lmsys" else "conversation_hash", text()), ("model", rng.choice([text(), pa.dictionary(pa.int8(), pa.string())])),
               ("conversation", listed(pa.struct(fields))), ("turn", rng.choice([pa.int8(), pa.uint16(), pa.int64()])),
               ("language", rng.choice([text(), pa.dictionary(pa.int32(), pa.string())])),
               ("openai_moderation", pa.list_(pa.struct([("flagged", pa.bool_()), ("score", pa.float64())]))), ("redacted", pa.bool_())]
    if fmt == "wildchat":
        columns.append(("timestamp", time))
    rng.shuffle(columns)
    return pa.schema(columns)


def as_json(value):
    return value.isoformat() if isinstance(value, datetime.datetime) else value


class ConversationsTest(support.CliTest):
    def parquet(self, rows, schema, name="a.parquet", **options):
        path = self.path(name)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, **options)
        return path

    def seen(self, store):
        """All that a trace holds but the identity of its source: requests as a table, symbols as far as there are any."""
        requests = self.ok("export", "--format", "csv", store).out
        if "input_tokens" not in requests.partition("\n")[0]:
            return requests, None
        if "arrival_us" not in requests.partition("\n")[0]:
            return requests, None
        return requests, self.ok("export", "--format", "marconi-jsonl", "--allow-restricted", store).out


class SameAsJson(ConversationsTest):
    def both_give_the_same(self, fmt, seed):
        rng = random.Random(seed)
        rows = [conversation(rng, fmt, k) for k in range(rng.choice([1, 5, 60]))] + [conversation(random.Random(7), fmt, 1000)]
        rows[-1]["conversation"] = [message(rng, fmt, i) for i in range(4)]   # at least one request
        schema = arrow_type(rng, fmt)
        parquet = self.parquet(rows, schema, row_group_size=rng.choice([1, 7, 1000]), compression=rng.choice(["none", "snappy", "zstd"]))
        names = [f.name for f in schema]
        json_path = self.write("a.jsonl", "".join(json.dumps({k: r[k] for k in names}, default=as_json) + "\n" for r in rows))
        for options in ((), ("--tokenizer", "bytes"), ("--tokenizer", "bytes", "--marconi-rules", "--sps", "2", "--sessions", str(rng.choice([1, 5])))):
            got = [self.lta("import", "--force", "-q", "--threads", rng.choice("123"), "-o", self.path(name), *options, path)
                   for name, path in (("p", parquet), ("j", json_path))]
            self.assertEqual(got[0].code, got[1].code, "%s\n%s" % tuple(got))
            if got[0].code == 0:
                self.assertEqual(self.seen(self.path("p")), self.seen(self.path("j")), (seed, options))
            else:
                self.assertIn("no usable row", got[0].err)   # none by Marconi's rules

    def test_lmsys(self):
        for seed in range(8):
            self.both_give_the_same("lmsys", seed)

    def test_wildchat(self):
        for seed in range(8):
            self.both_give_the_same("wildchat", seed)


LMSYS = {"conversation_id": "x", "conversation": [{"content": "Hi", "role": "user"}, {"content": "Hello", "role": "assistant"}], "turn": 1}


class AsFound(ConversationsTest):
    def bad(self, pattern, rows, *options, schema=None, code=3):
        path = self.parquet(rows, schema) if isinstance(rows, list) else rows
        self.refused(code, pattern, "import", "-o", self.path("none"), *options, path)
        self.assertFalse(os.path.exists(self.path("none")))

    def test_is_recognised_by_its_columns(self):
        result = self.ok("import", "-o", self.path("s"), self.parquet([dict(LMSYS, redacted=True)], None, "train-00000-of-00006-4feeb3f83346a0e9.parquet"))
        self.assertIn("its columns are those of format lmsys", result.err)
        self.assertIn('column "redacted" is not used', result.err)
        self.assertIn("1 request, 1 session", result.err)

    def test_damage_names_the_row(self):
        self.bad(r"\S+/a.parquet: row 1: conversation: found 'n'", [LMSYS, dict(LMSYS, conversation=None)])
        self.bad(r"\S+/a.parquet: row 2: content: found 'n'", [LMSYS, LMSYS, dict(LMSYS, conversation=[{"content": None, "role": "user"}])])
        self.bad(r"\S+/a.parquet: has no column conversation_id, expected one", [{"conversation": LMSYS["conversation"]}], "--format", "lmsys")
        binary = pa.schema([("conversation_id", pa.binary()), ("conversation", pa.list_(pa.struct([("content", pa.binary()), ("role", pa.string())])))])
        self.bad(r"\S+/a.parquet: row 0: conversation_id is \"\?\", expected UTF-8",
                 [{"conversation_id": b"\xff", "conversation": []}], "--format", "lmsys", schema=binary)
        odd = pa.schema([("conversation_id", pa.string()), ("conversation", pa.list_(pa.struct([("content", pa.string()), ("when", pa.date32())])))])
        self.bad(r"\S+/a.parquet: row 0: when holds values of a type that is not read",
                 [{"conversation_id": "x", "conversation": [{"content": "", "when": datetime.date(2024, 1, 1)}]}], schema=odd)

    def test_bad_rows_are_counted(self):
        rows = [LMSYS, dict(LMSYS, conversation=None), dict(LMSYS, conversation=[]), LMSYS]
        result = self.ok("import", "--on-error", "skip", "-o", self.path("s"), self.parquet(rows, None))
        self.assertIn("1 row dropped: malformed JSON", result.err)
        self.assertIn("1 row dropped: conversation without a pair of messages", result.err)

    def test_times_beyond_the_calendar(self):
        schema = pa.schema([("conversation_hash", pa.string()), ("timestamp", pa.timestamp("s")), ("conversation", pa.list_(pa.struct([("content", pa.string())])))])
        path = self.path("a.parquet")
        for seconds in (10**12, -10**10):
            table = pa.table([["x"], pa.array([seconds], pa.int64()).cast(pa.timestamp("s")),
                              pa.array([[{"content": "a"}, {"content": "b"}]], schema.field("conversation").type)], schema=schema)
            pq.write_table(table, path)
            self.bad(r"\S+/a.parquet: row 0: timestamp holds a time out of range, expected one from 1900 to 9999", path)


if __name__ == "__main__":
    support.go_on_with_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq
    unittest.main()
