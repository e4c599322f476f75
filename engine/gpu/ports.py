"""What watching the machine needs from outside."""

from __future__ import annotations

from typing import Protocol

from engine.gpu.snapshot import HostReading


class HostProbe(Protocol):
    """Reads the machine; used from one thread at a time."""

    def read(self) -> HostReading:
        """Return the load since the last call, and the state now. May block for milliseconds.

        The load is None at the first call. Raises OutsideError where the system does not answer.
        """
        ...
