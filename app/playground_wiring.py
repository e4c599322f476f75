"""What the user wants of the Playground, as calls to the router."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.bridge import Bridge, Handle
from app.chat_feedback import AnswerRater, ChatFeedback
from app.chat_ports import ChatRouter
from app.chat_turns import ChatTurns
from app.chat_values import Ask, ChatChoices, ChatEntry, Rating
from app.playground_memory import NEW, PlaygroundMemory
from app.ui.playground_panel import PlaygroundPanel
from engine.analytics.rewards import Signs
from engine.router.snapshot import ConversationView

LIMIT = 200
"""Conversations that are listed at once; a search brings others."""
WRITE_AFTER_MS = 400
"""What is set is written when typing rests."""


class PlaygroundWiring(QObject):
    """Connects the Playground page.

    router: returns the engine, or None before there is one; until then the user is told
    `not_ready`. rater: likewise what learns from ratings; without one nothing can be rated.
    """

    def __init__(
        self,
        bridge: Bridge,
        turns: ChatTurns,
        *,
        router: Callable[[], ChatRouter | None],
        not_ready: str,
        memory: PlaygroundMemory | None = None,
        rater: Callable[[], AnswerRater | None] = lambda: None,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._turns = turns
        self._router = router
        self._not_ready = not_ready
        self._rater = rater
        self._feedback = ChatFeedback(turns)
        self._search: Handle | None = None
        self._memory = memory or PlaygroundMemory()
        self._writes = QTimer(self)
        self._writes.setSingleShot(True)
        self._writes.setInterval(WRITE_AFTER_MS)

    def connect_panel(self, panel: PlaygroundPanel) -> None:
        """Send what the user wants on `panel` to the router."""
        turns = self._turns
        run = partial(self._run, panel)
        panel.ask_requested.connect(partial(self._ask, panel))
        panel.again_requested.connect(
            lambda key, ask: run(lambda router: self._again(router, key, ask))
        )
        panel.stop_requested.connect(lambda: run(lambda _: _soon(turns.stop)))
        panel.new_requested.connect(lambda: self._bridge.run(_soon(turns.begin)))
        panel.open_requested.connect(lambda view: run(lambda r: self._open(r, view)))
        panel.message_delete_requested.connect(lambda key: run(lambda r: turns.remove(r, key)))
        panel.message_undo_requested.connect(lambda: run(turns.undo))
        panel.rated.connect(partial(self._rate, panel))
        panel.copied.connect(self._note_copied)
        panel.search_changed.connect(partial(self._find, panel))
        panel.rename_requested.connect(lambda id, title: run(lambda r: self._rename(r, id, title)))
        panel.delete_requested.connect(lambda ids: run(lambda r: self._delete(r, ids)))
        panel.undo_delete_requested.connect(lambda ids: run(lambda r: self._restore(r, ids)))
        panel.choices_wanted.connect(partial(self._tell_choices, panel))
        panel.choices_changed.connect(self._keep_choices)
        self._writes.timeout.connect(lambda: self._bridge.run(self._memory.write()))
        panel.decision_wanted.connect(lambda id: run(lambda r: r.decision(id), panel.show_decision))
        panel.explain_wanted.connect(
            lambda ask: run(lambda r: self._explain(r, ask), panel.show_decision)
        )
        self._tell_choices(panel, NEW)

    def _tell_choices(self, panel: PlaygroundPanel, conversation: str) -> None:
        found = self._memory.of(conversation)
        if found is not None:
            panel.show_choices(found)

    def _keep_choices(self, conversation: str, choices: ChatChoices) -> None:
        if self._memory.of(conversation) != choices:
            self._memory.keep(conversation, choices)
            self._writes.start()

    def _run(
        self,
        panel: PlaygroundPanel,
        work: Callable[[ChatRouter], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None] | None = None,
    ) -> Handle | None:
        """Run `work(router)` and show on `panel` what went wrong."""
        router = self._router()
        if router is None:
            panel.show_problem(self._not_ready)
            return None
        return self._bridge.run(work(router), done, panel.show_problem)

    def _ask(self, panel: PlaygroundPanel, ask: Ask) -> None:
        def failed(text: str, details: str) -> None:
            # It was not asked at all: what was written goes back into the field.
            panel.show_problem(text, details)
            panel.take_text(ask.text)

        router = self._router()
        if router is None:
            failed(self._not_ready, "")
            return
        panel.show_problem("")
        self._bridge.run(self._asked(router, ask), None, failed)

    async def _asked(self, router: ChatRouter, ask: Ask) -> None:
        """Ask; what was answered to the question before it was edited was not good enough."""
        gone: tuple[ChatEntry, ...] = ()
        if ask.replaces is not None:
            gone = self._turns.answers_to(ask.replaces)
        await self._replace(self._turns.ask(router, ask), gone, Signs(edited=True))

    async def _again(self, router: ChatRouter, key: int, ask: Ask) -> None:
        entry = self._turns.entry(key)
        again = self._turns.ask_again(router, key, ask.models, ask.parameters)
        await self._replace(again, (entry,) if entry else (), Signs(regenerated=True))

    async def _replace(
        self, work: Coroutine[Any, Any, None], gone: Iterable[ChatEntry], signs: Signs
    ) -> None:
        """Do `work`, and tell `signs` of the answers that it takes away as it begins."""
        telling = asyncio.ensure_future(self._feedback.tell_gone(self._rater(), gone, signs))
        try:
            await work  # at once: were it a task of its own, a stop could come before it
        finally:
            await telling

    async def _open(self, router: ChatRouter, view: ConversationView) -> None:
        await self._turns.open(router, view)
        await self._feedback.recall(self._rater())

    def _rate(self, panel: PlaygroundPanel, key: int, rating: Rating) -> None:
        rater = self._rater()
        if rater is None:
            panel.show_problem(self._not_ready)
            return
        panel.show_problem("")
        self._bridge.run(self._feedback.rate(rater, key, rating), None, panel.show_problem)

    def _note_copied(self, key: int) -> None:
        self._bridge.run(self._tell_copied(key))

    async def _tell_copied(self, key: int) -> None:
        entry = self._turns.entry(key)
        if entry is not None:
            await self._feedback.tell(self._rater(), (entry,), Signs(copied=True))

    def _find(self, panel: PlaygroundPanel, query: str) -> None:
        if self._search is not None:
            self._search.cancel()
            self._search = None
        if self._router() is not None:
            self._search = self._run(
                panel,
                lambda router: router.conversations.search(query, limit=LIMIT),
                panel.show_conversations,
            )

    async def _rename(self, router: ChatRouter, conversation: str, title: str) -> None:
        await router.conversations.rename(conversation, title)
        self._turns.renamed(conversation, title)

    async def _delete(self, router: ChatRouter, conversations: list[str]) -> None:
        for each in conversations:
            await router.conversations.delete(each)
        self._turns.gone(conversations)

    async def _restore(self, router: ChatRouter, conversations: list[str]) -> None:
        for each in conversations:
            await router.conversations.restore(each)
        self._turns.gone(())

    async def _explain(self, router: ChatRouter, ask: Ask) -> Any:
        return await router.explain(self._turns.request(ask.models[0], ask.text, ask.parameters))


async def _soon(call: Callable[[], None]) -> None:
    """Make `call()` on the engines' loop, where the conversation lives."""
    call()
