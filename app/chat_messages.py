"""A conversation as a model is told it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from app.chat_values import ChatEntry

TITLE_LETTERS = 60
UNTITLED = "New conversation"


def messages_for(entries: Sequence[ChatEntry], model: str, system: str) -> list[dict[str, str]]:
    """Return what is sent to `model`: the system prompt, then questions and answers in turn.

    Of several answers to one question it is told its own, or else the first. Answers without a
    word are left out.
    """
    told = [{"role": "system", "content": system.strip()}] if system.strip() else []
    for role, group in groupby(entries, key=lambda entry: entry.role):
        said = [entry for entry in group if entry.text]
        if role == "assistant" and said:
            said = [next((one for one in said if model in (one.asked, one.model)), said[0])]
        told.extend({"role": role, "content": one.text} for one in said)
    return told


def title_of(text: str) -> str:
    """Return the first line of `text`, cut between words where it is long."""
    lines = [line.strip(" #>*`\t") for line in text.splitlines()]
    first = next((line for line in lines if line), UNTITLED)
    if len(first) <= TITLE_LETTERS:
        return first
    cut = first[:TITLE_LETTERS].rsplit(" ", 1)[0]
    return f"{cut}\N{HORIZONTAL ELLIPSIS}"
