"""Messages to whoever listens, here and in other processes."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from engine.cache.keys import check_text
from engine.cache.ports import Channels
from engine.cache.sharing import Sharing
from engine.cache.snapshot import ChannelCount
from engine.cache.subscription import Message, Subscription
from engine.clock import Clock
from engine.errors import OutsideError

__all__ = ["Message", "Messages", "Subscription"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
"""Between attempts to listen again, doubled each time."""

MOST_CHANNELS = 1000
"""That are remembered, beside those that somebody here listens to."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for seconds."""


class Frame(msgspec.Struct, array_like=True, frozen=True):
    """A message on its way, as msgpack."""

    sender: bytes
    """A random word of the process."""
    number: int
    """Of the sender in this channel: a missing one is a gap."""
    sent_ms: int
    """Unix time."""
    value: msgspec.Raw


@dataclass(slots=True)
class _Channel:
    """What this process did in one channel."""

    number: int = 0
    """Of the last message."""
    published: int = 0
    received: int = 0
    last_at: datetime | None = None
    subscriptions: set[Subscription] = field(default_factory=set)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Messages leave in the order of their numbers."""

    @property
    def is_idle(self) -> bool:
        """True while nobody here listens and nothing is on its way."""
        return not self.subscriptions and not self.turn.locked()


class Messages:
    """Publishes and delivers.

    A message reaches the listeners of this process directly, once, whatever Redis does; those of
    other processes through Redis. Lives on the engines' loop.
    """

    def __init__(
        self,
        *,
        channels: Channels,
        is_shared: Callable[[], bool],
        clock: Clock,
        tally: defaultdict[str, int],
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._outside = channels
        self._sharing = Sharing(is_shared=is_shared, clock=clock)
        self._clock = clock
        self._tally = tally
        self._pause = pause
        self._word = secrets.token_bytes(8)
        self._channels: dict[str, _Channel] = {}
        self._forgotten_number = 0
        """No channel that was forgotten had a larger one."""
        self._pumps: dict[Subscription, asyncio.Task[None]] = {}

    async def attach(self, channels: Channels) -> None:
        """Send and listen through `channels` from now on; subscriptions go on, after a gap."""
        self._outside = channels
        self._sharing.resume()
        for subscription, pump in list(self._pumps.items()):
            pump.cancel()
            await asyncio.wait([pump])
            if self._pumps.get(subscription) is pump:  # nobody has closed it meanwhile
                self._begin(subscription, may_have_missed=True)

    async def publish(self, channel: str, value: object) -> None:
        """Send `value` to whoever listens; others than this process miss it while Redis is away.

        Raises TypeError for what msgspec cannot write.
        """
        check_text(channel)
        payload = msgspec.msgpack.encode(value)
        known = self._known(channel)
        known.number += 1
        known.published += 1
        known.last_at = now = self._clock.wall()
        self._tally["published"] += 1
        frame = Frame(self._word, known.number, int(now.timestamp() * 1000), msgspec.Raw(payload))
        for subscription in list(known.subscriptions):
            self._deliver(subscription, Message(channel, msgspec.msgpack.decode(payload), now))
        async with known.turn:
            if not self._sharing.is_on:
                return
            try:
                await self._outside.publish(channel, msgspec.msgpack.encode(frame))
            except OutsideError as error:
                self._sharing.note(error)

    def subscribe(self, *channels: str) -> Subscription:
        """Return the messages of `channels` from now on. Close it when it is not needed any more.

        Where messages may have been missed, it says so by a message with `is_gap`. Raises
        ValueError without a channel.
        """
        if not channels:
            raise ValueError("no channel to listen to: name at least one")
        check_text(*channels)
        subscription = Subscription(channels, clock=self._clock, close=self._leave)
        for channel in channels:
            self._known(channel).subscriptions.add(subscription)
        self._begin(subscription, may_have_missed=False)
        return subscription

    def channels(self) -> tuple[ChannelCount, ...]:
        """Return what happened in each channel that this process has used lately."""
        return tuple(
            ChannelCount(
                name=name,
                published=each.published,
                received=each.received,
                subscribers=len(each.subscriptions),
                last_at=each.last_at,
            )
            # Copied in one step: snapshots are taken on other threads.
            for name, each in sorted(self._channels.copy().items())
        )

    async def aclose(self) -> None:
        """End every subscription. May be called twice."""
        for subscription in list(self._pumps):
            await subscription.aclose()

    def _known(self, channel: str) -> _Channel:
        """Return a channel; where there are many, one that nobody here listens to is forgotten."""
        known = self._channels.get(channel)
        if known is not None:
            return known
        if len(self._channels) >= MOST_CHANNELS:
            idle = (name for name, each in self._channels.items() if each.is_idle)
            oldest = self._channels.pop(next(idle, ""), None)
            if oldest is not None:
                self._forgotten_number = max(self._forgotten_number, oldest.number)
        # Numbers go on: who listens elsewhere would take smaller ones for what was here before.
        known = self._channels[channel] = _Channel(number=self._forgotten_number)
        return known

    def _begin(self, subscription: Subscription, *, may_have_missed: bool) -> None:
        name = f"messages of {', '.join(subscription.channels)}"
        pump = asyncio.create_task(self._pump(subscription, may_have_missed), name=name)
        self._pumps[subscription] = pump

    async def _leave(self, subscription: Subscription) -> None:
        for channel in subscription.channels:
            self._known(channel).subscriptions.discard(subscription)
        pump = self._pumps.pop(subscription, None)
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])

    async def _pump(self, subscription: Subscription, may_have_missed: bool) -> None:
        """Take what other processes send, over one connection after the other."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with aclosing(self._outside.listen(subscription.channels)) as arriving:
                    async for each in arriving:
                        if each is not None:
                            self._take(subscription, *each)
                            continue
                        pause_s = FIRST_PAUSE_S
                        subscription.begin()
                        if may_have_missed:
                            self._tell_gap(subscription, subscription.channels)
            except OutsideError:
                may_have_missed = True
            await self._pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _take(self, subscription: Subscription, channel: str, message: bytes) -> None:
        try:
            frame = msgspec.msgpack.decode(message, type=Frame)
            value = msgspec.msgpack.decode(frame.value)
            sent_at = datetime.fromtimestamp(frame.sent_ms / 1000, self._clock.wall().tzinfo)
        except (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError):
            self._tally["damaged"] += 1
            return
        if frame.sender == self._word:
            return  # it was delivered when it was sent
        missed = subscription.count(channel, frame.sender, frame.number)
        if missed < 0:
            return  # it was here before
        if missed:
            self._tell_gap(subscription, (channel,))
        self._deliver(subscription, Message(channel, value, sent_at))

    def _deliver(self, subscription: Subscription, message: Message) -> None:
        if not subscription.put(message):
            self._tally["gaps"] += 1
            return
        self._tally["received"] += 1
        known = self._known(message.channel)
        known.received += 1
        known.last_at = self._clock.wall()

    def _tell_gap(self, subscription: Subscription, channels: tuple[str, ...]) -> None:
        self._tally["gaps"] += 1
        for channel in channels:
            subscription.put_gap(channel)
