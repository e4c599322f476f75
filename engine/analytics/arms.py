"""Which arms there are, and which of them may be chosen now."""

from __future__ import annotations

from collections.abc import Mapping

from engine.analytics.bandits import Flags, Plain, State
from engine.errors import Rejected


class Arms:
    """Numbers of arms from 0 on. A number that was removed stays taken: late rewards know it."""

    def __init__(self, count: int) -> None:
        if count < 1:
            raise Rejected(f"{count} arms: give at least one", param="arms")
        self._count = count
        self._removed: set[int] = set()
        self._live = tuple(range(count))

    @property
    def count(self) -> int:
        """How many there are, the removed ones included."""
        return self._count

    @property
    def live(self) -> tuple[int, ...]:
        """Those that were not removed."""
        return self._live

    def add(self) -> int:
        """Return the number of a new arm."""
        self._count += 1
        self._live = (*self._live, self._count - 1)
        return self._count - 1

    def remove(self, arm: int) -> None:
        """Leave `arm` out from now on. Raises Rejected where it does not exist."""
        self.check(arm)
        self._removed.add(arm)
        self._live = tuple(each for each in self._live if each != arm)

    def check(self, arm: int) -> None:
        """Raise Rejected where there never was an arm of this number."""
        if not 0 <= arm < self._count:
            raise Rejected(f"there is no arm {arm}: they are 0 to {self._count - 1}", param="arm")

    def open(self, allowed: Flags | None) -> tuple[int, ...]:
        """Return the arms that may be chosen; at least one.

        Raises Rejected where none is left, or `allowed` has the wrong length.
        """
        if allowed is None:
            found = self._live
        else:
            if len(allowed) != self._count:
                raise Rejected(
                    f"{len(allowed)} flags for {self._count} arms: give one for each arm, removed "
                    f"ones included",
                    param="allowed",
                )
            found = tuple(each for each in self._live if allowed[each])
        if not found:
            raise Rejected(
                f"none of the {len(self._live)} arms may be chosen: allow one, loosen the limits, "
                f"or add an arm",
                code="no_arm",
                param="allowed",
            )
        return found

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {"count": self._count, "removed": [*sorted(self._removed)]}

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> Arms:
        """Return the arms that `state()` told of. Raises ValueError where it is none."""
        count, removed = state.get("count"), state.get("removed")
        if not isinstance(count, int) or not isinstance(removed, list):
            raise ValueError(f"arms: count and removed are needed, not {dict(state)!r}")
        arms = cls(count)
        for each in removed:
            if not isinstance(each, int):
                raise ValueError(f"arms: {each!r} is no number of an arm")
            arms.remove(each)
        return arms
