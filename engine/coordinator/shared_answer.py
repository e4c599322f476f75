"""One whole answer that several wait for; it is given up when the last of them has left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

from engine.coordinator.kept_answer import KeptAnswer, read
from engine.errors import Refused
from engine.exchange import Reply

Keep = Callable[[Reply], KeptAnswer]
Fetch = Callable[[Callable[[], Awaitable[bytes]]], Awaitable[bytes]]


class _Unkept(Exception):
    """The answer was made and is not to be kept."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__("this answer is not kept")
        self.answer = answer


class _GivenUp(Exception):
    """Nobody waited any more."""

    def __init__(self, by: SharedAnswer) -> None:
        super().__init__("nobody waits for this answer")
        self.by = by


class SharedAnswer:
    """An answer being looked up in the store, or made, for everybody who asked for it.

    fetch: the store's, bound to the question. keep: says what of a reply is kept. pack: writes
    that, or returns None where it must not be kept. over: called once, when nobody may join.
    ends_s: clock time of the deadline of whoever asked first.
    """

    def __init__(
        self,
        *,
        make: Callable[[], Awaitable[Reply]],
        fetch: Fetch,
        keep: Keep,
        pack: Callable[[Reply, KeptAnswer], bytes | None],
        over: Callable[[SharedAnswer], None],
        ends_s: float = inf,
    ) -> None:
        self._make = make
        self._fetch = fetch
        self._keep = keep
        self._pack = pack
        self._over = over
        self.reply: Reply | None = None
        """What was made here; None where the store had it."""
        self.ends_s = ends_s
        self.is_orphan = False
        """Whoever asked first has left without it."""
        self._waiters = 0
        self._is_given_up = False
        self._making: asyncio.Future[Reply] | None = None
        self._task = asyncio.create_task(self._run(), name="shared answer")
        # What it failed with is told to those who wait; where nobody does, to nobody.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def outcome(self) -> KeptAnswer:
        """Return the answer. Raises what making it raises, Refused where it was given up."""
        self._waiters += 1
        try:
            await asyncio.wait({self._task})
        finally:
            self._waiters -= 1
            if not self._waiters and not self._task.done():
                self._give_up()
        if self._task.cancelled() or isinstance(self._task.exception(), _GivenUp):
            raise Refused("the answer was given up: ask again")
        return self._task.result()

    async def aclose(self) -> None:
        """Give it up and return once nothing is under way."""
        self._give_up()
        await asyncio.wait({self._task})

    async def _run(self) -> KeptAnswer:
        try:
            while True:
                try:
                    found = read(await self._fetch(self._produce))
                except _Unkept as way_out:
                    return way_out.answer
                except _GivenUp as way_out:
                    if way_out.by is self:
                        raise
                    continue  # the one before this ended while its last caller left
                if found is not None:
                    return found
                return self._keep(await self._ask())
        finally:
            self._over(self)

    async def _produce(self) -> bytes:
        reply = await self._ask()
        answer = self._keep(reply)
        packed = self._pack(reply, answer)
        if packed is None:
            raise _Unkept(answer)
        return packed

    async def _ask(self) -> Reply:
        if self._is_given_up:
            raise _GivenUp(self)
        self._making = asyncio.ensure_future(self._make())
        try:
            self.reply = await self._making
        except asyncio.CancelledError:
            if self._is_given_up:
                raise _GivenUp(self) from None
            raise
        return self.reply

    def _give_up(self) -> None:
        """Cancel what is under way at the server, or the wait for the store."""
        self._is_given_up = True
        self._over(self)
        if self._making is not None and not self._making.done():
            # The task goes on to hear of it: else the store would tell of an error that is none.
            self._making.cancel()
        else:
            self._task.cancel()
