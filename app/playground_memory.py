"""What was set for each conversation of the Playground, from one run to the next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from app.chat_values import ChatChoices, ChatParameters

PLAYGROUND_FILE = "playground.json"
"""In the folder for data: what people ask of models may be private."""
NEW = ""
"""The conversation that has not begun."""
MOST = 300
"""Conversations remembered: those that changed last."""


class PlaygroundMemory:
    """Choices by conversation. path: where they are kept; None keeps them for this run only.

    What the file cannot tell is left to the defaults: the page opens whatever it says.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept: dict[str, ChatChoices] | None = None

    def of(self, conversation: str) -> ChatChoices | None:
        """Return what was set for `conversation`; None where nothing ever was."""
        return self._all().get(conversation)

    def keep(self, conversation: str, choices: ChatChoices) -> None:
        """Remember `choices` for `conversation`; `write` makes them last."""
        kept = self._all()
        kept.pop(conversation, None)
        kept[conversation] = choices
        while len(kept) > MOST:
            del kept[next(iter(kept))]

    def write(self) -> Coroutine[Any, Any, None]:
        """Return the work of writing what is kept now. It raises Refused where there is no room."""
        kept = {id: asdict(choices) for id, choices in self._all().items()}
        return _write(self._path, (json.dumps(kept, indent=1) + "\n").encode())

    def _all(self) -> dict[str, ChatChoices]:
        if self._kept is None:
            self._kept = _read(self._path)
        return self._kept


async def _write(path: Path | None, content: bytes) -> None:
    if path is not None:
        # Brings sqlite3: not before the first paint.
        from engine.atomic_files import write_atomically

        await asyncio.to_thread(write_atomically, path, content)


def _read(path: Path | None) -> dict[str, ChatChoices]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    if not isinstance(found, Mapping):
        return {}
    return {id: _choices(each) for id, each in found.items() if isinstance(each, Mapping)}


def _choices(found: Mapping[str, Any]) -> ChatChoices:
    models, parameters = found.get("models"), found.get("parameters")
    named = [each for each in models if isinstance(each, str)] if isinstance(models, list) else []
    return ChatChoices(tuple(named[:2]), _parameters(parameters))


def _parameters(found: Any) -> ChatParameters:
    """Return those of `found` that are of the right kind."""
    if not isinstance(found, Mapping):
        return ChatParameters()
    good: dict[str, Any] = {}
    for field in fields(ChatParameters):
        value = found.get(field.name)
        kinds: tuple[type, ...] = (str,)
        if field.name == "is_json":
            kinds = (bool,)
        elif field.name != "system":
            kinds = (float, int)
        if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
            good[field.name] = value
    return ChatParameters(**good)
