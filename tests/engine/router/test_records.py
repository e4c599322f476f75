"""What the activity list keeps of a request that nobody answered."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Damaged, Overloaded, Refused, Rejected, TimedOut, Unreachable
from engine.router.records import status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Rejected("no", status=404), 404),
        (Overloaded("wait"), 429),
        (Unreachable("gone"), 503),
        (TimedOut("slow"), 504),
        (Refused("key"), 502),
        (Damaged("html"), 502),
        (KeyError("a mistake of ours"), 500),
        (asyncio.CancelledError(), 499),
    ],
)
def test_an_error_has_the_status_that_the_client_sees(error: BaseException, status: int):
    """The list and the gateway tell the same."""
    assert status_of(error) == status
