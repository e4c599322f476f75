"""The gateway opens, closes and moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Damaged, Refused
from engine.gateway import chat
from engine.gateway.client_keys import ClientKeys
from engine.gateway.ports import Door, HttpServer
from engine.gateway.service import Gateway
from engine.gateway.settings import GatewaySettings
from engine.gateway.snapshot import GatewayState
from engine.gateway.whereabouts import Whereabouts
from tests.conftest import FakeClock
from tests.engine.gateway.fake_router import FakeRouter
from tests.engine.gateway.fake_server import FREE_PORT, FakeServer, visit

PORT = 11480
GOOD = b'{"messages":[{"role":"user","content":"x"}]}'


class Street:
    """Gateways of one user, and the servers they open."""

    def __init__(self, folder: Path, clock: FakeClock, taken: frozenset[int] = frozenset()) -> None:
        self.servers: list[FakeServer] = []
        self.keys = ClientKeys(folder, clock=clock)
        self.whereabouts = Whereabouts(folder / "data")
        self._clock = clock
        self._taken = taken

    def gateway(self, settings: GatewaySettings | None = None) -> Gateway:
        """Return a gateway that is not yet started."""
        return Gateway(
            settings=settings or GatewaySettings(),
            routes=chat.routes(FakeRouter()),
            keys=self.keys,
            server=self._open,
            clock=self._clock,
            version="1.2.3",
            whereabouts=self.whereabouts,
        )

    def _open(self, door: Door) -> HttpServer:
        self.servers.append(FakeServer(door, self._taken))
        return self.servers[-1]

    async def ask(self, **more: str) -> int:
        """Return the status of a good request at the server that was opened last."""
        key = self.keys.key_file.read_text(encoding="utf-8").strip()
        headers = {"authorization": f"Bearer {key}"} | more
        door = self.servers[-1].door
        return (await visit(door, "POST", "/v1/chat/completions", headers, GOOD)).status


@pytest.fixture
def street(tmp_path: Path, clock: FakeClock) -> Street:
    """Return a street where every port is free."""
    return Street(tmp_path, clock)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work`; nothing may be left behind."""

    async def whole() -> None:
        await work()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(whole())


def test_opens_and_closes(street: Street):
    """It listens where the settings say, tells so, and drains when it closes."""

    async def work() -> None:
        gateway = street.gateway()
        assert gateway.snapshot().state is GatewayState.OFF
        async with gateway:
            seen = gateway.snapshot()
            assert (seen.state, seen.reason) == (GatewayState.OPEN, "")
            assert seen.url == f"http://127.0.0.1:{PORT}/v1"
            assert seen.key_file == street.keys.key_file
            assert await street.ask() == 200
        assert gateway.snapshot().state is GatewayState.OFF
        assert gateway.snapshot().url is None
        assert street.servers[0].did == [f"start {PORT}", "drain 15", "aclose"]
        await gateway.aclose()
        assert len(street.servers[0].did) == 3

    run(work)


def test_taken_port(tmp_path: Path, clock: FakeClock):
    """A port that is taken makes way for a free one, and that is told."""

    async def work() -> None:
        async with Street(tmp_path, clock, frozenset({PORT})).gateway() as gateway:
            seen = gateway.snapshot()
            assert (seen.state, seen.url) == (
                GatewayState.OPEN,
                f"http://127.0.0.1:{FREE_PORT}/v1",
            )
            assert str(PORT) in seen.reason
            assert str(FREE_PORT) in seen.reason

    run(work)


def test_no_address(tmp_path: Path, clock: FakeClock):
    """Where no address can be had it has failed, says why, and closes all the same."""

    async def work() -> None:
        gateway = Street(tmp_path, clock, frozenset({PORT, 0})).gateway()
        with pytest.raises(Refused):
            await gateway.start()
        assert gateway.snapshot().state is GatewayState.FAILED
        assert "in use" in gateway.snapshot().reason
        await gateway.aclose()

    run(work)


def test_damaged_keys(street: Street):
    """Without keys it does not open."""

    async def work() -> None:
        street.keys.key_file.write_bytes(b"?")
        gateway = street.gateway()
        with pytest.raises(Damaged):
            await gateway.start()
        assert gateway.snapshot().state is GatewayState.FAILED
        assert street.servers == []
        await gateway.aclose()

    run(work)


def test_switched_off_and_on(street: Street):
    """Switched off it listens nowhere; switched on it does at once, and off again."""

    async def work() -> None:
        settings = GatewaySettings(is_enabled=False)
        async with street.gateway(settings) as gateway:
            assert (gateway.snapshot().state, street.servers) == (GatewayState.OFF, [])
            assert "settings" in gateway.snapshot().reason
            await gateway.change_settings(replace(settings, is_enabled=True))
            assert gateway.snapshot().state is GatewayState.OPEN
            assert await street.ask() == 200
            await gateway.change_settings(settings)
            assert (gateway.snapshot().state, gateway.snapshot().url) == (GatewayState.OFF, None)

    run(work)


def test_moving(street: Street):
    """Another port opens at once; what is under way at the old one may end."""

    async def work() -> None:
        async with street.gateway() as gateway:
            street.servers[0].hold = asyncio.Event()
            await gateway.change_settings(GatewaySettings(port=12000))
            assert gateway.snapshot().url == "http://127.0.0.1:12000/v1"
            assert street.servers[0].did == [f"start {PORT}", "drain 15"]
            assert await street.ask() == 200
            street.servers[0].hold.set()
        assert street.servers[0].did[-1] == "aclose"
        assert street.servers[1].did[-1] == "aclose"

    run(work)


def test_others_learn_the_address(tmp_path: Path, clock: FakeClock):
    """Where it listens can be read while it does, also where it had to move or was moved."""

    async def work() -> None:
        street = Street(tmp_path, clock, taken=frozenset({PORT}))
        told = street.whereabouts
        async with street.gateway() as gateway:
            assert told.read() == gateway.snapshot().url == f"http://127.0.0.1:{FREE_PORT}/v1"
            await gateway.change_settings(GatewaySettings(port=9000))
            assert told.read() == "http://127.0.0.1:9000/v1"
            await gateway.change_settings(GatewaySettings(is_enabled=False))
            assert told.read() == ""
            await gateway.change_settings(GatewaySettings(port=9000))
        assert told.read() == ""

    run(work)


def test_found_again_after_a_second_one(tmp_path: Path, clock: FakeClock):
    """When a second gateway of the user ends, the first is found again at its next look."""

    async def work() -> None:
        street = Street(tmp_path, clock)
        async with street.gateway() as gateway:
            here = gateway.snapshot().url
            second = Whereabouts(tmp_path / "data")
            second.tell("http://127.0.0.1:9000/v1")
            await gateway.look()
            assert street.whereabouts.read() == "http://127.0.0.1:9000/v1"
            second.forget()
            await gateway.look()
            assert street.whereabouts.read() == here
        assert street.whereabouts.read() == ""

    run(work)


def test_address_that_cannot_be_told(tmp_path: Path, clock: FakeClock):
    """It opens all the same: others try the usual address then."""

    async def work() -> None:
        (tmp_path / "data").write_text("")
        async with Street(tmp_path, clock).gateway() as gateway:
            assert gateway.snapshot().state is GatewayState.OPEN

    run(work)


def test_other_limits_need_no_new_server(street: Street):
    """Settings that are no address are used by the server that listens."""

    async def work() -> None:
        async with street.gateway() as gateway:
            await gateway.change_settings(GatewaySettings(most_requests=7))
            assert len(street.servers) == 1

    run(work)


def test_settings_that_change_quickly(street: Street):
    """Of several addresses asked for at once the last one is listened at, and no other."""

    async def work() -> None:
        async with street.gateway() as gateway:
            changes = (gateway.change_settings(GatewaySettings(port=port)) for port in (1, 2, 3))
            await asyncio.gather(*changes)
            assert gateway.snapshot().url == "http://127.0.0.1:3/v1"
            *others, last = street.servers
            await asyncio.sleep(0.01)
            assert all(server.did[-1] == "aclose" for server in others)
            assert last.did == ["start 3"]

    run(work)


def test_closed_while_it_opens(street: Street):
    """Who closes it just as it moves leaves no address open."""

    async def work() -> None:
        gateway = street.gateway()
        await gateway.start()
        moving = asyncio.ensure_future(gateway.change_settings(GatewaySettings(port=2)))
        await asyncio.sleep(0)
        await gateway.aclose()
        await moving
        assert gateway.snapshot().state is GatewayState.OFF
        assert all(server.did[-1] == "aclose" for server in street.servers)

    run(work)


def test_draining(street: Street):
    """While it closes it says so, and turns new requests away."""

    async def work() -> None:
        gateway = street.gateway()
        await gateway.start()
        street.servers[0].hold = asyncio.Event()
        closing = asyncio.ensure_future(gateway.aclose())
        await asyncio.sleep(0)
        assert gateway.snapshot().state is GatewayState.DRAINING
        assert await street.ask() == 503
        street.servers[0].hold.set()
        await closing

    run(work)


def test_clients(street: Street, clock: FakeClock):
    """The snapshot tells each key's name and use, never the key."""

    async def work() -> None:
        async with street.gateway() as gateway:
            await street.ask()
            (view,) = gateway.snapshot().clients
            assert (view.name, view.is_default, view.requests) == ("default", True, 1)
            assert view.last_used_s == clock.now()
            key = street.keys.key_file.read_text(encoding="utf-8").strip()
            assert key not in repr(gateway.snapshot())
            assert gateway.snapshot().counts["2xx"] == 1

    run(work)


def test_looks(street: Street, tmp_path: Path, clock: FakeClock):
    """With each look requests a second are counted, and what others did to the keys counts."""

    async def work() -> None:
        async with street.gateway() as gateway:
            key = ClientKeys(tmp_path, clock=clock).add("editor")
            await street.ask()
            clock.advance(1)
            await gateway.look()
            series = gateway.snapshot().requests_per_s
            assert series is not None
            assert series.latest()[:, 1].tolist() == [1.0]
            assert gateway.keys.name_of(key) == "editor"
            assert [view.name for view in gateway.snapshot().clients] == ["default", "editor"]
            (tmp_path / "client_keys.json").write_bytes(b"?")
            await gateway.look()
            assert "client_keys.json" in gateway.snapshot().reason

    run(work)


def test_pinned(street: Street):
    """An address that was asked for stays, whatever the settings say then and later."""

    async def work() -> None:
        gateway = street.gateway()
        gateway.pin("0.0.0.0", 9000)
        async with gateway:
            assert gateway.snapshot().url == "http://127.0.0.1:9000/v1"
            await gateway.change_settings(GatewaySettings(port=12000, most_requests=9))
            assert street.servers[0].did == ["start 9000"]
            # Who listens on all interfaces may be called by their numbers.
            assert await street.ask(host="192.168.0.9") == 200

    run(work)


def test_empty_address(street: Street):
    """No address is this machine alone, never all interfaces."""

    async def work() -> None:
        async with street.gateway(GatewaySettings(host=" ")) as gateway:
            assert gateway.snapshot().url == f"http://127.0.0.1:{PORT}/v1"
            assert await street.ask(host="192.168.0.9") == 403

    run(work)
