"""Fixtures of the tests that use real microphones, voices, models and servers."""

from __future__ import annotations

from tests.live.fixtures import listen, sound_server, speak
from tests.live.redis_fixtures import make_redis, redis_server

__all__ = ["listen", "make_redis", "redis_server", "sound_server", "speak"]
