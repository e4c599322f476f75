"""A request finds its model, and every reason is kept."""

from __future__ import annotations

import pytest

from engine.errors import Rejected
from tests.engine.router.world import chat, embedded, server, world


def test_named_model_answers(tmp_path, clock):
    """A request for a model goes to that model as it is, and the answer comes back untouched."""
    around = world(tmp_path, clock, server("ollama", "llama3.2:3b", "qwen3:8b"))

    async def work(router):
        asked = chat("qwen3:8b")
        reply = await router.handle(asked)
        assert reply.text == "qwen3:8b says hello"
        assert around.coordinator.sent == [("qwen3:8b", asked)]
        assert around.coordinator.sent[0][1] is asked

    around.run(work)


def test_unknown_model(tmp_path, clock):
    """A model that nobody serves is refused as OpenAI refuses it, with the name that is near."""
    around = world(tmp_path, clock, server("ollama", "llama3.2:3b"))

    async def work(router):
        with pytest.raises(Rejected, match=r"did you mean llama3.2:3b") as caught:
            await router.handle(chat("lama3.2:3b"))
        assert (caught.value.status, caught.value.code) == (404, "model_not_found")
        (record,) = around.activity.records
        assert (record.status, record.asked) == (404, "lama3.2:3b")

    around.run(work)


def test_no_server_at_all(tmp_path, clock):
    """On a machine without servers every tier for chat is answered by the built-in model."""
    around = world(tmp_path, clock, embedded())

    async def work(router):
        for tier in ("fast", "balanced", "expert", "private", "", "auto"):
            reply = await router.handle(chat(tier))
            assert reply.model == "smollm2-135m-instruct"

    around.run(work)
