#!/usr/bin/env bash
# Runs every fuzz target of a build for an equal share of the time.   usage: fuzz.sh BUILD_DIR SECONDS
set -euo pipefail
build=$1 seconds=$2
mapfile -t targets < <(find "$build" -type f -name 'fuzz_*' -perm -u+x | sort)
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz targets in $build" >&2; exit 1; }
share=$((seconds / ${#targets[@]}))
for target in "${targets[@]}"; do
  echo "== $(basename "$target") for ${share} s"
  "$target" "$share"
done
