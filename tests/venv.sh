#!/usr/bin/env bash
# Makes .build/venv with the packages of tests/requirements.txt: pyarrow, which gives builds Parquet, and the readers of other
# people's formats that tests compare with. Does nothing when it is up to date. Where PyPI cannot be reached it warns and the
# tests that need it are skipped; with CI set in the environment that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.build/venv
wanted=tests/requirements.txt
made=$venv/requirements.txt
cmp -s "$wanted" "$made" && exit 0

mkdir -p .build
echo "installing the packages of $wanted in $venv"
if python3 -m venv "$venv" &&
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$wanted"; then
    cp "$wanted" "$made"
    exit 0
fi
rm -f "$made"
if [ -n "${CI:-}" ]; then
    echo "tests/venv.sh: no packages from PyPI, which CI must have" >&2
    exit 1
fi
echo "tests/venv.sh: warning: no packages from PyPI: no Parquet from pyarrow, and the tests that need them are skipped" >&2
