"""What the tests of the program have in common: running it, small source files, and looking at a store.

The program is the one named by the environment variable LTA. Every test works in a fresh folder of its own. A run that
ends by a signal or with a sanitizer's report fails its test, whatever else the test looks at.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SKIPPED = 77  # what ctest takes for a skipped test
EVERY = int(os.environ.get("LTA_TEST_EVERY", "1"))  # long lists of cases: only each so-manieth, where a slow build runs them a second time
TIMEOUT = 120  # seconds a run may take, sanitizers included: a hang is a failure
REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|Assertion .* failed")

STAGES = ("trie", "reuse", "curve", "enrich")
STORE_FILES = ("trace.h5", "trie.h5", "reuse.h5", "curve.h5", "enriched.h5")


class Result:
    """How a run of the program ended; texts are decoded so that any byte survives."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code = arguments, code
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    def __str__(self):
        shown = " ".join(str(a) if len(str(a)) < 200 else str(a)[:200] + "..." for a in self.arguments)
        return "lta %s: exit code %s\n--- stdout\n%s\n--- stderr\n%s" % (shown, self.code, self.out[:2000], self.err[-4000:])


def lta_path():
    path = os.environ.get("LTA")
    if not path:
        sys.exit("the environment variable LTA must name the program to test")
    return os.path.abspath(path)


def environment(**changes):
    """The environment a user might have; without colour, locale or thread settings of whoever runs the tests."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "OMP_", "TZ"))}
    env.update(changes)
    return env


class CliTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lta-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, content):
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def lta(self, *arguments, cwd=None, env=None, timeout=TIMEOUT):
        try:
            done = subprocess.run([lta_path(), *map(str, arguments)], cwd=cwd or self.folder, env=env or environment(),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        except subprocess.TimeoutExpired:
            self.fail("lta %s: still running after %d s" % (" ".join(map(str, arguments))[:300], timeout))
        result = Result(arguments, done.returncode, done.stdout, done.stderr)
        self.check_ended_well(result)
        return result

    def check_ended_well(self, result):
        self.assertIsNone(REPORT.search(result.err), str(result))
        self.assertIn(result.code, (0, 1, 2, 3, 4, 5, 130), "ended by a signal or a sanitizer\n%s" % result)

    def ok(self, *arguments, **options):
        result = self.lta(*arguments, **options)
        self.assertEqual(result.code, 0, str(result))
        return result

    def refused(self, code, pattern, *arguments, **options):
        """The run fails with this code; nothing is on stdout; the last line on stderr is `lta CMD: error: ` and the pattern."""
        result = self.lta(*arguments, **options)
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(result.out, "", str(result))
        self.assertTrue(result.err.endswith("\n"), str(result))
        last = result.err[:-1].rsplit("\n", 1)[-1]
        self.assertRegex(last, r"^lta( \w+)?: error: " + pattern, str(result))
        errors = [line for line in result.err.splitlines() if re.match(r"lta( \w+)?: error: ", line)]
        self.assertEqual(len(errors), 1, "one message says it all\n%s" % result)
        return result


# ---- looking at a store


def tree(folder):
    """Relative path -> bytes of every file under the folder, hidden and temporary ones included."""
    found = {}
    for at, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(at, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def differences(a, b):
    """Names of files that differ between two trees: short enough for a message, unlike the bytes themselves."""
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def identities(folder):
    """Relative path -> (inode, modification time): changes whenever a file is written again, even with equal bytes."""
    found = {}
    for at, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(at, name)
            s = os.stat(path)
            found[os.path.relpath(path, folder)] = (s.st_ino, s.st_mtime_ns)
    return found


def text(value):
    """An attribute as str: h5py gives fixed-length strings as bytes."""
    return value.decode("utf-8") if isinstance(value, bytes) else value


def decode(f):
    """Full sequences from pieces, as store-format.md describes them."""
    s = {name: column[:].tolist() for name, column in f["sequences"].items()}
    full = []
    for r in range(len(s["input_length"])):
        sequence = []
        for i in range(s["offset"][r], s["offset"][r + 1]):
            earlier, start, length = s["piece_request"][i], s["piece_start"][i], s["piece_length"][i]
            piece = (s["symbols"] if earlier < 0 else full[earlier])[start:start + length]
            assert len(piece) == length and earlier < r
            sequence += piece
        full.append(sequence)
    return s["input_length"], full


def read_csv(content):
    """Rows of an RFC 4180 text as dictionaries by column."""
    import csv
    import io
    return list(csv.DictReader(io.StringIO(content, newline="")))


def read_csv_file(path):
    with open(path, newline="", encoding="utf-8") as f:
        return read_csv(f.read())


# ---- small source files


def mooncake(rows, final_newline=True):
    """Lines as Mooncake writes them; a row is (timestamp, input_length, output_length, hash_ids)."""
    keys = ("timestamp", "input_length", "output_length", "hash_ids")
    text = "\n".join(json.dumps(dict(zip(keys, row))) for row in rows)
    return text + "\n" if final_newline else text


# 513 tokens in 2 blocks and 1,536 in 3 leave 512 tokens a block alone; the last ids of the first and third row are partial
MOONCAKE_ROWS = [(0, 513, 12, [0, 1]), (0, 1536, 5, [0, 2, 3]), (2999, 1600, 40, [0, 2, 4, 5])]


def marconi(rows):
    """Lines as Marconi's generator writes them; a row is (session, turn, ts, input ids, output ids)."""
    keys = ("session_id", "turn_id", "ts", "num_input_tokens", "num_output_tokens", "input_tokens", "output_tokens")
    return "".join(json.dumps(dict(zip(keys, (s, t, ts, len(i), len(o), i, o)))) + "\n" for s, t, ts, i, o in rows)


MARCONI_ROWS = [
    (0, 0, 0.0, [1, 8853, 12154, 1115, 376, 77], [1, 8853, 12154, 1115, 90]),
    (1, 0, 2.0, [1, 8853, 12154, 1115, 55], [1, 8853, 12154, 61]),
    (0, 1, 5.333333333333333,
     [1, 8853, 12154, 1115, 376, 77, 1, 8853, 12154, 1115, 90, 1, 8853, 12154, 12], [1, 8853, 44]),
]

AZURE_2023 = ("TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
              "2023-11-16 18:17:03.9799600,4808,10\r\n"
              "2023-11-16 18:17:04.0319600,3180,8\r\n"
              "2023-11-16 18:17:04.0781490,110,27")  # as released: CRLF, and no newline at the end

SAMPLES = {  # format -> (file name, content)
    "mooncake": ("small.jsonl", mooncake(MOONCAKE_ROWS)),
    "marconi": ("lmsys_sps=1_nums=2.jsonl", marconi(MARCONI_ROWS)),
    "azure": ("AzureLLMInferenceTrace_code.csv", AZURE_2023),
}


def shared_file(*parts):
    """A published file, or None where this machine does not have it."""
    shared = os.environ.get("LTA_SHARED") or os.path.join(PROJECT, "..", "shared")
    path = os.path.realpath(os.path.join(shared, "data", *parts))
    return path if os.path.isfile(path) else None


VENV_PYTHON = os.path.join(PROJECT, ".build", "venv", "bin", "python")  # has the packages of tests/requirements.txt


def missing(reason):
    """Prints why what a test needs is not there. In CI it must be."""
    print("skipped: " + reason)
    if os.environ.get("CI"):
        sys.exit("in CI this test must run")


def venv_python(needs):
    """The Python that has the package, or None with the reason printed."""
    if os.path.exists(VENV_PYTHON) and subprocess.run([VENV_PYTHON, "-c", "import " + needs], capture_output=True).returncode == 0:
        return VENV_PYTHON
    missing("no %s in .build/venv, which tests/venv.sh makes from PyPI" % needs)
    return None


def go_on_with_pyarrow():
    """Goes on in .build/venv, and with a program that has Parquet; else ends the test as skipped."""
    if not venv_python("pyarrow"):
        sys.exit(SKIPPED)
    if sys.prefix != os.path.dirname(os.path.dirname(VENV_PYTHON)):
        os.execv(VENV_PYTHON, [VENV_PYTHON, "-B"] + sys.argv)
    if "Arrow" not in subprocess.run([lta_path(), "--version"], stdout=subprocess.PIPE, text=True).stdout:
        missing("this lta was built without Parquet")
        sys.exit(SKIPPED)
