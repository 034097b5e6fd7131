#!/usr/bin/env bash
# Installs the system packages that are missing (apt, as root or through sudo) and makes a virtual
# environment with the build tools.   usage: bootstrap.sh VENV
set -euo pipefail
venv=$1
packages=(g++ cmake ninja-build ccache protobuf-compiler libprotobuf-dev libeigen3-dev libxsimd-dev
  libgtest-dev python3-venv python3-dev)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
# A python3 or cmake of its own (pyenv, pip) makes Debian's unnecessary.
have() { command -v "$1" >/dev/null 2>&1; }
drop() { local keep=() p; for p in "${missing[@]}"; do [ "$p" = "$1" ] || keep+=("$p"); done; missing=("${keep[@]}"); }
if have cmake; then drop cmake; fi
if have ninja; then drop ninja-build; fi
if have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; then drop python3-venv; fi
if have python3 && python3 -c 'import os, sysconfig; assert os.path.exists(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then drop python3-dev; fi

if [ ${#missing[@]} -gt 0 ]; then
  line="apt-get install -y --no-install-recommends ${missing[*]}"
  if ! have apt-get; then
    echo "These packages are missing: ${missing[*]}. Install them with your package manager." >&2
    exit 1
  elif [ "$(id -u)" = 0 ]; then
    run=(env DEBIAN_FRONTEND=noninteractive)
  elif have sudo && sudo -n true 2>/dev/null; then
    run=(sudo env DEBIAN_FRONTEND=noninteractive)
  else
    echo "System packages are missing. Run this line, then make again:" >&2
    echo "  sudo apt-get update && sudo $line" >&2
    exit 1
  fi
  echo "Installing system packages: ${missing[*]}"
  "${run[@]}" apt-get update -qq
  # shellcheck disable=SC2086
  "${run[@]}" $line >/dev/null
fi

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" - <<'PY'
import sys
if sys.version_info < (3, 10):
    sys.exit(f"Python 3.10 or newer is needed; this one is {sys.version.split()[0]}")
PY
"$venv/bin/pip" install -q --disable-pip-version-check \
  'scikit-build-core>=1.0' 'pybind11>=3.1,<4' 'onnx>=1.17' 'numpy>=1.24' ninja
