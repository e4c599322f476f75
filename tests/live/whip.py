"""aiortc as a sender of sound to `/whip`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp

from tests.live.served import Served

SDP = "application/sdp"


def headers(served: Served, **more: str) -> dict[str, str]:
    """Return what comes with an offer to `served`."""
    return {"authorization": f"Bearer {served.key}", "content-type": SDP} | more


class AiortcSender:
    """Plays a sound file to `served` and keeps what it is told. For one loop.

    sound: the file; None for a sender without any.
    """

    def __init__(self, served: Served, sound: Path | None) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection
        from aiortc.contrib.media import MediaPlayer

        self._served = served
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.has_ended = asyncio.Event()
        """Set when the sound was played to its end."""
        self.location = ""
        """Of the connection, once there is one."""
        self._told: asyncio.Queue[str] = asyncio.Queue()
        if sound is not None:
            self._track = MediaPlayer(str(sound)).audio
            self._track.on("ended", self.has_ended.set)
            self.peer.addTrack(self._track)
        self.peer.createDataChannel("words").on("message", self._told.put_nowait)

    async def connect(self, http: aiohttp.ClientSession) -> None:
        """Post the offer and take the answer."""
        from aiortc import RTCSessionDescription

        await self.peer.setLocalDescription(await self.peer.createOffer())
        url = f"{self._served.base}/whip"
        offer = self.peer.localDescription.sdp
        async with http.post(url, data=offer, headers=headers(self._served)) as answer:
            told = await answer.text()
            assert answer.status == 201, told
            assert answer.content_type == SDP
            self.location = urljoin(url, answer.headers["location"])
        await self.peer.setRemoteDescription(RTCSessionDescription(told, "answer"))

    async def delete(self, http: aiohttp.ClientSession) -> int:
        """End the connection as WHIP has it; return the status of the answer."""
        async with http.delete(self.location, headers=headers(self._served)) as answer:
            return answer.status

    async def wait_for(self, kind: str) -> dict[str, Any]:
        """Return the next event of `kind`."""
        while True:
            event: dict[str, Any] = json.loads(await self._told.get())
            if event["event"] == kind:
                return event

    async def aclose(self) -> None:
        """Leave as a page does that is closed: without a word to `/whip`."""
        await self.peer.close()
