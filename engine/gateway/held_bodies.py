"""How much of the requests that are being answered lies in memory, all of them together."""

from __future__ import annotations

from engine.gateway.error_bodies import Full

MIB = 1024 * 1024
WAIT_S = 1.0
"""When to try again where there is no room."""


class HeldBodies:
    """Counts the bytes of every body from its first piece until its answer is over.

    Each limit on one body times the number of requests at once would be more than most machines
    have. For the engines' loop.
    """

    def __init__(self) -> None:
        self.bytes = 0

    def check(self, own_bytes: int, more_bytes: int, most_bytes: int) -> None:
        """Raise Full where there is no room for `more_bytes` of a body that holds `own_bytes`.

        A body that is alone is let in whatever its size: how large one may be is another limit.
        """
        if self.bytes > own_bytes and self.bytes + more_bytes > most_bytes:
            raise Full(
                f"the requests being answered fill the {most_bytes / MIB:g} MiB that "
                "gateway.most_held_mib allows them: try again soon",
                retry_after_s=WAIT_S,
            )
