"""Rows of loading: Marconi JSON to a committed trace.h5, and many files to enriched.h5."""
import os
import re

from measuring import Unavailable, cached_share, evict, in_turn, quotient, read_in, run, timed
from report import Row, compared, number, seconds, skipped


def speed(path, s):
    return "%s GB/s" % number(os.path.getsize(path) / s / 1e9)


def _simdjson(b, path):
    """The yardstick by its own clock: reading the file, and parsing it with every value stored; its exit is not counted."""
    program = b.yardstick("json_simdjson")

    def side():
        err = run([program, path, "store"]).err
        read_s, parse_s = map(float, re.search(r"read ([\d.]+) s parse ([\d.]+) s", err).groups())
        return {"s": read_s + parse_s, "parse_s": parse_s}
    return side


def _import(b, path, threads):
    """The whole command, from a file in the page cache to a store that is on disk."""
    def side():
        store = b.fresh("store-import")
        return timed(b.command("import", "-o", store, path, threads=threads, device=False))
    return side


def _cache_state(paths):
    share = cached_share(paths)
    return "" if share is None else "%.0f %% of it in memory" % (100 * share)


def _loading(b, title, path, targets):
    """One row a thread count, the page cache warm: the file was dropped from it and read in again, 4 MB at a time."""
    evict([path])
    read_in([path])
    sides = {"theirs": _simdjson(b, path), 1: _import(b, path, 1), 2: _import(b, path, 2)}
    samples = in_turn(sides, b.repeats)
    rows, peer = [], samples["theirs"]
    against = "json_simdjson.cc, read and parse, %s" % speed(path, peer.median()) if not peer.why_not else ""
    for threads, target in targets.items():
        mine = samples[threads]
        what = "%s, warm, %d thread%s" % (title, threads, "s" if threads > 1 else "")
        beside = "%s wall, %s of processor time; %s" % (seconds(mine.median()), seconds(mine.median("cpu_s")), _cache_state([path]))
        if peer.why_not:
            rows.append(skipped(what, peer.why_not))
            continue
        beside += "; over its parse alone %s×" % number(quotient(peer, mine, "parse_s")[0])
        rows.append(compared(what, speed(path, mine.median()), against, quotient(peer, mine), beside, at_least=target))
    return rows


def chat(b):
    path = b.chat()
    size = "%s GB" % number(os.path.getsize(path) / 1e9)
    return _loading(b, "chats, %s of JSON to trace.h5" % size, path, {1: 10, 2: 18})


def chat_otherwise(b):
    """The same file as other ways of getting into the page cache leave it, and from disk."""
    path, rows = b.chat(), []
    copy = b.path("written.jsonl")

    def written():
        with open(path, "rb") as source, open(copy, "wb") as f:
            while os.sendfile(f.fileno(), source.fileno(), None, 1 << 20):
                pass
        os.sync()

    def dropped(side):
        def cold():
            evict([path])
            return side()
        return cold

    b.need_disk(os.path.getsize(path))
    written()
    try:
        samples = in_turn({1: _import(b, copy, 1), 2: _import(b, copy, 2)}, b.repeats)
        for threads, mine in samples.items():
            rows.append(Row("chats, page cache as writing the file left it, %d thread%s" % (threads, "s" if threads > 1 else ""),
                            speed(copy, mine.median()), beside="%s wall" % seconds(mine.median())))
    finally:
        os.remove(copy)
    sides = {1: dropped(_import(b, path, 1)), 2: dropped(_import(b, path, 2))}
    try:
        sides["theirs"] = dropped(_simdjson(b, path))
    except Unavailable:
        pass
    samples = in_turn(sides, b.repeats)
    for threads in (1, 2):
        mine = samples[threads]
        shown = ("chats, cold: dropped from the page cache before each run, %d thread%s" % (threads, "s" if threads > 1 else ""),
                 speed(path, mine.median()))
        beside = "%s wall" % seconds(mine.median())
        if "theirs" in samples:
            peer = samples["theirs"]
            rows.append(compared(*shown, "json_simdjson.cc %s" % speed(path, peer.median()), quotient(peer, mine), beside))
        else:
            rows.append(Row(*shown, beside=beside))
    return rows


def stored_symbols(b, path):
    """(symbols stored, symbols of all requests), as lta import says them."""
    done = run([b.lta, "import", "--log-json", "-o", b.fresh("store-import"), path])
    return tuple(map(int, re.search(r"(\d+) of (\d+) symbols stored", done.err).groups()))


def agents(b):
    path = b.agents()
    size = "%s GB" % number(os.path.getsize(path) / 1e9)
    rows = _loading(b, "agents (collapsing history), %s of JSON to trace.h5" % size, path, {1: 8, 2: None})
    stored, symbols = stored_symbols(b, path)
    rows.append(compared("agents: symbols stored", "%s million" % number(stored / 1e6), "%s million in all" % number(symbols / 1e6),
                         stored / symbols, at_most=0.2, unit=""))
    return rows


def sisters(b):
    b.need_disk(0 if b.quick else 6e9)
    paths = b.sisters()
    size = sum(map(os.path.getsize, paths))
    b.need_memory(size / 2 if b.quick else 3e9)
    evict(paths)
    read_in(paths)

    def ours(threads):
        def side():
            store = b.fresh("store-sisters")
            return timed(b.command("run", "-o", store, *paths, threads=threads))
        return side

    def cat():
        with open(os.devnull, "wb") as nowhere:
            return timed(["cat", *paths], stdout=nowhere)

    samples = in_turn({"cat": cat, 2: ours(2), 1: ours(1)}, b.repeats)
    b.fresh("store-sisters")
    mine, peer, cpu_s = samples[2], samples["cat"], samples[2].median("cpu_s")
    return [compared("%d sister files, %s GB, to enriched.h5 (lta run), warm, 2 threads" % (len(paths), number(size / 1e9)),
                     seconds(mine.median()), "cat to /dev/null %s" % seconds(peer.median()), quotient(mine, peer),
                     "%s of processor time; 1 thread %s; %s" % (seconds(cpu_s), seconds(samples[1].median()), _cache_state(paths)),
                     at_most=4)]
