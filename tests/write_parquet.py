"""Writes Parquet files for tests, by pyarrow: for programs whose own Python has none.

Each line on standard input is a JSON object: path, columns [{name, type, values, dictionary}], row_group (rows), compression,
store_schema. A type is pyarrow's name of it, list<T> and large_list<T> included. Each line is answered by "ok".
"""
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def type_of(name):
    for prefix, make in (("large_list<", pa.large_list), ("list<", pa.list_)):
        if name.startswith(prefix):
            return make(type_of(name[len(prefix):-1]))
    if name.startswith("timestamp"):
        return pa.timestamp(name[len("timestamp["):-1])
    return getattr(pa, name)()


def column(c):
    values = [float(v) if v is not None and c["type"].startswith("float") else v for v in c["values"]]
    array = pa.array(values, type_of(c["type"]))
    return array.dictionary_encode() if c.get("dictionary") else array


def write(spec):
    table = pa.table([column(c) for c in spec["columns"]], names=[c["name"] for c in spec["columns"]])
    pq.write_table(table, spec["path"], row_group_size=spec.get("row_group"), compression=spec.get("compression", "zstd"),
                   store_schema=spec.get("store_schema", True))


if __name__ == "__main__":
    for line in sys.stdin:
        write(json.loads(line))
        print("ok", flush=True)
