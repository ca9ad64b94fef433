#!/usr/bin/env bash
# Builds and runs the reuse benchmark: JSON lines to tests/bench/reuse.jsonl in the build folder, a table on stdout.
# Usage: tests/bench/run.sh [DEVICE]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=.build/bench
cmake -S . -B "$build" -G Ninja >/dev/null
cmake --build "$build" --target bench_reuse >/dev/null
lines=$build/tests/bench/reuse.jsonl
mkdir -p "$(dirname "$lines")"
(cd "$(dirname "$lines")" && "$OLDPWD/$build/tests/bench_reuse" "${1:-cpu}") >"$lines"
echo "$(git rev-parse --short HEAD 2>/dev/null || echo 'no commit'), $(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(uname -m)"
python3 - "$lines" <<'EOF'
import json, sys
columns = [("shape", "shape"), ("requests", "requests"), ("mean_length", "mean length"), ("nodes", "nodes"),
           ("runs", "runs"), ("trie_ms", "trie, ms"), ("reuse_global_ms", "reuse global, ms"),
           ("reuse_session_ms", "reuse session, ms"), ("curve_16_ms", "curve B = 16, ms"), ("reuse_stage_ms", "reuse stage, ms")]
rows = [json.loads(line) for line in open(sys.argv[1])]
print("| " + " | ".join(title for _, title in columns) + " | stage, ns a request |")
print("| --- " * (len(columns) + 1) + "|")
for row in rows:
    cells = [row["shape"]] + [f"{row[key]:,.0f}" if row[key] >= 1000 else f"{row[key]:,g}" for key, _ in columns[1:]]
    print("| " + " | ".join(cells) + f" | {1e6 * row['reuse_stage_ms'] / row['requests']:.0f} |")
EOF
