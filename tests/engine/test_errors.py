from __future__ import annotations

import re

import pytest

from engine import errors

TREE = [
    (errors.SettingsError, errors.EngineError),
    (errors.OutsideError, errors.EngineError),
    (errors.Unreachable, errors.OutsideError),
    (errors.TimedOut, errors.OutsideError),
    (errors.Refused, errors.OutsideError),
    (errors.KeyRefused, errors.Refused),
    (errors.Damaged, errors.OutsideError),
    (errors.Overloaded, errors.EngineError),
]


@pytest.mark.parametrize(("kind", "parent"), TREE)
def test_tree_is_as_drawn(kind: type[Exception], parent: type[Exception]):
    """Each error hangs where the drawing in the module's docstring says."""
    assert kind.__bases__ == (parent,)


def test_drawing_shows_every_error():
    """The drawing names every error of the module and no other."""
    drawn = set(re.findall(r"^[ │├└─]*([A-Z]\w+)(?:  |$)", errors.__doc__ or "", re.MULTILINE))
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert drawn == defined


def test_programming_mistakes_stand_apart():
    """Catching EngineError never hides a programming mistake."""
    assert not issubclass(errors.EngineError, (ValueError, TypeError, AssertionError, OSError))
