"""Fixtures of the tests that use real microphones, voices, models and servers."""

from __future__ import annotations

from tests.live.fixtures import listen, sound_server, speak
from tests.live.redis_fixtures import (
    certificates,
    make_redis,
    redis_cluster,
    redis_server,
    sentinels,
)
from tests.live.served_fixtures import built_in, mocked

__all__ = [
    "built_in",
    "certificates",
    "listen",
    "make_redis",
    "mocked",
    "redis_cluster",
    "redis_server",
    "sentinels",
    "sound_server",
    "speak",
]
