"""The manual page beside what the program takes."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from app.__main__ import COMMANDS, _parser

FILES = Path(__file__).resolve().parents[2] / "packaging/linux"
PAGE = FILES / "universal-ai-tools.1"
COMPLETION = FILES / "universal-ai-tools.bash"


def plain(text: str) -> str:
    """Return roff `text` as one reads it, more or less."""
    text = re.sub(r"^\.\S+ ?", "", text, flags=re.MULTILINE)
    return text.replace("\\-", "-").replace('"', "")


def section(command: str | None) -> str:
    """Return what the manual says of one command, or before all of them."""
    text = PAGE.read_text(encoding="utf-8")
    if command is None:
        return plain(text.partition("\n.SH COMMANDS")[0])
    found = re.search(rf"^\.SS {command}\n(.*?)(?=^\.S[SH] )", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the manual has no section {command}"
    return plain(found[1])


def parser_of(command: str | None) -> argparse.ArgumentParser:
    """Return the parser of one command, or the outermost."""
    module = import_module(f"app.commands.{command}") if command else None
    outer = _parser(command, module)
    return children(outer)[command] if command else outer


def children(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of what comes after `parser`'s own words."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def words(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield each option that is shown, and each action with its own."""
    for action in parser._actions:
        if action.help != argparse.SUPPRESS:
            yield from action.option_strings
            yield from action.choices or () if action.option_strings else ()
    for name, child in children(parser).items():
        yield name
        yield from words(child)


def has(text: str, word: str) -> bool:
    """Tell whether `word` stands in `text` by itself."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_told_in_full(command: str):
    """A command's section names its actions, options and choices."""
    wanted = set(words(parser_of(command))) - {"-h", "--help"}
    text = section(command)
    assert [word for word in sorted(wanted) if not has(text, word)] == []


def test_options_of_the_window_are_told():
    """What comes before any command is named in the manual."""
    shown = [action for action in parser_of(None)._actions if action.help != argparse.SUPPRESS]
    options = [option for action in shown for option in action.option_strings]
    assert [option for option in options if not has(section(None), option)] == []


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_nothing_is_told_that_is_gone(command: str | None):
    """Each option that the manual names under a command is one that it takes."""
    told = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", section(command)))
    assert told <= set(words(parser_of(command)))


def test_completion_offers_no_less():
    """Each command's options and actions stand in bash's completion."""
    text = COMPLETION.read_text(encoding="utf-8")
    for command in COMMANDS:
        taken = parser_of(command)
        options = {word for word in words(taken) if word.startswith("--")}
        assert [each for each in sorted({*options, *children(taken)}) if not has(text, each)] == []


def test_no_section_is_of_a_command_that_is_gone():
    """The manual's sections are the program's commands, in their order."""
    found = re.findall(r"^\.SS (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found == list(COMMANDS)


def test_manual_is_set_without_a_warning():
    """Groff has nothing to say about the page."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    words = ["groff", "-man", "-Tutf8", "-ww", "-z", PAGE]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
