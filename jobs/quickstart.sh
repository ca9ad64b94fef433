#!/usr/bin/env bash
# From a fresh Debian machine to a first result: installs what is missing, builds, makes a small trace, analyses it.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs/install-debian.sh
mkdir -p .build
log=.build/quickstart.log
{ cmake -S . -B .build/release -G Ninja -DLTA_TESTS=OFF -DLTA_CUDA=OFF && cmake --build .build/release; } >"$log" 2>&1 ||
    { cat "$log" >&2; exit 1; }
lta=.build/release/lta
example=.build/example

rm -rf "$example"
mkdir -p "$example"
"$lta" synth -o "$example" --format marconi --files 2 --sessions 40 --seed 1
"$lta" run -o "$example/store" --format marconi "$example"/*.jsonl
