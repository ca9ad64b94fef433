"""lta report: one well-formed page with the figures that the trace allows and the numbers of the tables; nothing from outside."""
import http.server
import json
import math
import os
import re
import shutil
import struct
import subprocess
import threading
import unittest
from xml.etree import ElementTree

import h5py
import support

XHTML = "{http://www.w3.org/1999/xhtml}"
SVG_FIGURES = ("hit-curve-figure", "reuse-distance-figure", "reuse-time-figure", "sharing-figure", "load-figure",
               "hit-share-figure", "lengths-figure", "think-time-figure", "session-turns-figure",
               "prompt-cache-session-figure", "prompt-cache-global-figure")
SECTIONS = ("totals", "hit-curve", "reuse", "sharing", "load", "lengths", "think-time", "trie", "prefixes", "prompt-cache")
HOSTILE = "<script>alert(1)</script>&amp;\"'<b>\u202e]]>\x01\x7f\u00e9"


def text_of(element):
    return "".join(element.itertext())


class Page:
    """A parsed page; what is asked for is found by tag, class or id."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.bytes = f.read()
        self.root = ElementTree.fromstring(self.bytes)
        self.by_id = {}
        for e in self.root.iter():
            if "id" in e.attrib:
                assert e.attrib["id"] not in self.by_id, "two elements have the id " + e.attrib["id"]
                self.by_id[e.attrib["id"]] = e

    def all(self, tag, within=None):
        return list((self.root if within is None else within).iter(XHTML + tag))

    def figures(self):
        return [f.attrib["id"] for f in self.all("figure")]

    def absent(self, section):
        return [text_of(e) for e in self.by_id[section].iter() if e.attrib.get("class") == "absent"]

    def csv_tables(self):
        """(file, header, rows) of each table that shows rows of a CSV file."""
        for table in self.all("table"):
            if "data-csv" not in table.attrib:
                continue
            header = [th.text for th in self.all("th", self.all("thead", table)[0])]
            rows = [[text_of(cell) for cell in row] for row in self.all("tr", self.all("tbody", table)[0])]
            yield table.attrib["data-csv"], header, rows


class ReportTest(support.CliTest):
    def synth(self, *options):
        self.ok("synth", "-o", self.path("in"), "--format", "marconi", "--files", 2, "--sessions", 40, *options)
        sources = sorted(self.path("in", n) for n in os.listdir(self.path("in")))
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi", *sources)
        return store

    def report(self, store, name="report.html"):
        path = self.path(name)
        self.ok("report", store, "-o", path)
        page = Page(path)
        self.check_page(page)
        return page

    def check_page(self, page):
        """What holds on every page: it needs nothing else, and says in words what it draws."""
        source = page.bytes.decode("utf-8")
        self.assertNotIn("<script", source)
        self.assertNotRegex(source, r"\bnan\b|\binf\b")
        for e in page.root.iter():
            for name, value in e.attrib.items():
                self.assertFalse(name.startswith("on"), name)
                if name in ("href", "src", "fill") and name != "d":
                    self.assertRegex(value, r"^(#|data:,|url\(#)", name)
                    if value[0] == "#":
                        self.assertIn(value[1:], page.by_id)
        for style in page.all("style"):
            self.assertNotRegex(text_of(style), r"@import|url\(|expression")
        self.assertIn("prefers-color-scheme:dark", source)
        self.assertIn("@media print", source)
        for section in SECTIONS:
            self.assertIn(section, page.by_id)
        for figure in page.all("figure"):
            svg = page.all("svg", figure)[0]
            self.assertEqual(svg.attrib["role"], "img")
            for label in svg.attrib["aria-labelledby"].split():
                self.assertTrue(text_of(page.by_id[label]).strip(), label)
            if figure.attrib["id"] != "sharing-figure":
                below = [text_of(e) for e in page.all("text", svg) if e.attrib["y"] == "245"]
                self.assertEqual(len(below), len(set(below)), below)
                if set(below) - set("123"):  # counts so small cannot be cut further
                    self.assertGreaterEqual(len(below), 3, figure.attrib["id"])
        for table in page.all("table"):
            self.assertTrue(text_of(page.all("caption", table)[0]).strip())
            for th in page.all("th", table):
                self.assertIn(th.attrib["scope"], ("col", "row"))
            for row in page.all("tr", page.all("tbody", table)[0]):
                self.assertEqual(len(list(row)), len(page.all("th", page.all("thead", table)[0])))
        for path in page.root.iter(XHTML + "path"):
            self.assertRegex(path.attrib["d"], r"\AM[-MLVhvlamz0-9. ]+\Z")

    def check_numbers(self, store, page):
        """Every row shown is a row of the CSV file, value for value and in its order; a table without rows shows none."""
        seen = set()
        for name, header, rows in page.csv_tables():
            want = [[r[c] for c in header] for r in support.read_csv_file(os.path.join(store, "tables", name))]
            if name == "prefixes.csv":  # for people: shown at once
                want = [["-" if v == "-1" else format(int(v), ",") for v in row] for row in want]
            self.assertTrue(rows or not want, name)
            places = iter(range(len(want)))
            for row in rows:
                place = next((i for i in places if want[i] == row), None)
                self.assertIsNotNone(place, "%s has no row %s, or not in this order" % (name, dict(zip(header, row))))
            seen.add(name)
        return seen


class Figures(ReportTest):
    def test_synthesised(self):
        store = self.synth()
        page = self.report(store)
        self.assertEqual(sorted(page.figures()), sorted(SVG_FIGURES))
        for section in SECTIONS:
            self.assertEqual(page.absent(section), [], section)
        seen = self.check_numbers(store, page)
        self.assertLessEqual({"summary.csv", "hit_curve.csv", "enough.csv", "reuse_distance.csv", "reuse_distance_request.csv",
                              "reuse_time.csv", "input_length.csv", "output_length.csv", "think_time.csv", "session_turns.csv",
                              "windows.csv", "prefixes.csv", "prompt_cache.csv", "denominators.csv", "distributions.csv"}, seen)
        # a line for each scope and block size
        curve = page.by_id["hit-curve-figure"]
        lines = [e for e in curve.iter(XHTML + "path") if e.attrib.get("class", "").startswith("line")]
        self.assertEqual(len(lines), 2 * 3 * 2)  # in the drawing, and in the legend
        self.assertEqual(len({e.attrib["class"] for e in lines}), 6)
        self.assertIn("llama-3-8b", text_of(page.by_id["hit-curve"]))
        prefixes = [rows for name, _, rows in page.csv_tables() if name == "prefixes.csv"]
        self.assertEqual(len(prefixes[0]), 20)

    def test_tables_for_people(self):
        """Prefixes with digits in groups and dashes for requests that are not there; a table of one row stands upright."""
        rows = [(i, 0, float(i), list(range(5000)) if i < 2 else [9000 + i % 2] * 3, [1]) for i in range(6)]
        store = self.path("few")
        self.ok("run", "-o", store, "--format", "marconi", self.write("few.jsonl", support.marconi(rows)))
        page = self.report(store)
        self.check_numbers(store, page)
        (header, rows), = ((h, r) for name, h, r in page.csv_tables() if name == "prefixes.csv")
        first = dict(zip(header, rows[0]))
        columns = ("saved", "length", "requests", "request_1", "request_2")
        self.assertEqual([first[c] for c in columns], ["5,000", "5,000", "1", "1", "-"])
        shape = support.read_csv_file(os.path.join(store, "tables", "trie_shape.csv"))[0]
        cells = {row[0].text: row for row in page.all("tr", page.all("tbody", page.by_id["trie"])[0])}
        self.assertEqual({n: row[1].text.replace(",", "") for n, row in cells.items()}, shape)
        self.assertEqual(text_of(page.all("small", cells["positions"][1])[0]), "symbols")
        self.assertTrue(all(len(row) == 2 and text_of(page.all("small", row[0])[0]) for row in cells.values()))

    def test_several_sources(self):
        """The heading says that there are others than the one that gave the trace its name, and the page how they lie in time."""
        files = [self.write("part_%d.jsonl" % i, support.marconi([(i, k, 10.0 * k, [1, 2, 3], [4]) for k in range(3)]))
                 for i in range(3)]
        follow, overlap = "Its sources follow one another in time;", "Its sources overlap in time;"
        for options, n, heading, said in (((), 3, "part_0 and 2 more sources", follow),
                                          (("--timeline", "overlay"), 3, "part_0 and 2 more sources", overlap),
                                          ((), 2, "part_0 and 1 more source", follow),
                                          (("--name", "three"), 3, "three", follow),
                                          ((), 1, "part_0", None)):
            with self.subTest(options=options, n=n):
                store = self.path("store")
                self.ok("run", "--force", "-o", store, "--format", "marconi", *options, *files[:n])
                page = self.report(store)
                self.assertEqual([text_of(page.all(e)[0]) for e in ("h1", "title")], [heading, heading])
                found = [text_of(e) for e in page.all("p") if text_of(e).startswith("Its sources")]
                self.assertEqual(len(found), 0 if said is None else 1)
                self.assertTrue(said is None or found[0].startswith(said), found)

    def test_totals_name_their_denominators(self):
        store = self.synth()
        page = self.report(store)
        total = support.read_csv_file(os.path.join(store, "tables", "summary.csv"))[-1]
        cells = {row[0].text: [text_of(row[1]), text_of(row[2]), row[1].text]
                 for row in page.all("tr", page.all("tbody", page.by_id["totals"])[0])}
        for label, column, of, of_text in (("reusable, scope global", "reusable_global", "input_symbols", "input symbols"),
                                           ("reusable, scope source", "reusable_source", "input_symbols", "input symbols"),
                                           ("reusable, scope session", "reusable_session", "input_symbols", "input symbols"),
                                           ("distinct positions", "distinct_symbols", "symbols", "symbols touched")):
            value, share, _ = cells[label]
            self.assertEqual(value.replace(",", ""), total[column] + "tokens")
            self.assertEqual(share, "%.2f %%of %s" % (100 * int(total[column]) / int(total[of]), of_text))
        self.assertEqual(cells["requests"][2].replace(",", ""), total["requests"])
        self.assertEqual(cells["span"][0], "%.3fs" % (int(total["span_us"]) / 1e6))

    def test_sharing(self):
        """Parts of the bars add up to the input symbols, and are what `summary` says."""
        store = self.synth()
        page = self.report(store)
        rows = {r["source"]: r for r in support.read_csv_file(os.path.join(store, "tables", "summary.csv"))}
        rows["the whole trace"] = rows["all"]
        bars = page.all("tr", page.all("tbody", page.by_id["sharing"])[0])
        self.assertEqual(len(bars), 3)
        for bar in bars:
            cells = [text_of(c) for c in bar]
            row = rows[cells[0]]
            session, source, everyone = (int(row["reusable_" + s]) for s in ("session", "source", "global"))
            whole, parts = int(cells[1]), [int(c) for c in cells[2::2]]
            self.assertEqual(whole, int(row["input_symbols"]))
            self.assertEqual(parts, [session, source - session, everyone - source, whole - everyone])
            self.assertEqual(cells[3::2], ["%.2f %%" % (100 * p / whole) for p in parts])

    def test_sharing_of_many_sources(self):
        """The largest sources have bars, in the order of sources; the legend has what is drawn, the axis is that of shares."""
        sizes = [7, 30, 5, 31, 32, 6, 33, 34, 4, 35, 36, 37, 38, 39, 3]
        files = [self.write("s%02d.jsonl" % i, support.marconi([(i, 0, 0.5 * i, [100 * i + k for k in range(n)], [1])]))
                 for i, n in enumerate(sizes)]
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi", *files)
        page = self.report(store)
        bars = [text_of(row[0]) for row in page.all("tr", page.all("tbody", page.by_id["sharing"])[0])]
        drawn = [i for i, n in enumerate(sizes) if n in sorted(sizes)[-11:]]
        self.assertEqual(bars, ["the whole trace"] + ["s%02d" % i for i in drawn])
        figure = page.by_id["sharing-figure"]
        self.assertIn("the largest 11 of 15, by input symbols", text_of(page.all("figcaption", figure)[0]))
        self.assertEqual([text_of(e) for e in page.all("li", figure)], ["new"])
        texts = [text_of(e) for e in page.all("text", figure)]
        self.assertEqual(texts, bars + ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])

    def test_shapes_that_lie_on_the_curve(self):
        """The line of the hit curve rises, and its last point is the ceiling at the height that the axis gives it."""
        store = self.synth()
        page = self.report(store)
        curve = page.by_id["hit-curve-figure"]
        ticks = {}
        for e in curve.iter(XHTML + "text"):
            if e.attrib["text-anchor"] == "end" and text_of(e).endswith(" %"):
                ticks[float(text_of(e)[:-2])] = float(e.attrib["y"]) - 4
        low, high = min(ticks), max(ticks)
        rows = [r for r in support.read_csv_file(os.path.join(store, "tables", "hit_curve.csv"))
                if (r["scope"], r["block"], r["reserve_last"]) == ("global", "1", "0")]
        want = 100 * int(rows[0]["ceiling"]) / int(rows[0]["lookups"])
        line = next(e for e in curve.iter(XHTML + "path") if e.attrib.get("class") == "line c0 d0")
        ys = [float(p.split()[1]) for p in re.split("[ML]", line.attrib["d"]) if p]
        self.assertEqual(ys, sorted(ys, reverse=True))
        self.assertAlmostEqual(ys[-1], ticks[low] + (ticks[high] - ticks[low]) * (want - low) / (high - low), delta=0.2)

    def test_many_windows(self):
        """At most 200 steps, of as many windows each; the table is cut and says so."""
        store = self.synth()
        self.ok("enrich", store, "--window", 1)
        self.ok("table", store)
        page = self.report(store)
        self.check_numbers(store, page)
        rows = support.read_csv_file(os.path.join(store, "tables", "windows.csv"))
        first, last = int(rows[0]["window"]), int(rows[-1]["window"])
        each = (last - first) // 200 + 1
        self.assertGreater(each, 1)
        load = page.by_id["load-figure"]
        self.assertIn("Each step is %d windows of 1 s." % each, text_of(load))
        whole, steps = last - first, [0] * ((last - first - 1) // each + 1)  # but the last window, in which the trace ends
        for r in rows[:-1]:
            steps[(int(r["window"]) - first) // each] += int(r["requests"])
        rates = [n / min(each, whole - k * each) for k, n in enumerate(steps)]
        (line,) = self.steps_of(load)
        self.assertEqual(len(line), 2 * len(rates))
        place = self.linear_axis(load)
        for (_, y), rate in zip(line[::2], rates):
            self.assertAlmostEqual(y, place(rate), delta=0.2)
        self.assertRegex(text_of(page.by_id["load"]), "100 of [0-9,]+ rows; all of them, with every column, are in windows.csv")

    def steps_of(self, figure):
        """The parts of a figure's line, each a list of points."""
        line, = (e for e in figure.iter(XHTML + "path") if e.attrib.get("class", "").startswith("line"))
        self.assertEqual([e for e in figure.iter(XHTML + "path") if e.attrib.get("class", "").startswith("dot")], [])
        return [[tuple(map(float, p.split())) for p in part.split("L")] for part in line.attrib["d"].split("M")[1:]]

    def linear_axis(self, figure):
        """Where the ticks on the left of the figure's plot say that a value lies."""
        tick = {float(text_of(e).rstrip(" %")): float(e.attrib["y"]) - 4 for e in figure.iter(XHTML + "text")
                if e.attrib["text-anchor"] == "end" and float(e.attrib["x"]) < 60}
        top = max(tick)
        return lambda value: tick[0] + (tick[top] - tick[0]) * value / top

    def test_windows_without_requests(self):
        """The share of hits breaks where there is none, the rate is 0 there and ends with the last window that is whole."""
        store = self.path("store")
        at = (0, 1, 61, 300, 301, 302, 430)  # windows 0, 0, 1, 5, 5, 5 and, cut, 7
        rows = [(i, 0, t, [1, 2, 3, 4], [5 + i]) for i, t in enumerate(at)]
        self.ok("run", "-o", store, "--format", "marconi", self.write("gaps.jsonl", support.marconi(rows)))
        page = self.report(store)
        share, load = page.by_id["hit-share-figure"], page.by_id["load-figure"]
        parts, place, x = self.steps_of(share), self.linear_axis(share), lambda window: 46 + (388 - 46) * window / 8
        self.assertEqual([len(p) for p in parts], [4, 2, 2])
        for part, (begin, end, hits) in zip(parts, ((0, 2, 0.5), (5, 6, 1), (7, 8, 1))):
            self.assertAlmostEqual(part[0][0], x(begin), delta=0.1)
            self.assertAlmostEqual(part[-1][0], x(end), delta=0.1)
            self.assertAlmostEqual(part[0][1], place(100 * hits), delta=0.2)
            self.assertAlmostEqual(part[-1][1], place(100), delta=0.2)
        (line,), place = self.steps_of(load), self.linear_axis(load)
        self.assertAlmostEqual(line[-1][0], x(7), delta=0.1)
        for (_, y), requests in zip(line[::2], (2, 1, 0, 0, 0, 3, 0)):
            self.assertAlmostEqual(y, place(requests / 60), delta=0.2)

    def test_load_of_a_short_trace(self):
        """A rate needs windows that are whole, two at least."""
        for last, there in ((119, False), (120, True)):
            store = self.path("store%d" % last)
            rows = [(i, 0, t, [1, 2, 3, 4], [5 + i]) for i, t in enumerate((0, 70, last))]
            self.ok("run", "-o", store, "--format", "marconi", self.write("short%d.jsonl" % last, support.marconi(rows)))
            page = self.report(store)
            self.assertEqual("load-figure" in page.figures(), there)
            self.assertIn("hit-share-figure", page.figures())
            self.assertEqual(["before two windows are whole" in a for a in page.absent("load")], [] if there else [True])

    def test_blocks(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        page = self.report(store)
        self.check_numbers(store, page)
        self.assertIn("sharing-figure", page.figures())
        self.assertIn("prompt-cache-global-figure", page.figures())
        self.assertRegex(page.absent("think-time")[0], "no sessions")
        self.assertIn("blocks of 512 tokens", text_of(page.by_id["hit-curve"]))

    def test_flat(self):
        """Neither times, lengths nor sessions; a symbol is of no known number of tokens."""
        ids = [i * i % 37 for i in range(500)]
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "flat", self.write("a.u32", struct.pack("<%dI" % len(ids), *ids)))
        page = self.report(store)
        self.check_numbers(store, page)
        self.assertIn("hit-curve-figure", page.figures())
        self.assertIn("reuse-distance-figure", page.figures())
        for section, reason in (("load", "no times"), ("think-time", "no sessions"), ("reuse", "no times")):
            self.assertTrue(any(reason in a for a in page.absent(section)), (section, page.absent(section)))

    def test_without_symbols(self):
        store = self.path("store")
        rows = "".join("2023-11-16 18:%02d:01.5000000,%d,9\n" % (i, 100 + i) for i in range(5))
        self.ok("run", "-o", store, "--format", "azure",
                self.write("azure.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n" + rows))
        page = self.report(store)
        self.check_numbers(store, page)
        self.assertEqual(sorted(page.figures()), ["lengths-figure", "load-figure"])
        for section in ("hit-curve", "reuse", "sharing", "trie", "prefixes", "prompt-cache"):
            self.assertIn("no tokens and no block ids", page.absent(section)[0])
        self.assertIn("no sessions", page.absent("think-time")[0])
        self.assertRegex(page.absent("load")[0], "Share of hits, over time. Left out: .*no tokens and no block ids")

    def test_one_request(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi",
                self.write("one.jsonl", support.marconi([(0, 0, 0.0, [1, 2, 3], [4])])))
        self.check_numbers(store, self.report(store))

    def test_models(self):
        """The axis of GB and the A10's line are those of the model of lta enrich --model, if its weights are known and fit."""
        store = self.synth()
        for model, name, each, left, text, caption in (
                ("llama-3-8b", "llama-3-8b", 131072, 24000000000 - 2 * 8030261248, "A10 beside llama-3-8b: 7.9 GB",
                 "weights, 16.1 GB: 7.9 GB, less"),
                ("llama-3.2-1b", "llama-3.2-1b", 32768, 24000000000 - 2 * 1235814400, "A10 beside llama-3.2-1b: 21.5 GB",
                 "weights, 2.5 GB: 21.5 GB, less"),
                ("llama-3-70b", "llama-3-70b", 327680, None, None, "weights, 141.1 GB, do not fit its 24 GB"),
                ("mine:32:8:128:2", "mine", 131072, 24000000000, "24 GB", "which this file does not know")):
            with self.subTest(model=model):
                self.ok("enrich", store, "--model", model)
                self.ok("table", store)
                page = self.report(store)
                self.check_numbers(store, page)
                row = support.read_csv_file(os.path.join(store, "tables", "models.csv"))[0]
                weights = 0 if name == "mine" else 24000000000 - left if left else 2 * 70553706496
                self.assertEqual((row["model"], row["token_bytes"], row["weight_bytes"]), (name, str(each), str(weights)))
                section, curve = page.by_id["hit-curve"], page.by_id["hit-curve-figure"]
                self.assertIn("in %s, the model" % name, text_of(section))
                self.assertIn("%s bytes a token" % format(each, ","), text_of(section))
                self.assertIn(caption, text_of(page.all("figcaption", curve)[0]))
                marks = [e for e in curve.iter(XHTML + "path") if e.attrib.get("class") == "mark"]
                said = [text_of(e) for e in curve.iter(XHTML + "text") if e.attrib["class"] == "ink"]
                self.assertEqual(said, [text] if left else [])
                self.assertEqual(len(marks), 1 if left else 0)
                if left:
                    x1, x2 = (float(p.split()[0]) for p in re.split("[ML]", marks[0].attrib["d"]) if p)
                    self.assertEqual(x1, x2)
                    self.assertAlmostEqual(x1, self.place_on_log_axis(curve, left / each), delta=0.2)

    def place_on_log_axis(self, figure, value):
        """Where the ticks below the figure's plot say that the value lies."""
        factor = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
        ticks = {}
        for e in figure.iter(XHTML + "text"):
            number = re.fullmatch(r"([0-9.]+)([kMG]?)", text_of(e))
            if number and float(e.attrib["y"]) > 240 and e.attrib["text-anchor"] == "middle":
                ticks[float(number.group(1)) * factor[number.group(2)]] = float(e.attrib["x"])
        low, high = min(ticks), max(ticks)
        return ticks[low] + (ticks[high] - ticks[low]) * math.log(value / low) / math.log(high / low)


class Writing(ReportTest):
    def test_same_bytes(self):
        store = self.synth()
        first = self.report(store).bytes
        other = self.path("elsewhere")
        os.mkdir(other)
        shutil.copy(os.path.join(store, "enriched.h5"), other)
        self.ok("report", other, "--threads", 1, cwd="/")
        with open(os.path.join(other, "report.html"), "rb") as f:
            self.assertTrue(f.read() == first, "the page depends on the folder or on the threads")
        self.assertNotIn(self.folder.encode(), first)
        result = self.ok("report", store, "-o", "-", env=support.environment(TZ="Asia/Tokyo", LC_ALL="de_DE.UTF-8"))
        self.assertTrue(result.out.encode() == first, "the page depends on the locale")

    def test_hostile_names(self):
        """Names of trace and sources are text wherever they are shown, and characters that XML lacks are replaced."""
        name = HOSTILE.replace("/", "")  # what a file may be called
        store = self.path("store")
        self.ok("run", "-o", store, "--name", HOSTILE, "--format", "marconi",
                self.write(name + ".jsonl", support.SAMPLES["marconi"][1]))
        self.ok("report", store, "-o", self.path("hostile.html"))
        page = Page(self.path("hostile.html"))
        self.check_page(page)
        shown = HOSTILE.replace("\x01", "\ufffd").replace("\x7f", "\ufffd")
        self.assertEqual(text_of(page.all("h1")[0]), shown)
        self.assertEqual(text_of(page.all("title")[0]), shown)
        self.assertEqual(page.all("b"), [])
        sources = [row[0] for name, _, rows in page.csv_tables() if name == "summary.csv" for row in rows]
        self.assertIn(shown.replace("/", ""), sources)

    def test_no_enriched_file(self):
        self.refused(3, ".*nowhere: is not there; expected the folder of a store", "report", self.path("nowhere"), "-o", self.path("report.html"))
        store = self.path("store")
        self.ok("import", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        self.refused(3, ".*enriched.h5: is not there", "report", store)
        self.assertEqual(os.listdir(store), ["trace.h5"])
        self.assertFalse(os.path.exists(self.path("report.html")))

    def test_damaged_store(self):
        store = self.synth()
        path = os.path.join(store, "enriched.h5")
        with open(path, "rb") as f:
            whole = f.read()
        self.write("old.html", "old")
        with open(path, "wb") as f:
            f.write(whole[:len(whole) // 2])
        self.refused(3, ".*enriched.h5", "report", store, "-o", self.path("old.html"))
        with open(self.path("old.html")) as f:
            self.assertEqual(f.read(), "old")

    def test_tables_that_lack_something(self):
        """A store without a table, or a table without a column: a page all the same, or exit code 3; never a crash."""
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "marconi", self.write(*support.SAMPLES["marconi"]))
        alone = self.path("alone")
        os.mkdir(alone)
        path = shutil.copy(os.path.join(store, "enriched.h5"), alone)
        with open(path, "rb") as f:
            whole = f.read()
        with h5py.File(path, "r") as f:
            tables = list(f["tables"])
            parts = tables + [t + "/" + c for t in tables if t not in ("sessions", "session_quantiles") for c in f["tables"][t]
                              if not c.startswith("bytes_")]
        for part in parts:
            with self.subTest(part=part):
                with open(path, "wb") as f:
                    f.write(whole)
                with h5py.File(path, "r+") as f:
                    del f["tables/" + part]
                result = self.lta("report", alone, "-o", self.path("part.html"))
                self.assertIn(result.code, (0, 3), str(result))
                self.assertEqual(result.code == 0, os.path.exists(self.path("part.html")))
                if result.code == 0:
                    ElementTree.parse(self.path("part.html"))
                    os.unlink(self.path("part.html"))

    def test_unwritable(self):
        store = self.path("store")
        self.ok("run", "-o", store, "--format", "mooncake", self.write(*support.SAMPLES["mooncake"]))
        self.refused(1, ".*no/such/.*could not be created", "report", store, "-o", self.path("no/such/report.html"))
        self.refused(1, ".*", "report", store, "-o", self.folder)
        if os.path.exists("/dev/full"):
            self.refused(4, ".*/dev/full: could not be written", "report", store, "-o", "/dev/full")
        self.assertEqual([n for n in os.listdir(self.folder) if "partial" in n or n.endswith(".html")], [])

    def test_usage(self):
        self.refused(2, "missing operands, expected STORE", "report")
        self.refused(2, "too many operands", "report", "a", "b")


# As a page of its own: loads the report in frames of both widths and tells what sticks out. Shown only to the test.
PROBE = """<!DOCTYPE html><html><body><script>
const widths = [360, 1280], found = [];
function next() {
  if (widths.length === 0) { document.body.textContent = 'RESULT' + JSON.stringify(found) + 'END'; return; }
  const width = widths.shift(), frame = document.createElement('iframe');
  frame.style.cssText = 'border:0;height:900px;width:' + width + 'px';
  frame.onload = () => {
    const d = frame.contentDocument;
    d.querySelectorAll('details').forEach(e => { e.open = true; });
    const wide = [...d.querySelectorAll('body *')].filter(e => !e.closest('.scroll') || e.matches('.scroll'))
      .filter(e => e.getBoundingClientRect().right > width + 0.5).map(e => e.tagName + '.' + e.className.toString());
    const view = frame.contentWindow;
    const trie = d.querySelector('#trie .scroll');
    found.push({width, trie: trie.scrollWidth - trie.clientWidth, inner: view.innerWidth, scroll: d.documentElement.scrollWidth,
                wide: wide.slice(0, 5),
                page: view.getComputedStyle(d.body).backgroundColor, ink: view.getComputedStyle(d.body).color,
                figures: d.querySelectorAll('figure').length});
    frame.remove(); next();
  };
  frame.src = '/report.html';
  document.body.append(frame);
}
next();
</script></body></html>"""


def browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    return None


class Browser(ReportTest):
    """Chromium lays the page out: nothing sticks out at the width of a phone or of a desk, in light and in dark."""

    def dump(self, program, url, *options):
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1400,1000",
                   "--user-data-dir=" + self.path("profile"), "--virtual-time-budget=10000", *options, "--dump-dom", url]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=support.TIMEOUT).stdout.decode()

    def test_layout(self):
        program = browser()
        if not program:
            print("skipped: no Chromium on this machine, so nobody looked at the layout")
            self.skipTest("no Chromium")
        page = self.report(self.synth())
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                body = {"/report.html": page.bytes, "/probe.html": PROBE.encode()}.get(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        at = "http://127.0.0.1:%d/" % server.server_port
        for options, dark in (((), False), (("--blink-settings=preferredColorScheme=0",), True)):
            with self.subTest(dark=dark):
                del asked[:]
                dom = self.dump(program, at + "probe.html", *options)
                found = re.search(r"RESULT(.*)END", dom)
                self.assertTrue(found, "the probe did not end: " + dom[:500])
                for view in json.loads(found.group(1)):
                    self.assertEqual(view["inner"], view["width"])
                    self.assertLessEqual(view["scroll"], view["width"], view)
                    self.assertEqual(view["wide"], [], view)
                    self.assertEqual(view["trie"], 0, view)  # nothing to scroll sideways
                    self.assertEqual(view["figures"], len(SVG_FIGURES))
                    self.assertEqual(view["page"], "rgb(20, 20, 22)" if dark else "rgb(255, 255, 255)")
                self.assertEqual({p for p in asked if p != "/favicon.ico"}, {"/probe.html", "/report.html"})


if __name__ == "__main__":
    unittest.main()
