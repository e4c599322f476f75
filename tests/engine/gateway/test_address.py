"""How an address is written for clients."""

from __future__ import annotations

import pytest

from engine.gateway.address import url_of
from engine.gateway.ports import Bound


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/v1"),
        ("localhost", "http://localhost:80/v1"),
        ("0.0.0.0", "http://127.0.0.1:80/v1"),
        ("::1", "http://[::1]:80/v1"),
        ("::", "http://[::1]:80/v1"),
    ],
)
def test_url(host: str, url: str):
    """An address is written so that a client on this machine can call it."""
    assert url_of(Bound(host, 80)) == url
