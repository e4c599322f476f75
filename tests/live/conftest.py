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

__all__ = [
    "certificates",
    "listen",
    "make_redis",
    "redis_cluster",
    "redis_server",
    "sentinels",
    "sound_server",
    "speak",
]
