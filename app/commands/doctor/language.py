"""What the doctor looks at for language models: the built-in one, and whether it runs here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.commands.doctor.report import Check
from engine.book import Book
from engine.coordinator.adapters.llama_process import LlamaProcess, child_command
from engine.coordinator.embedded_model import ENTRY, FETCH, MODEL, child_job
from engine.coordinator.endpoint_book import check_endpoint
from engine.coordinator.settings import Endpoint, Price
from engine.errors import OutsideError, SettingsError
from engine.folders import Folders
from engine.model_store.store import ModelStore
from engine.router.entry_limits import check_entry
from engine.router.snapshot import ModelEntry, Tier

NAME = "built-in model"
OTHERS = "use a model server such as Ollama, or a cloud key: everything else works"


def built_in_model(store: ModelStore, command: Sequence[str] | None = None) -> Check:
    """Check that the built-in model is here, whole, and that llama.cpp runs on this processor.

    command: how its process is run; None: as the application does.
    """
    try:
        folder = store.verify(MODEL)
    except OutsideError as error:
        return Check(NAME, "missing", str(error), FETCH)
    try:
        asyncio.run(_try(folder / ENTRY.files[0].name, command or child_command()))
    except OutsideError as error:
        return Check(NAME, "warning", f"it does not start: {error}", OTHERS)
    return Check(NAME, "ok", f"{MODEL}, whole, starts, in {folder}")


def lists(folders: Folders) -> Iterator[Check]:
    """Check each list of servers, prices, models and tiers that the user has written."""
    books: tuple[Book[Any], ...] = (
        Book(folders.config / "endpoints.toml", kind=Endpoint, table="endpoint"),
        Book(folders.config / "prices.toml", kind=Price, table="price"),
        Book(folders.config / "models.toml", kind=ModelEntry, table="model"),
        Book(folders.config / "tiers.toml", kind=Tier, table="tier"),
    )
    for book in books:
        if not book.path.exists():
            continue  # most people write none
        try:
            _check(found := book.read())
        except SettingsError as error:
            mend = f'"${{EDITOR:-nano}}" "{book.path}"'
            yield Check(book.path.stem, "missing", str(error), mend)
        else:
            yield Check(book.path.stem, "ok", f"{len(found)} in {book.path}")


def _check(entries: tuple[Any, ...]) -> None:
    for entry in entries:
        if isinstance(entry, Endpoint):
            check_endpoint(entry)
        elif isinstance(entry, ModelEntry | Tier):
            check_entry(entry)


async def _try(path: Path, command: Sequence[str]) -> None:
    process = LlamaProcess(command, ended=lambda reason: None)
    await process.start(child_job(path, key=secrets.token_urlsafe(), threads=1))
    await process.stop()
