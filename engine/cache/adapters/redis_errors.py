"""What goes wrong with Redis, told once: in our errors, with the remedy."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import Damaged, OutsideError, Refused, TimedOut, Unreachable

REMEDIES = {
    "READONLY": "it is a replica that takes no writes; name the server that does",
    "OOM": "its memory is full; raise its maxmemory or give it another maxmemory-policy",
    "MISCONF": "it cannot save to its disk and takes no writes; see its log",
    "NOPERM": "its user lacks a right; give it with ACL SETUSER",
    "MOVED": "the key is on another server of the Cluster now; its map is read again",
    "ASK": "the key is on its way to another server of the Cluster; try again",
    "TRYAGAIN": "the keys are on their way to another server of the Cluster; try again",
    "CLUSTERDOWN": "the Cluster lacks a server; start it",
    "MASTERDOWN": "it has lost the server it copies; start that one",
    "NOREPLICAS": "it has fewer replicas than it needs to take writes; start them",
    "CROSSSLOT": "the keys belong to several servers of the Cluster",
    "DB index is out of range": "it has no database of that number; change the end of cache.url",
    "This instance has cluster support disabled": (
        "it is no Cluster; begin the address with redis:// rather than redis+cluster://"
    ),
}
SIGN_IN = (
    "it does not know the user or the password; give both under Connection, or set cache.username "
    "and run `universal-ai-tools cache password`"
)
ADDRESS = "change the address under Connection (cache.url)"
UNREACHED = {
    errno.ECONNREFUSED: f"nothing listens there; start it, or {ADDRESS}",
    errno.ECONNRESET: "it closed the connection; it is tried again",
    errno.EPIPE: "it closed the connection; it is tried again",
    errno.ENOENT: f"there is no such socket; start it, or {ADDRESS}",
    errno.EACCES: "you may not open its socket; join the group that may",
    errno.EHOSTUNREACH: f"its machine cannot be reached; see the network, or {ADDRESS}",
    errno.ENETUNREACH: f"its network cannot be reached; see the network, or {ADDRESS}",
}
"""What the system says of a connection that does not come about."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise OutsideError in place of whatever redis-py or the system raises.

    name: the server as people know it, such as "localhost:6379".
    """
    from redis.exceptions import RedisClusterException, RedisError

    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise outside_error(error, name) from error


def outside_error(error: BaseException, name: str) -> OutsideError:
    """Return what `error` of the server called `name` means to us."""
    from redis import exceptions as redis

    # asyncio's TimeoutError is an OSError as well.
    if isinstance(error, (redis.TimeoutError, TimeoutError)):
        return TimedOut(f"Redis at {name} did not answer in time; see that it runs and is not busy")
    if isinstance(error, redis.BusyLoadingError):
        return Unreachable(f"Redis at {name} is still loading its data; it is asked again soon")
    if isinstance(error, (redis.AuthenticationError, redis.AuthorizationError)):
        return Refused(f"Redis at {name} refuses us: {SIGN_IN}")
    if isinstance(error, redis.MaxConnectionsError):
        return Unreachable(
            f"every connection to Redis at {name} is in use; raise cache.max_connections"
        )
    if isinstance(error, redis.ResponseError):
        return _refusal(error, name)
    if isinstance(error, redis.InvalidResponse):
        return Damaged(f"{name} does not speak as Redis does ({error}); see cache.url")
    if isinstance(error, (redis.DataError, redis.PubSubError)):
        return Refused(f"Redis at {name} cannot be asked that: {error}")
    return Unreachable(f"Redis at {name} does not answer: {_why_unreached(error)}")


def _why_unreached(error: BaseException) -> str:
    """Return what keeps us from the server and what mends it, without the system's own words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return f"no machine of that name is known; {ADDRESS}"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({cause.verify_message}); name the file of who "
                "signed it as trusted certificates (in Settings, or cache.tls.ca_file)"
            )
        if isinstance(cause, ssl.SSLError):
            return "the encryption fails; begin the address with redis:// if it has none"
        if isinstance(cause, OSError) and cause.errno in UNREACHED:
            return UNREACHED[cause.errno]
        cause = cause.__cause__ or cause.__context__
    return f"{str(error).rstrip('.')}; start it, or {ADDRESS}"


def _refusal(error: BaseException, name: str) -> Refused:
    # redis-py cuts the word off that it knows, and keeps it beside the text.
    text = str(error)
    code = getattr(error, "status_code", None) or text.partition(" ")[0]
    if "HELLO" in text or code == "NOPROTO":
        return Refused(f"Redis at {name} is too old; Redis 6 or newer is needed")
    if text in REMEDIES:
        return Refused(f"Redis at {name} refuses: {REMEDIES[text]}")
    remedy = REMEDIES.get(code)
    if remedy is None:
        return Refused(f"Redis at {name} refuses: {text}")
    return Refused(f"Redis at {name} refuses ({code}): {remedy}")
