"""What programs that hold no lease use of a card: it rises at once and falls slowly."""

from __future__ import annotations

FALL_HALF_LIFE_S = 1.0
"""A drop is believed by halves: many programs give memory back only to take it again."""

PEAK_HALF_LIFE_S = 60.0
"""Who took much once comes back: a game's next level, the next picture. Forgotten by halves."""

JUMP_SHARE = 0.06
"""A peak below this share of the card is an estimate that was off, which the margin is for."""


class ForeignUse:
    """An estimate of the foreign memory on one card, and of what may come back soon."""

    def __init__(self, *, capacity_mib: int) -> None:
        self.now_mib = 0
        """What is believed now."""
        self._jump_mib = JUMP_SHARE * capacity_mib
        self._peak_mib = 0.0
        self._peak_s = 0.0
        self._seen_s: float | None = None

    def see(self, beyond_mib: int, now_s: float, *, may_fall: bool = True) -> None:
        """Take a reading: so much is used beyond what is known to be our own.

        may_fall: False while somebody's own memory may not be loaded yet, which would hide it.
        """
        beyond_mib = max(0, beyond_mib)
        if beyond_mib >= self.now_mib:
            self.now_mib = beyond_mib
        elif may_fall:
            age_s = 0.0 if self._seen_s is None else max(0.0, now_s - self._seen_s)
            left = 0.5 ** (age_s / FALL_HALF_LIFE_S)
            self.now_mib = int(beyond_mib + (self.now_mib - beyond_mib) * left)
        self._seen_s = now_s
        if self.now_mib >= max(self._jump_mib, self._faded_peak_mib(now_s)):
            self._peak_mib, self._peak_s = float(self.now_mib), now_s

    def disown(self, mib: int) -> None:
        """So much of it was no foreign use, it turns out: nor will it come back."""
        self.now_mib = max(0, self.now_mib - mib)
        self._peak_mib = max(0.0, self._peak_mib - mib)

    def reserve_mib(self, now_s: float) -> int:
        """Return what to keep empty beside what is used: the last peak, as far as remembered."""
        if not self._peak_mib:
            return 0
        return max(0, int(self._faded_peak_mib(now_s)) - self.now_mib)

    def _faded_peak_mib(self, now_s: float) -> float:
        faded: float = self._peak_mib * 0.5 ** (max(0.0, now_s - self._peak_s) / PEAK_HALF_LIFE_S)
        return faded if faded >= self._jump_mib else 0.0
