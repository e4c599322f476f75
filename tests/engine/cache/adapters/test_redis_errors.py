"""What errors of redis-py mean to the cache."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

import pytest
from redis import exceptions as redis
from redis._parsers.base import BaseParser

from engine.cache.adapters.redis_errors import REMEDIES, outside_error, translated
from engine.errors import Damaged, OutsideError, Refused, TimedOut, Unreachable


def answer(text: str) -> Exception:
    """Return what redis-py makes of an error of the server."""
    error: Exception = BaseParser.parse_error(text)
    return error


def untrusted(why: str) -> ssl.SSLCertVerificationError:
    """Return what the system says of a certificate."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = why
    return error


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (redis.TimeoutError("slow"), TimedOut, "in time"),
        (TimeoutError(), TimedOut, "in time"),
        (redis.ConnectionError("gone"), Unreachable, "gone"),
        (OSError(errno.ECONNREFUSED, "refused"), Unreachable, "start it, or change the address"),
        (FileNotFoundError(errno.ENOENT, "no file"), Unreachable, "no such socket"),
        (PermissionError(errno.EACCES, "denied"), Unreachable, "may not open"),
        (socket.gaierror(-2, "not known"), Unreachable, "no machine of that name"),
        (ssl.SSLError(1, "wrong version"), Unreachable, "redis://"),
        (untrusted("self-signed"), Unreachable, "not trusted (self-signed)"),
        (redis.MaxConnectionsError("many"), Unreachable, "max_connections"),
        (redis.RedisClusterException("no slots"), Unreachable, "no slots"),
        (redis.InvalidResponse("?"), Damaged, "cache.url"),
        (redis.DataError("float"), Refused, "float"),
        (answer("LOADING Redis is loading"), Unreachable, "loading"),
        (answer("WRONGPASS invalid pair"), Refused, "cache password"),
        (answer("NOAUTH Authentication required."), Refused, "cache password"),
        (answer("ERR max number of clients reached"), Unreachable, "max number of clients"),
        (answer("ERR unknown command `HELLO`"), Refused, "Redis 6"),
        (answer("NOPROTO unsupported"), Refused, "Redis 6"),
        (answer("OOM command not allowed"), Refused, "maxmemory"),
        (answer("READONLY You can't write"), Refused, "READONLY"),
        (answer("MOVED 3 127.0.0.1:7001"), Refused, "MOVED"),
        (answer("ASK 3 127.0.0.1:7001"), Refused, "ASK"),
        (answer("MISCONF cannot save"), Refused, "disk"),
        (answer("NOPERM this user"), Refused, "ACL SETUSER"),
        (answer("WRONGTYPE of value"), Refused, "WRONGTYPE of value"),
        (answer("ERR DB index is out of range"), Refused, "no database of that number"),
        (answer("ERR This instance has cluster support disabled"), Refused, "redis://"),
    ],
)
def test_kind_and_words(error: Exception, kind: type[OutsideError], word: str):
    """Each error is of the kind that tells who must act, names the server and the remedy."""
    with pytest.raises(kind, match="somewhere:1") as told, translated("somewhere:1"):
        raise error
    assert type(told.value) is kind
    assert word in str(told.value)
    assert told.value.__cause__ is error


def test_the_systems_own_words_are_left_out():
    """What redis-py tells of a connection that does not come about is told in ours instead."""
    error = redis.ConnectionError("Error 111 connecting to it:1. Connect call failed ('it', 1).")
    error.__context__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed")
    told = str(outside_error(error, "it:1"))
    assert told.startswith("Redis at it:1 does not answer: nothing listens there; start it")
    assert "111" not in told


@pytest.mark.parametrize("code", REMEDIES)
def test_every_remedy_is_given(code: str):
    """The words of each code that Redis sends lead to its remedy."""
    text = f"{code} 1 127.0.0.1:1" if code in ("MOVED", "ASK") else f"{code} because"
    text = f"ERR {code}" if " " in code else text
    assert REMEDIES[code] in str(outside_error(answer(text), "it"))


def test_cancelling_and_mistakes_pass():
    """What is no fault of Redis stays what it is."""
    for error in (asyncio.CancelledError(), ValueError("mistake")):
        with pytest.raises(type(error)), translated("it"):
            raise error
