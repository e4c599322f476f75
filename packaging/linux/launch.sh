#!/bin/sh
# Starts the application from wherever this folder lies; links to this file work too.
needed=@GLIBC@

here=$(dirname "$(readlink -f "$0")")
found=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)
oldest=$(printf '%s\n%s\n' "$needed" "${found:-0}" | sort -V | head -n 1)
if [ "$oldest" != "$needed" ]; then
    echo "universal-ai-tools: this system's C library is ${found:+glibc }${found:-not glibc}; glibc $needed or newer is needed." >&2
    echo "universal-ai-tools: Debian 12, Ubuntu 22.04, Fedora 36 and later ones have it; elsewhere, run it from source." >&2
    exit 1
fi
exec "$here/application/universal-ai-tools" "$@"
