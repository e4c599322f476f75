#!/usr/bin/env bash
# Makes this checkout ready, and does nothing where it is ready already.
#
#   packaging/setup.sh run      what the application needs
#   packaging/setup.sh check    format, lint, types and import rules (no system packages, no model)
#   packaging/setup.sh test     what the whole test suite needs
#   packaging/setup.sh package  what making the packages of this system needs
#
# It can be interrupted at any point and run again. Set PYTHON to choose the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

level=${1:-run}
stamps=.venv/.stamps

window_packages=(
    libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libfreetype6 libglib2.0-0
    libx11-xcb1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-glx0 libxcb-icccm4 libxcb-image0
    libxcb-keysyms1 libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-shape0 libxcb-shm0
    libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 fonts-dejavu-core
)
sound_packages=(libportaudio2 libasound2-plugins pulseaudio-utils) # pactl names the microphones
test_packages=(
    git xvfb xdotool openbox imagemagick x11-apps dbus-x11 pulseaudio espeak-ng
    redis-tools # the server is in it; the package redis-server would start a service
    gcc libc6-dev # for the double of NVIDIA's library in tests/doubles
    desktop-file-utils appstream groff-base shellcheck # they judge what lies in packaging/
    debootstrap # the bare system in which packaging/smoke.sh installs
)
package_packages=(gcc libc6-dev binutils xz-utils)
# Looked for by name, not by package: Node may come from its makers, which Debian's npm does not go
# along with, and Ubuntu has no Chromium for apt. Tests that lack one of these are skipped.
test_programs=(node npm chromium)

say() { printf 'setup: %s\n' "$*" >&2; }
stop() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# --- a step is done once: its stamp holds what it was made from ---

is_done() { [[ -f $stamps/$1 && $(<"$stamps/$1") == "$2" ]]; }
mark_done() {
    mkdir -p "$stamps"
    printf '%s' "$2" >"$stamps/$1"
}

# --- Python ---

python_fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$candidate" >/dev/null && python_fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "Python 3.11 or newer is needed and was not found." \
        "Debian, Ubuntu: sudo apt-get install python3 python3-venv" \
        "Fedora: sudo dnf install python3     Arch: sudo pacman -S python" \
        "macOS: brew install python@3.13      elsewhere: set PYTHON to its path"
}

make_environment() {
    if [[ -x .venv/bin/python ]] && python_fits .venv/bin/python &&
        .venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        local version
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if command -v apt-get >/dev/null; then
            install_with_apt "python$version-venv" ||
                stop "Python cannot make virtual environments yet. Type:" \
                    "    sudo apt-get install python$version-venv"
        else
            stop "$python has no ensurepip: install your system's package for Python's venv"
        fi
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

install_locked() { # the lock file's name
    local quiet=--quiet
    [[ ! -t 2 ]] || quiet=--progress-bar=on
    say "installing the libraries of $1 (once, some minutes)"
    .venv/bin/python -m pip install "$quiet" --disable-pip-version-check --no-input \
        --require-hashes --only-binary :all: -r "packaging/$1"
}

# The checkout itself: a path file, its name and version, and a start script. Nothing is built, so
# nothing is needed that no lock file pins.
install_checkout() {
    local packages version
    packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
    printf '%s\n' "$PWD" >"$packages/universal_ai_tools.pth"
    rm -rf "$packages"/universal_ai_tools-*.dist-info
    mkdir "$packages/universal_ai_tools-$version.dist-info"
    printf 'Metadata-Version: 2.1\nName: universal-ai-tools\nVersion: %s\n' "$version" \
        >"$packages/universal_ai_tools-$version.dist-info/METADATA"
    printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m app "$@"\n' "$PWD" >.venv/bin/universal-ai-tools
    chmod +x .venv/bin/universal-ai-tools
}

# --- system packages ---

apt_command() { # prints how apt-get can be run without a question, or fails
    if [[ $(id -u) == 0 ]]; then
        echo "env DEBIAN_FRONTEND=noninteractive apt-get"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        echo "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get"
    else
        return 1
    fi
}

install_with_apt() {
    local apt
    apt=$(apt_command) || return 1
    say "installing system packages: $*"
    # Without an update, a fresh machine knows no packages, and an old one stale addresses.
    $apt update -qq && $apt install -y -qq --no-install-recommends "$@" >/dev/null
}

missing_packages() { # those of the arguments that are not installed; t64 is a later Debian's name
    local package installed
    installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
        sed -n 's/^installed //p' | tr '\n' ' ') "
    for package in "$@"; do
        [[ $installed == *" $package "* || $installed == *" ${package}t64 "* ]] || echo "$package"
    done
}

install_programs() {
    local program package
    for program in "${test_programs[@]}"; do
        package=$program
        [[ $program != node ]] || package=nodejs
        command -v "$program" >/dev/null || install_with_apt "$package" ||
            say "$program could not be installed: the tests that need it will be skipped"
    done
}

install_system_packages() {
    local wanted=("$@") missing
    if [[ $(uname -s) == Darwin ]]; then
        return # the wheels bring PortAudio and Qt's libraries along
    elif command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
        mapfile -t missing < <(missing_packages "${wanted[@]}")
        [[ ${#missing[@]} == 0 ]] || install_with_apt "${missing[@]}" ||
            say "some system packages are missing; as root, type:" \
                "apt-get install -y --no-install-recommends ${missing[*]}"
        [[ $level != test ]] || install_programs
    elif command -v dnf >/dev/null; then
        say "Fedora: sudo dnf install portaudio alsa-plugins-pulseaudio pulseaudio-utils" \
            "xcb-util-cursor xcb-util-image xcb-util-keysyms xcb-util-renderutil" \
            "xcb-util-wm libxkbcommon-x11 libglvnd-egl libglvnd-glx"
        [[ $level != test ]] || say "and for the tests: sudo dnf install xorg-x11-server-Xvfb" \
            "xdotool openbox ImageMagick xwd dbus-x11 pulseaudio espeak-ng nodejs npm chromium gcc"
    elif command -v pacman >/dev/null; then
        say "Arch: sudo pacman -S --needed portaudio alsa-plugins libpulse xcb-util-cursor" \
            "xcb-util-image xcb-util-keysyms xcb-util-renderutil xcb-util-wm libxkbcommon-x11" \
            "libglvnd"
        [[ $level != test ]] || say "and for the tests: sudo pacman -S --needed" \
            "xorg-server-xvfb xdotool openbox imagemagick xorg-xwd pulseaudio espeak-ng nodejs npm" \
            "chromium gcc"
    else
        say "this system's package names are not known here: see the list in packaging/setup.sh"
    fi
}

# --- programs of others that the gateway is tried with ---

install_clients() {
    if ! command -v npm >/dev/null; then
        say "npm is not here: the tests with clients for Node will be skipped"
        return
    fi
    local sum
    sum=$(cksum <tests/clients/package-lock.json)
    [[ -d tests/clients/node_modules ]] && is_done clients "$sum" && return
    say "installing the clients of tests/clients"
    (cd tests/clients && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
        stop "npm could not install what tests/clients/package-lock.json lists: see above"
    mark_done clients "$sum"
}

# --- models and final look ---

fetch_model() { # what it is, its name, one of its files, its size in MB
    [[ -f resources/models/$2/$3 ]] && is_done "model-$2" "$2" && return
    say "fetching the $1 model \"$2\" ($4 MB, once)"
    if .venv/bin/python -m app models fetch "$2" --into resources/models; then
        mark_done "model-$2" "$2"
    elif [[ $level == run ]]; then
        say "the $1 model is not here yet: the next \"make run\" goes on where this one stopped"
    else
        stop "the tests need the $1 model: run this again when the network is back"
    fi
}

check_usable() {
    local plugin tool
    .venv/bin/python - <<'PYTHON' || stop "a system library is missing: see above"
import sys

for module, purpose in (("PySide6.QtWidgets", "windows"), ("sounddevice", "microphones")):
    try:
        __import__(module)
    except (ImportError, OSError) as error:
        sys.exit(f"setup: {module} ({purpose}) does not load: {error}")
PYTHON
    plugin=$(.venv/bin/python -c 'import PySide6; print(PySide6.__path__[0])')
    plugin+=/Qt/plugins/platforms/libqxcb.so
    if [[ -f $plugin ]] && ldd "$plugin" | grep 'not found' | sort -u >&2; then
        stop "the libraries above are missing: Qt cannot open windows on X11 without them"
    fi
    [[ $level == test && $(uname -s) == Linux ]] || return 0
    for tool in Xvfb xdotool openbox import xwd pulseaudio pactl espeak-ng; do
        command -v "$tool" >/dev/null || stop "the tests need the program $tool: see above"
    done
}

# --- what each level needs ---

case $level in
run)
    lock=requirements.lock
    system=("${window_packages[@]}" "${sound_packages[@]}")
    ;;
check | test)
    lock=requirements-dev.lock
    system=("${window_packages[@]}" "${sound_packages[@]}" "${test_packages[@]}")
    ;;
package)
    lock=requirements-dev.lock
    system=("${window_packages[@]}" "${sound_packages[@]}" "${package_packages[@]}")
    ;;
*) stop "usage: packaging/setup.sh run|check|test|package" ;;
esac

# The larger lock holds the smaller one, so what is ready for tests is ready to run.
has_libraries() { is_done "$1" "$(cksum <"packaging/$1")"; }
if ! has_libraries "$lock" && ! has_libraries requirements-dev.lock; then
    make_environment
    install_locked "$lock"
    mark_done "$lock" "$(cksum <"packaging/$lock")"
fi
checkout="$PWD $(cksum <pyproject.toml) $(cksum <packaging/setup.sh)"
if ! is_done checkout "$checkout"; then
    install_checkout
    mark_done checkout "$checkout"
fi
if [[ $level != check ]]; then
    system_sum=$(printf '%s ' "${system[@]}" "${test_programs[@]}" | cksum)
    if ! is_done "system-$level" "$system_sum"; then
        install_system_packages "${system[@]}"
        check_usable
        mark_done "system-$level" "$system_sum"
    fi
    [[ $level != test ]] || install_clients
    fetch_model speech base model.bin 145
    fetch_model language smollm2-135m-instruct SmolLM2-135M-Instruct.Q4_1.gguf 98
fi
