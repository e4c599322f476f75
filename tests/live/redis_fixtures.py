"""Servers of Redis for tests that use real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.certificates import make_certificates
from tests.live.programs import need
from tests.live.redis import RedisServer, need_redis
from tests.live.redis_groups import RedisCluster, Sentinels

__all__ = ["certificates", "make_redis", "redis_cluster", "redis_server", "sentinels"]

MakeRedis = Callable[..., RedisServer]


@pytest.fixture
def make_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeRedis]:
    """Return what starts a server with the options of `RedisServer`; it is ended afterwards."""
    need_redis()
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


@pytest.fixture
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    """Return a server and its replica, watched by three Sentinels."""
    need_redis()
    group = Sentinels(tmp_path_factory.mktemp("watched"))
    try:
        group.start()
        yield group
    finally:
        group.stop()


@pytest.fixture
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """Return a Cluster of three servers."""
    need_redis()
    group = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        group.start()
        yield group
    finally:
        group.stop()


@pytest.fixture
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the certificates of a server on 127.0.0.1."""
    need("openssl")
    return make_certificates(tmp_path_factory.mktemp("tls"))
