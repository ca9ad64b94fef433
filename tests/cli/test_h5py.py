"""h5py reads every column of every file of a store without plugins, and the files say what they hold (design, section 4)."""
import json
import os
import re
import subprocess
import sys
import unittest

import h5py
import numpy as np
import support

PLAIN_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
ROOT = {"lta_format", "schema_major", "schema_minor", "created_by", "parameters", "inputs", "content_sha256"}

TRACE_TYPES = {
    "requests/session": "<u4", "requests/turn": "<u4", "requests/arrival_us": "<i8", "requests/input_tokens": "<u4",
    "requests/output_tokens": "<u4", "requests/model": "<u2", "requests/kind": "<u2", "requests/source": "<u2",
    "requests/source_session": "<u4", "requests/source_row": "<u8", "requests/source_time": "<f8",
    "sources/name": "str", "sources/dataset": "str", "sources/file": "str", "sources/xxh3_128": "str", "sources/sha256": "str",
    "sources/rows": "<u8", "sources/licence": "str", "sources/time_origin": "str", "sources/time_shift_us": "<i8",
    "sources/symbol_base": "<u8", "skipped/source": "<u2", "skipped/reason": "str", "skipped/count": "<u8",
    "dictionary/model": "str", "dictionary/kind": "str", "dictionary/source_session": "str",
}
SEQUENCE_TYPES = {
    "sequences/input_length": "<u4", "sequences/offset": "<u8", "sequences/piece_request": "<i8",
    "sequences/piece_start": "<u8", "sequences/piece_length": "<u4", "sequences/symbols": "<u4",
}
TRIE_TYPES = {"trie/parent": "<i8", "trie/depth": "<u4", "trie/owner": "<u4", "requests/input_node": "<i8",
              "requests/full_node": "<i8"}
RUN_TYPES = {"offset": "<u8", "previous": "<u4", "start": "<u4", "length": "<u4", "distance": "<u8"}
FIELD_TYPES = {
    "reusable": "<u4", "reusable_session": "<u4", "reusable_source": "<u4", "reusable_cross": "<u4", "new_symbols": "<u4",
    "reuse_distance": "<u8", "reuse_distance_first": "<u8", "reuse_request": "<i8", "reuse_time_us": "<i8",
    "working_set": "<u8", "next_request": "<i8", "next_reuse_time_us": "<i8", "interarrival_us": "<i8",
    "think_time_us": "<i8", "session_turns": "<u4", "trie_depth": "<u4", "hit_1000": "<u4", "hit_10000": "<u4",
    "hit_100000": "<u4", "hit_1000000": "<u4", "kv_bytes": "<u8", "prompt_cache_distance": "<u8",
}
OPTIONAL = {"requests/model", "requests/kind", "dictionary/model", "dictionary/kind"}  # where a source names none
SESSIONS = {"requests/session", "requests/turn", "requests/source_session", "dictionary/source_session"}


def type_of(dataset):
    return "str" if h5py.check_string_dtype(dataset.dtype) else dataset.dtype.str


def datasets(f):
    """path -> dataset, hard links once each."""
    found = {}
    f.visititems(lambda path, item: found.__setitem__(path, item) if isinstance(item, h5py.Dataset) else None)
    return found


class Store(support.CliTest):
    """One store per test; the checks are the same for each kind of trace."""

    def check_file(self, path, format_name):
        with open(path, "rb") as f:
            flags = re.findall(rb"OHDR\x02(.)", f.read(), re.DOTALL)
        self.assertEqual([b for b in flags if b[0] & 0x20], [], "object headers, the root's too, hold no times")
        with h5py.File(path, "r") as f:
            self.assertEqual(support.text(f.attrs["lta_format"]), format_name)
            self.assertLessEqual(ROOT, set(f.attrs))
            self.assertEqual((int(f.attrs["schema_major"]), int(f.attrs["schema_minor"])), (1, 0))
            self.assertRegex(support.text(f.attrs["content_sha256"]), r"^[0-9a-f]{64}$")
            for name in ("parameters", "inputs"):
                text = support.text(f.attrs[name])
                self.assertEqual(json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")), text)
            for word in ("threads", "device", "memory", self.folder):
                self.assertNotIn(word, support.text(f.attrs["parameters"]) + support.text(f.attrs["inputs"]))
            for name, item in datasets(f).items():
                with self.subTest(file=os.path.basename(path), dataset=name):
                    self.check_dataset(item)
            return {name: type_of(d) for name, d in datasets(f).items()}

    def check_dataset(self, d):
        for attribute in ("description", "unit"):
            self.assertRegex(support.text(d.attrs[attribute]), r"\S")
        self.assertEqual(d.ndim, 1)
        self.assertIsNotNone(d.chunks)
        plist = d.id.get_create_plist()
        self.assertFalse(plist.get_obj_track_times())
        filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
        self.assertLessEqual(filters, PLAIN_FILTERS)
        self.assertEqual(len(d[:]), d.shape[0])
        if type_of(d) == "str":
            self.assertEqual(h5py.check_string_dtype(d.dtype).encoding, "utf-8")
            self.assertEqual(support.text(d.attrs["unit"]), "1")
            d.asstr()[:]
        else:
            self.assertIn(d.dtype.str, ("<u2", "<u4", "<u8", "<i8", "<f8"))

    def check_digests(self, store):
        """tests/check_store.py works out content_sha256 from the definition, with h5py and hashlib alone."""
        checker = os.path.join(os.path.dirname(__file__), "..", "check_store.py")
        files = [os.path.join(store, name) for name in support.STORE_FILES if os.path.exists(os.path.join(store, name))]
        done = subprocess.run([sys.executable, checker, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def assert_types(self, got, want, optional=()):
        self.assertEqual({k: v for k, v in got.items() if k not in optional},
                         {k: v for k, v in want.items() if k not in optional})
        for name in set(got) & set(optional):
            self.assertEqual(got[name], want[name], name)

    def check_columns_agree(self, store):
        """Columns of a group of the same kind have the same length, and enriched.h5 repeats trace.h5 exactly."""
        with h5py.File(store + "/trace.h5", "r") as t, h5py.File(store + "/enriched.h5", "r") as e:
            for group in ("requests", "sources", "skipped"):
                self.assertEqual(len({d.shape for d in t[group].values()}), 1, group)
            self.assertEqual(len({d.shape for d in e["requests"].values()}), 1)
            for name, d in datasets(t).items():
                if not name.startswith("sequences/"):
                    np.testing.assert_array_equal(d[:], e[name][:], name)
                    self.assertEqual(dict(d.attrs), dict(e[name].attrs), name)
            for name in ("name", "unit", "block_tokens"):
                self.assertEqual(t.attrs[name], e.attrs[name])


class Tokens(Store):
    def test_two_sources_with_sessions(self):
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 2, "--sessions", 10, "--turns", 5,
                "--collapse", 0.5)
        sources = sorted(self.path("in", n) for n in os.listdir(self.path("in")))
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi", *sources)
        self.assertEqual(sorted(support.tree(store)),
                         sorted([*support.STORE_FILES, *("tables/" + n for n in os.listdir(store + "/tables"))]))

        got = self.check_file(store + "/trace.h5", "trace")
        self.assert_types(got, {**TRACE_TYPES, **SEQUENCE_TYPES}, OPTIONAL)
        got = self.check_file(store + "/trie.h5", "trie")
        self.assert_types(got, TRIE_TYPES)
        got = self.check_file(store + "/reuse.h5", "reuse")
        self.assert_types(got, {s + "/" + c: t for s in ("global", "source", "session") for c, t in RUN_TYPES.items()})
        got = self.check_file(store + "/curve.h5", "curve")
        self.assert_types(got, {"%s/block%d%s/%s" % (s, b, r, c): "<u8" for s in ("global", "source", "session")
                                for b in (1, 16) for r in ("", "_reserve_last") for c in ("capacity", "hits")})
        got = self.check_file(store + "/enriched.h5", "enriched")
        want = {**TRACE_TYPES, **{"requests/" + name: t for name, t in FIELD_TYPES.items()}}
        self.assert_types({k: v for k, v in got.items() if not k.startswith("tables/")}, want, OPTIONAL)
        self.check_columns_agree(store)
        self.check_curve_attributes(store)
        self.check_sequences(store, sources)
        self.check_digests(store)

    def check_curve_attributes(self, store):
        with h5py.File(store + "/curve.h5", "r") as f:
            for scope in ("global", "source", "session"):
                for name, group in f[scope].items():
                    self.assertEqual(support.text(group.attrs["scope"]), scope)
                    self.assertEqual(int(group.attrs["block"]), int(re.match(r"block(\d+)", name).group(1)))
                    self.assertEqual(support.text(group.attrs["unit"]), "token")
                    hits = group["hits"][:].astype(np.int64)
                    self.assertTrue((np.diff(hits) >= 0).all())
                    self.assertTrue((np.diff(group["capacity"][:].astype(np.int64)) > 0).all())
                    self.assertLessEqual(hits[-1], int(group.attrs["lookups"]))

    def check_sequences(self, store, sources):
        """Decoding gives back the sources' lines exactly: ids, lengths, sessions, turns and times."""
        lines = []
        for file in sources:
            with open(file) as f:
                lines.append([json.loads(line) for line in f])
        with h5py.File(store + "/trace.h5", "r") as f:
            input_length, full = support.decode(f)
            requests = {name: column[:].tolist() for name, column in f["requests"].items()}
            sessions = f["dictionary/source_session"].asstr()[:]
            self.assertEqual([int(n) for n in f["sources/rows"]], list(map(len, lines)))
        self.assertEqual(len(full), sum(map(len, lines)))
        for r, sequence in enumerate(full):
            line = lines[requests["source"][r]][requests["source_row"][r]]
            self.assertEqual(sequence[:input_length[r]], line["input_tokens"], r)
            self.assertEqual(sequence[input_length[r]:], line["output_tokens"], r)
            self.assertEqual(requests["turn"][r], line["turn_id"])
            self.assertEqual(sessions[requests["source_session"][r]], str(line["session_id"]))
            self.assertEqual(requests["source_time"][r], line["ts"])

    def test_one_source_shares_the_group(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi", self.write(*support.SAMPLES["marconi"]))
        for file in ("reuse.h5", "curve.h5"):
            with h5py.File(os.path.join(store, file), "r") as f:
                self.assertEqual(f["source"], f["global"], "a hard link: the same object\n" + file)
        self.check_digests(store)


class Blocks(Store):
    def test_block_trace(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        got = self.check_file(store + "/trace.h5", "trace")
        absent = SESSIONS | {"requests/source_time"}
        self.assert_types(got, {k: v for k, v in {**TRACE_TYPES, **SEQUENCE_TYPES}.items() if k not in absent}, OPTIONAL)
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual((support.text(f.attrs["unit"]), int(f.attrs["block_tokens"])), ("block", 512))
            self.assertEqual(support.decode(f), ([2, 3, 4], [row[3] for row in support.MOONCAKE_ROWS]))
            self.assertEqual(f["requests/arrival_us"][:].tolist(), [0, 0, 2999000])
        for file, name in (("trie.h5", "trie"), ("reuse.h5", "reuse"), ("curve.h5", "curve"), ("enriched.h5", "enriched")):
            self.check_file(os.path.join(store, file), name)
        with h5py.File(store + "/curve.h5", "r") as f:
            self.assertEqual(sorted(f["global"]), ["block1", "block1_reserve_last"])
            self.assertEqual(sorted(f), ["global", "source"])
        self.check_columns_agree(store)
        self.check_digests(store)

    def test_ids_beyond_32_bits(self):
        big = 2**40
        store = self.path("store")
        rows = [(0, 512, 1, [big]), (5, 513, 1, [big, 7])]
        self.ok("import", "-o", store, "--format", "mooncake", self.write("big.jsonl", support.mooncake(rows)))
        with h5py.File(store + "/trace.h5", "r") as f:
            self.assertEqual(f["sequences/symbols"].dtype.str, "<u8")
            self.assertEqual(support.decode(f)[1], [[big], [big, 7]])
        self.check_digests(store)


class LengthsAlone(Store):
    def test_azure(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "azure", self.write(*support.SAMPLES["azure"]))
        self.assertEqual(sorted(n for n in support.tree(store) if n.endswith(".h5")), ["enriched.h5", "trace.h5"])
        got = self.check_file(store + "/trace.h5", "trace")
        absent = SESSIONS | {"requests/source_time"}
        self.assert_types(got, {k: v for k, v in TRACE_TYPES.items() if k not in absent}, OPTIONAL)
        got = self.check_file(store + "/enriched.h5", "enriched")
        self.assertEqual({k for k in got if k.startswith("requests/")} - OPTIONAL,
                         {k for k in TRACE_TYPES if k.startswith("requests/")} - absent - OPTIONAL
                         | {"requests/interarrival_us", "requests/kv_bytes"})
        self.check_columns_agree(store)
        self.check_digests(store)


if __name__ == "__main__":
    unittest.main()
