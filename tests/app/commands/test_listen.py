"""`listen` in the terminal: what it is told, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal

import pytest

import engine.assembly
from app import __main__ as entry
from app.commands import listen
from engine.assembly import Engines, build_engines
from engine.folders import Folders
from engine.voice.adapters.simulated import ScriptedDecoder, ScriptedDecoderFactory
from engine.voice.ports import SpeechDecoder
from engine.voice.service import VoiceProcessingService
from engine.voice.snapshot import VoiceEvent
from tests.engine.voice.doubles import wait_until


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Engines]:
    """Let the command listen to simulated devices; return the engines that it built."""
    made: list[Engines] = []

    def build(folders: Folders) -> Engines:
        made.append(build_engines(folders, demo=True))
        return made[-1]

    monkeypatch.setattr(engine.assembly, "build_engines", build)
    return made


def test_label_is_as_good_as_a_name(
    built: list[Engines], capsys: pytest.CaptureFixture[str]
) -> None:
    """A microphone is chosen by what a person reads, too; the time over, all is well."""
    words = ["listen", "--seconds", "0.05", "--device", "Headset (simulated)"]
    assert entry.main(words) == 0
    assert "Listening to Headset (simulated)" in capsys.readouterr().err


def test_unknown_microphone_lists_the_known(
    built: list[Engines], capsys: pytest.CaptureFixture[str]
) -> None:
    """A device that is not there is an error of one line that names those that are."""
    assert entry.main(["listen", "--device", "webcam"]) == 1
    said = capsys.readouterr().err.strip()
    assert "'webcam'" in said
    assert "desk; headset" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_no_time_to_listen_is_wrong_usage(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A time that is none is refused before anything is begun."""
    with pytest.raises(SystemExit) as ended:
        entry.main(["listen", f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert "above 0" in capsys.readouterr().err


def test_unknown_language_is_refused(
    built: list[Engines], capsys: pytest.CaptureFixture[str]
) -> None:
    """A language that no model knows is an error at once, not one a sentence."""
    assert entry.main(["listen", "--language", "klingon"]) == 1
    assert "'klingon': must be one of auto, en" in capsys.readouterr().err


def test_wrong_settings_are_told(built: list[Engines], capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong in the settings file is said, and the defaults are used."""
    path = Folders.of_user().settings_file
    path.parent.mkdir(parents=True)
    path.write_text("[voice]\nthreads = 0\n", encoding="utf-8")
    assert entry.main(["listen", "--seconds", "0.05"]) == 0
    assert "voice.threads" in capsys.readouterr().err


def test_ctrl_c_while_the_model_loads(
    built: list[Engines],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody has to wait for a model that is not wanted any more."""

    def load(self: object, name: str, *_: object, **__: object) -> SpeechDecoder:
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: built[0].voice._live.queue.is_closed, "the engine to close")
        return ScriptedDecoder(name)

    monkeypatch.setattr(ScriptedDecoderFactory, "load", load)
    assert entry.main(["listen"]) == 130
    assert "Listening" not in capsys.readouterr().err


def test_nobody_reads_any_more(
    built: list[Engines],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """When the reader of the output has gone, listening ends without a traceback."""

    def gone(text: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(listen, "_write", gone)
    start = VoiceProcessingService.start_recording

    async def start_and_talk(self: VoiceProcessingService) -> None:
        await start(self)
        self._listeners.tell(VoiceEvent("final", 1, "hello", "hello", 0.0, 1.0, 1.0))

    monkeypatch.setattr(VoiceProcessingService, "start_recording", start_and_talk)
    with pytest.raises(BrokenPipeError):
        listen.run(entry._parser("listen", listen).parse_args(["listen", "--jsonl"]))  # type: ignore[arg-type]
    assert "Traceback" not in capsys.readouterr().err


def test_events_are_lines_of_json() -> None:
    """An event has exactly the fields that programs rely on."""
    event = VoiceEvent("partial", 3, "so far", "so", 0.12345, 1.0, 1.5)
    assert json.loads(json.dumps(listen._plain(event))) == {
        "event": "partial",
        "id": 3,
        "text": "so far",
        "stable": "so",
        "start_s": 0.123,
        "end_s": 1.0,
        "at_s": 1.5,
    }
