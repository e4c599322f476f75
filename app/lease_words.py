"""Names of leases in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 3
"""Names in a sentence; further ones are counted."""


def listed(names: Sequence[str]) -> str:
    """Return `names` as a sentence lists them, such as "a, b and 2 more"."""
    shown = list(names[:MOST])
    if len(names) > MOST:
        shown[-1] = f"{len(names) - MOST + 1} more"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def verb(names: Sequence[str]) -> str:
    """Return what those called `names` do when their leases are over."""
    return "ends" if len(names) == 1 else "end"
