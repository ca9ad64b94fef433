#!/usr/bin/env bash
# Where the time of the commands goes, by stage and by function. Usage: tests/bench/profile.sh --help
exec python3 "$(dirname "$0")/profile_stages.py" "$@"
