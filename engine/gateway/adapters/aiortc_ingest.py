"""Sound over WebRTC by aiortc: a browser or OBS sends, words go back on a data channel."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.clock import Clock
from engine.errors import Overloaded, Rejected
from engine.gateway.ports import Ingested, OpenSender, Sender
from engine.gateway.snapshot import IngestView

if TYPE_CHECKING:
    from aiortc import RTCDataChannel, RTCPeerConnection
    from aiortc.mediastreams import MediaStreamTrack

_log = logging.getLogger(__name__)

MOST_CONNECTIONS = 4
CONNECT_S = 30.0
"""A sender that was let in and does not come within this time has gone."""
LABEL = "WebRTC"
OVER = ("closed", "failed")


class AiortcIngest:
    """The gateway's `Ingest`. addresses: those of this machine that senders may send to."""

    def __init__(
        self, *, open_sender: OpenSender, addresses: Callable[[], tuple[str, ...]], clock: Clock
    ) -> None:
        self._open_sender = open_sender
        self._addresses = addresses
        self._clock = clock
        self._here: dict[str, _Connection] = {}

    async def open(self, offer: str) -> Ingested:
        """Answer `offer`. Raises Rejected where it is none of sound, Overloaded."""
        from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

        if len(self._here) >= MOST_CONNECTIONS:
            raise Overloaded(
                f"{MOST_CONNECTIONS} senders are connected already: end one of them first",
                retry_after_s=5.0,
            )
        # No STUN server: nobody outside this machine is asked for anything.
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection = _Connection(peer, self._open_sender, self._forget, self._clock)
        self._here[connection.id] = connection
        async with AsyncExitStack() as undo:
            undo.push_async_callback(connection.aclose)
            try:
                description = RTCSessionDescription(_without_names(offer), "offer")
                await peer.setRemoteDescription(description)
            except (ValueError, KeyError, IndexError, AttributeError, AssertionError) as error:
                raise Rejected(f"this is no SDP offer that can be read ({error})") from error
            if not connection.has_sound:
                raise Rejected("the offer sends no sound: add an audio track that is sent")
            _bind(peer, self._addresses())
            await peer.setLocalDescription(await peer.createAnswer())
            undo.pop_all()
        connection.begin()
        return Ingested(connection.id, peer.localDescription.sdp)

    async def close(self, id: str) -> bool:
        """End the connection `id`; False where there is none."""
        connection = self._here.get(id)
        if connection is None:
            return False
        await connection.aclose()
        return True

    def views(self) -> tuple[IngestView, ...]:
        """Return the connections there are."""
        return tuple(each.view() for each in tuple(self._here.values()))

    async def aclose(self) -> None:
        """End every connection. May be called twice."""
        await asyncio.gather(*(each.aclose() for each in tuple(self._here.values())))

    def _forget(self, connection: _Connection) -> None:
        self._here.pop(connection.id, None)


@dataclass(frozen=True, slots=True)
class _Told:
    """An event on the data channel; the same fields as of `listen --jsonl`."""

    event: str
    id: int
    text: str
    stable: str
    start_s: float
    end_s: float
    at_s: float


class _Connection:
    """One sender, from the offer to the end."""

    def __init__(
        self,
        peer: RTCPeerConnection,
        open_sender: OpenSender,
        forget: Callable[[_Connection], None],
        clock: Clock,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.has_sound = False
        self._peer = peer
        self._open_sender = open_sender
        self._forget = forget
        self._clock = clock
        self._began_s = clock.now()
        self._received_s = 0.0
        self._sender: Sender | None = None
        self._channels: list[RTCDataChannel] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Task[None] | None = None
        peer.on("track", self._take_track)
        peer.on("datachannel", self._channels.append)
        peer.on("connectionstatechange", self._look)

    def begin(self) -> None:
        """Expect the sender from now on."""
        self._start(self._expect())

    def view(self) -> IngestView:
        """Return the connection as it is now."""
        state = self._peer.connectionState
        return IngestView(self.id, LABEL, state, self._began_s, self._received_s)

    async def aclose(self) -> None:
        """End it, after the last words. May be called twice."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        for task in self._tasks:
            if task.get_name() != "words":  # they end with the sender, and are told before
                task.cancel()
        if self._sender is not None:
            await self._sender.aclose()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._peer.close()
        self._forget(self)

    async def _expect(self) -> None:
        await asyncio.sleep(CONNECT_S)
        if self._peer.connectionState != "connected":
            self._end_soon()

    async def _look(self) -> None:
        if self._peer.connectionState in OVER:
            self._end_soon()

    def _end_soon(self) -> None:
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())

    def _take_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and not self.has_sound:
            self.has_sound = True
            self._start(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        """Hand on what comes until the sender ends it."""
        from aiortc.mediastreams import MediaStreamError

        try:
            while True:
                frame: Any = await track.recv()
                # Opus gives 48 kHz of two channels, the codecs of telephones 8 kHz of one.
                rate_hz, channels = frame.sample_rate, len(frame.layout.channels)
                if self._sender is None:
                    # With the first sound: an offer alone takes nobody's place.
                    self._sender = self._open_sender(LABEL, rate_hz, channels)
                    self._start(self._tell(self._sender), "words")
                sound = frame.to_ndarray().reshape(-1, channels)
                self._received_s += len(sound) / rate_hz
                self._sender.push(sound.astype(np.float32) / 32768.0)
        except (MediaStreamError, Overloaded) as error:
            _log.info("a sender over WebRTC ended: %r", error)
        finally:
            self._end_soon()

    async def _tell(self, sender: Sender) -> None:
        async for event in sender.events():
            told = msgspec.convert(event, _Told, from_attributes=True)
            text = msgspec.json.encode(told).decode()
            for channel in self._channels:
                if channel.readyState == "open":
                    channel.send(text)

    def _start(self, work: Any, name: str | None = None) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _without_names(offer: str) -> str:
    """Return `offer` without candidates that must be looked up: browsers hide addresses as
    `.local` names, and asking for them would leave this machine. ICE finds those peers by itself.
    """
    lines = offer.replace("\r\n", "\n").split("\n")
    kept = (x for x in lines if not (x.startswith("a=candidate") and ".local " in x))
    return "\r\n".join(kept)


def _bind(peer: RTCPeerConnection, addresses: tuple[str, ...]) -> None:
    """Let `peer` listen on `addresses` alone; aioice takes all of the machine's but loopback.

    It has no setting for that: this uses its private names, which
    `tests/engine/gateway/adapters/test_aiortc_ingest.py` pins.
    """
    transports = [each.receiver.transport for each in peer.getTransceivers()]
    if peer.sctp is not None:
        transports.append(peer.sctp.transport)
    for transport in transports:
        connection: Any = transport.transport.iceGatherer._connection
        gather = connection.get_component_candidates

        async def ours(component: int, *, gather: Any = gather, **_: object) -> Any:
            return await gather(component=component, addresses=list(addresses))

        connection.get_component_candidates = ours
