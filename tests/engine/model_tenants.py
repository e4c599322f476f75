"""Models that hold room in graphics memory, as far as whoever gives it cares."""

from __future__ import annotations

from engine.model_room import RoomWish


class FakeTenant:
    """A Tenant that says for how long it has been idle, and leaves at once."""

    def __init__(self) -> None:
        self.idle = 0.0
        self.left: list[str] = []

    def idle_s(self) -> float:
        return self.idle

    async def leave(self, reason: str) -> None:
        self.left.append(reason)


WISH = RoomWish(
    name="Whisper base",
    model="Whisper base int8_float16",
    needs=1000,
    priority="high",
    patience_s=15.0,
)
