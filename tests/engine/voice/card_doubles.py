"""A speech model for graphics cards without one, and who gives room for it."""

from __future__ import annotations

from pathlib import Path

from engine.errors import EngineError
from engine.model_room import RoomCard, RoomWish, Stay, Tenant
from engine.voice.ports import SpeechDecoder
from tests.engine.voice.doubles import ListDecoder


class CardFactory:
    """A DecoderFactory as on a machine with CUDA. `broken`: what loading onto a card raises."""

    def __init__(self, *, has_cuda: bool = True) -> None:
        self.has_cuda = has_cuda
        self.broken: Exception | None = None
        self.loaded: list[tuple[str, str | None]] = []
        """Where each was loaded: compute, and the card's address."""
        self.decoders: list[ListDecoder] = []

    def wants_card(self, compute: str) -> bool:
        return self.has_cuda and compute != "cpu"

    def load(
        self, name: str, folder: Path, *, compute: str, threads: int, card: str | None = None
    ) -> SpeechDecoder:
        if compute == "cuda" and self.broken is not None:
            raise self.broken
        self.loaded.append((compute, card))
        decoder = ListDecoder(["hello there."], model=name)
        decoder.compute = "cuda int8_float16 (1 found)" if compute == "cuda" else "cpu int8 (said)"
        self.decoders.append(decoder)
        return decoder

    def stop(self) -> None:
        """Do nothing: it loads at once."""


class FakeStay:
    """Room that was given."""

    def __init__(self) -> None:
        self.card: RoomCard | None = RoomCard("Fake", "0000:01:00.0")
        self.is_released = False

    def release(self) -> None:
        self.is_released = True


class FakeRoom:
    """A ModelRoom that gives what is asked for, or raises `refusal` while there is one."""

    def __init__(self, refusal: EngineError | None = None) -> None:
        self.refusal = refusal
        self.wishes: list[RoomWish] = []
        self.tenants: list[Tenant] = []
        self.stays: list[FakeStay] = []

    async def hold(self, wish: RoomWish, tenant: Tenant) -> Stay:
        return self.given(wish, tenant)

    def given(self, wish: RoomWish, tenant: Tenant) -> FakeStay:
        """Return room, on any thread."""
        self.wishes.append(wish)
        if self.refusal is not None:
            raise self.refusal
        self.tenants.append(tenant)
        self.stays.append(FakeStay())
        return self.stays[-1]
