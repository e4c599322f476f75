"""A version that is out, for demonstrations and tests."""

from __future__ import annotations

from collections.abc import Callable

SIMULATED_URL = "https://updates.example/newest.json"
"""Nobody's: names that end so are kept free for examples."""
NEWEST = (
    b"""{"version": "99.0.0", "released": "2030-01-31", "page": "https://updates.example/99"}"""
)


class SimulatedFeed:
    """See `ports.Feed`. answer: returns what is told at an address, or raises what a feed raises.

    `asked` are the addresses that were read.
    """

    def __init__(self, answer: Callable[[str], bytes] = lambda _: NEWEST) -> None:
        self._answer = answer
        self.asked: list[str] = []

    async def read(self, url: str) -> bytes:
        """Return the answer."""
        self.asked.append(url)
        return self._answer(url)
