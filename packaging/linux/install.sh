#!/bin/sh
# Installs the unpacked application for the user who runs this; nothing needs root.
#
#   ./install.sh                 into ~/.local; several versions lie side by side
#   ./install.sh --uninstall     takes this version away; settings, history and models stay
#
# Set PREFIX for another place than ~/.local.
set -eu

name=universal-ai-tools
here=$(dirname "$(readlink -f "$0")")
prefix=${PREFIX:-$HOME/.local}
versions=$prefix/opt
version=$(basename "$here")
target=$versions/$version
command=$prefix/bin/$name

say() { echo "$name: $*"; }
stop() {
    say "$@" >&2
    exit 1
}

lay_desktop() { # icons, the entry of the menu and its metadata, which name the command in full
    mkdir -p "$prefix/share" "$prefix/share/systemd/user"
    cp -R "$target/desktop/share/." "$prefix/share/"
    sed -i "s|^\(Try\)\{0,1\}Exec=$name|\1Exec=$command|" "$prefix/share/applications/$name.desktop"
    sed "s|/usr/bin/$name|$command|g" "$target/desktop/$name.service" \
        >"$prefix/share/systemd/user/$name.service"
}

take_away_desktop() {
    (cd "$target/desktop/share" && find . -type f) | while read -r file; do
        rm -f "$prefix/share/$file"
    done
    rm -f "$prefix/share/systemd/user/$name.service" "$command"
}

install_here() {
    if [ "$here" != "$target" ]; then
        mkdir -p "$versions" "$prefix/bin" || stop "$prefix cannot be written"
        rm -rf "$target.partly"
        cp -R "$here" "$target.partly" || {
            rm -rf "$target.partly"
            stop "there is not enough room in $versions, or it cannot be written"
        }
        # What runs keeps its files: they are only taken out of the folder's list of names.
        rm -rf "$target"
        mv "$target.partly" "$target"
    fi
    "$target/$name" --version >/dev/null || stop "it does not start: see above"
    mkdir -p "$prefix/bin"
    ln -sfn "$target/$name" "$command"
    lay_desktop
    say "installed in $target; start it from the menu, or type $command"
    case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) say "$prefix/bin is not on the PATH yet: it is after the next login on most systems" ;;
    esac
}

uninstall() {
    [ -d "$target" ] || stop "$version is not installed in $versions"
    if [ "$(readlink "$command" 2>/dev/null)" = "$target/$name" ]; then
        take_away_desktop
    fi
    rm -rf "$target"
    say "removed $target; your settings, history and models remain"
    for other in "$versions/$name"-*; do
        [ ! -x "$other/install.sh" ] || say "$other is still here: $other/install.sh makes it the one in use"
    done
}

case "${1:-}" in
"") install_here ;;
--uninstall) uninstall ;;
*) stop "usage: install.sh [--uninstall]" ;;
esac
