#!/bin/sh
# venv.sh DIR REQUIREMENTS: make a virtual environment with the first Python >= 3.11 found,
# and install exactly what is pinned.
set -eu
venv=$1 requirements=$2

enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! enough "$venv/bin/python"; then
  found=
  for python in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if enough "$python"; then found=$python; break; fi
  done
  if [ -z "$found" ]; then
    echo "error: Python 3.11 or newer is needed: install it, or set PYTHON to where it is" >&2
    exit 1
  fi
  echo "making $venv with $("$found" --version)"
  rm -rf "$venv"
  if ! "$found" -m venv "$venv"; then
    echo "error: this Python cannot make virtual environments: on Debian, apt install python3-venv" >&2
    exit 1
  fi
fi
echo "installing what $requirements pins"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
