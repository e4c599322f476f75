"""What clients send is read by type, and told by place where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.gateway.asking import Malformed
from engine.gateway.fields import entries, entry, required, text, whole

READERS = [(text, "a"), (whole, 3), (entries, [1]), (entry, {"a": 1})]


@pytest.mark.parametrize(("read", "right"), READERS)
def test_right_types_pass_and_wrong_ones_are_told(read: Callable[..., Any], right: object):
    """A reader returns what has its type, and refuses every other value by its place."""
    assert read(right, "here") is right
    for _, other in READERS:
        if type(other) is not type(right):
            with pytest.raises(Malformed, match="'here' must be") as caught:
                read(other, "here")
            assert caught.value.param == "here"


def test_truth_is_no_number():
    """`true` is not taken for 1."""
    with pytest.raises(Malformed, match="a whole number, not a boolean"):
        whole(True, "here")


def test_what_is_required_must_be_there():
    """A missing field and null are told by their place."""
    assert required({"a": 0}, "a") == 0
    for body in ({}, {"a": None}):
        with pytest.raises(Malformed, match=r"'b\.a' is required") as caught:
            required(body, "a", "b.a")
        assert caught.value.status == 400
