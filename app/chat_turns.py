"""The Playground's conversation on the engines' side: asks, collects what comes, keeps it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from app.chat_messages import messages_for, title_of
from app.chat_open import Chat, Removal, entry_in, entry_of, ids_of
from app.chat_ports import ChatRouter
from app.chat_stream import Turn, write
from app.chat_values import Ask, ChatEntry, ChatParameters, ChatView, EntryState, Rating
from engine.errors import EngineError, Refused
from engine.exchange import LlmRequest
from engine.router.conversations import NewMessage
from engine.router.snapshot import ConversationView

VIA = "playground"


class ChatTurns:
    """The open conversation. `view()` may be called from any thread, the rest on the loop."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._now = now
        self._new_id = new_id
        self._chat = Chat()
        self._busy: dict[str, Chat] = {}
        """Conversations that are written to though another one is open."""
        self._keys = 0
        self._changes = 0
        self._stored = 0
        self._problem = ""
        self._removal: Removal | None = None
        self._seen: tuple[tuple[int, ...], ChatView] | None = None

    def view(self) -> ChatView:
        """Return the open conversation; the same object while nothing has changed."""
        chat, entries = self._chat, tuple(self._chat.entries)
        versions = (entry.version for entry in entries if isinstance(entry, Turn))
        state = (self._changes, *versions)
        if self._seen is not None and self._seen[0] == state:
            return self._seen[1]
        shown = tuple(entry_of(each) for each in entries)
        found = ChatView(chat.id, chat.title, shown, self._stored, self._problem)
        self._seen = (state, found)
        return found

    def begin(self) -> None:
        """Open an empty conversation; it is kept from its first question on."""
        self._open(Chat())

    def entry(self, key: int) -> ChatEntry | None:
        """Return one message of the open conversation; None where it is gone."""
        return next((one for one in self.view().entries if one.key == key), None)

    def answers_to(self, key: int) -> tuple[ChatEntry, ...]:
        """Return the answers to question `key`. Raises Refused where it is gone."""
        return self._chat.answers_to(key)

    def note_rating(self, key: int, suggestion_id: str, rating: Rating) -> None:
        """Show what is said of answer `key`, where it is still there."""
        if self.entry(key) is not None:
            self._chat.note_rating(key, suggestion_id, rating)
            self._changes += 1

    async def open(self, router: ChatRouter, conversation: ConversationView) -> None:
        """Open a conversation that is kept. Raises OutsideError."""
        known = self._busy.get(conversation.id)
        if known is None:
            messages = await router.conversations.history(conversation.id)
            known = self._busy.get(conversation.id) or Chat(
                conversation.id,
                conversation.title,
                [entry_in(each, self._key()) for each in messages],
            )
        self._open(known)

    def renamed(self, conversation: str, title: str) -> None:
        """Show the title that a conversation was given."""
        if self._chat.id == conversation:
            self._chat.title = title
        self._note_stored()

    def gone(self, conversations: Iterable[str]) -> None:
        """Close the open conversation where it was deleted."""
        if self._chat.id in set(conversations):
            self.begin()
        self._note_stored()

    async def ask(self, router: ChatRouter, ask: Ask) -> None:
        """Ask every model of `ask` and return when the last answer is over.

        What goes wrong with an answer is told in its entry. Raises Refused while another answer
        of this conversation is being written.
        """
        with self._taken() as chat:
            if ask.replaces is not None:
                await self._cut(router, chat, chat.index_of(ask.replaces))
            question = ChatEntry(self._key(), "user", ask.text, self._now(), asked=ask.models[0])
            chat.entries.append(question)
            turns = self._add_turns(chat, ask.models)
            await self._keep_question(router, chat, question)
            await self._answer(router, chat, turns, ask.parameters)

    async def ask_again(
        self, router: ChatRouter, key: int, models: tuple[str, ...], parameters: ChatParameters
    ) -> None:
        """Let `models` answer once more what answer `key` was about; later messages go.

        Raises Refused as `ask` does.
        """
        with self._taken() as chat:
            await self._cut(router, chat, chat.end_of_question(key))
            await self._answer(router, chat, self._add_turns(chat, models), parameters)

    def stop(self) -> None:
        """End the answers of the open conversation; what has come of them stays.

        Those of a question that is still being kept do not begin.
        """
        self._chat.stop()

    async def remove(self, router: ChatRouter, key: int) -> None:
        """Take one message away; `undo` brings it back. Raises Refused, OutsideError."""
        chat = self._free_chat()
        index = chat.index_of(key)
        removed = chat.entries.pop(index)
        self._removal = Removal(chat, index, (removed,))
        self._changes += 1
        for id in ids_of((removed,)):
            hidden = await router.conversations.cut(chat.id, id)
            await router.conversations.uncut(each for each in hidden if each != id)
        self._note_stored()

    async def undo(self, router: ChatRouter) -> None:
        """Bring back what `remove` took last. Raises OutsideError."""
        removal, self._removal = self._removal, None
        if removal is None:
            return
        removal.chat.entries[removal.index : removal.index] = removal.entries
        self._changes += 1
        await router.conversations.uncut(ids_of(removal.entries))
        self._note_stored()

    def request(self, models: str, text: str, parameters: ChatParameters) -> LlmRequest:
        """Return what would be asked with `text` as the next question."""
        entries: list[ChatEntry] = [entry_of(each) for each in self._chat.entries]
        if text:
            entries.append(ChatEntry(0, "user", text, self._now()))
        return self._request(models, entries, parameters)

    def _open(self, chat: Chat) -> None:
        before = self._chat
        if before.is_busy and before.id:
            self._busy[before.id] = before
        self._chat = chat
        self._removal = None
        self._changes += 1

    def _free_chat(self) -> Chat:
        if self._chat.is_busy:
            raise Refused("An answer is still being written: stop it first (Esc)")
        return self._chat

    @contextmanager
    def _taken(self) -> Iterator[Chat]:
        """Give the open conversation to one question, until all that comes of it is kept."""
        chat = self._free_chat()
        chat.is_busy, chat.is_stopped = True, False
        self._removal = None
        try:
            yield chat
        finally:
            # Not before all is kept: the next question would be kept ahead of this answer.
            chat.is_busy = False
            self._busy.pop(chat.id, None)

    def _key(self) -> int:
        self._keys += 1
        return self._keys

    def _note_stored(self) -> None:
        self._stored += 1
        self._changes += 1

    def _add_turns(self, chat: Chat, models: tuple[str, ...]) -> list[tuple[str, Turn]]:
        turns = [(model, Turn(self._key(), model, self._now())) for model in models]
        chat.entries.extend(turn for _, turn in turns)
        self._changes += 1
        return turns

    async def _cut(self, router: ChatRouter, chat: Chat, index: int) -> None:
        """Take away what stands at `index` and after it."""
        gone = tuple(chat.entries[index:])
        del chat.entries[index:]
        self._changes += 1
        for id in ids_of(gone)[:1]:
            await self._keep(router.conversations.cut(chat.id, id))

    async def _answer(
        self,
        router: ChatRouter,
        chat: Chat,
        turns: list[tuple[str, Turn]],
        parameters: ChatParameters,
    ) -> None:
        so_far = [entry_of(each) for each in chat.entries[: len(chat.entries) - len(turns)]]
        for model, turn in turns:
            request = self._request(model, so_far, parameters)
            chat.tasks[turn.key] = asyncio.ensure_future(write(router, request, turn))
        tasks = tuple(chat.tasks.values())
        if chat.is_stopped:
            chat.stop()
        try:
            await asyncio.wait(tasks)
            for _, turn in turns:
                turn.over(EntryState.STOPPED)
                await self._keep_answer(router, chat, turn)
        finally:
            for task in tasks:
                task.cancel()
            chat.tasks.clear()
        for task in tasks:
            if not task.cancelled():
                task.result()

    def _request(
        self, model: str, entries: Sequence[ChatEntry], parameters: ChatParameters
    ) -> LlmRequest:
        body = {
            "model": model,
            "messages": messages_for(entries, model, parameters.system),
            "stream": True,
            "stream_options": {"include_usage": True},
            **parameters.fields(),
        }
        return LlmRequest(model, body, id=self._new_id(), via=VIA)

    async def _keep_question(self, router: ChatRouter, chat: Chat, question: ChatEntry) -> None:
        store = router.conversations
        if not chat.id:
            chat.title = title_of(question.text)
            made = store.create(title=chat.title, model=question.asked)
            chat.id = await self._keep(made) or ""
            if chat.id and chat is not self._chat:
                self._busy[chat.id] = chat
        if chat.id:
            message = NewMessage("user", question.text, model=question.asked)
            for id in await self._keep(store.append(chat.id, message)) or ():
                chat.store(question, id)
        self._note_stored()

    async def _keep_answer(self, router: ChatRouter, chat: Chat, turn: Turn) -> None:
        entry = turn.entry()
        if chat.id and entry.text:
            message = NewMessage(
                "assistant",
                entry.text,
                model=entry.model or entry.asked,
                reasoning=entry.reasoning,
                figures=entry.figures,
                decision_id=entry.decision_id,
            )
            for id in await self._keep(router.conversations.append(chat.id, message)) or ():
                turn.stored_as(id)
        self._note_stored()

    async def _keep(self, work: Any) -> Any:
        """Return what `work` does with the store, None where that fails: a chat goes on without."""
        try:
            found = await work
        except EngineError as error:
            self._problem = f"This conversation is not kept: {error}"
            self._changes += 1
            return None
        self._problem = ""
        return found
