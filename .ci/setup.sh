#!/usr/bin/env bash
# Makes .venv: a Python, what one of the two lock files names (hashes checked), and the project itself.
#
#   .ci/setup.sh             does nothing where .venv is complete and up to date
#   .ci/setup.sh uv ARGS...  runs the uv that the set-up would use
#   .ci/setup.sh platform    says which TFX and Python this machine gets, and why
#
# GPU=1 adds the CUDA libraries of PyPI (`tensorflow[and-cuda]`). TFX 1.21's wheels want glibc 2.39 (Debian 13,
# Ubuntu 24.04) and Python 3.11 to 3.13; on an older glibc TFX 1.16 is the newest there is, with Python 3.10.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

UV_VERSION=0.13.8
VENV_PYTHON=.venv/bin/python
STAMP=.venv/.setup-complete

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

NEEDED_GLIBC=2.39

glibc() { getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2; }

# Sets TFX, PYTHONS (best first) and WHY.
choose_platform() {
    local found
    found=$(glibc)
    [ -n "$found" ] || fail "no glibc, and TFX has wheels for glibc alone: use Linux (Debian, Ubuntu, ...)"
    if [ "$(printf '%s\n' "$NEEDED_GLIBC" "$found" | sort -V | head -n 1)" = "$NEEDED_GLIBC" ]; then
        TFX=1.21 PYTHONS="3.13 3.12 3.11" WHY="glibc $found"
    else
        TFX=1.16 PYTHONS="3.10" WHY="glibc $found; TFX 1.21 wants $NEEDED_GLIBC: Debian 13, Ubuntu 24.04"
    fi
    LOCKS=(requirements-tfx-$TFX.lock)
    if [ "${GPU:-0}" = 1 ]; then LOCKS+=(requirements-tfx-$TFX-gpu.lock); fi
}

# What .venv depends on; the folder too, because scripts and the editable install hold its path.
fingerprint() { { pwd; echo "${LOCKS[@]}"; cat "${LOCKS[@]}" setup.py pyproject.toml; } | cksum; }

is_suitable() {
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) &&
        [[ " $PYTHONS " == *" $version "* ]]
}

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

# The best that this machine has; where it has none, the best that uv can download.
choose_python() {
    local version
    for version in $PYTHONS; do
        if "$1" python find --quiet --no-python-downloads "$version" >/dev/null 2>&1; then
            echo "$version"; return
        fi
    done
    echo "${PYTHONS%% *}"
}

# A .venv with no stamp was left half made: files may be missing from packages that look installed.
make_venv() {
    if [ -e "$STAMP" ] && is_suitable "$VENV_PYTHON"; then rm "$STAMP"; return; fi
    local version answer install
    version=$(choose_python "$1")
    install="pyenv install $version, or uv python install $version"
    say "making .venv with Python $version (downloaded where there is none)"
    rm -rf .venv
    answer=$("$1" venv --quiet --python "$version" .venv 2>&1) ||
        fail "no Python $version, and none to be downloaded: install one ($install). uv: ${answer%%$'\n'*}"
    require_headers "$version"
}

require_headers() {
    local include
    include=$("$VENV_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -e "$include/Python.h" ] ||
        fail "this Python $1 has no headers to build with: install them (apt-get install python$1-dev)"
}

# The project comes last: its `tfx` replaces the one that TFX installs.
install() {
    local quiet=--quiet compile=
    if [ -t 2 ]; then quiet=; fi
    # Where Python may not keep what it compiles, each process would compile all anew: of `import tensorflow`
    # 18 s in place of 8 s. Elsewhere it does so by itself, once.
    if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then compile=--compile-bytecode; fi
    say "installing ${LOCKS[*]}: at first about 1 GB to download, some minutes; 3 GB on disk"
    "$1" pip sync $quiet $compile --python "$VENV_PYTHON" --require-hashes "${LOCKS[@]}"
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
choose_platform
if [ "${1:-}" = platform ]; then echo "TFX $TFX, Python ${PYTHONS// / or } ($WHY)"; exit 0; fi
take_turn
if [ "$(cat "$STAMP" 2>/dev/null)" = "$(fingerprint)" ] && is_suitable "$VENV_PYTHON"; then exit 0; fi
say "TFX $TFX ($WHY)"
require_compiler
uv=$(find_uv)
make_venv "$uv"
install "$uv"
fingerprint >"$STAMP"
say "done in $SECONDS s: .venv/bin/vgg, .venv/bin/tfx"
