"""Mistakes in entries are told."""

from __future__ import annotations

from math import inf, nan

import pytest

from engine.errors import SettingsError
from engine.router.entry_limits import LIMITS, check_entries, check_entry
from engine.router.snapshot import ModelEntry, Tier


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (Tier(" "), "needs a name"),
        (Tier("t", requires=("chat", "visoin")), "requires has 'visoin'.*known are: chat"),
        (ModelEntry("m", capabilities=("codeing",)), "capabilities has 'codeing'"),
        (ModelEntry("m", quality=55), "quality = 55: must be from 0 to 1"),
        (ModelEntry("m", context_tokens=0), "context_tokens = 0: must be at least 1"),
        (ModelEntry("m", input_usd=-1.0), "input_usd = -1.0"),
        (ModelEntry("m", output_usd=inf), "output_usd = inf"),
        (Tier("t", quality_weight=nan), "quality_weight = nan: must be from 0 to 10"),
        (Tier("t", least_context_tokens=-1), "least_context_tokens = -1"),
    ],
)
def test_mistakes_are_told(entry, named):
    """What cannot work is refused with the entry, the key and what it may be."""
    with pytest.raises(SettingsError, match=named):
        check_entry(entry)


def test_what_may_be():
    """An entry that says little or everything is fine; a name must not come twice."""
    check_entries((ModelEntry("a"), ModelEntry("b", "B", ("chat",), 1, 0.0, 0.0, "", 0, 0, 1.0)))
    with pytest.raises(SettingsError, match="two entries are called 't'"):
        check_entries((Tier("t"), Tier("u"), Tier("t")))


def test_every_number_has_limits():
    """A number that is added to an entry gets limits too."""
    numbers = {
        name
        for kind in (ModelEntry, Tier)
        for name, hint in kind.__annotations__.items()
        if "int" in hint or "float" in hint
    }
    assert numbers == set(LIMITS)
