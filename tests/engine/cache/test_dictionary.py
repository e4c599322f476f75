"""The dictionary that comes with the application."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

import engine.cache.dictionary as module
from engine.cache.dictionary import shipped_dictionary
from engine.errors import Damaged


def test_it_is_a_trained_one():
    """It has a number, so that frames can name it."""
    assert zstandard.ZstdCompressionDict(shipped_dictionary()).dict_id() > 0


def test_a_missing_one_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Without its file the error names the path and the remedy."""
    monkeypatch.setattr(module, "shipped", lambda name: tmp_path / name)
    with pytest.raises(Damaged, match=r"chat\.zdict.*install"):
        shipped_dictionary()
