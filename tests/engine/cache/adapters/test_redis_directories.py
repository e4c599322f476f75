"""Which servers there are, asked of servers that answer what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.exceptions import ConnectionError as NoConnection

from engine.cache.adapters.redis_connections import Host, RedisConnections
from engine.cache.adapters.redis_directories import directory_for
from engine.cache.keys import DATA_IDENTITY
from engine.cache.settings import CacheSettings
from engine.errors import Refused, Unreachable

Answers = Mapping[tuple[Host, str], Any]
ONE, TWO, THREE = ("one", 1), ("two", 2), ("three", 3)


class Told(RedisConnections):
    """Connections to servers whose answers are written down; any other cannot be reached."""

    def __init__(self, url: str, answers: Answers) -> None:
        super().__init__(CacheSettings(url=url), None)
        self.answers = dict(answers)

    async def ask(self, host: Host, *command: str, as_nobody: bool = False) -> Any:
        answer = self.answers.get((host, command[0]), NoConnection("nobody"))
        if isinstance(answer, Exception):
            raise answer
        return answer


def found(told: Told) -> list[str]:
    """Return the names of the nodes that are found."""
    return [node.name for node in asyncio.run(directory_for(told).find())]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ({(ONE, "ROLE"): [b"slave"], (TWO, "ROLE"): [b"master"]}, "two:2"),
        ({(ONE, "ROLE"): [b"slave"]}, "one:1"),
        ({(THREE, "ROLE"): [b"master"]}, "three:3"),
        ({(TWO, "ROLE"): NoPermissionError("no"), (THREE, "ROLE"): [b"slave"]}, "two:2"),
    ],
)
def test_host_that_takes_writes_comes_first(answers: Answers, name: str):
    """Of several hosts the one that takes writes is the node, else the first that answers."""
    assert found(Told("redis://one:1,two:2,three:3", answers)) == [name]


def test_only_host_is_not_asked():
    """A single host is the node even where it cannot be reached: its node tells why."""
    assert found(Told("redis://one:1", {})) == ["one:1"]


def test_nobody_answers():
    """Where no host, no Sentinel and no server of a Cluster answers, that is told by name."""
    for url in ("redis://one:1,two:2", "redis+sentinel://one:1/name", "redis+cluster://one:1"):
        with pytest.raises(Unreachable, match=r"one:1|two:2"):
            found(Told(url, {}))


def test_first_sentinel_that_knows_is_believed():
    """Sentinels that are gone or do not know the name are passed over."""
    answers = {(TWO, "SENTINEL"): None, (THREE, "SENTINEL"): [b"server", b"7"]}
    assert found(Told("redis+sentinel://one:1,two:2,three:3/name", answers)) == ["server:7"]
    with pytest.raises(Unreachable, match="name"):
        found(Told("redis+sentinel://two:2/name", answers))


def test_sentinel_with_a_password_is_asked_with_ours():
    """A Sentinel is asked as nobody first, and with the user of the server where it wants one."""

    class Guarded(Told):
        async def ask(self, host: Host, *command: str, as_nobody: bool = False) -> Any:
            if as_nobody:
                raise AuthenticationError("required")
            return await super().ask(host, *command)

    told = Guarded("redis+sentinel://one:1/name", {(ONE, "SENTINEL"): [b"server", b"7"]})
    assert found(told) == ["server:7"]


SLOTS = [
    [0, 5000, [b"a", 1, b"id"], [b"replica", 9, b"id"]],
    [5001, 16_000, [b"", 2, b"id"]],
    [16_001, 16_383, [b"a", 1, b"id"]],
]


def test_map_of_a_cluster():
    """Each server that takes writes is one node; one without a name is where it was asked."""

    async def scenario() -> None:
        told = Told("redis+cluster://one:1", {(ONE, "CLUSTER"): SLOTS})
        directory = directory_for(told)
        first, second = await directory.find()
        assert (first.name, second.name) == ("a:1", "one:2")
        names = {directory.name_for(b"%d" % number) for number in range(200)}
        assert names == {"a:1", "one:2"}
        for node in (first, second):
            assert node.identity_key.startswith(DATA_IDENTITY)  # type: ignore[attr-defined]
            assert directory.name_for(node.identity_key) == node.name  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_map_is_read_from_whoever_is_left():
    """Later the servers of the last map are asked first; nodes stay the same objects."""

    async def scenario() -> None:
        told = Told("redis+cluster://one:1", {(ONE, "CLUSTER"): SLOTS})
        directory = directory_for(told)
        first, _ = await directory.find()
        keys = {node.name: node.identity_key for node in await directory.find()}  # type: ignore[attr-defined]
        told.answers = {(("a", 1), "CLUSTER"): [[0, 100, [b"a", 1, b"id"]]]}
        (only,) = await directory.find()
        assert only is first
        assert directory.name_for(only.identity_key) == "a:1"  # type: ignore[attr-defined]
        assert directory.name_for(b"far away") == ""
        assert keys["one:2"].startswith(DATA_IDENTITY)

    asyncio.run(scenario())


def test_server_without_a_cluster():
    """A server that has no slots is refused with the remedy."""
    with pytest.raises(Refused, match="Cluster"):
        found(Told("redis+cluster://one:1", {(ONE, "CLUSTER"): []}))
