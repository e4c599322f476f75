"""Parts an answer into text and code, also while half of it is still to come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PART_LETTERS = 1500
"""Text is parted about here, so that a new word draws little of a long answer again."""
FENCE = re.compile(r"^(?P<indent>\s*)(?P<fence>`{3,}|~{3,})\s*(?P<language>[^\s`]*)[^`]*$")
HALF_FENCE = re.compile(r"^\s*(`{1,2}|~{1,2})$")
HALF_MARK = re.compile(r"^\s*([-*+=_#>|:\s]+|\d+[.)]?\s*|[-*+]\s+\[.?\]?)$")
"""Signs that may become a heading, a list, a rule or a table: which one, the next letter tells."""
# Neither may run over its own beginning: else a thousand of them would take minutes.
HALF_LINK = re.compile(r"!?\[([^\[\]\n]+)\]\([^()\s]*$")
HALF_SIGN = re.compile(r"(?:!?\[|(?<![*\w])\*|(?<!~)~)$")
PICTURE = re.compile(r"!\[([^\[\]\n]*)\]\(([^()\s]+)(?:\s[^()\n]*)?\)")
TICKS = re.compile(r"`+")
GOES_ON = re.compile(r"^(\s|[-*+]\s|\d+[.)]\s|\||>)")
"""A line that belongs to what stands above it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of Markdown, or the inside of a code fence."""

    text: str
    is_code: bool = False
    language: str = ""


def blocks(text: str, *, is_open: bool = False) -> tuple[Block, ...]:
    """Return the parts of `text` in order; none is empty, save code that has just begun.

    is_open: more may follow. Signs whose meaning is not clear yet are then left out, and what
    is begun (bold, a code span, a fence) counts as ended, so that nothing flickers.
    """
    found = [block for block in _parts(text, is_open=is_open) if block.is_code or block.text]
    return tuple(found)


def settled(text: str) -> str:
    """Return Markdown that goes on, without signs that have no meaning yet."""
    lines = text.split("\n")
    if HALF_FENCE.match(lines[-1]) or HALF_MARK.match(lines[-1]):
        lines.pop()
    lines = _without_half_table(lines)
    head, break_, last = "\n".join(lines).rpartition("\n\n")
    return f"{head}{break_}{_closed(last)}"


def without_pictures(text: str) -> str:
    """Return `text` with links where it has pictures: nothing is fetched that nobody asked for."""
    return PICTURE.sub(lambda found: f"[{found[1] or found[2]}]({found[2]})", text)


def _parts(text: str, *, is_open: bool) -> Iterator[Block]:
    lines: list[str] = []
    fence: re.Match[str] | None = None
    for line in text.split("\n"):
        opened = FENCE.match(line)
        if fence is None:
            if opened:
                yield from _text(lines)
                fence, lines = opened, []
                continue
        elif _ends(line, fence["fence"]):
            yield _code(lines, fence)
            fence, lines = None, []
            continue
        lines.append(line)
    if fence is None:
        rest = "\n".join(lines)
        yield from _text((settled(rest) if is_open else rest).split("\n"))
        return
    if is_open and lines and _begins_end(lines[-1], fence["fence"]):
        lines.pop()
    yield _code(lines, fence)


def _ends(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and not bare.strip(fence[0])


def _begins_end(line: str, fence: str) -> bool:
    bare = line.strip()
    return bool(bare) and not bare.strip(fence[0])


def _code(lines: list[str], fence: re.Match[str]) -> Block:
    indent = len(fence["indent"])
    inside = [line[indent:] if not line[:indent].strip() else line for line in lines]
    return Block("\n".join(inside).rstrip("\n"), is_code=True, language=fence["language"].lower())


def _text(lines: list[str]) -> Iterator[Block]:
    """Yield the Markdown of `lines`, in several parts where it is long."""
    part: list[str] = []
    letters = 0
    for number, line in enumerate(lines):
        part.append(line)
        letters += len(line)
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if not line.strip() and letters > PART_LETTERS and follows and not GOES_ON.match(follows):
            yield Block("\n".join(part).strip("\n"))
            part, letters = [], 0
    yield Block("\n".join(part).strip("\n").rstrip())


def _without_half_table(lines: list[str]) -> list[str]:
    """Return `lines` without a table whose second line, which makes it one, is not there yet."""
    begin = len(lines)
    while begin > 0 and lines[begin - 1].lstrip().startswith("|"):
        begin -= 1
    return lines if len(lines) - begin >= 2 else lines[:begin]


def _closed(text: str) -> str:
    """Return a paragraph with what is begun in it ended."""
    text = HALF_SIGN.sub("", HALF_LINK.sub(r"\1", text))
    outside, ticks = _outside_code(text)
    if ticks:
        return text.rstrip("`") if text.endswith("`") else f"{text}{ticks}"
    for sign in ("**", "__", "~~"):
        if outside.count(sign) % 2:
            text = text.removesuffix(sign) if text.endswith(sign) else f"{text.rstrip()}{sign}"
    return text


def _outside_code(text: str) -> tuple[str, str]:
    """Return what stands outside of code spans, and the ticks of one that has not ended."""
    outside: list[str] = []
    ticks, end = "", 0
    for found in TICKS.finditer(text):
        if not ticks:
            outside.append(text[end : found.start()])
            ticks = found[0]
        elif found[0] == ticks:
            ticks = ""
        end = found.end()
    if not ticks:
        outside.append(text[end:])
    return "".join(outside), ticks
