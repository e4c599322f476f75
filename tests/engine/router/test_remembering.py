"""What a session remembers of questions and answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.exchange import Reply
from tests.engine.router.world import chat, server, world


def in_session(text="Hello", **fields):
    return replace(chat("a", text, **fields), session="s-1")


async def settled(router):
    """Return the conversation once all is written."""
    await router._parts.remembering.aclose()
    return [(each.role, each.content) for each in await router.conversations.history("s-1")]


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
def test_the_next_question_knows_the_last(tmp_path, clock, fields):
    """In a session the earlier messages go along, each once, whole or streamed."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        for text in ("first", "second", "third"):
            reply = await router.handle(in_session(text, **fields))
            if reply.stream is not None:
                [piece async for piece in reply.stream]
            await settled(router)
        *_, (_, last) = around.coordinator.sent
        assert [each["content"] for each in last.messages] == [
            "first",
            "a says hello",
            "second",
            "a says hello",
            "third",
        ]
        history = await router.conversations.history("s-1")
        assert [each.role for each in history] == ["user", "assistant"] * 3
        assert (history[1].model, history[1].decision_id) == ("a", "req-1")
        assert history[1].figures["completion_tokens"] == 3
        step = next(
            each for each in router.snapshot().decisions[0].context if each.name == "memory"
        )
        assert step.is_on
        assert step.tokens > 0

    around.run(work)


def test_memory_that_is_off(tmp_path, clock):
    """Where memory is off nothing is sent along, and nothing kept."""
    around = world(tmp_path, clock, server("s", "a"))
    context = replace(around.settings.context, memory=False)
    around.settings = replace(around.settings, context=context)

    async def work(router):
        for _ in range(2):
            asked = in_session()
            await router.handle(asked)
            assert around.coordinator.sent[-1][1] is asked
        assert await settled(router) == []

    around.run(work)


def test_request_that_wants_no_memory(tmp_path, clock):
    """A request may switch the memory off for itself."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        await router.handle(replace(in_session(), context=frozenset()))
        assert await settled(router) == []

    around.run(work)


def test_without_a_session_nothing_is_kept(tmp_path, clock):
    """A request that belongs to no session is not remembered, and goes as it came."""
    around = world(tmp_path, clock, server("s", "a"))

    async def work(router):
        asked = chat("a")
        await router.handle(asked)
        assert around.coordinator.sent[0][1] is asked
        assert await router.conversations.list() == ()

    around.run(work)


def test_broken_answer_is_not_remembered(tmp_path, clock):
    """An answer that broke off is none to go on from."""
    around = world(tmp_path, clock, server("s", "a"))

    async def broken(request):
        reply = Reply("a", "s", request.id, b"{}", problem="broke")
        reply.finish()
        return reply

    around.coordinator.says["a"] = broken

    async def work(router):
        await router.handle(in_session())
        assert await settled(router) == []

    around.run(work)


def test_full_disk_fails_no_request(tmp_path, clock, caplog):
    """Where conversations cannot be kept requests are answered all the same, and it is told."""
    around = world(tmp_path, clock, server("s", "a"))
    (tmp_path / "router.sqlite").write_text("no database")

    async def work(router):
        reply = await router.handle(in_session())
        assert reply.text == "a says hello"
        await router._parts.remembering.aclose()
        problem = router.snapshot().problem
        assert "Conversations and notes are not kept" in problem
        assert "The session s-1 lacks its last answer" in problem
        await router.handle(in_session())
        await router._parts.remembering.aclose()
        assert caplog.text.count("lacks its last answer") == 1

    around.run(work)
