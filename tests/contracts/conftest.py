"""Fixtures of the contracts that are held against real servers too."""

from __future__ import annotations

from tests.contracts.cache_outside import lasting_cluster
from tests.live.redis_fixtures import (
    certificates,
    make_redis,
    redis_cluster,
    redis_server,
    sentinels,
)

__all__ = [
    "certificates",
    "lasting_cluster",
    "make_redis",
    "redis_cluster",
    "redis_server",
    "sentinels",
]
