"""Sound over WebRTC, sent by aiortc on loopback."""

from __future__ import annotations

import asyncio
import fractions
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import numpy as np
import pytest

from engine.errors import Overloaded, Rejected
from engine.gateway.adapters.aiortc_ingest import (
    MOST_CONNECTIONS,
    AiortcIngest,
    _bind,
    _without_names,
)
from engine.gateway.ports import Ingested
from engine.voice.snapshot import VoiceEvent
from tests.conftest import FakeClock
from tests.engine.voice.doubles import until

HELLO = VoiceEvent("final", 1, "hello there.", "hello there.", 0.0, 1.0, 1.2)
STORY_S = 30.0
RATE_HZ, CHANNELS = 48_000, 2
"""What aiortc's Opus decoder gives, whatever was sent."""


class FakeSender:
    """Hears, and says hello as soon as there was sound."""

    def __init__(self, label: str, sample_rate_hz: int, channels: int) -> None:
        self.asked = label, sample_rate_hz, channels
        self.heard: list[np.ndarray] = []
        self.has_heard = asyncio.Event()
        self.is_closed = asyncio.Event()

    def push(self, frames: np.ndarray) -> None:
        """Keep what comes."""
        self.heard.append(frames)
        self.has_heard.set()

    async def events(self) -> AsyncIterator[VoiceEvent]:
        """Say hello, again and again: the channel may open late."""
        while not self.is_closed.is_set():
            await self.has_heard.wait()
            yield HELLO
            await asyncio.sleep(0.02)

    async def aclose(self) -> None:
        """Leave."""
        self.is_closed.set()
        self.has_heard.set()


class Place:
    """An ingest and what came of it."""

    def __init__(self) -> None:
        self.senders: list[FakeSender] = []
        self.has_sender = asyncio.Event()
        self.ingest = AiortcIngest(
            open_sender=self._open, addresses=lambda: ("127.0.0.1",), clock=FakeClock()
        )

    def _open(self, label: str, sample_rate_hz: int, channels: int) -> FakeSender:
        self.senders.append(FakeSender(label, sample_rate_hz, channels))
        self.has_sender.set()
        return self.senders[-1]


def tone_track() -> Any:
    """Return an audio track that hums."""
    from aiortc.mediastreams import AudioStreamTrack
    from av import AudioFrame

    class Tone(AudioStreamTrack):
        at = 0

        async def recv(self) -> AudioFrame:
            await super().recv()  # keeps the pace
            times = (self.at + np.arange(960)) / RATE_HZ
            sound = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
            frame = AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, self.at
            frame.time_base = fractions.Fraction(1, RATE_HZ)
            self.at += 960
            return frame

    return Tone()


class Browser:
    """A sender."""

    def __init__(self, *, with_sound: bool = True) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.told: asyncio.Queue[str] = asyncio.Queue()
        if with_sound:
            self.peer.addTrack(tone_track())
        self.peer.createDataChannel("words").on("message", self.told.put_nowait)

    async def offer(self) -> str:
        """Return what a browser would post."""
        offer = await self.peer.createOffer()
        _bind(self.peer, ("127.0.0.1",))
        await self.peer.setLocalDescription(offer)
        return str(self.peer.localDescription.sdp)

    async def take(self, made: Ingested) -> None:
        """Take the answer."""
        from aiortc import RTCSessionDescription

        await self.peer.setRemoteDescription(RTCSessionDescription(made.answer, "answer"))


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run `scene`, which fails where it hangs."""

    async def timed() -> None:
        async with asyncio.timeout(STORY_S):
            await scene

    asyncio.run(timed())


def test_sound_arrives_and_words_go_back():
    """What a browser sends is heard, and what is understood comes back on its data channel."""

    async def scene() -> None:
        place, browser = Place(), Browser()
        made = await place.ingest.open(await browser.offer())
        await browser.take(made)
        told = json.loads(await browser.told.get())
        assert (told["event"], told["text"]) == ("final", "hello there.")
        [sender] = place.senders
        assert sender.asked == ("WebRTC", RATE_HZ, CHANNELS)
        sound = np.concatenate(sender.heard)
        assert sound.dtype == np.float32
        assert sound.shape[1] == CHANNELS
        [view] = place.ingest.views()
        assert (view.id, view.state) == (made.id, "connected")
        assert await place.ingest.close(made.id)
        assert sender.is_closed.is_set()
        assert place.ingest.views() == ()
        assert not await place.ingest.close(made.id)
        await browser.peer.close()

    run(scene())


def test_a_telephone_is_heard_at_its_own_rate():
    """Who sends G.711 sends 8000 samples a second of one channel, and is heard as that."""
    from aiortc import RTCRtpSender

    async def scene() -> None:
        place, browser = Place(), Browser()
        every = RTCRtpSender.getCapabilities("audio").codecs
        [sound] = browser.peer.getTransceivers()
        sound.setCodecPreferences([each for each in every if each.mimeType == "audio/PCMU"])
        await browser.take(await place.ingest.open(await browser.offer()))
        await browser.told.get()
        [sender] = place.senders
        assert sender.asked[1:] == (8000, 1)
        assert {frames.shape for frames in sender.heard} == {(160, 1)}
        assert max(np.abs(frames).max() for frames in sender.heard) > 0.1
        await place.ingest.aclose()
        await browser.peer.close()

    run(scene())


def test_a_sender_that_ends_the_connection_is_forgotten():
    """Closing the page ends the sentence and gives the place back."""

    async def scene() -> None:
        place, browser = Place(), Browser()
        await browser.take(await place.ingest.open(await browser.offer()))
        await place.has_sender.wait()
        await browser.peer.close()
        await place.senders[0].is_closed.wait()
        await until(lambda: not place.ingest.views(), "the connection to be forgotten")

    run(scene())


def test_only_the_addresses_that_were_chosen_are_offered():
    """No other address of the machine is opened or told; pins private names of aioice."""

    async def scene() -> None:
        place, browser = Place(), Browser()
        made = await place.ingest.open(await browser.offer())
        lines = [x for x in made.answer.splitlines() if x.startswith("a=candidate")]
        assert lines
        assert all(" 127.0.0.1 " in line for line in lines)
        await place.ingest.aclose()
        await place.ingest.aclose()
        await browser.peer.close()

    run(scene())


def test_an_offer_without_sound_is_refused():
    """A data channel alone has nothing to say."""

    async def scene() -> None:
        place, browser = Place(), Browser(with_sound=False)
        with pytest.raises(Rejected, match="audio track"):
            await place.ingest.open(await browser.offer())
        assert place.ingest.views() == ()
        await browser.peer.close()

    run(scene())


@pytest.mark.parametrize(
    "offer",
    ["", "hello", "v=0", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio", "\0" * 99],
)
def test_what_is_no_offer_is_refused(offer: str):
    """Any text may be posted; it ends in a clear refusal and leaves nothing behind."""

    async def scene() -> None:
        place = Place()
        with pytest.raises(Rejected):
            await place.ingest.open(offer)
        assert place.ingest.views() == ()

    run(scene())


def test_too_many_senders_are_told_to_wait():
    """Each connection costs; who was refused may come back."""

    async def scene() -> None:
        place = Place()
        browsers = [Browser() for _ in range(MOST_CONNECTIONS + 1)]
        for browser in browsers[:-1]:
            await place.ingest.open(await browser.offer())
        with pytest.raises(Overloaded):
            await place.ingest.open(await browsers[-1].offer())
        await place.ingest.aclose()
        for browser in browsers:
            await browser.peer.close()

    run(scene())


def test_names_that_would_be_looked_up_are_left_out():
    """Addresses a browser hides behind `.local` names are not asked for on the network."""
    hidden = "a=candidate:1 1 udp 2122260223 1f4712db.local 51111 typ host"
    plain = "a=candidate:1 1 udp 2122260223 127.0.0.1 51111 typ host"
    assert _without_names(f"v=0\r\n{hidden}\r\n{plain}\r\n") == f"v=0\r\n{plain}\r\n"
