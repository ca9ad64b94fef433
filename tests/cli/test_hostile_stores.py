"""Files of a store that are cut, damaged, of another kind, or that lie."""
import os
import re
import shutil
import unittest

import h5py
import numpy as np
import support
from hostile import HostileTest


class StoreFiles(HostileTest):
    """Files of a store that are cut, changed or something else: exit code 3 naming the file, and no stage writes anything."""

    readers = {"trace.h5": ("trie", "--force"), "trie.h5": ("reuse", "--force"), "reuse.h5": ("curve", "--force"),
               "curve.h5": ("enrich", "--force"), "enriched.h5": ("table",)}

    def setUp(self):
        super().setUp()
        self.store = self.path("store")
        self.ok("run", "-o", self.store, "--format", "marconi", self.write(*support.SAMPLES["marconi"]))
        self.want = support.tree(self.store)

    def copy(self, i):
        store = self.path("copy-%d" % i)
        os.mkdir(store)
        for name in support.STORE_FILES:
            shutil.copyfile(os.path.join(self.store, name), os.path.join(store, name))
        return store

    def check_refused(self, i, name, change):
        """After change(path of the file), its reader and verify both say what is wrong with it and write nothing."""
        store = self.copy(i)
        change(os.path.join(store, name))
        before = support.identities(store)
        reader = self.readers[name]
        for arguments in ((*reader, store), ("verify", store)):
            result = self.lta(*arguments)
            self.assertEqual(result.code, 3, str(result))
            self.assertRegex(result.err, r"error: .*%s" % re.escape(name), str(result))
            self.assertLess(len(result.err), 4000)
            self.assertEqual(support.identities(store).keys(), before.keys(), "no file comes or goes\n%s" % result)
        shutil.rmtree(store)

    def test_truncated(self):
        cases = []
        for name in support.STORE_FILES:
            size = len(self.want[name])
            cuts = {0, 1, 7, 8, 9, 47, 48, 95, 96, 97, 100, 500, 511, 512, 513, 2047, 2048, size - 1, size - 2, size - 8, size - 100}
            cuts |= {size * k // 16 for k in range(1, 16)}
            cases += [(name, cut) for cut in sorted(cuts) if cut < size]

        def one(i, case):
            self.check_refused(i, case[0], lambda path: os.truncate(path, case[1]))
        self.each(cases, one)

    def test_something_else(self):
        def overwrite(content):
            def change(path):
                with open(path, "wb") as f:
                    f.write(content)
            return change

        def folder(path):
            os.unlink(path)
            os.mkdir(path)

        def fifo(path):
            os.unlink(path)
            os.mkfifo(path)

        def dangling(path):
            os.unlink(path)
            os.symlink("nowhere", path)

        def other_format(path):
            other = "trie.h5" if not path.endswith("trie.h5") else "trace.h5"
            shutil.copyfile(os.path.join(os.path.dirname(path), other), path)

        def no_attributes(path):
            with h5py.File(path, "w") as f:
                f["requests/session"] = [1, 2, 3]

        def attribute(name, value):
            def change(path):
                with h5py.File(path, "r+") as f:
                    f.attrs[name] = value
            return change

        def no_attribute(name):
            def change(path):
                with h5py.File(path, "r+") as f:
                    del f.attrs[name]
            return change

        changes = [overwrite(b""), overwrite(b"text\n"), overwrite(bytes(range(256)) * 100), overwrite(b"\x89HDF\r\n\x1a\n" + b"\xff" * 2000),
                   overwrite(b"\0" * 5000), folder, fifo, dangling, other_format, no_attributes,
                   attribute("lta_format", "nonsense"), attribute("lta_format", 5), attribute("schema_major", "one"),
                   attribute("content_sha256", "0" * 64), attribute("content_sha256", "short"), attribute("content_sha256", 7),
                   attribute("inputs", "[]"), attribute("inputs", "{"), attribute("inputs", "x" * 60000),
                   no_attribute("lta_format"), no_attribute("schema_major"), no_attribute("content_sha256"), no_attribute("inputs")]
        cases = [(name, change) for name in support.STORE_FILES for change in changes]

        def one(i, case):
            store = self.copy(i)
            case[1](os.path.join(store, case[0]))
            for command in (self.readers[case[0]][0], "verify", "info"):
                result = self.lta(command, store)
                if command == "verify":
                    self.assertEqual(result.code, 3, str(result))
                self.assertIn(result.code, (0, 3), str(result))
                if result.code == 3:
                    self.assertIn(".h5", result.err)
            self.assertEqual([n for n in os.listdir(store) if n.startswith(".")], [])
            shutil.rmtree(store)
        self.each(cases, one)

    def test_newer_schema(self):
        for i, name in enumerate(support.STORE_FILES):
            def newer(path):
                with h5py.File(path, "r+") as f:
                    f.attrs["schema_major"] = f.attrs["schema_major"] + np.uint64(1)
            self.check_refused(i, name, newer)
            store = self.copy(100 + i)
            newer(os.path.join(store, name))
            self.refused(3, r".*%s: .*(newer|schema)" % re.escape(name), *self.readers[name], store)

    def test_lying_columns(self):
        """Columns cut, lengthened, of another type, with the largest values, or gone: refused or harmless, never a crash."""
        cases = []
        for name in support.STORE_FILES:
            with h5py.File(os.path.join(self.store, name), "r") as f:
                f.visititems(lambda path, item: cases.extend((name, path, k) for k in range(5))
                             if isinstance(item, h5py.Dataset) and not path.startswith("tables/") else None)

        def lie(path, dataset, kind):
            with h5py.File(path, "r+") as f:
                old = f[dataset]
                data, attributes = old[:], dict(old.attrs)
                del f[dataset]
                if kind == 0:
                    return
                if kind == 1:
                    data = data[:-1]
                elif kind == 2:
                    data = np.concatenate([data, data])
                elif kind == 3 and data.dtype.kind in "uif":
                    data = np.full_like(data, np.iinfo(data.dtype).max if data.dtype.kind in "ui" else np.nan)
                elif kind == 3:
                    data = np.array([b"\xff\xfe" * 3] * len(data))
                elif data.dtype.kind in "uif":
                    data = data.astype("<f4" if data.dtype.kind != "f" else "<i4")
                else:
                    data = np.arange(len(data), dtype="<u4")
                new = f.create_dataset(dataset, data=data, chunks=(max(1, len(data)),), maxshape=(None,))
                new.attrs.update(attributes)

        def one(i, case):
            name, dataset, kind = case
            store = self.copy(i)
            lie(os.path.join(store, name), dataset, kind)
            result = self.lta("verify", os.path.join(store, name))
            self.assertEqual(result.code, 3, "%s\n%s" % (case, result))
            self.assertIn(name, result.err)
            for command in {"trace.h5": ("trie", "reuse", "enrich"), "trie.h5": ("reuse", "curve", "enrich"),
                            "reuse.h5": ("curve", "enrich"), "curve.h5": ("enrich",), "enriched.h5": ("table", "export")}[name]:
                options = {"export": ("--format", "csv"), "table": ()}.get(command, ("--force",))
                result = self.lta(command, *options, store)
                self.assertIn(result.code, (0, 3), "%s\n%s" % (case, result))
                if result.code == 3:
                    self.assertIn(".h5", result.err)
            self.assertEqual([n for n in os.listdir(store) if n.startswith(".")], [])
            shutil.rmtree(store)
        self.each(cases, one)

    def test_a_bomb(self):
        """A dataset that says it has 2^40 elements and holds one chunk: refused, without taking the memory it claims."""
        columns = {"trace.h5": "requests/source", "trie.h5": "trie/depth", "reuse.h5": "global/offset",
                   "curve.h5": "global/block1/hits", "enriched.h5": "requests/source"}
        for i, (name, column) in enumerate(columns.items()):
            store = self.copy(i)
            with h5py.File(os.path.join(store, name), "r+") as f:
                dtype, attributes = f[column].dtype, dict(f[column].attrs)
                del f[column]
                f.create_dataset(column, shape=(2**40,), dtype=dtype, chunks=(1024,), compression="gzip").attrs.update(attributes)
            reader = ("export", "--format", "csv") if name == "enriched.h5" else self.readers[name]
            for command in (("verify",), reader):
                result = self.lta(*command, store)
                self.assertIn(result.code, (3, 4), str(result))
                self.assertIn(name, result.err)


if __name__ == "__main__":
    unittest.main()
