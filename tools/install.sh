#!/usr/bin/env bash
# Builds and installs the package in a persistent build folder.
# usage: install.sh VENV BUILD_DIR TESTS(ON|OFF) REQUIREMENT
set -euo pipefail
venv=$1 build=$2 tests=$3 what=$4
PATH="$(cd "$venv/bin" && pwd):$PATH" "$venv/bin/pip" install --disable-pip-version-check -q \
  --no-build-isolation "-Cbuild-dir=$build" "-Ccmake.define.BB_BUILD_TESTS=$tests" "$what"
