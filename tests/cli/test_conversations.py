"""Text sources as users meet them: what formats.md says of each, a made-up file for every quirk; tokenizers; Marconi's rules.
"""
import gzip
import hashlib
import json
import os
import unittest

import h5py

from support import CliTest

HI = {"content": "Hi", "role": "user"}
HELLO = {"content": "Hello!", "role": "assistant"}
LMSYS = {"conversation_id": "00000000000000000000000000000001", "model": "model-a", "conversation": [HI, HELLO], "turn": 1,
         "language": "English", "openai_moderation": [], "redacted": False}
WILDCHAT = {"conversation_hash": "c0ffee", "model": "gpt-4-0314", "timestamp": "2023-04-09T00:02:53Z", "conversation": [
    dict(HI, timestamp=None, turn_identifier=1), dict(HELLO, timestamp="2023-04-09T00:02:50.5Z", turn_identifier=1),
    dict(HI, timestamp=None, turn_identifier=2), dict(HELLO, timestamp=None, turn_identifier=2)], "turn": 2, "language": "English"}


def sharegpt(*texts, first="human", name="AAAAAAA_0"):
    other = {"human": "gpt", "gpt": "human"}[first]
    return {"id": name, "conversations": [{"from": (first, other)[i % 2], "value": t} for i, t in enumerate(texts)]}


class ConversationTest(CliTest):
    def store(self, *arguments, **options):
        """Imports, and opens the trace."""
        self.result = self.ok("import", "--force", "-o", self.path("s"), *arguments, **options)
        h = h5py.File(self.path("s", "trace.h5"), "r")
        self.addCleanup(h.close)
        return h

    def bad(self, pattern, *arguments, code=3):
        self.refused(code, pattern, "import", "-o", self.path("none"), *arguments)
        self.assertFalse(os.path.exists(self.path("none")))

    def texts(self, h, path):
        return [t.decode() for t in h[path][()]]

    def skipped(self, h):
        return dict(zip(self.texts(h, "skipped/reason"), h["skipped/count"][()].tolist()))


class Readers(ConversationTest):
    def test_a_turn_is_a_request_and_lengths_are_unknown_without_a_tokenizer(self):
        row = dict(LMSYS, conversation=[HI, HELLO, HI, HELLO, HI])
        h = self.store("--format", "lmsys", self.write("a.jsonl", json.dumps(row) + "\n" + json.dumps(LMSYS)))
        self.assertEqual(sorted(h["requests"]), ["kind", "model", "session", "source", "source_row", "source_session", "turn"])
        self.assertEqual(h["requests/turn"][()].tolist(), [0, 1, 0])   # the odd last message is dropped
        self.assertEqual(h["requests/source_row"][()].tolist(), [0, 1, 2])
        self.assertEqual(h["sources/rows"][0], 3)
        self.assertNotIn("sequences", h)
        self.assertEqual(h.attrs["unit"], b"none")
        self.assertEqual(self.texts(h, "dictionary/kind"), ["English"])
        self.assertEqual(self.texts(h, "sources/licence"), ["LMSYS-Chat-1M Dataset License Agreement: do not redistribute"])

    def test_detection(self):
        files = {"lmsys": self.write("l.jsonl", json.dumps(LMSYS)), "wildchat": self.write("w.jsonl", json.dumps(WILDCHAT)),
                 "sharegpt": self.write("s.json", json.dumps([sharegpt("a", "b")])), "swebench": self.write("t.json", json.dumps([HI, HELLO]))}
        for name, path in files.items():
            result = self.ok("import", "--force", "-o", self.path("s"), path)
            self.assertIn("is that of format %s" % name, result.err)

    def test_sharegpt_quirks(self):
        """Pieces of one conversation, a conversation begun by gpt, empty and odd ones, roles twice, no id, odd speakers."""
        rows = [sharegpt("Hi", "Hello"), sharegpt("…continued", "Thanks", first="gpt", name="AAAAAAA_1"), sharegpt(name="BBBBBBB_0"),
                sharegpt("alone", name="C"), {"conversations": [{"from": "system", "value": "be"}, {"from": "system", "value": "so"},
                                                                {"from": "bing", "value": "x"}]}, sharegpt("again", "yes")]
        h = self.store("--format", "sharegpt", "--tokenizer", "bytes", self.write("a.json", json.dumps(rows, indent=1)))
        self.assertEqual(self.texts(h, "dictionary/source_session"), ["AAAAAAA_0", "AAAAAAA_1", "row 4", "AAAAAAA_0#2"])
        self.assertEqual(h["requests/input_tokens"][()].tolist(), [2, len("…continued".encode()), 2, 5])
        self.assertEqual(h["requests/output_tokens"][()].tolist(), [5, 6, 2, 3])
        self.assertEqual(self.skipped(h), {"conversation without a pair of messages": 2})
        self.assertEqual(h["sources/rows"][0], 6)
        self.assertIn("2 rows dropped: conversation without a pair of messages", self.result.err)
        self.assertNotIn("arrival_us", h["requests"])

    def test_text_that_is_no_utf8(self):
        """NUL and halves of surrogate pairs, which JSON can write."""
        path = self.write("a.json", '[{"id": "x", "conversations": [{"from": "human", "value": "a\\u0000\\ud83d"}, '
                                    '{"from": "gpt", "value": "\\ud83d\\ude00\\ude00"}]}]')
        h = self.store("--format", "sharegpt", "--tokenizer", "bytes", path)
        self.assertEqual(bytes(h["sequences/symbols"][()].tolist()), "a\0\ufffd\U0001f600\ufffd".encode())

    def test_wildchat_times(self):
        """The reply's time, else the conversation's; equal hashes are sessions of their own."""
        path = self.write("a.jsonl", json.dumps(WILDCHAT) + "\n" + json.dumps(dict(WILDCHAT, timestamp="2023-04-08 23:00:00")) + "\n")
        h = self.store("--format", "wildchat", path)
        base = -3773000000   # from 00:02:53 back to 23:00
        self.assertEqual(h["requests/arrival_us"][()].tolist(), [0, -base - 2500000, -base - 2500000, -base])
        self.assertEqual(h["requests/source_row"][()].tolist(), [3, 0, 2, 1])
        self.assertEqual(self.texts(h, "dictionary/source_session"), ["c0ffee#2", "c0ffee"])
        self.assertEqual(self.texts(h, "sources/time_origin"), ["1970-01-01T00:00:00Z"])
        none = self.write("b.jsonl", json.dumps(dict(WILDCHAT, timestamp=None)))
        self.bad(r"\S+/b.jsonl:1: neither the reply of turn 1 nor the conversation has a time", "--format", "wildchat", none)
        odd = self.write("c.jsonl", json.dumps(dict(WILDCHAT, timestamp="last week")))
        self.bad(r"\S+/c.jsonl:1: timestamp is \"last week\", expected a time", "--format", "wildchat", odd)

    def test_damage_names_the_place(self):
        cases = (("sharegpt", '[{"conversations": []},\n {"conversations": [{"value": 1}]}]', r":2: row at byte 26: value: found '1' at byte 30"),
                 ("sharegpt", '[{"conversations": []}', r":1: row at byte 2: ends at byte 21, expected a comma or \]"),
                 ("sharegpt", '{"conversations": []}', r":1: found '\{' at byte 1, expected an array"),
                 ("sharegpt", '[{"id": "a"}]', r":1: row at byte 2: key \"conversations\" is missing"),
                 ("sharegpt", '[{"conversations": null}]', r":1: row at byte 2: conversations: found 'n' at byte 19, expected an array"),
                 ("lmsys", json.dumps(LMSYS) + '\n{"conversation_id": "x", "conversation": [{"role": "user"}]}', r':2: key "content" is missing'),
                 ("lmsys", json.dumps(LMSYS) + "\n" + json.dumps(dict(LMSYS, conversation=None)), r":2: conversation: found 'n'"),
                 ("swebench", '[{"role": "user", "content": ["x"]}]', r":1: content: found '\[' at byte 30, expected a string"))
        for fmt, text, message in cases:
            self.bad(r"\S+/x.json" + message, "--format", fmt, self.write("x.json", text))

    def test_skipping(self):
        good, bad = json.dumps(sharegpt("a", "b")), ['{"id": "x"}', '{"conversations": 1}', "17"]
        h = self.store("--on-error", "skip", "--format", "sharegpt", self.write("a.json", "[%s, %s]" % (", ".join(bad), good)))
        self.assertEqual(self.skipped(h), {"missing key": 1, "malformed JSON": 2})
        self.assertEqual(h["sources/rows"][0], 4)
        self.assertEqual(h["requests/source_row"][()].tolist(), [3])
        # behind a row without an end nothing can be read
        self.bad(r"\S+/b.json:1: row at byte 2: ", "--on-error", "skip", "--format", "sharegpt", self.write("b.json", '[{"id" 1}, %s]' % good))

    def test_folder(self):
        os.mkdir(self.path("trajs"))
        self.write("trajs/b.json", json.dumps([HI, HELLO, HI, HELLO]))
        self.write("trajs/a.json.gz", gzip.compress(json.dumps([HI, HELLO]).encode()))
        self.write("trajs/B.json", json.dumps([HELLO, HI, HELLO]))
        self.write("trajs/notes.txt", "")
        self.write("trajs/.x.json", "")
        h = self.store("--format", "swebench", "--sha256", self.path("trajs") + "/")
        self.assertEqual(self.texts(h, "dictionary/source_session"), ["B", "a", "b"])
        self.assertEqual(h["requests/turn"][()].tolist(), [0, 0, 0, 1])
        self.assertEqual(self.texts(h, "sources/file"), ["trajs"])
        self.assertEqual(self.texts(h, "sources/licence"), [""])
        self.assertIn("1 entries are not used", self.result.err)
        digest = hashlib.sha256()
        for name in ("B.json", "a.json.gz", "b.json"):
            with open(self.path("trajs", name), "rb") as f:
                data = f.read()
            digest.update(name.encode() + b"\0" + len(data).to_bytes(8, "little") + data)
        self.assertEqual(self.texts(h, "sources/sha256"), [digest.hexdigest()])
        again = self.ok("import", "-o", self.path("s"), "--format", "swebench", "--sha256", self.path("trajs"))
        self.assertIn("up to date", again.err)
        self.write("trajs/a.json.gz", gzip.compress(b"[{]"))
        self.bad(r"\S+/trajs/a.json.gz:1: ", "--format", "swebench", self.path("trajs"))
        self.write("trajs/a.json.gz", b"")
        self.bad(r"\S+/trajs/a.json.gz: is empty", "--format", "swebench", self.path("trajs"))
        h = self.store("--on-error", "skip", "--format", "swebench", self.path("trajs"))
        self.assertEqual(self.skipped(h), {"no JSON text": 1})
        self.bad(r"\S+/trajs: is a directory, expected a regular file", "--format", "lmsys", self.path("trajs"))
        os.mkdir(self.path("hollow"))
        self.bad(r"\S+/hollow: is a directory without \*.json files", self.path("hollow"))
        os.symlink("nowhere", self.path("trajs", "a.json"))
        self.bad(r"\S+/trajs/a.json: could not be opened", "--format", "swebench", self.path("trajs"))

    def test_lengths_may_be_known_of_some_sources(self):
        lmsys, azure = self.write("l.jsonl", json.dumps(LMSYS)), self.write("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,1\n")
        wildchat = self.write("w.jsonl", json.dumps(WILDCHAT))
        self.ok("run", "-o", self.path("both"), azure, wildchat)
        with h5py.File(self.path("both", "enriched.h5"), "r") as h:
            self.assertEqual(h["requests/input_tokens"][()].tolist(), [1, 2**32 - 1, 2**32 - 1])
        self.ok("verify", self.path("both"))
        self.bad("l.jsonl and w.jsonl: one has times", lmsys, wildchat, code=2)
        self.bad("l.jsonl has no times", "--timeline", "overlay", lmsys, code=2)


class Tokenizers(ConversationTest):
    def test_refusals(self):
        path = self.write("l.jsonl", json.dumps(LMSYS))
        cases = (("tokenizer.json", '{"version": "1.0", "model": {}}', 3, "is JSON, as a Hugging Face tokenizer.json is, which is not read"),
                 ("pointer.model", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 499723\n", 3, ":1: is a Git LFS pointer"),
                 ("empty.model", "", 3, "is empty"), ("no.model", None, 3, "could not be opened"))
        for name, content, code, message in cases:
            model = self.path(name) if content is None else self.write(name, content)
            self.bad(r"\S+/" + name + ".*" + message, "--tokenizer", model, path, code=code)
        with_library = "not in this build" not in self.ok("--version").out
        model = self.write("noise.model", "\n\x05hello\x12")
        self.bad(r"\S+/noise.model: is no SentencePiece model" if with_library else r"\S+/noise.model: this lta was built without SentencePiece",
                 "--tokenizer", model, path, code=3 if with_library else 2)

    def test_only_for_texts(self):
        mooncake = self.write("m.jsonl", '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [0]}')
        self.bad("\\S+/m.jsonl: files of format mooncake hold no texts", "--tokenizer", "bytes", mooncake, code=2)

    def test_is_part_of_what_the_trace_was_made_with(self):
        path = self.write("l.jsonl", json.dumps(LMSYS))
        h = self.store("--tokenizer", "bytes", path)
        self.assertIn(b'"tokenizer":{"kind":"bytes","xxh3_128":""}', h.attrs["parameters"])
        h.close()
        self.assertNotIn("up to date", self.ok("import", "-o", self.path("s"), path).err)
        self.assertIn("up to date", self.ok("import", "-o", self.path("s"), path).err)


class MarconiRules(ConversationTest):
    RULES = ("--tokenizer", "bytes", "--marconi-rules", "--sps")

    def test_options(self):
        lmsys, agent = self.write("l.jsonl", json.dumps(LMSYS)), self.write("a.json", json.dumps([HI, HELLO]))
        mooncake = self.write("m.jsonl", '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [0]}')
        for message, *arguments in (("--sps is for --marconi-rules", "--sps", "1", lmsys), ("--sessions is for", "--sessions", "1", lmsys),
                                    ("--marconi-rules: expected --tokenizer", "--marconi-rules", "--sps", "1", lmsys),
                                    ("--marconi-rules: expected --sps", "--marconi-rules", "--tokenizer", "bytes", lmsys),
                                    ("--art is about agents' turns", *self.RULES, "1", "--art", "5", lmsys),
                                    ("--marconi-rules: expected --art", *self.RULES, "1", "--format", "swebench", agent),
                                    ("--sps 0: expected a number above 0", *self.RULES, "0", lmsys),
                                    ("--sps x: expected a number above 0", *self.RULES, "x", lmsys),
                                    ("--sps nan: expected a number above 0", *self.RULES, "nan", lmsys),
                                    ("--marconi-rules: there are none for format mooncake", "--marconi-rules", "--sps", "1", mooncake)):
            self.bad(message, *arguments, code=2)

    def test_published_form(self):
        """Sessions with too few turns are passed over; the message is tokenized with its keys; typing takes time."""
        messages = [{"content": "a b c", "role": "user"}, {"content": "é", "role": "assistant"}] * 10
        rows = [dict(LMSYS, conversation=messages, turn=9), dict(LMSYS, conversation=messages, turn=10)]
        h = self.store("--format", "lmsys", *self.RULES, "0.250", "--sessions", "1", self.write("x.jsonl", "\n".join(map(json.dumps, rows))))
        self.assertEqual(self.texts(h, "sources/name"), ["lmsys_sps=0.25_nums=1"])
        self.assertEqual(h.attrs["name"], b"lmsys_sps=0.25_nums=1")
        self.assertEqual((self.texts(h, "sources/dataset"), self.texts(h, "dictionary/kind")), (["marconi"], ["lmsys"]))
        self.assertEqual(h["requests/source_time"][:3].tolist(), [0, 2 / 1.5, 2 / 1.5 + 2 / 1.5])
        sent, reply = (json.dumps(m).encode() for m in messages[:2])
        self.assertEqual(h["requests/input_tokens"][:2].tolist(), [len(sent), 2 * len(sent) + len(reply)])
        self.assertEqual(bytes(h["sequences/symbols"][()].tolist())[:len(sent + reply)], sent + reply)
        self.assertEqual(self.skipped(h), {"too few turns for Marconi's rules": 1})
        self.assertIn("arrivals are synthetic", self.result.err)
        self.assertIn(b'"marconi_rules":{"art":null,"sessions":1,"sps":"0.25"}', h.attrs["parameters"])

    def test_limit(self):
        """LMSYS counts the output, ShareGPT does not; the session ends before the turn that is too much."""
        def longest(h):
            return [int(n) for n in h["requests/input_tokens"][()] + h["requests/output_tokens"][()]]
        size = 32768 // 20
        messages = [{"content": "x" * (size - len(json.dumps({"content": "", "role": "user"}))), "role": "user"} for _ in range(20)]
        messages += [dict(m) for m in messages]
        h = self.store("--format", "lmsys", *self.RULES, "1", self.write("x.jsonl", json.dumps(dict(LMSYS, conversation=messages, turn=20))))
        self.assertEqual(longest(h), [2 * size * (t + 1) for t in range(10)])
        h.close()
        size = 32768 // 21
        texts = ["x" * (size - len(json.dumps({"from": "gpt", "value": ""}))) for _ in range(24)]
        row = {"id": "a", "conversations": [{"from": "gpt", "value": t} for t in texts]}
        h = self.store("--format", "sharegpt", *self.RULES, "1", self.write("y.json", json.dumps([row])))
        self.assertEqual(longest(h), [2 * size * (t + 1) for t in range(11)])
        self.assertEqual(self.skipped(h), {"turn beyond the limits of Marconi's rules": 1})

    def test_agents_leave_observations_out(self):
        """Turn t >= 7 sends u0 a0 a1 ... a(t-6) u(t-5) a(t-5) ... u(t)."""
        messages = [{"c": "%s%d" % ("ua"[i % 2], i // 2), "content": ""} for i in range(2 * 53)]
        h = self.store("--format", "swebench", *self.RULES, "2", "--art", "7.50", self.write("x.json", json.dumps(messages)))
        self.assertEqual(self.texts(h, "sources/name"), ["swebench_sps=2_art=7.5_nums=100"])
        self.assertEqual(len(h["requests/turn"]), 51)
        lengths = h["requests/input_tokens"][()].tolist()
        dumped = [len(json.dumps(m)) for m in messages]
        for t in range(51):
            sent = [0] + list(range(1, 2 * t, 2)) + [2 * i for i in range(1, t + 1) if i >= t - 5]
            self.assertEqual(lengths[t], sum(dumped[i] for i in sent) if t else dumped[0])
        times = h["requests/source_time"][()]
        self.assertTrue(all(x == int(x) for x in times - times[0]))


if __name__ == "__main__":
    unittest.main()
