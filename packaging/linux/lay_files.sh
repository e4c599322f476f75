#!/usr/bin/env bash
# Lays what a desktop and a shell look for below ROOT, where a package's tree is made: entry of the
# menu, icons, AppStream's metadata, manual page, completion, systemd's user unit, licence and the
# link on the PATH. The application itself lies in ROOT/opt/universal-ai-tools already.
#
#   packaging/linux/lay_files.sh ROOT VERSION DATE      DATE: of the release, as 2026-01-31
#
# Set PYTHON to an interpreter that has PySide6, for the icons.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[[ $# == 3 ]] || {
    echo "usage: packaging/linux/lay_files.sh ROOT VERSION DATE" >&2
    exit 2
}
root=$1 version=$2 date=$3
name=universal-ai-tools
id=io.github.universal_ai_tools.ControlCentre
files=packaging/linux

lay() { install -D -m 644 "$1" "$root/$2"; }

lay "$files/$name.desktop" "usr/share/applications/$name.desktop"
lay "$files/$name.bash" "usr/share/bash-completion/completions/$name"
lay "$files/$name.service" "usr/lib/systemd/user/$name.service"
lay LICENSE "usr/share/doc/$name/copyright"

metainfo=$root/usr/share/metainfo/$id.metainfo.xml
lay "$files/$id.metainfo.xml.in" "usr/share/metainfo/$id.metainfo.xml"
sed -i -e "s/@VERSION@/$version/" -e "s/@DATE@/$date/" "$metainfo"

mkdir -p "$root/usr/share/man/man1"
gzip -9n <"$files/$name.1" >"$root/usr/share/man/man1/$name.1.gz"

icons=$(mktemp -d)
trap 'rm -rf "$icons"' EXIT
"${PYTHON:-.venv/bin/python}" packaging/icons.py "$icons"
mkdir -p "$root/usr/share/icons"
cp -R "$icons/hicolor" "$root/usr/share/icons/"

mkdir -p "$root/usr/bin"
ln -sfn "/opt/$name/$name" "$root/usr/bin/$name"
chmod -R u=rwX,go=rX "$root/usr"
