#!/usr/bin/env bash
# Packs a folder of the frozen application for Linux: a Debian package, a tarball to unpack anywhere,
# and the same tarball behind a script that installs it for one user.
#
#   packaging/linux/package.sh FOLDER VARIANT TITLE      TITLE: path of the results, without .deb
#
# KINDS names some of them: "deb tar run". The Debian package is compressed for quick installing, the
# others with what every system has. Set PYTHON as in lay_files.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[[ $# == 3 && -d $1 ]] || {
    echo "usage: packaging/linux/package.sh FOLDER VARIANT TITLE" >&2
    exit 2
}
folder=$1 variant=$2 title=$3
name=universal-ai-tools
tree=$(dirname "$folder")/$name.root
python=${PYTHON:-.venv/bin/python}

value_of() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$folder/_internal/resources/build.toml"; }
version=$(value_of version)
built_utc=$(value_of built_utc)
read -r _ glibc _ libstdcxx < <("$python" packaging/linux/floors.py "$folder")

fill_in() { # template
    local package=$name words="With its models: it works at once, also without a network."
    if [[ $variant == lite ]]; then
        package=$name-lite words="Without models: they are fetched when they are first used."
    fi
    sed -e "s/@PACKAGE@/$package/" -e "s/@VERSION@/$version/" \
        -e "s/@ARCHITECTURE@/$(dpkg --print-architecture)/" \
        -e "s/@MAINTAINER@/${UAT_MAINTAINER:-The makers of Universal AI Tools <maintainers@localhost>}/" \
        -e "s/@INSTALLED_KIB@/$(du -sk --apparent-size "$tree" | cut -f1)/" \
        -e "s/@GLIBC@/$glibc/" -e "s/@LIBSTDCXX@/$libstdcxx/" -e "s/@VARIANT@/$words/" "$1"
}

lay_root() {
    rm -rf "$tree"
    mkdir -p "$tree/opt"
    cp -al "$folder" "$tree/opt/$name"
    PYTHON=$python packaging/linux/lay_files.sh "$tree" "$version" "${built_utc%%T*}"
}

make_deb() {
    local script
    mkdir -p "$tree/DEBIAN"
    fill_in packaging/linux/control.in >"$tree/DEBIAN/control"
    for script in postinst prerm postrm; do
        install -m 755 "packaging/linux/$script" "$tree/DEBIAN/$script"
    done
    (cd "$tree" && find opt usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    SOURCE_DATE_EPOCH=$(date -d "$built_utc" +%s) \
        dpkg-deb --root-owner-group -Zzstd -z10 --build "$tree" "$title.deb" >&2
}

# What the installer of one user needs lies beside the application.
make_tarball() {
    local top=$name-$version beside
    beside=$(cd "$(dirname "$folder")" && pwd)
    extra=$(mktemp -d) # known to all, for the trap
    trap 'rm -rf "$extra"' EXIT
    mkdir -p "$extra/$top/desktop"
    cp -R "$tree/usr/share" "$extra/$top/desktop/"
    cp "$tree/usr/lib/systemd/user/$name.service" "$extra/$top/desktop/"
    sed -e "s/@GLIBC@/$glibc/" packaging/linux/launch.sh >"$extra/$top/$name"
    cp packaging/linux/install.sh "$extra/$top/install.sh"
    chmod -R u=rwX,go=rX "$extra"
    chmod 755 "$extra/$top/$name" "$extra/$top/install.sh"
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="$built_utc" \
        -C "$extra" "$top" -C "$beside" \
        --transform "flags=rh;s,^$name\(/\|\$\),$top/application\1," "$name" |
        xz -T0 -1 >"$title.tar.xz"
}

make_installer() {
    sed -e "s/@VERSION@/$version/" -e "s/@GLIBC@/$glibc/" \
        -e "s/@BYTES@/$(stat -c %s "$title.tar.xz")/" \
        -e "s/@SHA256@/$(sha256sum "$title.tar.xz" | cut -d' ' -f1)/" packaging/linux/unpack.sh \
        >"$title.run"
    cat "$title.tar.xz" >>"$title.run"
    chmod 755 "$title.run"
}

kinds=" ${KINDS:-deb tar run} "
[[ $kinds == *" run "* ]] && kinds+="tar "
lay_root
[[ $kinds != *" deb "* ]] || make_deb
[[ $kinds != *" tar "* ]] || make_tarball
[[ $kinds != *" run "* ]] || make_installer
