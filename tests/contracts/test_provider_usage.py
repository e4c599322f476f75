"""What providers promise about the tokens of streams that did not ask for them."""

from __future__ import annotations

import pytest

from engine.errors import Rejected
from tests.contracts.provider_worlds import World, chunks, said, with_world


def test_servers_are_asked_for_the_tokens_of_streams():
    """What else the client wants of its stream goes along; whole answers are asked as they are."""

    async def work(world: World) -> None:
        assert world.server is not None
        answer = await world.send(stream=True, stream_options={"include_obfuscation": False})
        await chunks(answer)
        wanted = {"include_obfuscation": False, "include_usage": True}
        assert world.server.asked.json()["stream_options"] == wanted
        await world.send()
        assert "stream_options" not in world.server.asked.json()

    with_world("openai", work)


def test_servers_that_cannot_tell_tokens_are_asked_plainly():
    """A server that knows no such field is asked once more without it, and later only so."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.unknown_fields = ("stream_options",)
        for sent in (2, 3):
            answer = await world.send(stream=True)
            assert not answer.has_extra_usage
            assert said(await chunks(answer))
            assert world.server.counts["requests"] == sent

    with_world("openai", work)


def test_a_refusal_that_has_another_reason_is_told():
    """A wrong request stays wrong; a server that has told tokens before is not asked twice."""

    async def work(world: World) -> None:
        assert world.server is not None
        world.server.unknown_fields = ("odd",)
        for sent in (2, 4):  # nothing is known of the server yet
            with pytest.raises(Rejected, match="odd"):
                await world.send(stream=True, odd=1)
            assert world.server.counts["requests"] == sent
        assert (await world.send(stream=True)).has_extra_usage
        with pytest.raises(Rejected, match="odd"):
            await world.send(stream=True, odd=1)
        assert world.server.counts["requests"] == 6

    with_world("openai", work)
