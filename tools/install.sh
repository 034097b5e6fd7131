#!/usr/bin/env bash
# Builds and installs the package in a persistent build folder.
# usage: install.sh VENV BUILD_DIR TESTS(ON|OFF) REQUIREMENT
set -euo pipefail
# Objects of one checkout serve another: the compiler cache sees relative paths.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
venv=$1 build=$2 tests=$3 what=$4
PATH="$(cd "$venv/bin" && pwd):$PATH" "$venv/bin/pip" install --disable-pip-version-check -q \
  --no-build-isolation "-Cbuild-dir=$build" "-Ccmake.define.BB_BUILD_TESTS=$tests" "$what"
