#!/usr/bin/env bash
# Shows that the differential test has teeth: each mutant is a wrong definition, put into a copy of the tree; the test
# must pass before and fail with each. A mutant whose edit changes nothing fails this script: the code has moved on, and
# the edit must follow. Slow (one build a mutant), so no part of ctest. Usage: tests/mutants.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r CMakeLists.txt pipeline kernels tests "$work"
export LTA_TEST_TRACES=300
survivors=0

build() {
    cmake --build "$work/.build" --target test_differential >"$work/build.log" 2>&1
}

check() {
    (cd "$work/.build/tests" && ./test_differential >"$work/test.log" 2>&1)
}

# mutant NAME FILE SED-EXPRESSION [FILE SED-EXPRESSION]...
mutant() {
    local name=$1 edited=() file
    shift
    while [ $# -gt 0 ]; do
        file=$work/$1
        [ -e "$file.original" ] || { cp "$file" "$file.original"; edited+=("$file"); }
        cp "$file" "$file.before"
        sed -i -E "$2" "$file"
        if cmp -s "$file" "$file.before"; then
            echo "mutant '$name': its edit does not apply to $1 any more"
            exit 1
        fi
        rm "$file.before"
        shift 2
    done
    if ! build; then
        echo "mutant '$name' does not compile:"
        tail -n 20 "$work/build.log"
        exit 1
    fi
    if check; then
        echo "SURVIVED  $name"
        survivors=$((survivors + 1))
    else
        echo "caught    $name: $(grep -a '^scope ' "$work/test.log" | head -n 1 || true)"
    fi
    for file in "${edited[@]}"; do
        mv "$file.original" "$file"
        touch "$file"
    done
}

cmake -S "$work" -B "$work/.build" -G Ninja >/dev/null
build || { cat "$work/build.log"; exit 1; }
check || { cat "$work/test.log"; echo "the test fails before any mutant is put in"; exit 1; }
echo "unchanged: passes"

runs=pipeline/curve/block_runs.c
# Touching shallowest first, a run's first position is its oldest: all that p touched last lies above it, and nothing
# hits before everything does.
mutant 'shallow-first touch' \
    kernels/stack_distance_cpu.c 's/(uint64_t\)d->previous\[k\]) \+ 1; i > 0/\1; i > 0/' \
    $runs 's/hits \+= room < b->looked_up\[k\] \? room : /hits += room < b->looked_up[k] ? 0 : /'
mutant 'T + j - 1 in a request' $runs 's/room = capacity > b->distance\[k\] \? capacity - b/room = capacity + 1 > b->distance[k] ? capacity + 1 - b/'
mutant 'T + j - 1 in the curve' kernels/hit_curve_cpu.c 's/(start\[k\] = \(type\))distance\[i\];/\1(distance[i] - (distance[i] > 0));/' \
    kernels/hit_curve_cpu.c 's/(end\[k\+\+\] = \(type\)\(distance\[i\]) \+/\1 - (distance[i] > 0) +/' \
    kernels/hit_curve_cpu.c 's/change\[distance\[i\]/change[distance[i] - (distance[i] > 0)/'
# What p itself touched again later no longer counts as taken from p.
mutant "p' < p" kernels/stack_distance_cpu.c 's/(uint64_t\)d->previous\[k\]) \+ 1; i <= r/\1 + 2; i <= r/'
# Equal arrivals stand by source, then row.
mutant 'ties reversed' pipeline/import/trace_columns.c 's/key\[from\[left\]\] <= key/key[from[left]] < key/'
mutant 'outputs untouched' \
    pipeline/reuse/reuse.c 's/inputs_only \? trie->input_node : trie->full_node/inputs_only ? trie->input_node : trie->input_node/' \
    $runs 's/inputs_only \? trie->input_node : trie->full_node/inputs_only ? trie->input_node : trie->input_node/'
mutant 'ceil(L/B)' \
    $runs 's,b->lookups \+= limit / b->block,limit = (limit + b->block - 1) / b->block * b->block; b->lookups += limit / b->block,'
mutant 'T_B taken as T/B' \
    $runs 's,^    \*out = distance;,    for (uint64_t k = 0; k < runs->n_runs; k++)\n        distance[k] = runs->distance[k] / block;\n&,'

[ $survivors -eq 0 ] || { echo "$survivors mutants survived"; exit 1; }
echo "every mutant was caught"
