#!/bin/sh
# Makes .venv with every package pinned by requirements-dev.txt, and nothing outside this folder.
# A second call does nothing: .venv/.stamp holds the Python version and the digest of the pinned packages.
set -eu
cd "$(dirname "$0")/.."
lock=requirements-dev.txt

stamp() {
    "$1" -c 'import hashlib, sys; print(sys.version.split()[0], hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$lock"
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$candidate" && return
    done
    echo "Billpost needs Python 3.11 or newer and found none. Install it, or name one: make setup PYTHON=/path/to/python3" >&2
    return 1
}

if [ -x .venv/bin/python ] && [ -f .venv/.stamp ] && [ "$(cat .venv/.stamp)" = "$(stamp .venv/bin/python)" ]; then
    exit 0
fi

.venv/bin/python -c '' 2>/dev/null || rm -rf .venv
if command -v uv >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || uv venv --quiet --python "$(find_python)" .venv
    echo "Installing the pinned packages into .venv with uv"
    uv pip sync --quiet --python .venv/bin/python --require-hashes "$lock"
else
    if [ ! -x .venv/bin/pip ]; then
        rm -rf .venv
        python=$(find_python)
        "$python" -m venv .venv || {
            rm -rf .venv
            echo "Python cannot make a virtual environment here. On Debian or Ubuntu: apt-get install python3-venv (or install uv)." >&2
            exit 1
        }
    fi
    echo "Installing the pinned packages into .venv with pip (once, about a minute)"
    .venv/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r "$lock"
fi
stamp .venv/bin/python > .venv/.stamp
