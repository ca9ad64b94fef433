#!/usr/bin/env bash
# For a machine with an NVIDIA GPU: builds the CUDA twins for it, runs their tests on it, plainly and under compute-sanitizer where
# that is installed, and times both twins on a made-up trace. Prints the device, the times and the bandwidths of its copies.
# Usage: jobs/gpu-selftest.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-.build/gpu}
# the driver's own runtime, not a stand-in
unset LD_LIBRARY_PATH
nvidia-smi --query-gpu=name,driver_version,memory.total,pcie.link.gen.current,pcie.link.width.current --format=csv
nvcc --version | tail -n 2
mkdir -p "$build"
cmake -S . -B "$build" -DLTA_CUDA=ON -DLTA_CUDA_EMULATOR= -DCMAKE_CUDA_ARCHITECTURES=native >"$build/build.log" 2>&1 &&
    cmake --build "$build" -j "$(nproc)" >>"$build/build.log" 2>&1 || { tail -n 50 "$build/build.log" >&2; exit 1; }
"$build/lta" devices

echo "== tests on the device"
ctest --test-dir "$build" --no-tests=error --output-on-failure -L cuda

if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
        echo "== compute-sanitizer, $tool"
        LTA_TEST_DEVICE=cuda LTA_TEST_TRACES=20 compute-sanitizer --tool "$tool" --error-exitcode 9 "$build/tests/test_twins" | tail -n 3
    done
else
    echo "== compute-sanitizer is not installed: skipped"
fi

echo "== bandwidth of copies"
"$build/tests/test_cuda_copy" --bandwidth

echo "== both twins, whole commands, warm"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 - >"$work/z.txt" <<'END'
import random
rng = random.Random(1)
for _ in range(5000000):
    print(int(500000**rng.random()))
END
"$build/lta" import -q -o "$work/store" "$work/z.txt"
for device in cpu cuda cpu cuda; do
    "$build/lta" run --force --device "$device" -o "$work/store" 2>&1 >"$work/summary" | sed "s/^/$device: /"
done
