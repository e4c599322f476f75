"""What is added to a request before it is sent: instructions, the date, notes, and memory."""

from __future__ import annotations

from datetime import datetime, tzinfo

from engine.clock import Clock
from engine.errors import OutsideError
from engine.exchange import LlmRequest, Task
from engine.router.conversations import Conversations
from engine.router.draft import Draft
from engine.router.memory import brings_its_own, fitting
from engine.router.notes import Notes
from engine.router.settings import ContextSettings
from engine.router.snapshot import ContextStep

STEPS = {"system": "system prompt", "date": "date and place", "notes": "notes", "memory": "memory"}
"""What a request calls a step, in the order in which they are taken, and its name."""
PRIVATE = {"notes", "memory"}
"""Steps that tell what the user wrote elsewhere: only the user's settings switch them on."""
ALL_OFF = tuple(ContextStep(name, is_on=False) for name in STEPS.values())
UNKNOWN_WINDOW = 4_096
"""Tokens of a window that nobody knows: what small models had for years."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOTES_BEFORE = "Notes of the user that may help:"
NOTE_LETTERS = 4_000
"""Of one note: a page, so that one long note leaves room for others."""


class Context:
    """Adds to requests. Nothing it does fails a request: a step that cannot be taken says why.

    zone: the time zone that is told; None is the machine's.
    """

    def __init__(
        self,
        *,
        conversations: Conversations,
        notes: Notes,
        clock: Clock,
        zone: tzinfo | None = None,
    ) -> None:
        self._conversations = conversations
        self._notes = notes
        self._clock = clock
        self._zone = zone

    @staticmethod
    def wanted(request: LlmRequest, settings: ContextSettings) -> frozenset[str]:
        """Return which of STEPS are to be taken; empty for most requests, and cheap to ask."""
        if request.task is not Task.CHAT or request.context == frozenset():
            return frozenset()
        is_on = {
            "system": settings.system_prompt,
            "date": settings.date or bool(settings.place),
            "notes": settings.notes,
            "memory": settings.memory and bool(request.session),
        }
        usual = frozenset(name for name, is_wanted in is_on.items() if is_wanted)
        if request.context is None:
            return usual
        # What the user keeps to himself, no program with a key may ask for.
        return request.context & (usual | (STEPS.keys() - PRIVATE))

    async def enhance(
        self, request: LlmRequest, *, settings: ContextSettings, window_tokens: int | None
    ) -> tuple[LlmRequest, tuple[ContextStep, ...]]:
        """Return `request` with what is wanted added, and each step that was thought of.

        window_tokens: what the prompt may take, the answer's share taken off already; None is
        not known. Nothing is added that does not fit, and no message of the request is left out.
        Where nothing is added it is the same object.
        """
        wanted = self.wanted(request, settings)
        own = request.messages
        if not wanted or not own or not all(isinstance(each, dict) for each in own):
            return request, ALL_OFF
        room = UNKNOWN_WINDOW if window_tokens is None else window_tokens
        draft = Draft(request, window_tokens=room)
        steps = []
        for key, name in STEPS.items():
            before = draft.left
            detail = ""
            if key in wanted:
                try:
                    detail = await self._take(key, draft, request.session, settings)
                except OutsideError as error:
                    detail = f"left out: {error}"
            steps.append(ContextStep(name, key in wanted, detail, before - draft.left))
        return draft.request(), tuple(steps)

    async def _take(self, key: str, draft: Draft, session: str, settings: ContextSettings) -> str:
        """Take one step and return what was done, or why nothing was."""
        if key == "system":
            return _add_system_prompt(draft, settings.system_prompt_text.strip())
        if key == "date":
            is_told = settings.date or not settings.place
            at = self._clock.wall().astimezone(self._zone) if is_told else None
            return _add_date(draft, at, settings.place)
        if key == "notes":
            return await self._add_notes(draft, settings)
        return await self._add_memory(draft, session, settings.memory_share)

    async def _add_notes(self, draft: Draft, settings: ContextSettings) -> str:
        question = draft.question
        found = await self._notes.matching(question, limit=settings.most_notes) if question else ()
        added: list[str] = []
        for note in found:
            text = note.text if len(note.text) <= NOTE_LETTERS else f"{note.text[:NOTE_LETTERS]}…"
            written = f"## {note.title}\n{text}" if note.title else text
            if draft.add(f"{NOTES_BEFORE}\n\n{written}" if not added else written):
                added.append(note.title or text[:30])
        if added:
            return ", ".join(added)
        return "no room for those that match" if found else "none matches the question"

    async def _add_memory(self, draft: Draft, session: str, share: float) -> str:
        if not session:
            return "the request belongs to no session"
        if brings_its_own(draft.own):
            return "the request brings its own earlier messages"
        earlier = await self._conversations.messages(session)
        room = min(draft.left, int(draft.window_tokens * share))
        chosen = fitting(earlier, draft.own, room)
        draft.put_before(chosen)
        if not earlier:
            return "nothing was said before"
        return f"{len(chosen)} of {len(earlier)} earlier messages"


def _add_system_prompt(draft: Draft, text: str) -> str:
    if not text:
        return "there is none in the settings"
    if draft.has_instructions:
        return "the request has its own"
    return f"{len(text)} characters" if draft.add(text) else "no room"


def _add_date(draft: Draft, at: datetime | None, place: str) -> str:
    told = []
    if at is not None:
        # Not strftime's names: the window's toolkit sets the locale, and models know English best.
        offset = at.strftime("%z")
        zone = f"{at.tzname()}, UTC{offset[:3]}:{offset[3:]}"
        told.append(f"It is {WEEKDAYS[at.weekday()]}, {at:%Y-%m-%d %H:%M} ({zone}).")
    if place:
        told.append(f"The user is in {place}.")
    text = " ".join(told)
    return text if draft.add(text) else "no room"
