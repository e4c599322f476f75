"""Servers of Redis for tests that use real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.live.programs import need
from tests.live.redis import RedisServer

__all__ = ["make_redis", "redis_server"]

MakeRedis = Callable[..., RedisServer]


@pytest.fixture
def make_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeRedis]:
    """Return what starts a server with the options of `RedisServer`; it is ended afterwards."""
    need("redis-server", "redis-cli")
    made: list[RedisServer] = []

    def make(*words: str, **options: object) -> RedisServer:
        server = RedisServer(tmp_path_factory.mktemp("redis"), *words, **options)  # type: ignore[arg-type]
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def redis_server(make_redis: MakeRedis) -> RedisServer:
    """Return an empty server that answers."""
    return make_redis()
