#!/usr/bin/env bash
# notebooks-export/export.sh RELEASE OUT: makes .build/notebooks-venv with the packages of requirements.txt where it is not up to
# date, and runs export.py in it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

venv=$here/../.build/notebooks-venv
wanted=$here/requirements.txt
made=$venv/requirements.txt
if ! cmp -s "$wanted" "$made"; then
    echo "installing the packages of notebooks-export/requirements.txt in .build/notebooks-venv" >&2
    mkdir -p "$here/../.build"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$wanted"
    cp "$wanted" "$made"
fi
exec "$venv/bin/python" -B "$here/export.py" "$@"
