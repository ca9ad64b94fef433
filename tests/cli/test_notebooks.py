#!/usr/bin/env python3
"""notebooks-export: every figure of a release is there as SVG, PNG and CSV, its numbers are those of enriched.h5, the pages need
nothing from outside, and a second export gives the same bytes."""
import csv
import glob
import html.parser
import json
import math
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

import h5py
import support

FOLDER = os.path.join(support.PROJECT, "notebooks-export")
EXAMPLE = os.path.join(support.PROJECT, "pipeline", "release", "examples", "synthetic.yaml")
NEEDS = "h5py, ipykernel, matplotlib, nbclient, nbconvert, nbformat, pandas"
NOTEBOOKS = ("curves", "load", "reuse", "sharing")
OF_LENGTHS = {"lengths", "load_requests", "load_tokens"}  # all that a trace of lengths and times gives
FIGURES = OF_LENGTHS | {"hit_curve_scopes", "hit_curve_blocks", "hit_curve_models", "enough", "denominators", "reuse_distance",
                        "reuse_time", "think_time", "session_turns", "load_hits", "sharing", "session_reuse", "trie_shape",
                        "trie_depth", "prefixes", "prompt_cache", "prompt_and_prefix_cache"}
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    "2023-11-16 18:%02d:%02d.5000000,%d,%d\n" % (i // 60, i % 60, 100 + 7 * i, i) for i in range(150))


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def number(value, name=""):
    """A value as the CSV files have it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return "" if value != value else repr(value) if name == "request_mean" else "%.9f" % value
    return str(value)


class Notebooks(support.CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.given = tempfile.mkdtemp(prefix="lta-notebooks-")
        cls.addClassCleanup(shutil.rmtree, cls.given, ignore_errors=True)
        subprocess.run([support.lta_path(), "synth", "-q", "--format", "marconi", "-o", os.path.join(cls.given, "chats"),
                        "--files", "2", "--sessions", "30"], check=True)
        with open(os.path.join(cls.given, "azure.csv"), "w") as f:
            f.write(AZURE)
        with open(EXAMPLE) as example, open(os.path.join(cls.given, "release.yaml"), "w") as f:
            f.write(example.read().rstrip("\n") + "\n  - name: lengths\n    files: azure.csv\n")
        cls.release, cls.out = os.path.join(cls.given, "release"), os.path.join(cls.given, "out")
        config = os.path.join(cls.given, "release.yaml")
        subprocess.run([support.lta_path(), "release", "-q", "-o", cls.release, config], check=True)
        cls.first = cls.export(cls.release, cls.out)
        cls.files = support.tree(cls.out)
        cls.h5 = h5py.File(os.path.join(cls.release, "chats", "enriched.h5"), "r")
        cls.addClassCleanup(cls.h5.close)

    @classmethod
    def export(cls, *arguments):
        command = [support.VENV_PYTHON, "-B", os.path.join(FOLDER, "export.py"), *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=600, env=support.environment(HOME=os.path.join(cls.given, "home")))

    # ---- what there is

    def test_every_figure(self):
        self.assertEqual(self.first.returncode, 0, self.first.stderr)
        manifest = json.loads(self.files["manifest.json"])
        self.assertEqual([t["trace"] for t in manifest["traces"]], ["chats", "lengths"])
        self.assertEqual(manifest["traces"][0]["content_sha256"], support.text(self.h5.attrs["content_sha256"]))
        want = {n + ".html" for n in NOTEBOOKS} | {"index.html", "manifest.json"}
        for trace, drawn in (("chats", FIGURES), ("lengths", OF_LENGTHS)):
            told = {f["figure"]: f["absent"] for f in manifest["figures"] if f["trace"] == trace}
            self.assertEqual(set(told), FIGURES)
            self.assertEqual({f for f, absent in told.items() if absent is None}, drawn)
            for figure in FIGURES - drawn:
                self.assertRegex(told[figure], r"^lengths: no .* because the trace has no (symbols|sessions)")
            want |= {"%s/%s.%s" % (trace, f, e) for f in drawn for e in ("svg", "png", "csv")}
        self.assertEqual(set(self.files), want)
        for name, content in self.files.items():
            if name.endswith(".png"):
                self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n", name)
            elif name.endswith(".svg"):
                root = ElementTree.fromstring(content)
                self.assertGreater(len(list(root.iter("{http://www.w3.org/2000/svg}path"))), 10, name)
                self.assertNotIn(b"<dc:date>", content)
                for e in root.iter():
                    self.assertRegex(e.attrib.get("{http://www.w3.org/1999/xlink}href", "#"), "^#", name)
            elif name.endswith(".csv"):
                rows = list(csv.reader(content.decode().splitlines()))
                self.assertGreater(len(rows), 1, name)
                self.assertEqual({len(r) for r in rows}, {len(rows[0])}, name)
                self.assertNotIn(b"\r", content)

    def test_pages_need_nothing(self):
        manifest = json.loads(self.files["manifest.json"])
        pages = {n: self.files[n].decode() for n in self.files if n.endswith(".html")}
        for name, page in pages.items():
            for tag, attrs in Elements(page).tags:
                self.assertNotIn(tag, ("script", "link", "iframe", "object", "embed", "base"), name)
                for attribute, value in attrs.items():
                    self.assertFalse(attribute.startswith("on"), attribute)
                    if attribute == "src":
                        self.assertRegex(value, "^data:image/", name)
                    elif attribute == "href":
                        self.assertTrue(value.startswith("#") or value in self.files, value)
            self.assertNotRegex(page, r"@import|url\(|Traceback|Warning")
            self.assertNotIn(self.given, page)
        shown = "".join(pages.values())
        for f in manifest["figures"]:
            if f["absent"]:
                self.assertIn(f["absent"], shown)
        self.assertIn("chats: (24000000000 - 16060522496) bytes / 131072 bytes a token = 60573 tokens", pages["curves.html"])

    def test_same_bytes(self):
        second = os.path.join(self.given, "again")
        result = self.export(self.release, second)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(support.differences(self.files, support.tree(second)), [])

    # ---- the numbers

    def table(self, name, keep=lambda row: True):
        """Rows of a table in enriched.h5 as in CSV files, and the rows as they are."""
        columns = {c: d[...].tolist() for c, d in self.h5["tables"][name].items()}
        rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
        return [{c: number(v, c) for c, v in row.items()} for row in rows if keep(row)]

    def figure(self, name):
        return support.read_csv(self.files["chats/%s.csv" % name].decode())

    def check_rows(self, figure, want):
        """The figure's rows are these in these columns, value for value."""
        rows = self.figure(figure)
        self.assertEqual(len(rows), len(want), figure)
        for row, of_table in zip(rows, want):
            shared = row.keys() & of_table.keys()
            self.assertGreater(len(shared), 2, figure)
            self.assertEqual({c: row[c] for c in shared}, {c: of_table[c] for c in shared}, figure)
        return rows

    def test_numbers_of_curves(self):
        def plain(r):
            return r["block"] == 1 and r["reserve_last"] == 0
        rows = self.check_rows("hit_curve_scopes", self.table("hit_curve", lambda r: plain(r) and r["capacity"] > 0))
        self.assertEqual({r["scope"] for r in rows}, {"global", "source", "session"})
        for r in rows:
            self.assertEqual(r["hit_ratio"], "%.9f" % (int(r["hits"]) / int(r["lookups"])))
            self.assertEqual(int(r["bytes_llama_3_8b"]), int(r["capacity_tokens"]) * 131072)
        globally = self.table("hit_curve", lambda r: r["scope"] == b"global" and r["capacity"] > 0)
        rows = self.check_rows("hit_curve_blocks", globally)
        self.assertEqual({r["block"] for r in rows}, {"1", "16"})
        rows = self.check_rows("hit_curve_models", [r for r in globally if r["block"] == "1" and r["reserve_last"] == "0"])
        self.assertIn("bytes_llama_3_70b", rows[0])
        self.check_rows("enough", self.table("enough", plain))
        rows = self.check_rows("denominators", self.table("denominators", lambda r: plain(r) and r["scope"] == b"global"))
        self.assertIn("request_mean", rows[0])

    def test_budgets(self):
        """24 GB less the weights of the table `models`, in whole tokens; none where they do not fit."""
        code = "import figures, json, sys; t, *_ = figures.release(sys.argv[1]); " \
               "print(json.dumps({m: figures.a10_budget(t, m) for m in figures.MODELS}))"
        command = [support.VENV_PYTHON, "-B", "-c", code, self.release]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=FOLDER)
        want = {r["model"]: [24 * 10**9 - int(r["weight_bytes"]), (24 * 10**9 - int(r["weight_bytes"])) // int(r["token_bytes"])]
                for r in self.table("models")}
        got = json.loads(done.stdout)
        self.assertEqual({m for m, budget in got.items() if budget is None}, {"llama-3-70b", "llama-2-13b"})
        for model, budget in got.items():
            self.assertEqual(budget, want[model] if want[model][0] > 0 else None, model)
        self.assertEqual(got["llama-3-8b"], [7939477504, 60573])

    def test_drawn(self):
        """What the files do not tell as text: markers alone, labels of ticks, circles that lie on their own curves."""
        code = """if True:
            import figures, json, sys
            from matplotlib.figure import Figure
            trace, *_ = figures.release(sys.argv[1])
            def lines(name):
                figure = Figure()
                getattr(figures, name)(trace, figure)
                axis = figure.axes[0]
                return {"ticks": [t.get_text() for t in axis.get_xticklabels()], "y": axis.get_ylabel(), "lines": [
                    [l.get_label(), l.get_linestyle(), l.get_marker(), l.get_xdata().tolist(), l.get_ydata().tolist()]
                    for l in axis.lines if len(l.get_xdata()) and not isinstance(l.get_xdata(), list)]}
            print(json.dumps({n: lines(n) for n in ("enough", "denominators", "hit_curve_models")}))"""
        command = [support.VENV_PYTHON, "-B", "-c", code, self.release]
        got = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=FOLDER).stdout)
        self.assertEqual([(l, line, m) for l, line, m, _, _ in got["enough"]["lines"]],
                         [("scope global", "None", "o"), ("scope source", "None", "s"), ("scope session", "None", "^")])
        self.assertIn("its own scope's ceiling", got["enough"]["y"])
        first = self.table("hit_curve", lambda r: (r["scope"], r["block"], r["reserve_last"]) == (b"global", 1, 0))[0]
        for row, label in zip(self.figure("denominators"), got["denominators"]["ticks"]):
            self.assertEqual(label, format(int(row["capacity"]), ",") + (
                "\nthe last vertex:\nevery hit" if row["hits"] == first["ceiling"] else ""))
        self.assertEqual(sum("vertex" in t for t in got["denominators"]["ticks"]), 1)
        curves = {}
        for label, style, marker, x, y in got["hit_curve_models"]["lines"]:
            if style != "None":
                model, said = label.split(": ")
                curves[model] = (said, x, y)
                continue
            at, (said, xs, ys) = x[0], curves[model]  # a circle follows its curve
            self.assertEqual(said, "%.1f GB" % at)
            i = next(i for i, other in enumerate(xs) if other >= at)
            share = math.log(at / xs[i - 1]) / math.log(xs[i] / xs[i - 1])
            self.assertAlmostEqual(y[0], ys[i - 1] + (ys[i] - ys[i - 1]) * share, places=9)
        too_large = {m for m, (said, _, _) in curves.items() if said == "does not fit an A10"}
        self.assertEqual(too_large, {"llama-3-70b", "llama-2-13b"})

    def test_ticks(self):
        """At least three on any axis, where whole numbers allow it, and not many more."""
        code = "import figures, json; print(json.dumps([" \
               "(a, a * f, figures.log_ticks(a, a * f), figures.log_ticks(a, a * f, False)) " \
               "for a in (0.003, 0.7, 1.0, 3.3, 47.0, 999.0, 8.2e6) for f in (2, 3, 9, 11, 80, 999, 1e3, 1e5, 1e11)]))"
        done = subprocess.run([support.VENV_PYTHON, "-B", "-c", code], stdout=subprocess.PIPE, check=True, cwd=FOLDER)
        for low, high, whole, any_number in json.loads(done.stdout):
            for ticks in (whole, any_number):
                self.assertEqual(ticks, sorted(set(ticks)))
                self.assertLessEqual(len(ticks), 10)
                self.assertTrue(all(0.999 * low <= t <= 1.001 * high for t in ticks), (low, high, ticks))
            self.assertGreaterEqual(len(any_number), 3, (low, high))
            self.assertGreaterEqual(len(whole), min(3, int(high) - math.ceil(low) + 1), (low, high))
            self.assertTrue(all(t == int(t) for t in whole))

    def test_numbers_of_distributions(self):
        for figure, names in (("reuse_distance", ("reuse_distance", "reuse_distance_request")), ("reuse_time", ("reuse_time",)),
                              ("lengths", ("input_length", "output_length")), ("think_time", ("think_time",)),
                              ("session_turns", ("session_turns",))):
            rows = self.check_rows(figure, [r for n in names for r in self.table(n)])
            for name in names:
                part, below = [r for r in rows if r["distribution"] == name], 0
                whole, = self.table("distributions", lambda r: r["distribution"] == name.encode())
                for r in part:
                    below += int(r["count"])
                    self.assertEqual((r["values"], r["none"], int(r["below"])), (whole["values"], whole["none"], below))
                    self.assertEqual(r["share"], "%.9f" % (below / int(whole["values"])))
                self.assertEqual(part[-1]["share"], "1.000000000")

    def test_numbers_of_load(self):
        for figure in ("load_requests", "load_tokens", "load_hits"):
            rows = self.check_rows(figure, self.table("windows"))
            self.assertEqual({r["width_us"] for r in rows}, {"60000000"})

    def test_numbers_of_sharing(self):
        for row in self.check_rows("sharing", self.table("summary")):
            n = {c: int(v) for c, v in row.items() if not c.startswith("share_") and c != "source"}
            self.assertEqual(n["reusable_cross"], n["reusable_source"] - n["reusable_session"])
            parts = ("reusable_session", "reusable_cross", "reusable_other_sources", "new_symbols")
            self.assertEqual(sum(n[p] for p in parts), n["input_symbols"])
            for p in parts:
                self.assertEqual(row["share_" + p], "%.9f" % (n[p] / n["input_symbols"]))
        requests = {c: self.h5["requests"][c][...] for c in ("source", "reusable_cross", "new_symbols")}
        for i, row in enumerate(self.figure("sharing")[:-1]):  # the fields of the requests add up to the same
            for c in ("reusable_cross", "new_symbols"):
                self.assertEqual(int(row[c]), int(requests[c][requests["source"] == i].sum(dtype="u8")), c)
        self.check_rows("session_reuse", self.table("session_quantiles"))
        self.check_rows("prefixes", self.table("prefixes")[:20])
        self.check_rows("trie_shape", self.table("trie_shape"))
        self.check_rows("prompt_cache", self.table("prompt_cache"))
        depths, counts = {}, self.figure("trie_depth")
        for d in self.h5["requests/trie_depth"][...].tolist():
            depths[d] = depths.get(d, 0) + 1
        self.assertEqual({int(r["trie_depth"]): int(r["requests"]) for r in counts}, depths)

    def test_numbers_of_caches(self):
        rows = self.figure("prompt_and_prefix_cache")
        prompt = {(r["scope"], int(r["capacity_tokens"])): int(r["hits"]) for r in rows if r["cache"] == "prompt"}
        table = self.table("prompt_cache", lambda r: r["min_tokens"] == 1024)
        self.assertEqual(prompt, {(r["scope"], int(r["max_prompts"]) * 1024): int(r["hits"]) for r in table})
        self.assertGreater(max(prompt.values()), 0)
        fields = {("prefix", "global", str(c)): "hit_%d" % c for c in (1000, 10000, 100000)}
        fields.update({("prefix, unlimited", "global", ""): "reusable", ("prefix, unlimited", "session", ""): "reusable_session"})
        prefix = {(r["cache"], r["scope"], r["capacity_tokens"]): int(r["hits"]) for r in rows if r["cache"] != "prompt"}
        self.assertEqual(prefix, {k: int((self.h5["requests"][f][...] >= 1024).sum()) for k, f in fields.items()})
        distance = self.h5["requests/prompt_cache_distance"][...]
        self.assertEqual(prompt[("session", 1024 * 1024)], int(((distance > 0) & (distance <= 1024)).sum()))

    # ---- what is committed, and what is refused

    def test_committed_notebooks_have_no_outputs(self):
        found = glob.glob(os.path.join(FOLDER, "*.ipynb"))
        self.assertEqual({os.path.basename(p)[:-len(".ipynb")] for p in found}, set(NOTEBOOKS))
        drawn = set()
        for path in found:
            with open(path) as f:
                notebook = json.load(f)
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    self.assertEqual((cell["outputs"], cell["execution_count"]), ([], None), path)
                    drawn |= set(re.findall(r"show\(figures\.(\w+)\)", "".join(cell["source"])))
        self.assertEqual(drawn, FIGURES)

    def test_same_versions_in_both_requirements(self):
        def pins(*path):
            with open(os.path.join(support.PROJECT, *path)) as f:
                return {line.strip() for line in f if not line.startswith("#")}
        self.assertLessEqual(pins("notebooks-export", "requirements.txt"), pins("tests", "requirements.txt"))

    def test_refused(self):
        os.mkdir(self.path("mine"))
        self.write("mine/notes.txt", "mine")
        os.mkdir(self.path("empty"))
        for code, pattern, arguments in ((2, "is there and not of an earlier export", (self.release, self.path("mine"))),
                                         (3, "expected a release's folder", (self.path("nothing"), self.path("o"))),
                                         (3, "expected a release's folder", (self.path("empty"), self.path("o")))):
            result = self.export(*arguments)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertRegex(result.stderr, r"\Aexport\.py: error: .*" + pattern)
        self.assertEqual(sorted(os.listdir(self.folder)), ["empty", "mine"])
        self.assertEqual(os.listdir(self.path("mine")), ["notes.txt"])


if __name__ == "__main__":
    if not support.venv_python(NEEDS):
        raise SystemExit(support.SKIPPED)
    if "Arrow" not in subprocess.run([support.lta_path(), "--version"], stdout=subprocess.PIPE, text=True).stdout:
        support.missing("this lta was built without Parquet")
        raise SystemExit(support.SKIPPED)
    unittest.main()
