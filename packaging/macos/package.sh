#!/usr/bin/env bash
# Makes a disk image of the frozen application: tries it, signs it, has Apple notarise it.
#
#   packaging/macos/package.sh FOLDER VARIANT TITLE      makes dist/TITLE.dmg
#
# packaging/package.sh calls it. FOLDER is the bundle that PyInstaller made, with the variant's resources
# in it already.
#
# Who signs comes from the environment; without it nothing is signed, and this says so aloud:
#   UAT_CODESIGN_IDENTITY   as `security find-identity -v -p codesigning` names it
#   UAT_NOTARY_PROFILE      as stored by `xcrun notarytool store-credentials`; or all three of
#   UAT_NOTARY_KEY, UAT_NOTARY_KEY_ID, UAT_NOTARY_ISSUER   a key of App Store Connect, as a file
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf 'package: %s\n' "$*" >&2; }
stop() {
    say "$@"
    exit 1
}
warn() {
    say "WARNING: $*"
    # GitHub shows this beside the run, and not only in its log.
    [[ -z ${GITHUB_ACTIONS:-} ]] || printf '::warning::%s\n' "$*"
}

[[ $# == 3 ]] || {
    echo "usage: packaging/macos/package.sh FOLDER VARIANT TITLE" >&2
    exit 2
}
folder=$1 variant=$2 image=dist/$(basename "$3").dmg
entitlements=packaging/macos/entitlements.plist
identity=${UAT_CODESIGN_IDENTITY:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
app="$work/image/Universal AI Tools.app"
program="$app/Contents/MacOS/universal-ai-tools"

make_application() {
    [[ -d $folder/Contents ]] || stop "$folder is no bundle: packaging/package.sh makes it"
    mkdir "$work/image"
    cp -R "$folder" "$app"
}

# --- the frozen application must run before anybody gets it, also in its signed form ---

try_application() { # in a home of its own
    local home=$work/home status=0
    UNIVERSAL_AI_TOOLS_HOME=$home "$program" --version >"$work/version" ||
        stop "$program --version fails: no image is made"
    say "$(<"$work/version")"
    # 1 says that something is missing here, such as a microphone; only a report must come.
    UNIVERSAL_AI_TOOLS_HOME=$home "$program" doctor --json >"$work/doctor.json" || status=$?
    if [[ $status -gt 1 ]] || ! grep -q '"checks"' "$work/doctor.json"; then
        stop "$program doctor --json gives no report (status $status): no image is made"
    fi
}

has_microphone_words() {
    plutil -extract NSMicrophoneUsageDescription raw -o - "$app/Contents/Info.plist" >/dev/null ||
        stop "Info.plist does not say what the microphone is for: macOS would end the application"
}

# --- signing: from the inside out, as each signature seals what lies within ---

sign() { codesign --force --timestamp --options runtime --sign "$identity" "$@"; }

sign_application() {
    local file
    while IFS= read -r -d '' file; do
        [[ $(file -b "$file") != Mach-O* ]] || sign "$file"
    done < <(find "$app/Contents" -type f ! -path "$program" -print0)
    while IFS= read -r -d '' file; do
        sign "$file"
    done < <(find "$app/Contents" -depth -type d -name '*.framework' -print0)
    sign --entitlements "$entitlements" "$app"
    codesign --verify --deep --strict "$app"
}

# --- the image, and Apple's word for it ---

make_image() {
    ln -s /Applications "$work/image/Applications"
    mkdir -p "$(dirname "$image")"
    hdiutil create -volname "Universal AI Tools" -srcfolder "$work/image" -fs HFS+ -format UDZO \
        -ov "$image"
}

notary_words() { # prints how notarytool knows who asks, one word a line; nothing where it cannot
    if [[ -n ${UAT_NOTARY_PROFILE:-} ]]; then
        printf '%s\n' --keychain-profile "$UAT_NOTARY_PROFILE"
    elif [[ -n ${UAT_NOTARY_KEY:-} && -n ${UAT_NOTARY_KEY_ID:-} && -n ${UAT_NOTARY_ISSUER:-} ]]; then
        printf '%s\n' --key "$UAT_NOTARY_KEY" --key-id "$UAT_NOTARY_KEY_ID" --issuer "$UAT_NOTARY_ISSUER"
    fi
}

notarise() {
    local words=() word
    while IFS= read -r word; do words+=("$word"); done < <(notary_words)
    if [[ ${#words[@]} == 0 ]]; then
        warn "not notarised, as UAT_NOTARY_PROFILE or UAT_NOTARY_KEY, _KEY_ID and _ISSUER are not" \
            "set: macOS will refuse to open it at first"
        return
    fi
    xcrun notarytool submit "$image" --wait "${words[@]}"
    xcrun stapler staple "$image"
    xcrun stapler validate "$image"
}

say "packing $variant"
make_application
has_microphone_words
try_application
if [[ -n $identity ]]; then
    sign_application
    try_application
    make_image
    sign "$image"
    notarise
else
    warn "UAT_CODESIGN_IDENTITY is not set: $image is not signed, and macOS will refuse to open it" \
        "at first"
    # What was added broke the seal that PyInstaller made; without one Apple silicon runs nothing.
    codesign --force --deep --sign - "$app"
    try_application
    make_image
fi
say "made $image"
