"""`serve`, `ask` and `keys` in processes of their own, with the model that comes along."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from app.gateway_client import open_gateway
from engine.folders import Folders
from engine.gateway.whereabouts import Whereabouts
from tests.live.gateway import running_gateway
from tests.live.ports import free_port
from tests.live.programs import Program

pytestmark = pytest.mark.live

START_S = 60.0
LIMIT_S = 120


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment of a user who lives at `home` and has no keyring."""
    return os.environ | {
        "UNIVERSAL_AI_TOOLS_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the home of a user who looks for no servers."""
    file = Folders.under(tmp_path / "home").settings_file
    file.parent.mkdir(parents=True)
    text = f"[gateway]\nport = {free_port()}\n[coordinator]\ndiscover = false\n"
    file.write_text(text, encoding="utf-8")
    return tmp_path / "home"


@pytest.fixture
def serve(home: Path, tmp_path: Path) -> Iterator[Program]:
    """Return `serve`, running."""
    command = [sys.executable, "-W", "error", "-m", "app", "serve"]
    program = Program(command, folder=tmp_path, name="serve", environment=surroundings(home))
    yield program
    program.end()


def app(home: Path, *words: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the application's command `words`."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "app", *words],
        env=surroundings(home),
        input=typed,
        stdin=subprocess.DEVNULL if typed is None else None,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_serve_from_the_first_line_to_the_end(home: Path, serve: Program):
    """The first line tells where to call and with which key; SIGTERM ends it in order."""
    line = serve.wait_for(lambda: serve.out.partition("\n")[0], "a first line", within_s=START_S)
    told = json.loads(line)
    key = Path(told["key_file"]).read_text(encoding="utf-8").strip()
    request = Request(f"{told['url']}/models", headers={"Authorization": f"Bearer {key}"})
    with urlopen(request, timeout=START_S) as answer:
        assert json.load(answer)["object"] == "list"
    asked = app(home, "ask", "--model", "nobody-has-this", "Hi")
    assert asked.returncode == 1
    assert "nobody-has-this" in asked.stderr
    assert key not in serve.out + serve.err + asked.stderr
    serve.signal(signal.SIGTERM)
    assert serve.wait() == 0
    assert "Traceback" not in serve.err


def test_another_address(home: Path, tmp_path: Path):
    """Address, port and settings can be given; what cannot be is told."""
    port = free_port()
    mine = tmp_path / "mine.toml"
    mine.write_text("[coordinator]\ndiscover = false\n", encoding="utf-8")
    words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--settings", str(mine)]
    command = [sys.executable, "-W", "error", "-m", "app", *words]
    program = Program(command, folder=tmp_path, name="other", environment=surroundings(home))
    try:
        line = program.wait_for(
            lambda: program.out.partition("\n")[0], "a first line", within_s=START_S
        )
        assert json.loads(line)["url"] == f"http://127.0.0.1:{port}/v1"
    finally:
        program.end()
    for wrong in (["--port", "70000"], ["--settings", str(tmp_path / "nothing.toml")]):
        refused = app(home, "serve", *wrong)
        assert refused.returncode == 1
        assert refused.stderr
        assert "Traceback" not in refused.stderr


def test_ask_goes_to_the_gateway_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The words of a stream arrive through a gateway that proves to know the key."""
    folders = replace(Folders.under(tmp_path), settings=tmp_path / "settings.toml")

    async def work() -> None:
        async with running_gateway(folders.config) as running:
            write_port(folders, running.port)
            found = await asyncio.to_thread(open_gateway, folders)
            assert found is not None
            assert (found.url, found.key) == (running.url, running.key)
            chunks = await asyncio.to_thread(lambda: list(found.stream({"messages": ASKED})))
            words = [c["choices"][0]["delta"].get("content", "") for c in chunks]
            assert "".join(words) == "Hello there"

    asyncio.run(work())


ASKED = [{"role": "user", "content": "Hi"}]


def write_port(folders: Folders, port: int, more: str = "") -> None:
    """Let the settings name `port`."""
    folders.settings_file.write_text(f"[gateway]\nport = {port}\n{more}", encoding="utf-8")


def test_address_after_the_usual_port_was_taken(home: Path, tmp_path: Path):
    """A gateway that had to move is found by `ask` all the same, and not once it has ended."""
    folders = Folders.under(home)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        write_port(folders, taken.getsockname()[1], "[coordinator]\ndiscover = false\n")
        command = [sys.executable, "-W", "error", "-m", "app", "serve"]
        program = Program(command, folder=tmp_path, name="moved", environment=surroundings(home))
        try:
            line = program.wait_for(
                lambda: program.out.partition("\n")[0], "a first line", within_s=START_S
            )
            found = open_gateway(folders)
            assert found is not None
            assert found.url == json.loads(line)["url"]
            program.signal(signal.SIGTERM)
            assert program.wait() == 0
        finally:
            program.end()
        assert not list(folders.data.glob("gateway.json"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://127.0.0.1:99999999/v1"])
def test_address_that_is_no_longer_true(tmp_path: Path, url: str):
    """What a crash left behind is not believed; the usual address is tried after it."""
    folders = replace(Folders.under(tmp_path), settings=tmp_path / "settings.toml")
    Whereabouts(folders.data).tell(url)

    async def work() -> None:
        async with running_gateway(folders.config) as running:
            write_port(folders, running.port)
            found = await asyncio.to_thread(open_gateway, folders)
            assert found is not None
            assert found.url == running.url

    asyncio.run(work())


def test_key_is_not_told_to_strangers(tmp_path: Path):
    """Who listens at the port but does not know the key never gets to see it."""
    folders = replace(Folders.under(tmp_path), settings=tmp_path / "settings.toml")
    heard = bytearray()

    async def work() -> None:
        async with running_gateway(folders.config) as owner, running_gateway(tmp_path) as other:
            # A gateway of somebody else, with a key of its own.
            write_port(folders, other.port)
            assert await asyncio.to_thread(open_gateway, folders) is None
            listener = await asyncio.start_server(relay(owner.port, heard), "127.0.0.1", 0)
            async with listener:
                # A stranger who hands the question on to the owner's gateway.
                write_port(folders, listener.sockets[0].getsockname()[1])
                assert await asyncio.to_thread(open_gateway, folders) is None
                assert b"challenge" in heard
                assert owner.key.encode() not in heard

    asyncio.run(work())


def relay(port: int, heard: bytearray):
    """Return a server that hands everything on to `port` and hears it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readuntil(b"\r\n\r\n"))
        out, into = await asyncio.open_connection("127.0.0.1", port)
        into.write(bytes(heard))
        writer.write(await out.readuntil(b"}"))
        await writer.drain()
        into.close()
        writer.close()

    return serve


def test_silent_port(tmp_path: Path):
    """A port that takes connections and says nothing is no gateway, and found so soon."""
    folders = replace(Folders.under(tmp_path), settings=tmp_path / "settings.toml")
    folders.config.mkdir(parents=True)
    (folders.config / "gateway.key").write_text("k" * 32, encoding="utf-8")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        write_port(folders, silent.getsockname()[1])
        found: list[object] = []
        asking = threading.Thread(target=lambda: found.append(open_gateway(folders)))
        asking.start()
        asking.join(START_S)
        assert found == [None]


def test_ask_without_a_server(home: Path):
    """Where no application runs, the model that comes along answers in this process."""
    asked = app(home, "ask", "--max-tokens", "8", "-", typed="Say hello.")
    if "built-in" in asked.stderr and asked.returncode:
        pytest.skip(f"the built-in model is not here: {asked.stderr}")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.strip()
