#!/bin/sh
# Cross-compiles the kernels for aarch64 and runs their tests, NEON against scalar, under qemu.
# Usage: tools/neon_check.sh [build folder]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-"$root/build/neon"}
for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  if ! command -v "$tool" >/dev/null; then
    echo "neon_check: $tool is missing; run: apt install g++-aarch64-linux-gnu qemu-user libgtest-dev libxsimd-dev" >&2
    exit 2
  fi
done
mkdir -p "$build/include"
cmake -S "$root/tools/neon" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_TOOLCHAIN_FILE="$root/cmake/toolchain-aarch64.cmake"
ninja -C "$build" test_kernels
python3 "$root/tools/check_objects.py" "$build"
# Forcing NEON fails, with a message, if this build does not hold it.
BB_ISA=neon ctest --test-dir "$build" --output-on-failure
