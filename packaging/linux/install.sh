#!/bin/sh
# Installs the unpacked application for the user who runs this; nothing needs root.
#
#   ./install.sh                 into ~/.local; several versions lie side by side
#   ./install.sh --uninstall     takes this version away; settings, history and models stay
#
# Set PREFIX for another place than ~/.local. What was installed remembers where.
set -eu

name=universal-ai-tools
here=$(dirname "$(readlink -f "$0")")

say() { echo "$name: $*"; }
stop() {
    say "$@" >&2
    exit 1
}

# Not from the folder's name: whoever unpacked it may have given it another.
number=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/application/_internal/resources/build.toml" 2>/dev/null) || :
[ -n "$number" ] || stop "the application is not beside $here/install.sh: unpack all of it again"
version=$name-$number

prefix=${PREFIX:-}
if [ -z "$prefix" ]; then
    prefix=$(cat "$here/prefix" 2>/dev/null) || :
    [ -n "$prefix" ] && [ "$(readlink -f "$prefix/opt/$version")" = "$here" ] ||
        prefix=${HOME:?where you live is not known: set HOME or PREFIX}/.local
fi
case "$prefix" in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac
# Menus and systemd would each need their own signs before these.
case "$prefix" in
*[\"\\\`\$%\&\|]*) stop "$prefix has a sign in it that no menu takes: set PREFIX to another folder" ;;
esac
versions=$prefix/opt
target=$versions/$version
command=$prefix/bin/$name

lay_desktop() { # icons, the entry of the menu and its metadata, which name the command in full
    mkdir -p "$prefix/share" "$prefix/share/systemd/user"
    cp -R "$target/desktop/share/." "$prefix/share/"
    quoted=$command
    case "$command" in
    *[!A-Za-z0-9/._+-]*) quoted="\"$command\"" ;;
    esac
    sed -i -e "s|^TryExec=$name|TryExec=$command|" -e "s|^Exec=$name|Exec=$quoted|" \
        "$prefix/share/applications/$name.desktop"
    sed "s|/usr/bin/$name|$quoted|g" "$target/desktop/$name.service" \
        >"$prefix/share/systemd/user/$name.service"
}

take_away_desktop() {
    (cd "$target/desktop/share" && find . -type f) | while read -r file; do
        rm -f "$prefix/share/$file"
    done
    unit=$prefix/share/systemd/user/$name.service
    enabled=${XDG_CONFIG_HOME:-${HOME:-}/.config}/systemd/user/default.target.wants/$name.service
    [ "$(readlink "$enabled" 2>/dev/null)" != "$unit" ] || rm -f "$enabled"
    rm -f "$unit" "$command"
}

# Prints the processes that run from this place; parts of it are read only when they are needed.
running() {
    for process in /proc/[0-9]*; do
        # shellcheck disable=SC3013 # dash, bash and busybox all have it
        [ ! "$process/exe" -ef "$target/application/$name" ] || printf '%s ' "${process##*/}"
    done
}

install_here() {
    if [ "$here" != "$(readlink -f "$target")" ]; then
        mkdir -p "$versions" "$prefix/bin" || stop "$prefix cannot be written"
        rm -rf "$target.partly"
        cp -R "$here" "$target.partly" || {
            rm -rf "$target.partly"
            stop "there is not enough room in $versions, or it cannot be written"
        }
        "$target.partly/$name" --version >/dev/null || {
            rm -rf "$target.partly"
            stop "it does not start: see above"
        }
        old=$(running)
        [ -z "$old" ] || say "it runs already (process ${old% }): close it and start it again"
        rm -rf "$target"
        mv "$target.partly" "$target"
    fi
    printf '%s\n' "$prefix" >"$target/prefix"
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
    old=$(running)
    [ -z "$old" ] || stop "it still runs (process ${old% }): close it first"
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
