#!/usr/bin/env bash
# Installs what a build of lta needs on Debian or Ubuntu, and with the word `tests` what its tests need besides.
# Does nothing, and needs no root, when everything is there already.
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config libhdf5-dev libssl-dev libxxhash-dev libjansson-dev libyaml-dev zlib1g-dev libzstd-dev
          libdeflate-dev libsentencepiece-dev)
[ "${1:-}" = tests ] && packages+=(libcmocka-dev python3 python3-h5py python3-numpy python3-venv hdf5-tools clang libomp-dev libclang-rt-dev)

missing=()
for p in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "please install as root: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
