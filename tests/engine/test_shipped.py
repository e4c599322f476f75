from __future__ import annotations

import pytest

from engine.shipped import shipped


@pytest.mark.parametrize("name", ["tiers.toml", "prices.toml", "dictionaries"])
def test_what_comes_along_is_found(name: str):
    """The lists and the dictionaries are where they are looked for."""
    assert shipped(name).exists()
