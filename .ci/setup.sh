#!/usr/bin/env bash
# Makes .venv: Python 3.10, what requirements.lock names (hashes checked), and the project itself.
#
#   .ci/setup.sh             does nothing where .venv is complete and up to date
#   .ci/setup.sh uv ARGS...  runs the uv that the set-up would use
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

UV_VERSION=0.13.8
VENV_PYTHON=.venv/bin/python
STAMP=.venv/.setup-complete

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# What .venv depends on; the folder too, because scripts and the editable install hold its path.
fingerprint() { { pwd; cat requirements.lock setup.py pyproject.toml .python-version; } | cksum; }

is_python_3_10() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null; }

require_compiler() {
    local compiler
    for compiler in ${CXX:+"${CXX%% *}"} c++ g++ clang++; do
        if command -v "$compiler" >/dev/null; then return; fi
    done
    fail "no C++ compiler, and pyfarmhash (of TFX) has to be built: install one (apt-get install g++)"
}

# A pyenv shim can be on the PATH and yet fail, so uv and python are tried and not only looked for.
find_uv() {
    local uv
    for uv in uv .tools/bin/uv .tools/lib/bin/uv; do
        if "$uv" --version >/dev/null 2>&1; then echo "$uv"; return; fi
    done
    bootstrap_uv
}

# .tools by `venv`; where that module is missing (plain Debian), by `pip --target`.
bootstrap_uv() {
    local python
    for python in python3 python3.10 /usr/bin/python3; do
        "$python" --version >/dev/null 2>&1 || continue
        say "installing uv $UV_VERSION in .tools with $python"
        rm -rf .tools
        if "$python" -m venv .tools >/dev/null 2>&1; then
            .tools/bin/python -m pip install -qq "uv==$UV_VERSION" >&2 && echo .tools/bin/uv && return
        else
            rm -rf .tools
            "$python" -m pip install -qq --target .tools/lib "uv==$UV_VERSION" >&2 &&
                echo .tools/lib/bin/uv && return
        fi
    done
    rm -rf .tools
    fail "cannot install uv: put uv on the PATH, or a Python with pip or venv (apt-get install python3-venv)"
}

# A .venv with no stamp was left half made: files may be missing from packages that look installed.
make_venv() {
    if [ -e "$STAMP" ] && is_python_3_10 "$VENV_PYTHON"; then rm "$STAMP"; return; fi
    say "making .venv with Python 3.10 (downloaded where there is none)"
    rm -rf .venv
    local answer install="pyenv install 3.10, or uv python install 3.10"
    answer=$("$1" venv --quiet --python 3.10 .venv 2>&1) ||
        fail "no Python 3.10, and none to be downloaded: install one ($install). uv: ${answer%%$'\n'*}"
    require_headers
}

require_headers() {
    local include
    include=$("$VENV_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -e "$include/Python.h" ] ||
        fail "this Python 3.10 has no headers to build with: install them (apt-get install python3.10-dev)"
}

# The project comes last: its `tfx` replaces the one that TFX installs.
install() {
    local quiet=--quiet
    if [ -t 2 ]; then quiet=; fi
    say "installing requirements.lock: at first about 1 GB to download, some minutes; 3 GB on disk"
    "$1" pip sync $quiet --python "$VENV_PYTHON" --require-hashes requirements.lock
    say "installing the project"
    "$1" pip install $quiet --python "$VENV_PYTHON" --no-deps --no-build-isolation --editable .
}

# One set-up of a folder at a time; the lock is on this script, so no file is left behind.
take_turn() {
    command -v flock >/dev/null || return 0
    exec 9<.ci/setup.sh
    flock --nonblock 9 && return
    say "waiting for another set-up of this folder"
    flock 9
}

if [ "${1:-}" = uv ]; then
    shift
    uv=$(find_uv)
    exec "$uv" "$@"
fi
take_turn
if [ "$(cat "$STAMP" 2>/dev/null)" = "$(fingerprint)" ] && is_python_3_10 "$VENV_PYTHON"; then exit 0; fi
require_compiler
uv=$(find_uv)
make_venv "$uv"
install "$uv"
fingerprint >"$STAMP"
say "done in $SECONDS s: .venv/bin/vgg, .venv/bin/tfx"
