"""One connection to Redis that many callers use at once, answered in their order."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from engine.cache.adapters.redis_errors import outside_error
from engine.errors import OutsideError, Unreachable

if TYPE_CHECKING:
    from redis._parsers import AsyncPushNotificationsParser
    from redis.asyncio.connection import AbstractConnection

Command = tuple[str | bytes | int, ...]
Reply = Any
"""What the parser makes of an answer: bytes, int, None, a list, or a ResponseError as a value."""


class Push:
    """What the server says without being asked: [kind, ...]."""

    __slots__ = ("words",)

    def __init__(self, words: Sequence[Any]) -> None:
        self.words = words


class RedisLink:
    """Sends what callers ask as they ask it, and gives each its own answer.

    One task reads all answers, so a caller who leaves (is cancelled) takes nothing with him: his
    answer is read and dropped. A pool of connections would send one command per round trip; here
    as many as there are callers travel together.

    connection: not connected yet, RESP3, without deadlines and retries of its own.
    pushed: hears what the server says without being asked.
    lost: hears, once, why the connection ended; not where `close` ended it.
    """

    def __init__(
        self,
        *,
        connection: AbstractConnection,
        name: str,
        pushed: Callable[[Sequence[Any]], None],
        lost: Callable[[str], None],
    ) -> None:
        from hiredis import pack_command
        from redis.exceptions import RedisError, ResponseError

        self._pack: Callable[[Any], bytes] = pack_command
        self._refusal = ResponseError
        self._failures = (RedisError, OSError)
        self._connection = connection
        self._name = name
        self._pushed = pushed
        self._lost = lost
        self._waiting: deque[tuple[asyncio.Future[list[Reply]], int]] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Connect and sign in. Raises redis-py's errors; `close` even then."""
        await self._connection.connect()  # type: ignore[no-untyped-call]  # redis-py left it so
        # Two private names of redis-py 8.1, pinned by a test: it has no other way to hear pushes
        # while answers are read (`PubSub` reads nothing else), and its `send_packed_command` would
        # need a task for each call, as it connects anew and ends the connection when cancelled.
        parser = cast("AsyncPushNotificationsParser", self._connection._parser)
        parser.set_invalidation_push_handler(_as_push)  # type: ignore[no-untyped-call]
        parser.set_pubsub_push_handler(_as_push)  # type: ignore[no-untyped-call]
        self._writer = self._connection._writer

    async def exchange(self, *command: str | bytes | int) -> Reply:
        """Return the answer to one command; only between `connect` and `start`.

        Answers to SUBSCRIBE are pushes, which nobody else may take. Raises redis-py's errors.
        """
        await self._connection.send_command(*command, check_health=False)
        reply = await self._connection.read_response(timeout=math.inf, push_request=True)
        return reply.words if isinstance(reply, Push) else reply

    def start(self) -> None:
        """From now on answers are read, and `ask` may be called."""
        self._reader = asyncio.create_task(self._read_all(), name=f"answers of {self._name}")
        self._reader.add_done_callback(self._ended)

    def ask(self, commands: Sequence[Command]) -> asyncio.Future[list[Reply]]:
        """Send `commands`; return the future of their answers, in their order.

        An answer that is an error stands among them. The future may be cancelled. It fails with
        Unreachable when the connection is lost before the last answer. Raises Unreachable where
        there is no connection.
        """
        if self._writer is None or self._reader is None:
            raise Unreachable(f"there is no connection to Redis at {self._name}; it is made again")
        future: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, len(commands)))
        # The parser's own packer: a quarter of the time of the connection's, which is Python.
        self._writer.write(b"".join([self._pack(command) for command in commands]))
        return future

    async def close(self) -> None:
        """End the connection. Never raises; may be called twice."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            await asyncio.wait([reader])
        writer, self._writer = self._writer, None
        if writer is not None:
            # A server that does not read would keep an orderly end waiting.
            writer.transport.abort()
        await self._connection.disconnect(nowait=True)
        self._fail(Unreachable(f"the connection to Redis at {self._name} was closed"))

    async def _read_all(self) -> None:
        replies: list[Reply] = []
        while True:
            reply = await self._next()
            if isinstance(reply, Push):
                self._pushed(reply.words)
                continue
            if not self._waiting:
                raise ConnectionError("it answered what nobody had asked")
            replies.append(reply)
            future, count = self._waiting[0]
            if len(replies) < count:
                continue
            self._waiting.popleft()
            if not future.done():
                future.set_result(replies)
            replies = []

    async def _next(self) -> Reply:
        try:
            return await self._connection.read_response(timeout=math.inf, push_request=True)
        except self._refusal as error:
            return error

    def _ended(self, reader: asyncio.Task[None]) -> None:
        if reader.cancelled() or reader is not self._reader:
            return
        self._reader = None
        error = reader.exception()
        assert error is not None, "answers are read without end"
        if not isinstance(error, self._failures):
            context = {"message": f"reading from {self._name} failed", "exception": error}
            reader.get_loop().call_exception_handler(context)
        failure = outside_error(error, self._name)
        self._fail(failure)
        self._lost(str(failure))

    def _fail(self, failure: OutsideError) -> None:
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(failure)


async def _as_push(words: Sequence[Any]) -> Push:
    return Push(words)
