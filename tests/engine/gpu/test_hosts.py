"""What hosts tell each other survives the way."""

from __future__ import annotations

import msgspec
import pytest

from engine.gpu.hosts import HostCard, HostLease, HostLeases, HostPromise


def test_a_host_is_the_same_after_its_way_through_redis():
    """Plain values go out, and the same host comes in."""
    host = HostLeases(
        "1",
        "tower",
        (HostCard("GPU-1", "RTX", 24_000, None, 5),),
        (HostLease("train", "active", 5, card_ids=("GPU-1",)),),
        (HostLease("chat", "queued", 7, reason="waits"),),
    )
    assert msgspec.convert(msgspec.to_builtins(host), HostLeases) == host
    promise = HostPromise("1", "tower", 6_000, 5_000)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(promise), type=HostPromise) == promise


def test_what_is_no_host_is_refused():
    """Others on the same Redis may say anything."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "1", "name": "x", "cards": [{"id": 1}]}, HostLeases)
