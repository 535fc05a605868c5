#!/usr/bin/env bash
# Runs a command in a clean clone of this repository under Debian 13, whose glibc TFX 1.21 needs.
#
#   .ci/debian13.sh COMMAND ARGS...   in the clone; `make setup` has made its .venv, or found the last one's good
#   .ci/debian13.sh possible          says why it cannot be done here, exit status 75; or nothing, 0
#   .ci/debian13.sh bare FOLDER       makes FOLDER a root of the smallest Debian 13, unless it is one
#
# Exit status: the command's, or 75 where there was no root to run it in.
#
# debootstrap makes the root once, in $VGG_DEBIAN13 (by default vgg-debian13 in ~/.cache): 86 s and 0.8 GB; the
# packages of .venv add 3 GB and what uv keeps of them. Only root may do that. Mounts are in a namespace of their
# own and end with the command. ../shared, where there is one, lies beside the clone, and $VGG_EXCHANGE, a folder
# to hand files over, where it lies outside.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SUITE=trixie
PACKAGES=ca-certificates,g++,git,make,procps,python3-dev,python3-venv
ROOT=${VGG_DEBIAN13:-${XDG_CACHE_HOME:-$HOME/.cache}/vgg-debian13}
NEEDED_GB=6
NOT_POSSIBLE=75

say() { echo "debian13: $*" >&2; }

obstacle() {
    local parent=$ROOT
    while [ ! -d "$parent" ]; do parent=$(dirname "$parent"); done
    if [ "$(id -u)" != 0 ]; then echo "only root may make a Debian 13 root"; return; fi
    if ! command -v debootstrap >/dev/null && [ ! -e "$ROOT/.made" ]; then
        echo "no debootstrap: install it (apt-get install debootstrap)"; return
    fi
    if ! unshare --mount true 2>/dev/null; then echo "no mounts are allowed here"; return; fi
    if [ ! -e "$ROOT/.made" ] && [ "$(df -BG --output=avail "$parent" | tail -n 1 | tr -dc 0-9)" -lt $NEEDED_GB ]; then
        echo "less than $NEEDED_GB GB are free in $parent"
    fi
}

# The mirror that this machine's own apt reads; nothing, and so debootstrap's, where that is not Debian's.
mirror() {
    apt-get indextargets --format '$(CREATED_BY) $(ORIGIN) $(LABEL) $(REPO_URI)' 2>/dev/null |
        awk '$1 == "Packages" && $2 == "Debian" && $3 == "Debian" { print $4; exit }'
}

make_root() {
    if [ -e "$ROOT/.made" ]; then return; fi
    say "making $ROOT by debootstrap"
    rm -rf "$ROOT"
    mkdir -p "$ROOT"
    # shellcheck disable=SC2046 # the mirror may be missing
    if ! debootstrap --variant=minbase ${PACKAGES:+--include=$PACKAGES} $SUITE "$ROOT" $(mirror) >"$ROOT.log" 2>&1; then
        tail -n 5 "$ROOT.log" >&2
        say "debootstrap failed: see $ROOT.log"
        return 1
    fi
    touch "$ROOT/.made"
}

# What reaches package indexes through a proxy or by certificates of one's own does so in the root too.
settings() { env | grep -E '^(CI|VGG_OTHER_PLATFORM|[A-Z_]*PROXY|[a-z_]*proxy|UV_[A-Z_]+|(SSL|PIP|REQUESTS|CURL)_[A-Z_]*(CERT|CA)[A-Z_]*)=' || true; }

fresh_clone() {
    if [ -n "$(git status --porcelain)" ]; then say "what is not committed is left out"; fi
    local kept=$ROOT/work/kept each
    rm -rf "$kept"
    mkdir -p "$kept"
    for each in .venv .tools; do
        if [ -e "$ROOT/work/vgg/$each" ]; then mv "$ROOT/work/vgg/$each" "$kept/"; fi
    done
    rm -rf "$ROOT/work/vgg"
    git clone --quiet --no-hardlinks . "$ROOT/work/vgg"
    find "$kept" -mindepth 1 -maxdepth 1 -exec mv {} "$ROOT/work/vgg/" \;
    cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
    if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
    fi
}

# Runs in the mount namespace.
enter() {
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    if [ -d ../shared ]; then
        mkdir -p "$ROOT/work/shared"
        mount --bind ../shared "$ROOT/work/shared"
    fi
    if [ -n "${VGG_EXCHANGE:-}" ]; then
        mkdir -p "$ROOT$VGG_EXCHANGE"
        mount --bind "$VGG_EXCHANGE" "$ROOT$VGG_EXCHANGE"
    fi
    local variables
    mapfile -t variables < <(settings)
    exec chroot "$ROOT" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
        "${variables[@]}" bash -c 'cd /work/vgg && make setup && exec "$@"' bash "$@"
}

case "${1:-}" in
    possible)
        reason=$(obstacle)
        [ -z "$reason" ] || { say "$reason"; exit $NOT_POSSIBLE; } ;;
    bare)
        ROOT=$2 PACKAGES=
        reason=$(obstacle)
        [ -z "$reason" ] || { say "$reason"; exit $NOT_POSSIBLE; }
        make_root || exit $NOT_POSSIBLE ;;
    enter) shift; enter "$@" ;;
    "") say "no command"; exit 2 ;;
    *)
        reason=$(obstacle)
        [ -z "$reason" ] || { say "$reason"; exit $NOT_POSSIBLE; }
        make_root || exit $NOT_POSSIBLE
        fresh_clone
        unshare --mount -- "$PWD/.ci/debian13.sh" enter true || exit $NOT_POSSIBLE
        exec unshare --mount -- "$PWD/.ci/debian13.sh" enter "$@" ;;
esac
