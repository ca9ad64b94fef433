#!/usr/bin/env bash
# Builds, measures, and prints a table: ours against theirs. Usage: tests/bench/run.sh --help
exec python3 "$(dirname "$0")/suite.py" "$@"
