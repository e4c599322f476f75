"""`transcribe` writes down files, one after the other, whatever some of them are."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands import transcribe
from app.commands.transcribe import Output, transcribe_all
from engine.errors import Damaged, Unreachable
from engine.model_store.store import shipped_models
from engine.voice.snapshot import Segment, Transcript

ROOT = Path(__file__).parents[3]


def heard(path: Path) -> Transcript | None:
    """Hear the file's own name; some names are trouble."""
    if path.stem == "broken":
        raise Damaged(f"{path} is no sound or video file that can be read")
    if path.stem == "cancelled":
        return None
    return Transcript((Segment(f"This is {path.name}.", 0.0, 1.0, 0.9),), "en", 1.5, "base")


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    transcribe.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path / "home"))
    return tmp_path


def test_first_format_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder the first format is printed and nothing else; the rest is on stderr."""
    assert transcribe_all([Path("a.mp3")], heard, Output(("srt", "txt"), None)) == 0
    printed = capsys.readouterr()
    assert printed.out == "1\n00:00:00,000 --> 00:00:01,000\nThis is a.mp3.\n\n"
    assert printed.err.startswith("a.mp3: 2 s, 3 words (en) in ")


def test_every_format_goes_to_the_folder(tmp_path: Path) -> None:
    """With a folder each format becomes a file beside the others; the folder is made."""
    output = Output(("txt", "srt", "vtt", "json"), tmp_path / "new" / "texts")
    assert transcribe_all([Path("talk.mp3")], heard, output) == 0
    names = sorted(path.name for path in (tmp_path / "new" / "texts").iterdir())
    assert names == ["talk.json", "talk.srt", "talk.txt", "talk.vtt"]
    content = json.loads((tmp_path / "new" / "texts" / "talk.json").read_text())
    assert content["text"] == "This is talk.mp3."


def test_files_of_the_same_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """`a.mp3` and `a.wav` keep their endings in the names of their texts."""
    paths = [Path("a.mp3"), Path("a.wav"), Path("b.mp3")]
    assert transcribe_all(paths, heard, Output(("txt",), tmp_path)) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp3.txt", "a.wav.txt", "b.txt"]


def test_files_of_the_same_name_in_two_folders_are_numbered(tmp_path: Path) -> None:
    """`x/a.wav`, `y/a.wav` and `y/A.wav` become three texts, on any file system."""
    paths = [Path("x/a.wav"), Path("y/a.wav"), Path("y/A.wav")]
    assert transcribe_all(paths, heard, Output(("txt",), tmp_path)) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["A.wav-3.txt", "a.wav-2.txt", "a.wav.txt"]


def test_one_bad_file_does_not_stop_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that fails is reported, the others are transcribed, and the exit code tells."""
    paths = [Path("a.mp3"), Path("broken.mp3"), Path("b.mp3")]
    assert transcribe_all(paths, heard, Output(("txt",), None)) == 1
    printed = capsys.readouterr()
    assert printed.out == "This is a.mp3.\nThis is b.mp3.\n"
    assert "broken.mp3 is no sound" in printed.err


def test_folder_that_cannot_be_written_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the text cannot be written, the path is named and the exit code tells."""
    (tmp_path / "file").write_text("no folder")
    assert transcribe_all([Path("a.mp3")], heard, Output(("txt",), tmp_path / "file")) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_formats_are_checked() -> None:
    """Formats are a list, in any case; an unknown one is a usage error."""
    assert parsed("a.mp3", "--format", "SRT, txt").format == ("srt", "txt")
    assert parsed("a.mp3").format == ("txt",)
    with pytest.raises(SystemExit) as caught:
        parsed("a.mp3", "--format", "txt,doc")
    assert caught.value.code == 2


def test_missing_model_names_the_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that is not here fails before any file is read and says how to get it."""
    assert transcribe.run(parsed("a.mp3", "--model", "tiny")) == 1
    assert "models fetch tiny" in capsys.readouterr().err
    assert transcribe.run(parsed("a.mp3", "--model", "huge")) == 1
    assert "known are" in capsys.readouterr().err


def test_settings_are_used_and_checked(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model and language of the settings hold where the command line names none."""
    asked: list[tuple[str, str | None]] = []

    class Transcriber:
        def transcribe(self, path: Path, *, language: str | None, **_: object) -> None:
            asked.append((model, language))

    model = ""

    def make(name: str, *_: object) -> Transcriber:
        nonlocal model
        model = name
        return Transcriber()

    monkeypatch.setattr(transcribe, "_transcriber", make)
    settings = home / "home" / "config" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[voice]\nmodel = "small"\nlanguage = "fr"\n')
    assert transcribe.run(parsed("a.mp3")) == 0
    assert transcribe.run(parsed("a.mp3", "--model", "tiny", "--language", "auto")) == 0
    assert asked == [("small", "fr"), ("tiny", "auto")]
    settings.write_text("[voice]\nthreads = 0\n")
    assert transcribe.run(parsed("a.mp3")) == 1
    assert "voice.threads = 0" in capsys.readouterr().err


def test_interrupt_is_no_traceback(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C ends with the usual exit code and one line."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transcribe, "_transcriber", interrupt)
    assert transcribe.run(parsed("a.mp3")) == 130
    assert capsys.readouterr().err.strip().startswith("Interrupted")


def test_unreachable_is_reported_for_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there fails alone."""

    def gone(path: Path) -> Transcript:
        raise Unreachable(f"{path} is not there: check the name")

    assert transcribe_all([Path("x.wav")], gone, Output(("txt",), None)) == 1
    assert capsys.readouterr().err == "x.wav is not there: check the name\n"


needs_speech = pytest.mark.skipif(
    not shutil.which("espeak-ng") or not (shipped_models() / "base" / "model.bin").exists(),
    reason="needs espeak-ng and the base model",
)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """A spoken sentence."""
    path = tmp_path / "talk.wav"
    sentence = "The quick brown fox jumped over the lazy dog."
    subprocess.run(["espeak-ng", "-s", "140", "-w", str(path), sentence], check=True)
    return path


def command(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", "transcribe", *words],
        cwd=ROOT,
        env={**os.environ, "UNIVERSAL_AI_TOOLS_HOME": str(Path(words[0]).parent / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def ctrl_c_is_heard() -> Iterator[None]:
    """Let what the test starts be interrupted, though a script's background job ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.live
@needs_speech
def test_spoken_words_are_written(speech: Path) -> None:
    """The whole command on a spoken file: words on stdout, the bad file on stderr, exit code 1."""
    with command(str(speech), str(speech.parent / "absent.wav"), "--language", "en") as process:
        out, err = process.communicate(timeout=120)
    assert "quick brown fox" in out.lower()
    assert "absent.wav is not there" in err
    assert process.returncode == 1


@pytest.mark.live
@needs_speech
@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_cancels_cleanly(speech: Path) -> None:
    """Interrupted while working, the command ends soon, with 130 and without a traceback."""
    files = [str(speech)] * 300
    with command(*files, "--language", "en", "--output", str(speech.parent / "out")) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert "talk.wav" in first
    assert "Traceback" not in err
    assert "Interrupted" in err
    assert process.returncode == 130
    assert not list((speech.parent / "out").glob(".*"))
