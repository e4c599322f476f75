"""Every language that a speech model knows has a name."""

from __future__ import annotations

from engine.gateway.languages import CODES, NAMES
from engine.voice.settings import LANGUAGES


def test_every_language_has_one_name():
    """Names and codes belong to each other, one to one, for all languages and no others."""
    assert set(NAMES) == set(LANGUAGES)
    assert {CODES[name]: name for name in NAMES.values()} == NAMES
    assert (NAMES["en"], NAMES["ht"], CODES["german"]) == ("english", "haitian creole", "de")
