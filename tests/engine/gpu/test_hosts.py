"""What hosts tell each other survives the way."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest

from engine.gpu.hosts import HostCard, HostClaim, HostLease, HostLeases, HostPromise


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


def test_versions_understand_each_other():
    """An older host reads what it knows of; what it does not tell has a meaning."""

    @dataclass(frozen=True, slots=True)
    class Older:
        host_id: str
        host_name: str
        promised_mib: int = 0
        seen_mib: int = 0

    claim = HostClaim("x", 5_000, 1, 2.5, 60.0)
    told = HostPromise("1", "tower", 6_000, 5_000, claim, 3, 4, ((7.5, 6_000),))
    packed = msgspec.msgpack.encode(told)
    assert msgspec.msgpack.decode(packed, type=HostPromise) == told
    assert msgspec.msgpack.decode(packed, type=Older) == Older("1", "tower", 6_000, 5_000)
    older = msgspec.msgpack.encode(Older("1", "tower", 6_000, 5_000))
    assert msgspec.msgpack.decode(older, type=HostPromise) == HostPromise(
        "1", "tower", 6_000, 5_000
    )
