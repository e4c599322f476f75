#!/bin/sh
# Universal AI Tools @VERSION@. The application follows this script in the same file.
#
#   sh FILE.run                  installs it for you, into ~/.local (PREFIX sets another place)
#   sh FILE.run --check          tells whether the file is whole
#   sh FILE.run --unpack FOLDER  only unpacks it
set -eu

needed=@GLIBC@
size=@BYTES@
sum=@SHA256@

stop() {
    printf 'universal-ai-tools: %s\n' "$@" >&2
    exit 1
}

payload() { tail -c "$size" "$0"; }

check() {
    # Without the sizes' equality, what a broken download left would be taken for the application.
    [ "$(payload | sha256sum | cut -d' ' -f1)" = "$sum" ] ||
        stop "$0 is damaged or was not downloaded to its end: download it again"
}

need() { # program, package
    command -v "$1" >/dev/null || stop "the program $1 is needed: install the package $2"
}

unpack() { # folder
    mkdir -p "$1" || stop "$1 cannot be written"
    payload | xz -dc | tar -x -C "$1" --no-same-owner ||
        stop "$1 has too little room, or cannot be written: about 900 MB are needed (TMPDIR sets" \
            "where files lie for the moment)"
}

need sha256sum coreutils
need tar tar
need xz xz-utils
found=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
oldest=$(printf '%s\n%s\n' "$needed" "${found:-0}" | sort -V | head -n 1)
[ "$oldest" = "$needed" ] ||
    stop "this system's C library is ${found:+glibc }${found:-not glibc}; glibc $needed or newer is needed." \
        "Debian 12, Ubuntu 22.04, Fedora 36 and later ones have it; elsewhere, run it from source."

case "${1:-}" in
"")
    check
    folder=$(mktemp -d "${TMPDIR:-/tmp}/universal-ai-tools.XXXXXX") ||
        stop "set TMPDIR to a folder that can be written, with room for 900 MB"
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 1' HUP INT TERM
    unpack "$folder"
    # By its name alone it would not start where nothing may be run from the place for temporary files.
    sh "$folder/universal-ai-tools-@VERSION@/install.sh"
    ;;
--check)
    check
    echo "universal-ai-tools: $0 is whole"
    ;;
--unpack)
    [ -n "${2:-}" ] || stop "usage: sh $0 --unpack FOLDER"
    check
    unpack "$2"
    ;;
*) stop "usage: sh $0 [--check | --unpack FOLDER]" ;;
esac
exit 0
