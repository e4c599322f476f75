"""An answer of the Playground that is stopped, whenever that is, ends at its server."""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path

import pytest

from app.chat_turns import ChatTurns
from app.chat_values import Ask, EntryState
from engine.coordinator.settings import Endpoint, EndpointKind
from tests.live.test_routing import SMALL, Routed, routed
from tests.live.upstream import Upstream

PATIENCE_S = 20.0
LONG_S = 3 * PATIENCE_S
"""Between two words: an answer that nobody ends is still under way when patience is over."""
TURNS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 40)
"""Turns of the loop until it is stopped, once it was asked for or once its server heard of it."""


async def until_busy(upstream: Upstream, is_busy: bool) -> None:
    """Return when `upstream` is answering, or no longer."""
    while any(each.is_busy for each in upstream.connections) is not is_busy:  # noqa: ASYNC110
        await asyncio.sleep(0.001)  # what changes there does not tell


async def stopped(tested: Routed, upstream: Upstream, turns: int, has_come: bool) -> EntryState:
    """Ask, stop after so many turns, wait until nothing is under way and return how it ended."""
    chat = ChatTurns()
    async with asyncio.timeout(PATIENCE_S):
        asking = asyncio.ensure_future(chat.ask(tested.router, Ask("Hello", (SMALL,))))
        if has_come:
            await until_busy(upstream, True)
        for _ in range(turns):
            await asyncio.sleep(0)
        chat.stop()
        await asking
        await until_busy(upstream, False)
    return chat.view().entries[1].state


@pytest.mark.parametrize("first_token_s", [0.0, LONG_S], ids=["within", "before its first word"])
@pytest.mark.parametrize("kind", [EndpointKind.OLLAMA, EndpointKind.OPENAI])
def test_a_stopped_answer_ends_at_its_server(
    tmp_path: Path, kind: EndpointKind, first_token_s: float
):
    """Stopped before it is sent, on its way or while it is answered, nothing is left of it."""

    async def work() -> None:
        async with Upstream(first_token_s=first_token_s, between_s=LONG_S) as upstream:
            url = upstream.url if kind is EndpointKind.OLLAMA else f"{upstream.url}/v1"
            async with routed(tmp_path, [Endpoint("box", kind, url, models=(SMALL,))]) as tested:
                for turns, has_come in product(TURNS, (False, True)):
                    state = await stopped(tested, upstream, turns, has_come)
                    assert state is EntryState.STOPPED, (turns, has_come)
            assert upstream.counts["aborted"] >= len(TURNS)

    asyncio.run(work())
