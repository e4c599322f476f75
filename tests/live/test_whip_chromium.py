"""`/whip` of a real `serve`, with a headless Chromium whose microphone is a sound file."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aioice.ice import get_host_addresses

from tests.live.programs import Program, need
from tests.live.served import START_S, Served, serving
from tests.live.speech import GARDEN, Speech, with_silence, word_error_rate

pytestmark = pytest.mark.live

PAGE = Path(__file__).resolve().parents[1] / "clients" / "whip_page.html"
WORST = 0.15
STORY_S = 90.0
"""Starting a browser, loading the model and hearing the sentence twice, on a busy machine."""
PAUSE_S = 2.0
"""Of silence around the sentence, which is said again and again: its end is heard as an end."""
SENDERS = "uat_gateway_webrtc_senders"


@dataclass
class PageServer:
    """Serves the page and keeps what it tells. is_enough: says after which event it may end."""

    port: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    is_enough: Callable[[dict[str, Any]], bool] = lambda _: False

    def of(self, name: str) -> list[Any]:
        """Return the values that were told by `name`."""
        return [each[name] for each in tuple(self.told) if name in each]


@pytest.fixture(scope="module")
def pages() -> Iterator[PageServer]:
    """Return the server of the page."""
    found = PageServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.read_bytes() if self.path == "/" else b""
            self._answer(200 if body else 404, body)

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            told = json.loads(self.rfile.read(length))
            found.told.append(told)
            self._answer(205 if found.is_enough(told) else 204, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, name="pages")
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, pages: PageServer) -> Iterator[Served]:
    """Return a `serve` that hears English and may be called from the page at 127.0.0.1."""
    need("chromium")
    with serving(
        tmp_path_factory.mktemp("chromium"),
        gateway=f'origins = "http://127.0.0.1:{pages.port}"\n',
        settings='[voice]\nlanguage = "en"\n',
    ) as found:
        yield found
        assert found.key not in found.said


@contextlib.contextmanager
def browsing(folder: Path, host: str, pages: PageServer, served: Served, sound: Path):
    """Let Chromium show the page by the name `host`; its microphone hears `sound`, repeatedly."""
    pages.told.clear()
    given = quote(json.dumps({"url": f"{served.base}/whip", "key": served.key}))
    command = [
        "chromium",
        *("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
        *("--disable-sync", "--disable-quic", f"--user-data-dir={folder / 'chromium'}"),
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        f"--use-file-for-fake-audio-capture={sound}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        # Chromium sends over loopback when it was told so, or by any other address there is.
        *([] if get_host_addresses(True, True) else ["--allow-loopback-in-peer-connection"]),
        f"http://{host}:{pages.port}/#{given}",
    ]
    environment = os.environ | {"HOME": str(folder), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
    program = Program(command, folder=folder, name="chromium", environment=environment)
    try:
        yield program
    finally:
        program.end()


def test_words_of_a_microphone_come_back(
    tmp_path: Path, pages: PageServer, served: Served, speak: Callable[[str], Speech]
):
    """What is said into the microphone of a page comes back word for word, until it deletes."""
    speech = with_silence(speak(GARDEN), before_s=PAUSE_S, after_s=PAUSE_S)

    def is_understood(told: dict[str, Any]) -> bool:
        is_final = told.get("event") == "final"
        return is_final and word_error_rate(speech.text, told["text"]) <= WORST

    pages.is_enough = is_understood
    with browsing(tmp_path, "127.0.0.1", pages, served, speech.path) as chromium:
        chromium.wait_for(
            lambda: pages.of("deleted") or pages.of("error"),
            "an end",
            within_s=STORY_S,
        )
        assert pages.of("error") == []
        assert pages.of("deleted") == [200]
        assert "connected" in pages.of("state")
        assert "partial" in pages.of("event")
        # On a busy machine the first may have begun before the page was connected.
        assert pages.of("event").count("final") <= 2
        assert served.metric(SENDERS) == 0


def test_page_that_is_not_listed_gets_nothing(
    tmp_path: Path, pages: PageServer, served: Served, speak: Callable[[str], Speech]
):
    """A page of another origin cannot send its microphone, key or not."""
    speech = speak(GARDEN)
    with browsing(tmp_path, "localhost", pages, served, speech.path) as chromium:
        chromium.wait_for(lambda: pages.of("error"), "an error", within_s=START_S)
        assert "Failed to fetch" in pages.of("error")[0]
        assert pages.of("event") == []
        assert served.metric(SENDERS) == 0
