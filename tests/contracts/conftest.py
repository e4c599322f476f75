"""Fixtures of the contracts that are held against real servers too."""

from __future__ import annotations

from tests.live.redis_fixtures import make_redis, redis_server

__all__ = ["make_redis", "redis_server"]
