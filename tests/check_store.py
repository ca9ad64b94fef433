#!/usr/bin/env python3
"""Reads files of the store with h5py alone and checks what pipeline/doc/store-format.md promises of every one.

Usage: check_store.py FILE.h5...

Every column is read through HDF5's own filters (no plugins), must have `description` and `unit`, no object times, the
chunk shape and filters of the specification; `content_sha256` is computed again, from the specification's text alone.
"""
import hashlib
import os
import struct
import sys

os.environ["HDF5_PLUGIN_PATH"] = "/nonexistent"
try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

LEAF = 1 << 20


def value_digest(kind, values):
    """Hex SHA-256 of the concatenated raw SHA-256s of the leaves."""
    outer = hashlib.sha256()
    for first in range(0, len(values), LEAF):
        part = values[first:first + LEAF]
        if kind == "str":
            data = b"".join(struct.pack("<Q", len(v)) + v for v in part)
        else:
            part = np.array(part, dtype=kind)
            if kind == "<f8":
                part[part == 0] = 0.0
                bits = part.view("<u8")
                bits[np.isnan(part)] = 0x7FF8000000000000
                part = bits
            data = part.tobytes()
        outer.update(hashlib.sha256(data).digest())
    return outer.hexdigest()


def kind_of(dtype):
    if dtype.kind == "S":
        return "str"
    kind = dtype.newbyteorder("<").str
    assert kind in ("<u2", "<u4", "<u8", "<i8", "<f8"), f"type {kind}"
    return kind


def attributes(path, obj, lines):
    for name in obj.attrs:
        if path == "/" and name in ("created_by", "content_sha256"):
            continue
        raw = h5py.h5a.open(obj.id, name.encode())
        assert raw.shape == (), f"{path}@{name} is no single value"
        if raw.get_type().get_class() == h5py.h5t.STRING:
            kind = "str"
            assert raw.get_type().get_cset() == h5py.h5t.CSET_UTF8 and not raw.get_type().is_variable_str()
            text = np.empty((), dtype=raw.dtype)
            raw.read(text)
            values = [bytes(text[()]).rstrip(b"\0")]
            values[0].decode("utf-8")
        else:
            kind = kind_of(raw.dtype)
            assert kind == "<u8", f"{path}@{name} is {kind}"
            values = np.array([obj.attrs[name]], dtype="<u8")
        lines.append(f"A {path}@{name} {kind} {value_digest(kind, values)}")


def dataset(path, d, lines):
    for name in ("description", "unit"):
        assert isinstance(d.attrs.get(name), (str, bytes, np.bytes_)), f"{path} has no {name}"
        assert len(d.attrs[name]) > 0, f"{path} has an empty {name}"
    assert len(d.shape) == 1, f"{path} has {len(d.shape)} dimensions"
    n, element = d.shape[0], d.dtype.itemsize
    chunk = 1 << 17
    while chunk > 1 and chunk * element > 1 << 20:
        chunk //= 2
    assert d.chunks == (max(1, min(n, chunk)),), f"{path}: chunks {d.chunks}"
    assert d.maxshape == ((n,) if n else (None,)), f"{path}: maxshape {d.maxshape}"
    plist = d.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    expected = [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32]
    assert filters == expected, f"{path}: filters {filters}"
    assert not plist.get_obj_track_times(), f"{path} tracks times"
    values = d[()]
    kind = kind_of(d.dtype)
    if kind == "str":
        t = d.id.get_type()
        assert t.get_cset() == h5py.h5t.CSET_UTF8 and t.get_strpad() == h5py.h5t.STR_NULLPAD, f"{path}: string type"
        values = [bytes(v) for v in values]
        for v in values:
            v.decode("utf-8")
    lines.append(f"D {path} {kind} {n} {value_digest(kind, values)}")


def walk(path, obj, lines, counts):
    attributes(path, obj, lines)
    if isinstance(obj, h5py.Dataset):
        dataset(path, obj, lines)
        counts["datasets"] += 1
        counts["elements"] += obj.shape[0]
        return
    assert isinstance(obj, h5py.Group), f"{path} is {type(obj)}"
    assert not obj.id.get_create_plist().get_obj_track_times(), f"{path} tracks times"
    for name in obj:
        assert isinstance(obj.get(name, getlink=True), h5py.HardLink), f"{path}/{name} is no hard link"
        walk(("" if path == "/" else path) + "/" + name, obj[name], lines, counts)


def check(file):
    lines, counts = [], {"datasets": 0, "elements": 0}
    with h5py.File(file, "r") as f:
        for name in ("lta_format", "created_by", "parameters", "inputs", "content_sha256"):
            assert name in f.attrs, f"no root attribute {name}"
        assert (int(f.attrs["schema_major"]), int(f.attrs["schema_minor"])) == (1, 0)
        walk("/", f["/"], lines, counts)
        lines.sort(key=lambda line: line.encode())
        digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
        stored = f.attrs["content_sha256"]
        stored = stored.decode() if isinstance(stored, bytes) else str(stored)
        assert digest == stored, f"content_sha256 is {stored}, its content gives {digest}"
    print(f"{file}: ok, {counts['datasets']} datasets, {counts['elements']} elements")


def main():
    bad = 0
    for file in sys.argv[1:]:
        try:
            check(file)
        except (AssertionError, OSError, UnicodeDecodeError) as problem:
            print(f"{file}: {problem}")
            bad = 1
    return bad if len(sys.argv) > 1 else 2


if __name__ == "__main__":
    sys.exit(main())
