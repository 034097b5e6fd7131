#!/usr/bin/env bash
# Builds the C++ tests and fuzz targets with sanitizers and runs the tests.
# usage: sanitize.sh VENV SANITIZERS BUILD_DIR [CMAKE_OPTION...]
set -euo pipefail
venv=$1 sanitizers=$2 build=$3
shift 3
parent=$("$venv/bin/python" -c "import importlib.util as u, os; print(os.path.dirname(u.find_spec('onnx').submodule_search_locations[0]))")
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1" \
  -DBB_SANITIZE="$sanitizers" -DBB_BUILD_TESTS=ON -DBB_BUILD_PYTHON=OFF \
  "-DBB_BUILD_FUZZERS=$([[ $sanitizers == *address* ]] && echo ON || echo OFF)" \
  -DONNX_PACKAGE_PARENT="$parent" "$@" >/dev/null
case $sanitizers in
  # Threads live in the tensor room; the parts use them.
  thread) only='^(tensor|parts_aggregators|parts_backends)$' targets=(test_tensor test_parts_aggregators test_parts_backends) ;;
  *) only='.*' targets=() ;;
esac
cmake --build "$build" -j "$(nproc)" ${targets[0]:+--target "${targets[@]}"}
# Tests that count allocations replace operator new but not its nothrow form, which std::stable_sort uses.
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:alloc_dealloc_mismatch=0 \
  ctest --test-dir "$build" --output-on-failure -j "$(nproc)" -L "$only"
