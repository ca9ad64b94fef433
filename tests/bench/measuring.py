"""Times and memory of commands, several sides in turn, and what the page cache holds."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

CHUNK = 4 << 20
UNAVAILABLE = 77  # exit code of a program that cannot do what is asked for on this machine


class Unavailable(Exception):
    """What is to be measured does not exist here; the text says why."""


def log(text):
    print(text, file=sys.stderr, flush=True)


# ---- commands ----

class Done:
    def __init__(self, out, err, wall_s, cpu_s):
        self.out, self.err, self.wall_s, self.cpu_s = out, err, wall_s, cpu_s


def run(command, cwd=None, threads=None, while_running=None, stdout=None):
    """Runs a command to its end; while_running(pid) is called again and again until then. Unavailable where the command says so."""
    environment = dict(os.environ, LC_ALL="C")
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=err, cwd=cwd,
                                   env=environment)
        pid, status = 0, 0
        while while_running and pid == 0:
            while_running(process.pid)
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid == 0:
            pid, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for f in (out, err):
            f.seek(0)
            texts.append(f.read().decode("utf-8", "replace"))
    if process.returncode == UNAVAILABLE:
        raise Unavailable(texts[1].strip().splitlines()[-1])
    if process.returncode != 0:
        raise RuntimeError("%s: exit code %d\n%s" % (" ".join(map(str, command)), process.returncode, texts[1][-2000:]))
    return Done(*texts, wall_s, usage.ru_utime + usage.ru_stime)


def timed(command, **options):
    """What a side of a comparison gives: wall and processor seconds of a command."""
    done = run(command, **options)
    return {"s": done.wall_s, "cpu_s": done.cpu_s}


def json_lines(command, **options):
    """The JSON objects that a program prints, one a line."""
    return [json.loads(line) for line in run(command, **options).out.splitlines() if line.startswith("{")]


def last_json(command, **options):
    return json_lines(command, **options)[-1]


def peak_anonymous(command, interval_s=0.002):
    """The largest RssAnon that a command was seen with, in bytes: what it allocated and touched, mapped files left out."""
    peak = [0]

    def look(pid):
        try:
            with open("/proc/%d/status" % pid, "rb") as f:
                for line in f:
                    if line.startswith(b"RssAnon:"):
                        peak[0] = max(peak[0], int(line.split()[1]) * 1024)
        except OSError:
            pass
        time.sleep(interval_s)

    run(command, while_running=look)
    return peak[0]


# ---- sides in turn ----

class Samples:
    """What a side gave in each round: dictionaries of numbers, or the reason why there is none."""

    def __init__(self):
        self.rounds, self.why_not = [], None

    def median(self, key="s"):
        return statistics.median(r[key] for r in self.rounds)

    def last(self, key):
        return self.rounds[-1][key]


def in_turn(sides, rounds):
    """Calls every side once to warm up, then every side in turn, A B C A B C ..., as many rounds. A side that raises Unavailable is
    left out from then on."""
    samples = {name: Samples() for name in sides}
    for i in range(-1, rounds):
        for name, side in sides.items():
            if samples[name].why_not is None:
                try:
                    taken = side()
                except Unavailable as e:
                    samples[name].why_not = str(e)
                    continue
                if i >= 0:
                    samples[name].rounds.append(taken)
    return samples


def quotient(a, b, a_key="s", b_key="s"):
    """(median of a) / (median of b), and the least and the largest quotient of one round."""
    each = [x[a_key] / y[b_key] for x, y in zip(a.rounds, b.rounds)]
    return a.median(a_key) / b.median(b_key), min(each), max(each)


# ---- page cache ----

def evict(paths):
    """Drops files from the page cache."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)


def read_in(paths):
    """Brings files into the page cache, by large reads, in order."""
    buffer = bytearray(CHUNK)
    for path in paths:
        with open(path, "rb", buffering=0) as f:
            while f.readinto(buffer):
                pass


def cached_share(paths):
    """How much of the files the page cache holds, 0 to 1; None where fincore (util-linux) is not there."""
    command = ["fincore", "--bytes", "--noheadings", "--output", "RES", *paths]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return sum(map(int, done.stdout.split())) / sum(map(os.path.getsize, paths))
