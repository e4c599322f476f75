"""Who answers a path."""

from __future__ import annotations

import pytest

from engine.gateway.dispatching import Routes
from engine.gateway.ports import Call, Result


async def one(call: Call) -> Result:
    return Result()


async def two(call: Call) -> Result:
    return Result()


ROUTES = Routes(
    {
        ("GET", "/v1/models"): one,
        ("POST", "/v1/models"): two,
        ("GET", "/v1/models/*"): one,
        ("GET", "/v1/models/special/*"): two,
        ("DELETE", "/v1/models/*"): two,
    }
)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/models", "/v1/models"),
        ("/v1/models/", "/v1/models"),
        ("/v1/models//", "/v1/models"),
        ("/v1/models/a", "/v1/models/*"),
        ("/v1/models/a/b", "/v1/models/*"),
        ("/v1/models/special/x", "/v1/models/special/*"),
        ("/v1/modelsx", None),
        ("/", None),
        ("//", None),
        ("", None),
    ],
)
def test_find(path: str, route: str | None):
    """A path of its own goes first, then the longest beginning; a last slash does not count."""
    found = ROUTES.find(path)
    assert (found and found[0]) == route


def test_methods():
    """Each method has its handler; HEAD is answered as GET."""
    found = ROUTES.find("/v1/models")
    assert found is not None
    assert found[1] == {"GET": one, "HEAD": one, "POST": two}


def test_names():
    """Every route is named once."""
    assert set(ROUTES.names) == {"/v1/models", "/v1/models/*", "/v1/models/special/*"}
