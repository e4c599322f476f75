"""Own writes that the server tells as if others had written: those of scripts.

NOLOOP spares a connection the keys that it writes itself, but not those of its scripts (Redis 7.0,
pinned by the contract of a node): they are written in the name of the script.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence


class Echoes:
    """Keeps back what is heard of keys while a script of our own writes them."""

    def __init__(self) -> None:
        self._expected: Counter[bytes] = Counter()
        self._heard: Counter[bytes] = Counter()

    def expect(self, keys: Iterable[bytes]) -> None:
        """From now on keep back what is heard of `keys`."""
        self._expected.update(keys)

    def kept_back(self, keys: Sequence[bytes]) -> Sequence[bytes]:
        """Return `keys` without those that are expected."""
        if not self._expected:
            return keys
        self._heard.update(key for key in keys if key in self._expected)
        return [key for key in keys if key not in self._expected]

    def settle(self, is_ours: Mapping[bytes, bool]) -> list[bytes]:
        """Expect these keys no longer; return those that somebody else wrote meanwhile.

        is_ours: whether our own value was found under the key afterwards. Where it was, the key
        was heard once for its echo; where it was not, whatever was heard is told.
        """
        told = [key for key, is_own in is_ours.items() if self._heard[key] > int(is_own)]
        self._expected.subtract(is_ours.keys())
        self._expected = +self._expected
        for key in is_ours:
            if key not in self._expected:
                del self._heard[key]
        return told
