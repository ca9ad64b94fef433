#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: under ASan and UBSan, under TSan, fuzzing briefly, and last the
# ordinary build, whose ctest summary ends the output. `tests/run.sh quick` runs the ordinary build alone. Parquet is part of
# the builds where tests/venv.sh could fetch it (in CI: always), but for the fuzz targets. The CUDA twins are part of the ordinary
# build where there is nvcc, and tested on a device or on the emulator of ../shared, where there is either.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs/install-debian.sh tests
tests/venv.sh
[ -z "${CI:-}" ] || parquet=-DLTA_PARQUET=ON

build() { # folder, options...
    local dir=$1
    shift
    cmake -S . -B "$dir" -G Ninja -DLTA_WERROR=ON ${parquet:-} "$@" >/dev/null
    cmake --build "$dir" >"$dir/build.log" 2>&1 || { cat "$dir/build.log"; exit 1; }
}

check() { # folder, ctest options...
    local dir=$1
    shift
    ctest --test-dir "$dir" --no-tests=error --output-on-failure -j2 "$@"
}

if [ "${1:-}" != quick ]; then
    echo "== AddressSanitizer and UndefinedBehaviorSanitizer"
    build .build/asan -DLTA_SANITIZE=address,undefined
    LTA_TEST_TRACES=200 LTA_TEST_EVERY=2 check .build/asan -LE once
    echo "== ThreadSanitizer"
    build .build/tsan -DCMAKE_C_COMPILER=clang -DLTA_SANITIZE=thread
    TSAN_OPTIONS=ignore_noninstrumented_modules=1 LTA_TEST_TRACES=60 check .build/tsan -L threads
    echo "== libFuzzer, 5 s a target"
    build .build/fuzz -DCMAKE_C_COMPILER=clang -DLTA_FUZZ=ON -DLTA_PARQUET=OFF -DLTA_SANITIZE=address,undefined
    tests/fuzz/run.sh .build/fuzz 5
fi
emulator=../shared/cuda-emulator
command -v nvcc >/dev/null && cuda=(-DCMAKE_CUDA_ARCHITECTURES=86) # newer devices take its PTX
if command -v nvcc >/dev/null && [ -d "$emulator" ]; then
    echo "== CUDA emulator"
    make -C "$emulator" BUILD="$PWD/.build/cuda-emulator" -j2 >.build/cuda-emulator.log 2>&1 || { tail -n 50 .build/cuda-emulator.log; exit 1; }
    cuda+=(-DLTA_CUDA=ON "-DLTA_CUDA_EMULATOR=$PWD/.build/cuda-emulator")
fi
echo "== ordinary build"
build .build/test ${cuda[@]+"${cuda[@]}"}
check .build/test
