"""Room in graphics memory for models of this application: how it is asked for, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class FileLoad:
    """A model file as llama.cpp is to load it: whoever gives room reckons what that takes."""

    path: Path
    context_tokens: int
    """Of each slot."""
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomWish:
    """What is to be loaded."""

    name: str
    """What people see, such as "Whisper base"."""
    model: str
    """What its peaks are remembered by: the same for the same memory."""
    needs: int | FileLoad
    """MiB on one card, without what the driver itself takes there."""
    priority: Literal["low", "normal", "high", "urgent"]
    patience_s: float
    """Longest wait for room."""
    pid: int | None = None
    """The process that will hold it; None for this one."""


@dataclass(frozen=True, slots=True)
class RoomCard:
    """The graphics card that gives the room."""

    name: str
    pci_address: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables with which a program sees this card alone."""


class Tenant(Protocol):
    """Who has a model in graphics memory. Called on the engines' loop."""

    def idle_s(self) -> float:
        """Return for how long nobody has needed the model; 0 while somebody does."""
        ...

    async def leave(self, reason: str) -> None:
        """Free the memory, after the work in hand; the room is given back then. Never raises."""
        ...


class Stay(Protocol):
    """Room that was given, held until it is released or its tenant was asked to leave."""

    @property
    def card(self) -> RoomCard | None:
        """Where it is; None where nobody shares out the cards: whichever comes first."""
        ...

    def release(self) -> None:
        """Give the room back, its memory being free. From any thread; may be called twice."""
        ...


class ModelRoom(Protocol):
    """Gives room on graphics cards. Contract: `tests/contracts/test_model_room.py`."""

    async def hold(self, wish: RoomWish, tenant: Tenant) -> Stay:
        """Return room for `wish`, on one card; `tenant` may be asked to leave from then on.

        Cancelled, it holds nothing. Raises Overloaded where there is none in time, Rejected
        where there can never be, Refused where it is not given, each with what helps.
        """
        ...


class OwnStay:
    """A `Stay` where nobody else is asked."""

    card = None

    def release(self) -> None:
        """Do nothing."""


class UnsharedRoom:
    """A `ModelRoom` where nobody shares out the cards: a program by itself takes what it needs."""

    async def hold(self, wish: RoomWish, tenant: Tenant) -> Stay:
        """Return at once; nobody will ask the tenant to leave."""
        return OwnStay()
