#!/usr/bin/env bash
# Installs a Debian package in a bare system of its own, and uses the application there as a person
# would: window, microphone, gateway, upgrade, removal. Needs root (chroot and mount), debootstrap,
# and what `packaging/setup.sh test` installs; tests/smoke says what is looked at.
#
#   packaging/smoke.sh [PACKAGE.deb]     default: the standard one in dist/
#
# SUITE is the system that is installed (default: bookworm). The bare system is kept in build/smoke
# and used again; it holds no Python.
set -euo pipefail
[[ -z ${1:-} ]] || set -- "$(realpath -m "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suite=${SUITE:-bookworm}
base=$PWD/build/smoke/$suite
root=$PWD/build/smoke/installed

say() { printf 'smoke: %s\n' "$*" >&2; }
stop() {
    printf 'smoke: %s\n' "$@" >&2
    exit 1
}

package=${1:-}
if [[ -z $package ]]; then
    packages=(dist/*-standard-*.deb)
    package=${packages[0]}
fi
[[ -f $package ]] || stop "$package is not here: make package makes it"
[[ $(id -u) == 0 ]] || stop "root is needed, for a system of its own: sudo packaging/smoke.sh"
for program in debootstrap unshare chroot; do
    command -v "$program" >/dev/null || stop "the program $program is needed"
done

# What is mounted below goes away by itself with this process.
if [[ -z ${UAT_SMOKE_ROOT:-} ]]; then
    UAT_SMOKE_ROOT=$root exec unshare --mount --propagation private packaging/smoke.sh "$package"
fi

make_base() {
    [[ -f $base/.is-whole ]] && return
    say "making a bare $suite"
    rm -rf "$base"
    mkdir -p "$base"
    debootstrap --variant=minbase "$suite" "$base" >"$base.log" 2>&1 ||
        stop "debootstrap failed: $(tail -n 3 "$base.log")"
    chroot "$base" useradd --create-home person
    touch "$base/.is-whole"
}

install_package() {
    say "installing $package"
    rm -rf --one-file-system "$root"
    cp -a "$base" "$root"
    mount -t proc proc "$root/proc"
    mkdir -p "$UAT_SMOKE_SHARED" "$root$UAT_SMOKE_SHARED"
    mount --bind "$UAT_SMOKE_SHARED" "$root$UAT_SMOKE_SHARED"
    cp --reflink=auto "$package" "$root/package.deb"
    in_root apt-get update -qq
    # The one recommendation is the way from PortAudio to PulseAudio.
    in_root apt-get install -y -qq --no-install-recommends /package.deb libasound2-plugins \
        >"$root.log" 2>&1 || stop "the package cannot be installed: $(tail -n 5 "$root.log")"
}

in_root() { DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }

# Where tests and application meet: at the same path outside and inside.
UAT_SMOKE_SHARED=$(mktemp -d /tmp/uat-smoke.XXXXXX)
chmod 755 "$UAT_SMOKE_SHARED"
export UAT_SMOKE_ROOT UAT_SMOKE_SHARED
trap 'rm -rf "$UAT_SMOKE_SHARED"' EXIT
make_base
install_package
.venv/bin/python -m pytest tests/smoke -v --basetemp "$UAT_SMOKE_SHARED/tests"
