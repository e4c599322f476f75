"""The command line: arguments only; everything heavy is imported behind the chosen command."""

from __future__ import annotations

import argparse
import faulthandler
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

COMMANDS = {
    "serve": "run the engines and their gateway without a window",
    "ask": "ask a language model, in the terminal",
    "keys": "list, make and revoke the keys of programs that call the gateway",
    "transcribe": "write down what is said in audio and video files",
    "listen": "write down what the microphone hears, in the terminal",
    "gpu": "show this machine's graphics cards, and who uses them",
    "cache": "look into the cache that is shared through Redis",
    "models": "list, fetch and remove speech and language models",
    "simulate": "compare ways of choosing a model, in made-up worlds or on your own history",
    "doctor": "tell what works on this machine, what does not, and what mends it",
}
INTERRUPTED, NOBODY_READS = 130, 141
"""What shells give a process that Ctrl+C, or a reader that has gone, has ended."""
SWITCH_INTERVAL_S = 0.0005
"""Python threads yield after this: the window stays at 60 Hz beside a busy one (default 5 ms)."""
BUILT_IN_MODEL = "--built-in-model"
"""Hidden: with this the packaged application runs the built-in model, in a process of its own."""
PIP = "--pip"
"""Hidden: with this before `download` the packaged application is the pip that it carries."""
HEADLESS_PLATFORMS = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
NO_DISPLAY = """\
universal-ai-tools: there is no display to open the window on (neither DISPLAY nor
WAYLAND_DISPLAY is set). Log in to a desktop, or use what needs no window:
  universal-ai-tools serve     the engines, without a window
  universal-ai-tools listen    the microphone, in the terminal"""


NO_LIBRARY = """\
universal-ai-tools: the window cannot open, as a library of this system is missing:
  {}
`universal-ai-tools doctor` names the packages to install; what needs no window works:
  universal-ai-tools serve     the engines, without a window"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what `argv` asks for and return the exit status; 2 means it could not begin."""
    # None in a windowed build; the window writes its crashes to a file anyway.
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file or a pipe takes every language, also where the system's own encoding does not.
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What is still buffered would raise again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    return status


def _run(given: list[str]) -> int:
    if given == [BUILT_IN_MODEL]:
        return int(import_module("engine.coordinator.adapters.llama_child").main())
    if given[:2] == [PIP, "download"]:
        return _download_with_pip(given[1:])
    chosen = given[0] if given and given[0] in COMMANDS else None
    command = _load(chosen) if chosen else None
    if chosen and command is None:
        print(f"universal-ai-tools: {chosen} is not part of this installation", file=sys.stderr)
        return 2
    parser = _parser(chosen, command)
    arguments = parser.parse_args(given)
    if arguments.command and command is None:
        parser.error(f"{arguments.command} must come first")
    if command is not None:
        return int(command.run(arguments))
    return _open_window(arguments)


def _parser(chosen: str | None, command: ModuleType | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="universal-ai-tools",
        description="One window for everything that runs AI on your workstation.",
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    parser.add_argument(
        "--demo", action="store_true", help="simulated devices and servers, badged as such"
    )
    parser.add_argument(
        "--screenshots",
        type=Path,
        metavar="DIR",
        help="save every page and tab, light and dark, as PNG in DIR, and exit",
    )
    parser.add_argument("--exit-after-first-paint", action="store_true", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    for name, purpose in COMMANDS.items():
        one = commands.add_parser(
            name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
        )
        if name == chosen and command is not None:
            command.add_arguments(one)
    return parser


class _ShowVersion(argparse.Action):
    """Prints the version, looked up only when asked for: the look-up may be slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from engine.build import this_build

        print(this_build().sentence)
        parser.exit()


def _load(name: str) -> ModuleType | None:
    """Return the module of a command, or None where this installation lacks it."""
    try:
        return import_module(f"app.commands.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"app.commands.{name}":
            raise
        return None


def _download_with_pip(arguments: list[str]) -> int:
    """Be pip, as `python -m pip` is, which ends the process; without `install` among its words."""
    import runpy

    sys.argv = ["pip", *arguments]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
    return 0


def _open_window(arguments: argparse.Namespace) -> int:
    if not _has_display():
        print(NO_DISPLAY, file=sys.stderr)
        return 2
    try:
        from app.application import Options, run_window
    except ImportError as error:
        if "cannot open shared object file" not in str(error):
            raise
        print(NO_LIBRARY.format(error), file=sys.stderr)
        return 2
    return run_window(
        Options(
            demo=arguments.demo,
            screenshots=arguments.screenshots,
            exit_after_first_paint=arguments.exit_after_first_paint,
        )
    )


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform in HEADLESS_PLATFORMS:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
