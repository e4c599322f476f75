"""packaging/macos/package.sh among stand-ins for the programs of macOS."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MACOS = Path(__file__).resolve().parents[2] / "packaging/macos"
NAME = "universal-ai-tools"
LAID_OUT = "build/lite/Universal AI Tools.app"
SYSTEM = ("basename", "bash", "cat", "cp", "dirname", "find", "grep", "ln", "mkdir", "mktemp", "rm")
CALLED = '#!/bin/bash\necho "${0##*/} $*" >>"$CALLS"\n'
APPLICATION = """#!/bin/bash
WHOLE='{"checks": []}'
echo "application $*" >>"$CALLS"
case "$*" in
--version) echo "universal-ai-tools 0.1.0"; exit "${VERSION_STATUS:-0}" ;;
"doctor --json") echo "${REPORT:-$WHOLE}"; exit "${DOCTOR_STATUS:-1}" ;;
esac
"""
STAND_INS = {
    "codesign": CALLED,
    "xcrun": CALLED + '[[ "$*" != *submit* ]] || exit "${NOTARY_STATUS:-0}"\n',
    "plutil": CALLED + 'exit "${PLIST_STATUS:-0}"\n',
    "hdiutil": CALLED
    + 'for each; do :; done; [[ -L $5/Applications ]] && cat "$5"/*/*/*/*/build.toml >"$each"\n',
    "file": "#!/bin/bash\n[[ $2 != *.dylib ]] || echo Mach-O 64-bit\n",
}
IDENTITY = {"UAT_CODESIGN_IDENTITY": "Developer ID Application: A (1)"}


@dataclass
class Mac:
    """A machine on which nothing real is called."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def image(self) -> Path:
        """Return where the disk image is to lie."""
        return self.home / "dist/application.dmg"

    def package(self, **changed: str) -> subprocess.CompletedProcess[str]:
        """Make the image and return how it went."""
        words = ["bash", "packaging/macos/package.sh", LAID_OUT, "lite", "dist/application"]
        return subprocess.run(
            words, cwd=self.home, env=self.environment | changed, capture_output=True, text=True
        )

    @property
    def calls(self) -> list[str]:
        """Return what was called, paths shortened to where the image is put together."""
        file = self.home / "calls"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return re.sub(r"\S*/image/", "", text).splitlines()

    def called(self, *words: str) -> list[str]:
        """Return the calls that begin with one of `words`."""
        return [call for call in self.calls if call.startswith(words)]


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    """Return a machine with a frozen application and the scripts."""
    shutil.copytree(MACOS, tmp_path / "packaging/macos")
    contents = tmp_path / LAID_OUT / "Contents"
    (contents / "MacOS").mkdir(parents=True)
    (contents / "Resources/resources").mkdir(parents=True)
    (contents / "Resources/resources/build.toml").write_text("of this variant", encoding="utf-8")
    (contents / "Frameworks/QtCore.framework").mkdir(parents=True)
    (contents / "Frameworks/libportaudio.dylib").touch()
    (contents / "MacOS" / NAME).write_text(APPLICATION, encoding="utf-8")
    (contents / "MacOS" / NAME).chmod(0o755)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in SYSTEM:
        (programs / name).symlink_to(str(shutil.which(name)))
    for name, text in STAND_INS.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    return Mac(tmp_path, {"PATH": str(programs), "CALLS": str(tmp_path / "calls")})


def test_the_application_is_run_before_the_image_is_made(mac: Mac):
    """What is packed has told its version and what it finds on this machine."""
    done = mac.package()
    assert (done.returncode, mac.image.exists()) == (0, True)
    before = mac.calls[: mac.calls.index(mac.called("hdiutil")[0])]
    assert "application --version" in before
    assert "application doctor --json" in before


def test_the_image_holds_what_was_laid_out(mac: Mac):
    """The bundle with what the variant adds is in the image."""
    mac.package()
    assert mac.image.read_text(encoding="utf-8") == "of this variant"


@pytest.mark.parametrize(
    "broken",
    [
        {"VERSION_STATUS": "1"},
        {"DOCTOR_STATUS": "2"},
        {"DOCTOR_STATUS": "139"},
        {"REPORT": "Segmentation fault"},
        {"PLIST_STATUS": "1"},
    ],
)
def test_a_broken_application_is_not_packed(mac: Mac, broken: dict[str, str]):
    """Without version, report or the microphone's words there is no image."""
    done = mac.package(**broken)
    assert done.returncode != 0
    assert "package: " in done.stderr
    assert (mac.called("hdiutil"), mac.image.exists()) == ([], False)


def test_without_an_identity_nothing_is_signed_and_this_is_said(mac: Mac):
    """A missing identity is a warning that nobody overlooks, and a seal without a name."""
    done = mac.package(GITHUB_ACTIONS="true")
    assert "WARNING: UAT_CODESIGN_IDENTITY is not set" in done.stderr
    assert "::warning::UAT_CODESIGN_IDENTITY is not set" in done.stdout
    assert mac.called("codesign") == ["codesign --force --deep --sign - Universal AI Tools.app"]
    assert mac.called("xcrun") == []


def test_all_is_signed_from_the_inside_out(mac: Mac):
    """Libraries come before frameworks, these before the application, and the image is last."""
    mac.package(**IDENTITY)
    signed = [call.rpartition(") ")[2] for call in mac.called("codesign --force")]
    contents = "Universal AI Tools.app/Contents"
    assert signed == [
        f"{contents}/Frameworks/libportaudio.dylib",
        f"{contents}/Frameworks/QtCore.framework",
        "--entitlements packaging/macos/entitlements.plist Universal AI Tools.app",
        "dist/application.dmg",
    ]
    assert all("--options runtime" in call for call in mac.called("codesign --force"))
    seal = mac.calls.index("codesign --verify --deep --strict Universal AI Tools.app")
    assert "application doctor --json" in mac.calls[seal:]


def test_without_a_notarys_key_this_is_said(mac: Mac):
    """A signed image that Apple has not seen says so."""
    done = mac.package(**IDENTITY, UAT_NOTARY_KEY="key.p8")
    assert done.returncode == 0
    assert "WARNING: not notarised" in done.stderr
    assert mac.called("xcrun") == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"UAT_NOTARY_PROFILE": "my profile"}, "--keychain-profile my profile"),
        (
            {"UAT_NOTARY_KEY": "k.p8", "UAT_NOTARY_KEY_ID": "K", "UAT_NOTARY_ISSUER": "I"},
            "--key k.p8 --key-id K --issuer I",
        ),
    ],
)
def test_apple_notarises_the_image(mac: Mac, given: dict[str, str], words: str):
    """The signed image is sent with the given key, then its ticket is attached and looked at."""
    assert mac.package(**IDENTITY, **given).returncode == 0
    assert mac.called("xcrun") == [
        f"xcrun notarytool submit dist/application.dmg --wait {words}",
        "xcrun stapler staple dist/application.dmg",
        "xcrun stapler validate dist/application.dmg",
    ]


def test_what_apple_refuses_is_no_success(mac: Mac):
    """A refusal ends the script, so that nothing is published."""
    done = mac.package(**IDENTITY, UAT_NOTARY_PROFILE="mine", NOTARY_STATUS="1")
    assert done.returncode != 0
    assert mac.called("xcrun stapler") == []


def test_the_entitlements_are_those_that_are_needed():
    """Microphone, callbacks of foreign functions, libraries that users replace: no more."""
    allowed = plistlib.loads((MACOS / "entitlements.plist").read_bytes())
    assert allowed == {
        "com.apple.security.device.audio-input": True,
        "com.apple.security.cs.allow-unsigned-executable-memory": True,
        "com.apple.security.cs.disable-library-validation": True,
    }
