"""Source files that are cut, damaged, something else, very large, or only odd; rows that are dropped and counted."""
import json
import os
import re
import shutil
import socket
import unittest

import h5py
import support
from hostile import FORMATS, OPTIONS, HostileTest

HUGE = "9" * 400
DEEP = 100000
BIG = 100 * 1000 * 1000

# line 2 of the three-line samples, as text with one place to change
MOONCAKE = {"timestamp": "0", "input_length": "1536", "output_length": "5", "hash_ids": "[0, 2, 3]"}
MARCONI = {"session_id": "1", "turn_id": "0", "ts": "2.0", "num_input_tokens": "5", "num_output_tokens": "4",
           "input_tokens": "[1, 8853, 12154, 1115, 55]", "output_tokens": "[1, 8853, 12154, 61]"}
AZURE = ["2023-11-16 18:17:04.0319600", "3180", "8"]

NOT_INTEGERS = ['"5"', "5.0", "5.5", "5e0", "-5", "+5", "05", "0x5", "5,", "", "null", "true", "[]", "[5]", "{}", '{"a": 5}',
                "NaN", "Infinity", HUGE, "-" + HUGE, "1e999", str(2**64), "5\0", "５"]
NOT_NUMBERS = ['"5"', "null", "true", "[]", "{}", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1.", ".5", "1e", "0x1p3", "",
               "-1", "--1", HUGE]
NOT_LISTS = ["null", "5", '"1"', "{}", "[1", "[1,]", "[,1]", "[1 2]", "[1.0]", "[-1]", "[null]", '["1"]', "[[1]]", "[1e3]",
             "[%s]" % HUGE, "[%d]" % 2**64, "[" * DEEP + "]" * DEEP, "[1]]", "[01]", "[1, 2, 3, 4\0]"]


def json_line(fields, **changes):
    return "{" + ", ".join('"%s": %s' % (k, changes.get(k, v)) for k, v in fields.items()) + "}"


def with_second_line(format_name, line):
    """The sample with its second data row replaced; the row's line number is 2 in JSONL, 3 in CSV."""
    text = support.SAMPLES[format_name][1]
    lines = text.split("\r\n" if format_name == "azure" else "\n")
    at = 2 if format_name == "azure" else 1
    if isinstance(line, bytes):
        return b"\n".join(line if i == at else v.encode() for i, v in enumerate(lines))
    lines[at] = line
    return ("\r\n" if format_name == "azure" else "\n").join(lines)


class Truncated(HostileTest):
    def rows_left(self, format_name, text):
        """How many rows a reader of the documented format finds in this beginning of the sample; None if it is malformed."""
        if format_name == "azure":
            header, *rows = text.rstrip("\r\n").split("\r\n") if text else [""]
            if header != "TIMESTAMP,ContextTokens,GeneratedTokens" or not rows:
                return None
            shape = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?,\d+,\d+\Z")
            return len(rows) if all(map(shape.match, rows)) else None
        lines = text.rstrip("\n").split("\n")
        try:
            return len([json.loads(line) for line in lines])
        except ValueError:
            return None

    def check(self, format_name):
        name, text = support.SAMPLES[format_name]

        def one(_, cut):
            path = self.write("%d-%s" % (cut, name), text[:cut])
            n = self.rows_left(format_name, text[:cut])
            if n:
                self.accepted(format_name, path, n)
            else:
                self.rejected(format_name, path)
        self.each(range(len(text) + 1), one)

    def test_mooncake(self):
        self.check("mooncake")

    def test_marconi(self):
        self.check("marconi")

    def test_azure(self):
        self.check("azure")


class Values(HostileTest):
    """One value of one row is wrong: the message names file and line; with --on-error skip the other rows are kept."""

    def bad_rows(self, format_name, rows, line):
        def one(i, row):
            path = self.write("%d-%s" % (i, support.SAMPLES[format_name][0]), with_second_line(format_name, row))
            self.rejected(format_name, path, line)
            if i % 4 == 0:
                self.accepted(format_name, path, 2, "--on-error", "skip")
        self.each(rows, one)

    def json_rows(self, fields, integers, numbers, lists):
        for key in integers:
            yield from (json_line(fields, **{key: v}) for v in NOT_INTEGERS)
        for key in numbers:
            yield from (json_line(fields, **{key: v}) for v in NOT_NUMBERS)
        for key in lists:
            yield from (json_line(fields, **{key: v}) for v in NOT_LISTS)
        whole = json_line(fields)
        for key in fields:  # missing, twice
            yield json_line({k: v for k, v in fields.items() if k != key})
            yield whole[:-1] + ', "%s": %s}' % (key, fields[key])
        yield from (whole + whole, whole + "x", whole + ",", "[" + whole + "]", "null", '"text"', "{}", "{", "}", "x", " ", "",
                    whole[:-1] + ",}", whole.replace('"', "'"), whole.replace(":", "=", 1), whole[:-1] + ', "a": tru}',
                    whole[:-1] + ', "a": "\\u12"}', whole[:-1] + ', "a": "\\ud800"}', whole[:-1] + ', "a": "\\x"}',
                    whole[:-1] + ', "a": "tab\there"}', whole[:-1] + ', "a": "\0"}', "\0" * 10, whole[:20] + "\0" + whole[20:],
                    whole[:-1] + ', "a": ' + "[" * DEEP + "]" * DEEP + "}",
                    whole[:-1] + ', "a": ' + '{"b": ' * DEEP + "1" + "}" * DEEP + "}",
                    whole[:-1] + ', "a": ' + "[" * DEEP + "}", "[" * DEEP, "{" * DEEP, '{"timestamp": ' * DEEP)
        yield from (whole.encode()[:-1] + b', "a": "' + bad + b'"}' for bad in
                    (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"))
        yield b"\xff\xfe" + whole.encode("utf-16-le")

    def test_mooncake(self):
        rows = list(self.json_rows(MOONCAKE, ("input_length", "output_length"), ("timestamp",), ("hash_ids",)))
        rows += [json_line(MOONCAKE, input_length=v) for v in ("1025000", "512", "1024", "2049", str(2**32))]
        rows += [json_line(MOONCAKE, hash_ids=v) for v in ("[]", "[0]", "[0, 2, 3, 4, 5]")]
        rows += [json_line(MOONCAKE, timestamp=v) for v in ("1e300", "92233720368547758070", "-0.001")]
        self.bad_rows("mooncake", rows, 2)

    def test_marconi(self):
        rows = list(self.json_rows(MARCONI, ("session_id", "turn_id", "num_input_tokens", "num_output_tokens"), ("ts",),
                                   ("input_tokens", "output_tokens")))
        rows += [json_line(MARCONI, num_input_tokens=v) for v in ("4", "6", "0", str(2**32), str(2**40))]
        rows += [json_line(MARCONI, input_tokens=v) for v in ("[]", "[1]", "[1, 2, 3, 4, 5, 6]")]
        rows += [json_line(MARCONI, turn_id=str(2**32)), json_line(MARCONI, ts="1e300"), json_line(MARCONI, ts="-0.1")]
        self.bad_rows("marconi", rows, 2)

    def test_azure(self):
        time, context, generated = AZURE
        rows = [",".join((time, v, generated)) for v in NOT_INTEGERS if v not in ('"5"', "05")]
        rows += [",".join((time, context, v)) for v in ("", " ", "8.0", "-8", "eight", HUGE, str(2**32), "8;", "8\0", "8 ")]
        rows += [",".join((v, context, generated)) for v in (
            "", "yesterday", "2023-11-16", "18:17:04", "2023-02-30 18:17:04", "2023-13-01 18:17:04", "2023-11-16 24:00:01",
            "2023-11-16 18:60:04", "2023-11-16 18:17:61", "2023-11-16 18:17:04.", "2023-11-16 18:17:04.1234567890",
            "2023-11-16  18:17:04", "16/11/2023 18:17:04", "2023-11-16 18:17:04 UTC", "2023-11-16 18:17:04+99:00",
            "2023-11-16 18:17:04.0319600\0", "-2023-11-16 18:17:04", "1700158624", HUGE, "2023-11-16T18:17:04.03Zx")]
        rows += [time, time + "," + context, ",".join(AZURE) + ",9", ",".join(AZURE) + ",,", ";".join(AZURE), "\0" * 5, ",,",
                 '"' + time + '",3180,"8" ', '"' + time + '"x,3180,8', 'a"b,3180,8', '"' + time + ',3180,8', ""]
        rows += [b"\xff\xfe\xff,1,2", b"\xc3(,1,2"]
        self.bad_rows("azure", rows, 3)

    def test_times_that_fall(self):
        for format_name, row, line in (("mooncake", json_line(MOONCAKE, timestamp="3000"), 3),
                                       ("marconi", json_line(MARCONI, ts="5.4"), 3),
                                       ("azure", "2023-11-16 18:17:05,1,1", 4)):
            path = self.write(support.SAMPLES[format_name][0], with_second_line(format_name, row))
            self.rejected(format_name, path, line, "time falls by .* expected")
            self.accepted(format_name, path, 2, "--on-error", "skip")

    def test_run_leaves_nothing_either(self):
        path = self.write("bad.jsonl", with_second_line("mooncake", json_line(MOONCAKE, input_length="-1")))
        store = self.path("store")
        result = self.lta("run", "-o", store, "--format", "mooncake", "--block-tokens", 512, path)
        self.assertEqual((result.code, result.out), (3, ""), str(result))
        self.assertRegex(result.err, r"(?m)^lta run: error: %s:2: " % re.escape(path))
        self.nothing_left(store, result)

    def test_the_second_file_is_bad(self):
        """Nothing of the first file is left when a later one fails, and an older store stays as it is."""
        good = self.write("good.jsonl", support.SAMPLES["marconi"][1])
        bad = self.write("bad.jsonl", with_second_line("marconi", "{"))
        store = self.path("store")
        self.refused(3, re.escape(bad) + ":2: ", "import", "-o", store, "--format", "marconi", good, bad)
        self.nothing_left(store, "")
        self.ok("run", "-o", store, "--format", "marconi", good)
        before = support.tree(store)
        self.refused(3, re.escape(bad) + ":2: ", "run", "-o", store, "--format", "marconi", good, bad)
        self.assertEqual(support.differences(support.tree(store), before), [])


class Accepted(HostileTest):
    """What looks odd and is all right: line ends, byte order marks, order of keys and columns, unknown ones, white space."""

    def same_requests(self, format_name, variants):
        name, text = support.SAMPLES[format_name]
        self.import_file(format_name, self.write(name, text))
        want = self.requests(self.path(name) + ".store")
        for i, variant in enumerate(variants):
            with self.subTest(variant=i):
                os.makedirs(self.path(str(i)), exist_ok=True)
                store, result = self.import_file(format_name, self.write("%d/%s" % (i, name), variant))
                self.assertEqual(result.code, 0, str(result))
                self.assertEqual(self.requests(store), want)

    def requests(self, store):
        with h5py.File(store + "/trace.h5", "r") as f:
            found = {n: d[:].tolist() for n, d in f["requests"].items()}
            if "sequences" in f:
                found.update({n: d[:].tolist() for n, d in f["sequences"].items()})
            return found

    def json_variants(self, text):
        lines = text.splitlines()
        yield "\r\n".join(lines) + "\r\n"
        yield "\ufeff" + text
        yield "\n".join(lines)
        yield text + "\n\n"
        yield text + "\r\n\r\n"
        yield "".join("\t" + re.sub(r"([:,\[\]{}])", r" \1 ", line) + " \n" for line in lines)
        yield "".join(json.dumps(dict(reversed(list(json.loads(line).items()))), separators=(",", ":")) + "\n" for line in lines)
        extra = {"note": "ünï\u2028\"\\", "nested": [[[{"a": [1.5e300, None, True]}]]] * 3, "": {}, "long": "x" * 100000}
        yield "".join(json.dumps({**extra, **json.loads(line)}) + "\n" for line in lines)

    def test_mooncake(self):
        self.same_requests("mooncake", self.json_variants(support.SAMPLES["mooncake"][1]))

    def test_marconi(self):
        text = support.SAMPLES["marconi"][1]
        self.same_requests("marconi", [*self.json_variants(text),
                                       text.replace("5.333333333333333", "5.3333333333333330000000000000001"),
                                       text.replace("2.0", "2").replace("0.0", "0e5"), text.replace("2.0", "0.2E+1")])

    def test_azure(self):
        text = support.SAMPLES["azure"][1]
        rows = [line.split(",") for line in text.split("\r\n")]
        self.same_requests("azure", [
            text + "\r\n", text.replace("\r\n", "\n"), "\ufeff" + text, text + "\r\n\r\n\r\n",
            "\n".join(",".join((c, t, "7", g)) if i else "ContextTokens,TIMESTAMP,NumImages,GeneratedTokens"
                      for i, (t, c, g) in enumerate(rows)),
            "\n".join('"%s","%s","%s"' % tuple(r) for r in rows),
            "\n".join(",".join(r) + ("," if i == 0 else "") for i, r in enumerate(rows)),
            "\n".join(",".join(r) + "," for r in rows),
            "\n".join(",".join((r[0].replace(" ", "T") + "Z" if i else r[0], *r[1:])) for i, r in enumerate(rows)),
            "\n".join(",".join((r[0] + "+00:00" if i else r[0], *r[1:])) for i, r in enumerate(rows)),
            "\n".join(",".join((r[0].replace(" 18:", " 20:") + "+02:00" if i else r[0], *r[1:])) for i, r in enumerate(rows)),
        ])

    def test_equal_times_keep_the_order_of_the_file(self):
        rows = [(7, 513 if i % 2 else 1024, i, [0, 1]) for i in range(50)]
        store, _ = self.import_file("mooncake", self.write("ties.jsonl", support.mooncake(rows)))
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual(f["requests/output_tokens"][:].tolist(), list(range(50)))
            self.assertEqual(f["requests/source_row"][:].tolist(), list(range(50)))


class WholeFiles(HostileTest):
    def test_no_data(self):
        cases = [(f, content) for f in FORMATS for content in (
            b"", b"\n", b"\r\n\r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b" ", b"\0", b"\0" * 100000, b"\n\n{}\n", b"\x1f\x8b\x08\0\0\0",
            b"\x89HDF\r\n\x1a\n" + b"\0" * 1000, b"PAR1" * 100, bytes(range(256)) * 300)]

        def one(i, case):
            self.rejected(case[0], self.write("%d.jsonl" % i, case[1]))
        self.each(cases, one)

    def test_header_of_azure(self):
        headers = ["TIMESTAMP,ContextTokens", "TIMESTAMP,ContextTokens,generatedtokens", "Time,ContextTokens,GeneratedTokens",
                   "TIMESTAMP;ContextTokens;GeneratedTokens", "TIMESTAMP,ContextTokens,GeneratedTokens,ContextTokens",
                   "2023-11-16 18:17:03.9799600,4808,10", ",,", '"TIMESTAMP,ContextTokens,GeneratedTokens']

        def one(i, header):
            path = self.write("%d.csv" % i, header + "\n2023-11-16 18:17:03.9799600,4808,10\n")
            self.rejected("azure", path, 1)
            self.rejected("azure", path, 1, "", "--on-error", "skip")
        self.each(headers, one)
        path = self.write("alone.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\r\n")
        self.rejected("azure", path, None, "expected at least one")

    def test_pointers_and_web_pages(self):
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 123456789\n" % ("ab" * 32)
        page = "<!DOCTYPE html>\n<html><head><title>traces/conversation_trace.jsonl</title></head></html>\n"
        for format_name in FORMATS:
            name = support.SAMPLES[format_name][0]
            self.rejected(format_name, self.write(name, pointer), 1, "Git LFS pointer.*123456789 bytes.*expected")
            for text in (page, "<html>\n</html>", "<!doctype HTML><p>"):
                self.rejected(format_name, self.write(name, text), 1, r"web page.*expected")

    def test_what_is_no_file(self):
        os.mkdir(self.path("folder.jsonl"))
        os.symlink(self.path("nowhere"), self.path("dangling.jsonl"))
        os.symlink("loop.jsonl", self.path("loop.jsonl"))
        os.mkfifo(self.path("fifo.jsonl"))
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.path("socket.jsonl"))
        for name in ("folder.jsonl", "dangling.jsonl", "loop.jsonl", "fifo.jsonl", "socket.jsonl", "absent.jsonl", "absent/x.jsonl"):
            for format_name in FORMATS:
                with self.subTest(name=name, format=format_name):
                    self.rejected(format_name, self.path(name))
        self.refused(3, "/dev/null: ", "import", "-o", self.path("store"), "--format", "azure", "/dev/null")
        self.refused(3, "/dev/zero: ", "import", "-o", self.path("store"), "--format", "azure", "/dev/zero")
        self.refused(3, ".*: ", "import", "-o", self.path("store"), "--format", "azure", "")
        self.refused(3, "x+", "import", "-o", self.path("store"), "--format", "azure", "x" * 5000)

    @unittest.skipIf(os.geteuid() == 0, "permissions do not bind root")
    def test_unreadable(self):
        path = self.write(*support.SAMPLES["azure"])
        os.chmod(path, 0)
        self.rejected("azure", path, None, "[Pp]ermission")

    def test_wrong_format(self):
        """Each format's file given as each other format; with --format auto, each is recognised."""
        for given in FORMATS:
            path = self.write(*support.SAMPLES[given])
            for format_name in FORMATS:
                if format_name != given:
                    self.rejected(format_name, path, 1)
            store = self.path("auto-" + given)
            self.ok("import", "-o", store, *OPTIONS[given], path)
            with h5py.File(store + "/trace.h5", "r") as f:
                self.assertEqual(f["sources/dataset"].asstr()[0], given)
        self.refused(3, ".*notes.txt", "import", "-o", self.path("x"), self.write("notes.txt", "just some notes\n"))

    def test_block_size_left_open(self):
        """Rows that fit several block sizes, or none, are refused until the size is told."""
        path = self.write("open.jsonl", support.mooncake([(0, 700, 1, [0, 1])]))
        result = self.refused(3, re.escape(path) + r".*--block-tokens", "import", "-o", self.path("s"), "--format", "mooncake", path)
        self.nothing_left(self.path("s"), result)
        self.ok("import", "-o", self.path("s"), "--format", "mooncake", "--block-tokens", 512, path)
        path = self.write("none.jsonl", support.mooncake([(0, 512, 1, [0]), (1, 512, 1, [0, 1, 2, 3]), (2, 512, 1, [0, 1])]))
        self.refused(3, re.escape(path) + r":\d: .*--block-tokens", "import", "-o", self.path("t"), "--format", "mooncake", path)
        self.refused(3, re.escape(path) + r":2: ", "import", "-o", self.path("t"), "--format", "mooncake", "--block-tokens", 512, path)

    def test_file_names(self):
        """Names are bytes: odd ones must work, or be refused by name."""
        for name in (b"with space.jsonl", "ünïcode.jsonl".encode(), b"percent%s%n.jsonl", b"quote\".jsonl", b".jsonl", b"noextension",
                     b"new\nline.jsonl", b"bad\xff\xfe.jsonl", b"a" * 250):
            path = os.path.join(os.fsencode(self.folder), name)
            with open(path, "wb") as f:
                f.write(support.SAMPLES["mooncake"][1].encode())
            with self.subTest(name=name):
                store = self.path("store")
                result = self.lta("run", "-o", store, "--format", "mooncake", os.fsdecode(path))
                self.assertIn(result.code, (0, 3), str(result))
                if result.code == 0:
                    self.ok("verify", store)
                    with h5py.File(store + "/trace.h5", "r") as f:
                        self.assertEqual(os.fsencode(f["sources/file"].asstr()[0]), name)
                else:
                    self.nothing_left(store, result)
                shutil.rmtree(store, ignore_errors=True)


class LongLines(HostileTest):
    """Lines of 100 MB: no fixed buffer, no quadratic time."""

    def test_garbage(self):
        path = self.path("long.jsonl")
        for format_name, byte, line in (("mooncake", b"[", 1), ("mooncake", b"1", 1), ("marconi", b'"', 1), ("azure", b",", 1)):
            with open(path, "wb") as f:
                f.write(byte * BIG)
            self.rejected(format_name, path, line)

    def test_white_space_and_unknown_text(self):
        line = support.SAMPLES["mooncake"][1].splitlines()
        with open(self.path("long.jsonl"), "w") as f:
            f.write(line[0][:-1] + " " * (BIG // 2) + "}\n" + line[1][:-1] + ', "note": "' + "x" * (BIG // 2) + '"}\n' + line[2] + "\n")
        self.accepted("mooncake", self.path("long.jsonl"), 3)

    def test_one_long_request(self):
        """A Marconi line of 100 MB with correct counts is data; one id too few is not."""
        n = BIG // 7
        period = [i * 7919 % 20000 + 10000 for i in range(20000)]  # always five digits
        body = ("".join("%d, " % i for i in period) * (n // len(period) + 1))[: 7 * n - 2]
        head = '{"session_id": 0, "turn_id": 0, "ts": 0.0, "num_input_tokens": %d, "num_output_tokens": 0, "input_tokens": ['
        path = self.path("long.jsonl")
        for told, code in ((n, 0), (n + 1, 3)):
            with open(path, "w") as f:
                f.write(head % told + body + '], "output_tokens": []}')
            store, result = self.import_file("marconi", path)
            self.assertEqual(result.code, code, str(result))
            if code == 0:
                with h5py.File(store + "/trace.h5", "r") as f:
                    self.assertEqual(f["sequences/input_length"][:].tolist(), [n])
                    self.assertEqual(f["sequences/symbols"][:100].tolist(), period[:100])
                shutil.rmtree(store)
            else:
                self.nothing_left(store, result)


class SkippedRows(HostileTest):
    """--on-error skip keeps the good rows and records in the file how many were dropped, and why."""

    def skipped(self, format_name, text, n_good, n_bad, n_reasons):
        path = self.write(support.SAMPLES[format_name][0], text)
        self.rejected(format_name, path)
        store, result = self.import_file(format_name, path, "--on-error", "skip")
        self.assertEqual(result.code, 0, str(result))
        told = re.findall(r"warning: .*: (\d+) rows? dropped: (.+)", result.err)
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual(len(f["requests/source_row"]), n_good)
            counts = f["skipped/count"][:].tolist()
            reasons = f["skipped/reason"].asstr()[:].tolist()
            self.assertEqual((sum(counts), len(counts)), (n_bad, n_reasons), list(zip(reasons, counts)))
            self.assertEqual(sorted((reason, int(count)) for count, reason in told), sorted(zip(reasons, counts)))
            self.assertEqual(set(f["skipped/source"][:].tolist()), {0})
            self.assertEqual(len(set(reasons)), len(reasons))
            self.assertNotIn("", reasons)
            self.assertEqual(f["sources/rows"][:].tolist(), [n_good + n_bad])
            return store, f["requests/source_row"][:].tolist(), dict(zip(reasons, counts))

    def test_mooncake(self):
        good = support.SAMPLES["mooncake"][1].splitlines()
        bad = ["{", json_line(MOONCAKE, input_length='"5"'), json_line(MOONCAKE, input_length="9999999"), "", "[]"]
        store, rows, reasons = self.skipped("mooncake", "\n".join([bad[0], good[0], *bad[1:3], good[1], *bad[3:], good[2]]), 3, 5, 3)
        self.assertEqual(rows, [1, 4, 7])
        self.assertEqual(sorted(reasons.values()), [1, 1, 3])
        for stage in support.STAGES + ("table", "verify"):
            self.ok(stage, store)
        with h5py.File(store + "/enriched.h5", "r") as f:
            self.assertEqual(int(f["skipped/count"][:].sum()), 5)

    def test_marconi(self):
        good = support.SAMPLES["marconi"][1].splitlines()
        bad = [json_line(MARCONI, num_input_tokens="6"), json_line(MARCONI, ts="-1"), json_line(MARCONI, turn_id="0.5"),
               json_line({k: v for k, v in MARCONI.items() if k != "ts"}), json_line(MARCONI, ts="1.0")]
        _, rows, _ = self.skipped("marconi", "\n".join([good[0], *bad[:2], good[1], *bad[2:], good[2]]) + "\n", 3, 5, 5)
        self.assertEqual(rows, [0, 3, 7])

    def test_azure(self):
        head, *good = support.SAMPLES["azure"][1].split("\r\n")
        bad = ["x,1,1", "2023-11-16 18:17:04,-1,1", "2023-11-16 18:17:04,1", "2023-11-16 18:17:04,1,1,1", "2023-11-16 01:00:00,1,1"]
        _, rows, _ = self.skipped("azure", "\r\n".join([head, good[0], *bad, *good[1:]]), 3, 5, 4)
        self.assertEqual(rows, [0, 6, 7])

    def test_nothing_is_left(self):
        for format_name, text in (("mooncake", "{\n[\n"), ("marconi", "x\n"), ("azure", "TIMESTAMP,ContextTokens,GeneratedTokens\nx,1,1\n")):
            path = self.write(support.SAMPLES[format_name][0], text)
            self.rejected(format_name, path, None, "expected at least one", "--on-error", "skip")

    def test_a_change_of_mind(self):
        """Skipping is a parameter of the store: with it and without it are different imports."""
        path = self.write("m.jsonl", support.SAMPLES["mooncake"][1] + "{\n")
        store, result = self.import_file("mooncake", path, "--on-error", "skip")
        self.assertEqual(result.code, 0, str(result))
        before = support.tree(store)
        store, result = self.import_file("mooncake", path)
        self.assertEqual(result.code, 3, str(result))
        self.assertEqual(support.differences(support.tree(store), before), [])


if __name__ == "__main__":
    unittest.main()
