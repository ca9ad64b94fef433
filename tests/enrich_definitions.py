"""Enrichment fields and tables from trace.h5 alone, by definition (see enrich_reference.py).

Nothing of the program is reused: sequences are decoded from their pieces, positions are entries of a dict, every touch
gets a number, and a stack distance is how many positions were touched since. Slow on purpose."""
import json
import math
import os

import h5py
import numpy as np

NONE32 = 2**32 - 1
PERMILLE = [0, 10, 50, 100, 250, 500, 750, 900, 950, 990, 995, 999, 1000]


def ratio(a, b):
    return float(a) / float(b) if b else math.nan


def round9(v):
    return v if math.isnan(v) else float("%.8e" % v)


def quantile(values, permille):
    return values[max(1, -(-len(values) * permille // 1000)) - 1]


def grid_edges():
    edges = list(range(16))
    octave = 16
    while octave < 2**64:
        edges += [octave + octave // 8 * i for i in range(8)]
        octave *= 2
    return edges


EDGES = grid_edges()


class Trace:
    def __init__(self, store):
        with h5py.File(os.path.join(store, "trace.h5"), "r") as f:
            column = lambda name: f["/requests/" + name][:].tolist() if "/requests/" + name in f else None
            self.n = len(f["/requests/source"])
            self.unit, self.block_tokens = f.attrs["unit"], int(f.attrs["block_tokens"])
            self.unit = self.unit.decode() if isinstance(self.unit, bytes) else self.unit
            self.session, self.turn, self.arrival = column("session"), column("turn"), column("arrival_us")
            self.input_tokens, self.output_tokens = column("input_tokens"), column("output_tokens")
            self.source = column("source")
            self.source_names = [s.decode() for s in f["/sources/name"][:]]
            self.datasets = [s.decode() for s in f["/sources/dataset"][:]]
            self.full = self.input = None
            if self.unit != "none":
                self.decode(f)
        with h5py.File(os.path.join(store, "enriched.h5"), "r") as f:
            p = f.attrs["parameters"]
        p = json.loads(p.decode() if isinstance(p, bytes) else p)
        self.capacities, self.window_us, self.model = p["capacities"], p["window_us"], p["model"]
        m = self.model
        self.token_bytes = 2 * m["layers"] * m["kv_heads"] * m["head_size"] * m["value_bytes"]
        self.inputs_only = False
        if self.full is not None:
            with h5py.File(os.path.join(store, "reuse.h5"), "r") as f:
                q = f.attrs["parameters"]
            self.inputs_only = json.loads(q.decode() if isinstance(q, bytes) else q)["inputs_only"]
        self.scopes = ["global", "source"] + (["session"] if self.session else [])

    def decode(self, f):
        s = {k: f["/sequences/" + k][:].tolist() for k in
             ("input_length", "offset", "piece_request", "piece_start", "piece_length", "symbols")}
        self.full, self.input = [], []
        for r in range(self.n):
            sequence = []
            for p in range(s["offset"][r], s["offset"][r + 1]):
                source, start, length = s["piece_request"][p], s["piece_start"][p], s["piece_length"][p]
                sequence += (s["symbols"] if source < 0 else self.full[source])[start:start + length]
            self.full.append(sequence)
            self.input.append(sequence[:s["input_length"][r]])

    def group(self, scope, r):
        if scope == "global":
            return "all"
        if scope == "source":
            return self.source[r]
        return self.session[r] if self.session[r] != NONE32 else ("alone", r)


class Scope:
    """Last toucher and stack distance of every position of every touched path, just before its touch."""

    def __init__(self, t, scope, block):
        ids, self.paths = {}, []
        for r in range(t.n):
            at, path = ("root", t.group(scope, r)), []
            for symbol in t.input[r] if t.inputs_only else t.full[r]:
                at = ids.setdefault((at, symbol), len(ids))
                path.append(at)
            self.paths.append(path)
        self.n_positions = len(ids)
        stamp = np.zeros(len(ids), dtype=np.int64)
        toucher = [-1] * len(ids)
        counted = np.zeros(len(ids), dtype=bool)
        for path in self.paths:
            for d, p in enumerate(path, 1):
                counted[p] = d % block == 0
        clock = 0
        self.toucher, self.distance = [], []
        for r, path in enumerate(self.paths):
            self.toucher.append([toucher[p] for p in path])
            self.distance.append([int(np.count_nonzero(stamp[counted] >= stamp[p])) if toucher[p] >= 0 else None
                                  for p in path])
            for p in reversed(path):
                clock += 1
                stamp[p] = clock
                toucher[p] = r

    def reusable(self, t, r):
        n = 0
        while n < len(t.input[r]) and self.toucher[r][n] >= 0:
            n += 1
        return n

    def hits(self, r, lookup_length, block, capacity):
        k = 0
        while (k + 1) * block <= lookup_length:
            d = self.distance[r][(k + 1) * block - 1]
            if d is None or d > capacity:
                break
            k += 1
        return k


def lookup_length(t, r, reserve_last):
    length = len(t.input[r])
    if not reserve_last:
        return length
    if t.unit == "token":
        return max(length - 1, 0)
    return min(length, (max(t.input_tokens[r], 1) - 1) // t.block_tokens)


def prompt_cache(t, min_tokens, by_session):
    """Distances (0: not looked up or never seen) and the number of lookups."""
    keys, out, lookups = [], [], 0
    depth = min_tokens // t.block_tokens
    for r in range(t.n):
        out.append(0)
        if t.input_tokens[r] < min_tokens or len(t.input[r]) < depth:
            continue
        lookups += 1
        key = (t.group("session", r) if by_session else None, tuple(t.input[r][:depth]))
        if key in keys:
            out[r] = len(keys) - keys.index(key)
            keys.remove(key)
        keys.append(key)
    return out, lookups


def trie_nodes(t):
    """Compressed nodes by definition: path -> (owner, parent path), a node ending where a sequence ends or paths part."""
    children, owner = {}, {}
    ends = set()
    for r in range(t.n):
        path = tuple(t.full[r])
        for d in range(len(path)):
            children.setdefault(path[:d], set()).add(path[d])
            owner.setdefault(path[:d + 1], r)
        ends.update([path, tuple(t.input[r])])
    nodes = [p for p in owner if p in ends or len(children.get(p, ())) > 1]
    nodes.sort(key=lambda p: (owner[p], len(p)))
    index, parent = {p: i for i, p in enumerate(nodes)}, []
    for p in nodes:
        d = len(p) - 1
        while d > 0 and p[:d] not in index:
            d -= 1
        parent.append(index[p[:d]] if d > 0 else -1)
    return nodes, index, parent, [owner[p] for p in nodes]


class Reference:
    def __init__(self, t):
        self.t = t
        self.field = {}
        if t.full is not None:
            self.scope = {(s, b): None for s in t.scopes for b in self.blocks()}
            for s, b in self.scope:
                self.scope[s, b] = Scope(t, s, b)
            self.symbol_fields()
        self.other_fields()

    def blocks(self):
        return [1, 16] if self.t.unit == "token" else [1]

    def symbol_fields(self):
        t, f = self.t, self.field
        for s, name in (("global", "reusable"), ("session", "reusable_session"), ("source", "reusable_source")):
            if s in t.scopes:
                f[name] = [self.scope[s, 1].reusable(t, r) for r in range(t.n)]
        if t.session:
            f["reusable_cross"] = [a - b for a, b in zip(f["reusable_source"], f["reusable_session"])]
        g = self.scope["global", 1]
        f["new_symbols"] = [len(t.input[r]) - f["reusable"][r] for r in range(t.n)]
        deepest = [(f["reusable"][r] - 1) if f["reusable"][r] else None for r in range(t.n)]
        f["reuse_distance"] = [0 if d is None else g.distance[r][d] for r, d in enumerate(deepest)]
        f["reuse_distance_first"] = [0 if d is None else g.distance[r][0] for r, d in enumerate(deepest)]
        f["reuse_request"] = [-1 if d is None else g.toucher[r][d] for r, d in enumerate(deepest)]
        seen, f["working_set"] = 0, []
        self.first_touches = []
        for r in range(t.n):
            f["working_set"].append(seen)
            self.first_touches.append(sum(p < 0 for p in g.toucher[r]))
            seen += self.first_touches[r]
        self.distinct = seen
        f["next_request"] = [-1] * t.n
        for r in range(t.n):
            for d in range(f["reusable"][r]):
                p = g.toucher[r][d]
                if f["next_request"][p] < 0:
                    f["next_request"][p] = r
        if t.arrival:
            f["reuse_time_us"] = [-1 if p < 0 else t.arrival[r] - t.arrival[p] for r, p in enumerate(f["reuse_request"])]
            f["next_reuse_time_us"] = [-1 if q < 0 else t.arrival[q] - t.arrival[r]
                                       for r, q in enumerate(f["next_request"])]
        self.nodes, self.index, self.parent, self.owner = trie_nodes(t)
        depth_nodes = []
        for p in self.parent:
            depth_nodes.append(1 if p < 0 else depth_nodes[p] + 1)
        self.depth_nodes = depth_nodes
        f["trie_depth"] = [depth_nodes[self.index[tuple(s)]] if s else 0 for s in t.full]
        for c in t.capacities:
            f[f"hit_{c}"] = [g.hits(r, len(t.input[r]), 1, c) for r in range(t.n)]
        if 1024 % t.block_tokens == 0:
            f["prompt_cache_distance"] = prompt_cache(t, 1024, bool(t.session))[0]

    def other_fields(self):
        t, f = self.t, self.field
        last, turns = {}, {}
        if t.arrival:
            f["interarrival_us"] = [t.arrival[r] - t.arrival[r - 1] if r else -1 for r in range(t.n)]
        if t.session:
            f["think_time_us"] = [] if t.arrival else None
            for r in range(t.n):
                s = t.session[r]
                if t.arrival:
                    f["think_time_us"].append(t.arrival[r] - t.arrival[last[s]] if s in last and s != NONE32 else -1)
                last[s] = r
                turns[s] = turns.get(s, 0) + 1
            f["session_turns"] = [0 if s == NONE32 else turns[s] for s in t.session]
        f["kv_bytes"] = [(a + b) * t.token_bytes for a, b in zip(t.input_tokens, t.output_tokens)]
        self.field = {k: v for k, v in f.items() if v is not None}

    def tables(self):
        t, out = self.t, {}
        out["summary"] = self.summary()
        out.update(self.histograms())
        if t.arrival:
            out["windows"] = self.windows()
        if t.session:
            out["sessions"] = self.sessions()
        if t.full is not None:
            out["denominators"] = self.denominators()
            out["prefixes"] = self.prefixes()
            out["trie_shape"] = self.trie_shape()
            out["prompt_cache"] = self.prompt_cache()
        return out

    def rows_of_sources(self):
        t = self.t
        rows = [(name, [r for r in range(t.n) if t.source[r] == s]) for s, name in enumerate(t.source_names)]
        return rows + [("all", list(range(t.n)))]

    def summary(self):
        t, f, columns = self.t, self.field, {}
        put = lambda k, v: columns.setdefault(k, []).append(v)
        for name, rows in self.rows_of_sources():
            put("source", name)
            put("requests", len(rows))
            if t.session:
                sessions = sorted({t.session[r] for r in rows} - {NONE32})
                put("sessions", len(sessions))
                if t.full is not None:
                    lists = set()
                    for s in sessions:
                        mine = [r for r in rows if t.session[r] == s]
                        mine.sort(key=lambda r: (t.turn[r] if t.turn else 0, r))
                        lists.add(tuple((tuple(t.input[r]), tuple(t.full[r])) for r in mine))
                    put("distinct_sessions", len(lists))
            put("input_tokens", sum(t.input_tokens[r] for r in rows))
            put("output_tokens", sum(t.output_tokens[r] for r in rows))
            put("empty", sum(t.input_tokens[r] == 0 for r in rows))
            put("no_output", sum(t.output_tokens[r] == 0 for r in rows))
            if "burstgpt" in t.datasets:
                put("failed", sum(t.output_tokens[r] == 0 and t.datasets[t.source[r]] == "burstgpt" for r in rows))
            if t.full is not None:
                paths = self.scope["global", 1].paths
                asked, touched = sum(len(t.input[r]) for r in rows), sum(len(paths[r]) for r in rows)
                distinct = len({p for r in rows for p in paths[r]})
                put("input_symbols", asked)
                put("symbols", touched)
                put("distinct_symbols", distinct)
                put("distinct_share", ratio(distinct, touched))
                for s in t.scopes:
                    reusable = sum(f["reusable" if s == "global" else "reusable_" + s][r] for r in rows)
                    put("reusable_" + s, reusable)
                    put("reusable_share_" + s, ratio(reusable, asked))
            if t.arrival:
                span = t.arrival[rows[-1]] - t.arrival[rows[0]] if rows else 0
                put("span_us", span)
                put("rate", ratio((len(rows) - 1) * 1000000 if rows else 0, span))
        return columns

    def histograms(self):
        t, f, out = self.t, self.field, {}
        sets = []
        if t.full is not None:
            g = self.scope["global", 1]
            sets.append(("reuse_distance", [g.distance[r][d] for r in range(t.n) for d in range(f["reusable"][r])],
                         sum(f["new_symbols"])))
            kept = [v for v in f["reuse_distance"] if v > 0]
            sets.append(("reuse_distance_request", kept, t.n - len(kept)))
            if t.arrival:
                kept = [v for v in f["reuse_time_us"] if v >= 0]
                sets.append(("reuse_time", kept, t.n - len(kept)))
        sets.append(("input_length", t.input_tokens, 0))
        sets.append(("output_length", t.output_tokens, 0))
        if t.session and t.arrival:
            kept = [v for v in f["think_time_us"] if v >= 0]
            sets.append(("think_time", kept, t.n - len(kept)))
        if t.session:
            counts = {}
            for s in t.session:
                counts[s] = counts.get(s, 0) + 1
            alone = counts.pop(NONE32, 0)
            sets.append(("session_turns", list(counts.values()), alone))
        table = {k: [] for k in ("distribution", "values", "none", "sum", "mean")}
        for name, values, none in sets:
            values = sorted(values)
            row = {"distribution": name, "values": len(values), "none": none, "sum": sum(values),
                   "mean": ratio(sum(values), len(values))}
            for p in PERMILLE:
                label = {0: "min", 500: "median", 1000: "max"}.get(p, "q%03d" % p)
                row[label] = quantile(values, p) if values else 0
            for k, v in row.items():
                table.setdefault(k, []).append(v)
            bins = [0] * len(EDGES)
            at = 0
            for v in values:
                while EDGES[at + 1] <= v:
                    at += 1
                bins[at] += 1
            used = max((i for i, b in enumerate(bins) if b), default=-1) + 1
            out[name] = {"edge": EDGES[:used], "next_edge": EDGES[1:used + 1], "count": bins[:used]}
        out["distributions"] = table
        return out

    def windows(self):
        t, columns = self.t, {}
        put = lambda k, v: columns.setdefault(k, []).append(v)
        for k in sorted({a // t.window_us for a in t.arrival}):
            rows = [r for r in range(t.n) if t.arrival[r] // t.window_us == k]
            put("window", k)
            put("start_us", k * t.window_us)
            put("requests", len(rows))
            put("input_tokens", sum(t.input_tokens[r] for r in rows))
            put("output_tokens", sum(t.output_tokens[r] for r in rows))
            if t.full is not None:
                asked, hits = sum(len(t.input[r]) for r in rows), sum(self.field["reusable"][r] for r in rows)
                put("input_symbols", asked)
                put("distinct_symbols", len({p for r in rows for p in self.scope["global", 1].paths[r]}))
                put("hits", hits)
                put("hit_ratio", ratio(hits, asked))
        return columns

    def sessions(self):
        t, f, columns = self.t, self.field, {}
        put = lambda k, v: columns.setdefault(k, []).append(v)
        for s in sorted(set(t.session) - {NONE32}):
            rows = [r for r in range(t.n) if t.session[r] == s]
            put("session", s)
            put("source", t.source_names[t.source[rows[0]]])
            put("first_request", rows[0])
            put("turns", len(rows))
            put("input_tokens", sum(t.input_tokens[r] for r in rows))
            put("output_tokens", sum(t.output_tokens[r] for r in rows))
            if t.full is not None:
                asked = sum(len(t.input[r]) for r in rows)
                total = lambda name: sum(f[name][r] for r in rows)
                put("input_symbols", asked)
                put("hits", total("reusable"))
                put("reuse_inside", total("reusable_session"))
                put("reuse_across", total("reusable_cross"))
                put("hit_ratio", ratio(total("reusable"), asked))
                for c in t.capacities:
                    put(f"hit_{c}", total(f"hit_{c}"))
                    put(f"hit_ratio_{c}", ratio(total(f"hit_{c}"), asked))
            if t.arrival:
                put("span_us", t.arrival[rows[-1]] - t.arrival[rows[0]])
        return columns

    def denominators(self):
        t, columns = self.t, {}
        put = lambda k, v: columns.setdefault(k, []).append(v)
        steady = [2 * w >= self.distinct for w in self.field["working_set"]]
        for scope in t.scopes:
            for b in self.blocks():
                for reserve_last in (0, 1):
                    ends = [lookup_length(t, r, reserve_last) for r in range(t.n)]
                    at = lambda c: [self.scope[scope, b].hits(r, ends[r], b, c) for r in range(t.n)]
                    ceiling = at(math.inf)
                    last = max((self.scope[scope, b].distance[r][h * b - 1] for r, h in enumerate(ceiling) if h), default=0)
                    for c in sorted({last, *t.capacities}):
                        hits, lookups = at(c), [e // b for e in ends]
                        full = [n // (b * t.block_tokens) for n in t.input_tokens]
                        hit_full = [min(h, m) for h, m in zip(hits, full)]
                        hit_tokens = sum(hit_full) * b * t.block_tokens
                        mean, with_lookups = 0.0, 0
                        for h, l in zip(hits, lookups):
                            if l:
                                mean += h / l
                                with_lookups += 1
                        with_hits = sum(h > 0 for h in hits)
                        steady_hits = sum(h for h, s in zip(hits, steady) if s)
                        steady_lookups = sum(l for l, s in zip(lookups, steady) if s)
                        row = dict(scope=scope, block=b, reserve_last=reserve_last, capacity=c, hits=sum(hits),
                                   lookups=sum(lookups), hit_full_blocks=sum(hit_full), hit_tokens=hit_tokens,
                                   input_tokens=sum(t.input_tokens), input_full_blocks=sum(full), requests=t.n,
                                   requests_with_lookups=with_lookups, requests_with_hits=with_hits,
                                   steady_hits=steady_hits, steady_lookups=steady_lookups,
                                   symbols=ratio(sum(hits), sum(lookups)), tokens=ratio(hit_tokens, sum(t.input_tokens)),
                                   full_blocks=ratio(sum(hit_full), sum(full)),
                                   request_mean=round9(mean / with_lookups) if with_lookups else math.nan,
                                   requests_any=ratio(with_hits, t.n), steady_state=ratio(steady_hits, steady_lookups))
                        for k, v in row.items():
                            put(k, v)
        return columns

    def prefixes(self):
        t, rows = self.t, []
        for i, path in enumerate(self.nodes):
            parent = len(self.nodes[self.parent[i]]) if self.parent[i] >= 0 else 0
            later = [r for r in range(self.owner[i] + 1, t.n) if tuple(t.input[r][:len(path)]) == path]
            if later:
                first = (later + [-1, -1, -1])[:3]
                row = dict(node=i, saved=(len(path) - parent) * len(later), length=len(path) - parent, depth=len(path),
                           requests=len(later), owner=self.owner[i], request_1=first[0], request_2=first[1],
                           request_3=first[2])
                if t.session:
                    row["sessions"] = len({t.session[r] for r in later} - {NONE32})
                rows.append(row)
        rows.sort(key=lambda row: (-row["saved"], row["node"]))
        names = ["node", "saved", "length", "depth", "requests", "owner", "request_1", "request_2", "request_3"]
        return {k: [row[k] for row in rows[:1000]] for k in names + (["sessions"] if t.session else [])}

    def trie_shape(self):
        children = [0] * len(self.nodes)
        for p in self.parent:
            if p >= 0:
                children[p] += 1
        leaves = [i for i, c in enumerate(children) if c == 0]
        roots = sum(p < 0 for p in self.parent)
        positions = {tuple(s[:d + 1]) for s in self.t.full for d in range(len(s))}
        depth = [len(p) for p in self.nodes]
        n = len(self.nodes)
        row = dict(nodes=n, leaves=len(leaves), root_children=roots, branching_nodes=sum(c > 1 for c in children),
                   most_children=max(children, default=0), children_per_inner_node=ratio(n - roots, n - len(leaves)),
                   positions=len(positions), depth_max_nodes=max(self.depth_nodes, default=0),
                   depth_mean_nodes=ratio(sum(self.depth_nodes[i] for i in leaves), len(leaves)),
                   depth_max_symbols=max(depth, default=0),
                   depth_mean_symbols=ratio(sum(depth[i] for i in leaves), len(leaves)))
        return {k: [v] for k, v in row.items()}

    def prompt_cache(self):
        t, columns = self.t, {}
        put = lambda k, v: columns.setdefault(k, []).append(v)
        for scope in (["session"] if t.session else []) + ["global"]:
            for m in (64, 256, 512, 1024, 2048, 4096):
                if m % t.block_tokens:
                    continue
                distance, lookups = prompt_cache(t, m, scope == "session")
                sizes = [1, 2, 4, 8, 10, 16, 32, 64, 128, 256, 512, 1024]
                while sizes[-1] < max(distance, default=0):
                    sizes.append(2 * sizes[-1])
                for c in sizes:
                    hits = sum(0 < d <= c for d in distance)
                    for k, v in dict(scope=scope, min_tokens=m, max_prompts=c, requests=t.n, lookups=lookups, hits=hits,
                                     hits_per_lookup=ratio(hits, lookups), hits_per_request=ratio(hits, t.n)).items():
                        put(k, v)
        return columns
