"""What the doctor looks at for language models: the built-in one, and whether it runs here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

from app.commands.doctor.report import Check
from engine.coordinator.adapters.llama_process import LlamaProcess, child_command
from engine.coordinator.embedded_model import ENTRY, FETCH, MODEL, child_job
from engine.errors import OutsideError
from engine.model_store.store import ModelStore

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


async def _try(path: Path, command: Sequence[str]) -> None:
    process = LlamaProcess(command, ended=lambda reason: None)
    await process.start(child_job(path, key=secrets.token_urlsafe(), threads=1))
    await process.stop()
