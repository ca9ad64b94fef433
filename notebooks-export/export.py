#!/usr/bin/env python3
"""export.py RELEASE OUT: runs every notebook of this folder on a release (a folder made by `lta release`).

OUT then holds a page NOTEBOOK.html a notebook, which needs nothing else and fetches nothing, index.html, TRACE/FIGURE.svg, .png
and .csv a figure, and manifest.json: from which bytes all this was made, and which figures a trace cannot have, with the reason.
OUT is complete or not there: it is made beside its name and renamed. The same release and packages give the same bytes.
"""
import argparse
import asyncio
import hashlib
import html
import importlib.metadata
import json
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NOTEBOOKS = ("curves", "reuse", "load", "sharing")
PACKAGES = ("h5py", "matplotlib", "nbconvert", "numpy", "pandas")
AT_ONCE = 2  # kernels

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(title)s</title>
<style>
body { font: 16px/1.5 "DejaVu Sans", Verdana, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.25; } h2 { margin-top: 2.5rem; }
pre { background: #f5f5f5; padding: .4rem .6rem; overflow-x: auto; font-size: .8rem; } code { font-size: .9em; }
figure { margin: 1.2rem 0; } figure img { width: 100%%; height: auto; } figcaption, nav { font-size: .85rem; }
table { border-collapse: collapse; font-size: .8rem; display: block; overflow-x: auto; }
td, th { padding: .2rem .5rem; text-align: right; }
thead { border-bottom: 1px solid #888; } a { color: #0072B2; }
</style>
</head>
<body>
<nav>%(nav)s</nav>
%(body)s
</body>
</html>
"""


def stop(message, code=1):
    print("export.py: error: " + message, file=sys.stderr)
    sys.exit(code)


def page(title, body, current):
    names = ("index",) + NOTEBOOKS
    nav = " · ".join(n if n == current else '<a href="%s.html">%s</a>' % (n, n) for n in names)
    return PAGE % {"title": html.escape(title), "nav": nav, "body": body}


def title_of(notebook):
    first = next(c.source for c in notebook.cells if c.cell_type == "markdown")
    return re.match(r"# (.+)", first).group(1)


async def execute(notebooks):
    from nbclient import NotebookClient
    free = asyncio.Semaphore(AT_ONCE)

    async def one(notebook):
        async with free:
            await NotebookClient(notebook, timeout=3600, kernel_name="python3", resources={"metadata": {"path": HERE}},
                                 extra_arguments=["--IPKernelApp.log_level=40"]).async_execute()
    for failed in await asyncio.gather(*(one(n) for n in notebooks.values()), return_exceptions=True):
        if failed:
            raise failed


def export(release, out):
    import nbformat
    from nbconvert import HTMLExporter
    sys.path.insert(0, HERE)
    import figures

    traces = figures.release(release)
    notebooks = {n: nbformat.read(os.path.join(HERE, n + ".ipynb"), as_version=4) for n in NOTEBOOKS}
    with tempfile.TemporaryDirectory(prefix="lta-notebooks-") as scratch:
        log = os.path.join(scratch, "figures.jsonl")
        os.environ.update({  # nothing of the user's own Jupyter settings gets into the figures
            "LTA_RELEASE": os.path.abspath(release), "LTA_FIGURES": os.path.abspath(out), "LTA_FIGURE_LOG": log,
            "MPLBACKEND": "agg", "IPYTHONDIR": scratch, "JUPYTER_CONFIG_DIR": scratch, "JUPYTER_RUNTIME_DIR": scratch,
            "JUPYTER_PREFER_ENV_PATH": "1", "PYTHONDONTWRITEBYTECODE": "1"})
        asyncio.run(execute(notebooks))
        with open(log, encoding="utf-8") as f:
            drawn = sorted((json.loads(line) for line in f), key=lambda d: (d["trace"], d["figure"]))

    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True,
                            exclude_anchor_links=True)
    items = []
    for name, notebook in notebooks.items():
        title = title_of(notebook)
        body, _ = exporter.from_notebook_node(notebook)
        with open(os.path.join(out, name + ".html"), "w", encoding="utf-8", newline="") as f:
            f.write(page(title, body, name))
        items.append('<li><a href="%s.html">%s</a></li>' % (name, html.escape(title)))
    of = ", ".join(html.escape(t.name) for t in traces)
    with open(os.path.join(out, "index.html"), "w", encoding="utf-8", newline="") as f:
        f.write(page("Figures", "<h1>Figures</h1><p>Traces: %s.</p><ul>%s</ul>" % (of, "".join(items)), "index"))

    sums = os.path.join(release, "SHA256SUMS")
    manifest = {
        "command": "notebooks-export/export.py",
        "figures": drawn,
        "packages": {p: importlib.metadata.version(p) for p in PACKAGES},
        "sha256sums_sha256": None,
        "traces": [{"trace": t.name, "content_sha256": t.content_sha256, "created_by": t.created_by} for t in traces],
    }
    if os.path.exists(sums):
        with open(sums, "rb") as f:
            manifest["sha256sums_sha256"] = hashlib.sha256(f.read()).hexdigest()
    with open(os.path.join(out, "manifest.json"), "w", encoding="utf-8") as f:
        json.dump(manifest, f, indent=1, sort_keys=True)
        f.write("\n")
    return traces, drawn


def main():
    parser = argparse.ArgumentParser(description="Runs the notebooks on a release and exports pages, figures and their numbers.")
    parser.add_argument("release", metavar="RELEASE", help="a folder made by lta release")
    parser.add_argument("out", metavar="OUT", help="the folder to make; one of an earlier export is replaced")
    given = parser.parse_args()
    if not os.path.isdir(given.release):
        stop("%s: expected a release's folder" % given.release, 3)
    out = os.path.abspath(given.out)
    ours = os.path.isdir(out) and (not os.listdir(out) or os.path.exists(os.path.join(out, "manifest.json")))
    if os.path.lexists(out) and not ours:
        stop("%s: is there and not of an earlier export" % given.out, 2)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    partial = tempfile.mkdtemp(prefix=os.path.basename(out) + ".", dir=os.path.dirname(out))
    os.chmod(partial, 0o755)
    try:
        from nbclient.exceptions import CellExecutionError
        traces, drawn = export(given.release, partial)
        if os.path.exists(out):
            shutil.rmtree(out)
        os.rename(partial, out)
    except ImportError as e:
        stop("%s: run export.sh, or install the packages of requirements.txt" % e)
    except FileNotFoundError as e:
        stop(str(e), 3)
    except CellExecutionError as e:
        stop("a notebook failed:\n%s" % e)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    there = sum(d["absent"] is None for d in drawn)
    print("%s: %d figures of %d traces, %d left out (manifest.json says why)" % (
        given.out, there, len(traces), len(drawn) - there))


if __name__ == "__main__":
    main()
