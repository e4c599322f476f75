"""What somebody does with the application that a package has installed, in this order."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from engine.folders import Folders
from tests.journeys.desktop import Desktop, colours
from tests.journeys.window import RECORD_KEYS
from tests.live.ports import free_port
from tests.live.pulse import SoundServer
from tests.live.speech import GARDEN, STATION, Speech, word_error_rate
from tests.smoke.installed import NAME, PERSON, Installed, InstalledWindow

pytestmark = pytest.mark.live

SPEAK = Callable[[str], Speech]
WORST = 0.15
CLOSED_S = 60.0
PICTURES = Path(__file__).resolve().parents[1] / ".output"
MODEL = "smollm2-135m-instruct"
FULL_KIB = 64


def settings(home: Path, port: int) -> None:
    """Write settings of somebody who looks for no servers."""
    file = Folders.under(home).settings_file
    file.parent.mkdir(parents=True)
    text = f"[gateway]\nport = {port}\n[coordinator]\ndiscover = false\n"
    file.write_text(text, encoding="utf-8")


def test_everything_lies_in_its_place(installed: Installed):
    """The command is on the PATH, and the menu, the manual and the software centre know it."""
    version = installed.as_root("dpkg-query", "-W", "-f", "${Version}", NAME)
    told = installed.run("--version", home=installed.home("version"))
    assert told.stdout.startswith(f"{NAME} {version} (standard"), told.stderr
    share = installed.root / "usr" / "share"
    for path in (
        "applications/universal-ai-tools.desktop",
        "metainfo/io.github.universal_ai_tools.ControlCentre.metainfo.xml",
        "man/man1/universal-ai-tools.1.gz",
        "icons/hicolor/scalable/apps/universal-ai-tools.svg",
        "doc/universal-ai-tools/copyright",
    ):
        assert (share / path).stat().st_size > 100, path
    notices = installed.folder / "_internal" / "resources" / "licences" / "NOTICES.md"
    assert "LGPL" in notices.read_text(encoding="utf-8")
    assert not list(installed.root.glob("usr/bin/python3*")), "the system's Python could be used"
    installed.as_root("dpkg", "--verify", NAME)


def test_the_doctor_finds_everything(
    installed: Installed, desktop: Desktop, sound_server: SoundServer
):
    """With a screen and a microphone nothing is missing."""
    around = {**desktop.environment, **sound_server.environment}
    done = installed.run("doctor", "--json", home=installed.home("doctor"), environment=around)
    report = json.loads(done.stdout)
    states = {check["name"]: (check["state"], check["detail"]) for check in report["checks"]}
    assert report["healthy"], states
    for name in ("display", "microphones", "speech model", "built-in model", "libraries"):
        assert states[name][0] == "ok", states[name]


def test_without_sound_and_screen_it_says_what_is_missing(installed: Installed):
    """A machine with neither is told so, with what works all the same; nothing crashes."""
    home = installed.home("bare")
    report = json.loads(installed.run("doctor", "--json", home=home).stdout)
    states = {check["name"]: check for check in report["checks"]}
    assert states["microphones"]["state"] == "warning"
    assert states["microphones"]["remedy"]
    window = installed.run(home=home)
    assert window.returncode == 2
    assert "there is no display" in window.stderr


def test_words_answers_and_the_end(
    installed: Installed, desktop: Desktop, sound_server: SoundServer, speak: SPEAK, tmp_path: Path
):
    """The window writes down what is said, its gateway answers an SDK, and it ends in order."""
    port = free_port()
    settings(tmp_path / "home", port)
    around = {**desktop.environment, **sound_server.environment}
    window = InstalledWindow(installed, desktop, around)
    window.open_voice_page()
    desktop.press(RECORD_KEYS)
    window.wait_until_it_records()
    speech = speak(STATION)
    sound_server.play(speech.path)
    said = window.wait_for_sentence()
    desktop.save_picture(PICTURES / "installed.png")
    assert colours(desktop.picture()) > 100
    desktop.press(RECORD_KEYS)
    window.wait_until_it_is_idle()
    assert word_error_rate(speech.text, said) <= WORST, said
    answer = ask(port, Folders.under(tmp_path / "home").config / "gateway.key")
    assert "paris" in answer.lower(), answer
    desktop.focus(window.number)
    desktop.press("ctrl+q")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert installed.processes() == []
    assert "ERROR" not in window.log()


def ask(port: int, key_file: Path) -> str:
    """Return what the built-in model answers to a client of OpenAI's."""
    key = key_file.read_text(encoding="utf-8").strip()
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key) as client:
        answer = client.chat.completions.create(
            model=MODEL,
            temperature=0,
            messages=[{"role": "user", "content": "What is the capital of France?"}],
        )
    return answer.choices[0].message.content or ""


def test_a_full_disk_is_told(installed: Installed):
    """Where nothing more can be written, `serve` says what to do, and ends in order when asked."""
    home = installed.home("full")
    size = f"size={FULL_KIB}k,mode=777"
    installed.as_root("mount", "-t", "tmpfs", "-o", size, "full", str(home))
    try:
        (home / "everything").write_bytes(bytes(FULL_KIB << 10))
        serve = installed.start("serve", home=home)
        serve.wait_for(lambda: "free some space" in serve.err, "what to do", within_s=CLOSED_S)
        serve.wait_for(lambda: serve.out, "where it listens", within_s=CLOSED_S)
        serve.signal(signal.SIGTERM)
        assert serve.wait(within_s=CLOSED_S) == 0, serve.err
    finally:
        installed.as_root("umount", str(home))
    assert "Traceback" not in serve.err


def test_a_damaged_model_is_told(installed: Installed, speak: SPEAK, tmp_path: Path):
    """A speech model that lost a part in the package is named, with what mends it."""
    model = installed.folder / "_internal" / "resources" / "models" / "base" / "model.bin"
    whole = model.read_bytes()
    speech = speak(GARDEN)
    installed.give(speech.path)
    try:
        model.write_bytes(whole[: len(whole) // 2])
        cut = installed.run("transcribe", str(speech.path), home=installed.home("cut"))
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 0xFF
        model.write_bytes(damaged)
        report = installed.run("doctor", "--json", home=installed.home("damaged")).stdout
    finally:
        model.write_bytes(whole)
    assert cut.returncode != 0
    assert "base" in cut.stderr
    assert "Traceback" not in cut.stderr
    states = {check["name"]: check for check in json.loads(report)["checks"]}
    assert states["speech model"]["state"] != "ok"
    assert states["speech model"]["remedy"]
    good = installed.run("transcribe", str(speech.path), home=installed.home("good"))
    assert word_error_rate(speech.text, good.stdout) <= WORST, good.stderr


def test_an_upgrade_closes_what_runs(installed: Installed, desktop: Desktop, tmp_path: Path):
    """The package is installed again while the window is open: that ends in order, and starts."""
    settings(tmp_path / "home", free_port())
    window = InstalledWindow(installed, desktop, desktop.environment)
    assert window.number
    installed.as_root("dpkg", "--install", "/package.deb")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    again = window.start_again()
    again.wait_for(lambda: desktop.window("Universal AI Tools"), "the window", within_s=CLOSED_S)
    again.end()


def test_removal_keeps_what_people_made(installed: Installed):
    """After removal nothing of the package is left, and all that the person made is."""
    kept = installed.root / "home" / PERSON / ".config" / NAME / "settings.toml"
    kept.parent.mkdir(parents=True)
    kept.write_text("[voice]\n", encoding="utf-8")
    installed.as_root("dpkg", "--remove", NAME)
    assert not installed.folder.exists()
    assert not (installed.root / "usr" / "bin" / NAME).is_symlink()
    assert not list(installed.root.glob(f"usr/share/**/*{NAME}*"))
    assert kept.exists()
    installed.as_root("dpkg", "--purge", NAME)
    assert kept.exists(), "it belongs to somebody else than who purged"
