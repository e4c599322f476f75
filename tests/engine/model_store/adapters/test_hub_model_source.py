"""Downloads survive what networks do, and say what went wrong when they cannot."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.errors import Damaged, EngineError, OutsideError, Refused, TimedOut, Unreachable
from engine.model_store.adapters import hub_model_source
from engine.model_store.adapters.hub_model_source import HubModelSource
from engine.model_store.ports import ModelEntry, ModelFile

CONTENT = bytes(range(256)) * 2000
REVISION = "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
PATH = f"/someone/model/resolve/{REVISION}/model.bin"

ENTRY = ModelEntry(
    name="model",
    label="Model",
    languages="English",
    hub_repository="someone/model",
    hub_revision=REVISION,
    files=(ModelFile("model.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),),
)


class Hub(ThreadingHTTPServer):
    """A hub on the loopback that can misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.status = 0
        self.cut_after = 0
        self.takes_ranges = True
        self.is_silent = False
        self.moved_to = ""
        self.asked: list[tuple[str, str | None]] = []
        self.gate = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the test."""


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        hub = self.server
        wanted = self.headers.get("Range")
        hub.asked.append((self.path, wanted))
        if hub.is_silent:
            hub.gate.wait(20)
            return
        if hub.moved_to and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", hub.moved_to)
            self.end_headers()
            return
        if hub.status:
            self.send_error(hub.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start >= len(hub.content):
            self.send_error(416)
            return
        if not hub.takes_ranges:
            start = 0
        self.send_response(206 if hub.takes_ranges else 200)
        self.send_header("Content-Length", str(len(hub.content) - start))
        self.end_headers()
        end = start + hub.cut_after if hub.cut_after else len(hub.content)
        self.wfile.write(hub.content[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(hub: Hub, folder: Path) -> list[float]:
    shares: list[float] = []
    asyncio.run(HubModelSource(base_url=hub.url + "/").fetch(ENTRY, folder, shares.append))
    return shares


def failure(hub: Hub, folder: Path) -> EngineError:
    with pytest.raises(OutsideError) as caught:
        fetch(hub, folder)
    assert f"{hub.url}{PATH}" in str(caught.value)
    return caught.value


def test_the_pinned_revision_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    """Files come from the pinned revision, never from a branch that moves."""
    fetch(hub, tmp_path)
    assert hub.asked == [(PATH, "bytes=0-")]
    assert (tmp_path / "model.bin").read_bytes() == CONTENT


def test_download_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    """Only what is missing is asked for, and progress begins where the file stands."""
    (tmp_path / "model.bin").write_bytes(CONTENT[:400_000])
    shares = fetch(hub, tmp_path)
    assert hub.asked == [(PATH, "bytes=400000-")]
    assert (tmp_path / "model.bin").read_bytes() == CONTENT
    assert shares[0] > 0.75


def test_whole_file_is_not_asked_for(hub: Hub, tmp_path: Path) -> None:
    """A file that is here costs no request."""
    (tmp_path / "model.bin").write_bytes(CONTENT)
    assert fetch(hub, tmp_path) == [1.0]
    assert hub.asked == []


def test_cut_connections_are_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    """A connection that breaks again and again still brings the whole file."""
    hub.cut_after = 100_000
    fetch(hub, tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == CONTENT
    starts = [int((wanted or "").removeprefix("bytes=")[:-1]) for _, wanted in hub.asked]
    assert starts == sorted(set(starts))
    assert len(starts) >= 5


def test_server_without_ranges_starts_over(hub: Hub, tmp_path: Path) -> None:
    """A server that ignores ranges sends everything, and the file is right all the same."""
    hub.takes_ranges = False
    (tmp_path / "model.bin").write_bytes(b"x" * 1000)
    fetch(hub, tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == CONTENT


def test_moved_file_is_followed(hub: Hub, tmp_path: Path) -> None:
    """Hubs hand large files to other servers; redirects are followed."""
    hub.moved_to = f"{hub.url}/moved/model.bin"
    fetch(hub, tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Refused), (401, Refused), (403, Refused), (503, Unreachable)]
)
def test_refusals_are_told_from_outages(
    hub: Hub, tmp_path: Path, status: int, kind: type[OutsideError]
) -> None:
    """A missing or forbidden file is refused, a broken server unreachable; the status is named."""
    hub.status = status
    error = failure(hub, tmp_path)
    assert type(error) is kind
    assert str(status) in str(error)
    assert len(hub.asked) == 1


@pytest.mark.parametrize("takes_ranges", [True, False])
def test_wrong_length_is_damage(hub: Hub, tmp_path: Path, takes_ranges: bool) -> None:
    """A file that is too long or too short on the server is no endless download."""
    hub.takes_ranges = takes_ranges
    hub.content = CONTENT + b"more"
    assert type(failure(hub, tmp_path)) is Damaged
    (tmp_path / "model.bin").unlink()
    hub.content = CONTENT[:1000]
    assert type(failure(hub, tmp_path)) is Damaged
    assert len(hub.asked) <= 5


def test_silent_server_times_out(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and says nothing is given up after the time allowed."""
    monkeypatch.setattr(hub_model_source, "SILENCE_S", 0.2)
    hub.is_silent = True
    assert type(failure(hub, tmp_path)) is TimedOut


def test_no_network_is_unreachable(tmp_path: Path) -> None:
    """A hub that is not there is unreachable, at once."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unreachable, match="cannot be reached"):
            asyncio.run(HubModelSource(base_url=url).fetch(ENTRY, tmp_path, lambda share: None))


def test_unwritable_file_is_refused(hub: Hub, tmp_path: Path) -> None:
    """Where the file cannot be written, the message names it."""
    (tmp_path / "model.bin").mkdir()
    (tmp_path / "model.bin" / "in the way").touch()
    with pytest.raises(Refused, match=r"model\.bin cannot be written"):
        fetch(hub, tmp_path)


def test_cancel_hangs_up_and_keeps_what_came(hub: Hub, tmp_path: Path) -> None:
    """A cancelled download leaves its bytes for the next one."""
    hub.cut_after = 100_000

    async def cancel_on_the_way() -> None:
        source = HubModelSource(base_url=hub.url)
        task: asyncio.Task[None] = asyncio.create_task(
            source.fetch(ENTRY, tmp_path, lambda share: task.cancel() and None)
        )
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_on_the_way())
    assert CONTENT.startswith((tmp_path / "model.bin").read_bytes())
    hub.cut_after = 0
    fetch(hub, tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == CONTENT
