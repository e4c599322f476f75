"""`transcribe FILE...`: audio and video files into text and subtitles."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.assembly import Settings
from engine.atomic_files import write_atomically
from engine.configuration import SettingsFile
from engine.errors import EngineError, OutsideError
from engine.folders import Folders
from engine.outsides import voice_ports
from engine.voice.exports import EXPORTS
from engine.voice.files import FileTranscriber
from engine.voice.outside import VoicePorts
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Transcript

DONE, FAILED, INTERRUPTED = 0, 1, 130

STEP, STEP_S = 0.1, 5.0
"""Where no terminal shows a running figure, a line for each tenth and each five seconds do."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where the text goes: files in `folder`, or the first format on stdout where it is None."""

    formats: tuple[str, ...]
    folder: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="audio or video")
    parser.add_argument(
        "--format",
        default=("txt",),
        type=_formats,
        metavar="LIST",
        help=f"one or more of {','.join(EXPORTS)}; default txt",
    )
    parser.add_argument("--model", metavar="NAME", help="speech model; default: as in the settings")
    parser.add_argument(
        "--language", metavar="L", help='code such as "en", or "auto"; default: as in the settings'
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write files here; default: print to stdout"
    )


def run(arguments: argparse.Namespace) -> int:
    """Transcribe all files and return the process's exit code: 1 where any of them failed."""
    output = Output(arguments.format, arguments.output)
    try:
        folders = Folders.of_user()
        settings = SettingsFile(folders.settings_file).read(Settings).voice
        model = arguments.model or settings.model
        transcriber = _transcriber(model, voice_ports(folders), settings)
        language = replace(settings, language=arguments.language or settings.language).language
        return transcribe_all(
            arguments.files,
            lambda path: transcriber.transcribe(
                path, language=language, progress=_show_progress(path), warn=_warn
            ),
            output,
        )
    except EngineError as error:
        _warn(str(error))
        return FAILED
    except KeyboardInterrupt:
        print("\nInterrupted; finished files are kept.", file=sys.stderr)
        return INTERRUPTED


def transcribe_all(
    paths: Sequence[Path], transcribe: Callable[[Path], Transcript | None], output: Output
) -> int:
    """Transcribe `paths` in turn, one failing does not stop the rest; return the exit code."""
    failed = 0
    for path, name in zip(paths, _names(paths), strict=True):
        began_s = time.monotonic()
        try:
            transcript = transcribe(path)
            if transcript is None:
                continue
            _deliver(transcript, name, output)
        except OutsideError as error:
            failed += 1
            _warn(str(error))
        else:
            _sum_up(path, transcript, time.monotonic() - began_s)
    return FAILED if failed else DONE


def _names(paths: Sequence[Path]) -> list[str]:
    """Return what each output is called: none may take the place of another.

    The file's name without its ending; with it, or with a number, where two would be the same.
    """
    stems = Counter(path.stem.casefold() for path in paths)
    taken: set[str] = set()
    names = []
    for path in paths:
        plain = path.stem if stems[path.stem.casefold()] == 1 else path.name
        numbered = (f"{plain}-{number}" for number in itertools.count(2))
        name = next(
            one
            for one in (plain, *itertools.islice(numbered, len(paths)))
            if one.casefold() not in taken
        )
        taken.add(name.casefold())
        names.append(name)
    return names


def _transcriber(model: str, ports: VoicePorts, settings: VoiceSettings) -> FileTranscriber:
    """Return what transcribes with `model`; loading it takes a second or more."""
    folder = ports.models.locate(model)
    decoder = ports.decoders.load(model, folder, compute=settings.compute, threads=settings.threads)
    return FileTranscriber(reader=ports.reader, detector=ports.detector(), decoder=decoder)


def _formats(text: str) -> tuple[str, ...]:
    formats = tuple(part.strip().lower() for part in text.split(","))
    for one in formats:
        if one not in EXPORTS:
            raise argparse.ArgumentTypeError(f"{one!r} is none of {', '.join(EXPORTS)}")
    return formats


def _deliver(transcript: Transcript, name: str, output: Output) -> None:
    if output.folder is None:
        print(EXPORTS[output.formats[0]](transcript), end="", flush=True)
        return
    for one in output.formats:
        write_atomically(output.folder / f"{name}.{one}", EXPORTS[one](transcript).encode())


def _sum_up(path: Path, transcript: Transcript, took_s: float) -> None:
    said = len(transcript.text.split())
    language = transcript.language or "no speech"
    _warn(
        f"{path.name}: {transcript.duration_s:.0f} s, {said} words ({language}) in {took_s:.1f} s"
    )


def _warn(text: str) -> None:
    """Print a line on stderr, over a running figure if there is one."""
    print(f"\r\033[K{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def _show_progress(path: Path) -> Callable[[float, float | None], None]:
    """Return a function that shows how far `path` is, on stderr."""
    shown, shown_at_s = 0.0, time.monotonic()

    def show(done_s: float, length_s: float | None) -> None:
        nonlocal shown, shown_at_s
        share = min(1.0, done_s / length_s) if length_s else None
        if sys.stderr.isatty():
            figure = f"{done_s:.0f} s" if share is None else f"{share:.0%}"
            print(f"\r{path.name}: {figure}", end="", file=sys.stderr, flush=True)
        elif share and share >= shown + STEP and time.monotonic() >= shown_at_s + STEP_S:
            shown, shown_at_s = share, time.monotonic()
            print(f"{path.name}: {share:.0%}", file=sys.stderr, flush=True)

    return show
