"""`/leases` as clients see it, over a real desk on a made-up machine in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from engine.errors import Rejected
from engine.gateway.leases import SIGN_OF_LIFE_S, routes
from engine.gateway.ports import Call, Result
from tests.engine.gateway.in_process import found
from tests.engine.gpu.lease_world import World, in_world

ResultT = TypeVar("ResultT")


class Client:
    """Calls the family's handlers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._routes = routes(world.desk, world.loop)

    async def ask(self, method: str, path: str, body: object = None, **query: str) -> Result:
        """Return what is answered."""
        content = b"" if body is None else json.dumps(body).encode()
        call = Call(method, path, "1", "tester", query=query, body=content)
        return await found(self._routes, method, path)(call)

    async def json(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Return the answer's content."""
        return json.loads((await self.ask(method, path, body, **query)).body)


def with_client(
    work: Callable[[Client], Awaitable[ResultT]], mib: tuple[int, ...] = (10_000,)
) -> ResultT:
    """Return what `work` returns, on a machine with cards of so many MiB."""

    async def run(world: World) -> ResultT:
        return await work(Client(world))

    return in_world(run, mib)


def test_what_fits_is_created():
    """201 with the place of the lease, its card, and the variables to start a program with."""

    async def work(client: Client) -> None:
        answer = await client.ask(
            "POST", "/leases", {"vram_mib": 4_000, "priority": "high", "duration_ms": 30_000}
        )
        told = json.loads(answer.body)
        assert answer.status == 201
        assert answer.headers["location"] == f"/leases/{told['id']}"
        assert (told["state"], told["priority"], told["card_ids"]) == ("active", "high", ["card-0"])
        assert told["expires_in_ms"] == 30_000
        assert told["environment"]["CUDA_VISIBLE_DEVICES"] == "0"
        assert await client.json("GET", f"/leases/{told['id']}") == told

    with_client(work)


def test_what_does_not_fit_yet_is_accepted_with_its_place():
    """202, the position, and an estimate of the wait."""

    async def work(client: Client) -> None:
        await client.ask("POST", "/leases", {"vram_mib": 8_000, "duration_ms": 19_000})
        answer = await client.ask("POST", "/leases", {"vram_mib": 8_000, "name": "second"})
        told = json.loads(answer.body)
        assert answer.status == 202
        assert (told["state"], told["position"]) == ("queued", 1)
        assert told["expected_wait_ms"] == 19_000
        everything = await client.json("GET", "/leases")
        assert [each["name"] for each in everything["queue"]] == ["second"]
        assert everything["cards"][0]["free_mib"] == 2_000
        # The first is silent: it ends by its time, and the second gets its turn.
        later = await client.json("GET", f"/leases/{told['id']}", wait="60")
        assert later["state"] == "active"

    with_client(work)


def test_a_call_may_wait_for_its_lease():
    """201 as soon as the room is there."""

    async def work(client: Client) -> int:
        first = await client.json("POST", "/leases", {"vram_mib": 8_000})
        second = asyncio.ensure_future(
            client.ask("POST", "/leases", {"vram_mib": 8_000, "wait": 600})
        )
        await asyncio.sleep(3)
        assert not second.done()
        assert (await client.json("DELETE", f"/leases/{first['id']}"))["ended"] == "released"
        client.world.read()
        return (await second).status

    assert with_client(work) == 201


def test_a_client_that_leaves_while_it_waits_gives_up():
    """Nobody learns the id of its lease, so it must not be granted."""

    async def work(client: Client) -> int:
        await client.json("POST", "/leases", {"vram_mib": 8_000})
        second = asyncio.ensure_future(
            client.ask("POST", "/leases", {"vram_mib": 8_000, "wait": 600})
        )
        await asyncio.sleep(3)
        second.cancel()
        await asyncio.wait([second])
        await asyncio.sleep(0.1)
        return len((await client.json("GET", "/leases"))["queue"])

    assert with_client(work) == 0


def test_who_gives_no_sign_of_life_loses_the_lease():
    """With heartbeats it lasts, without it is lost within half a minute."""

    async def work(client: Client) -> tuple[str, str]:
        told = await client.json("POST", "/leases", {"vram_mib": 1_000, "duration_ms": 600_000})
        path = f"/leases/{told['id']}"
        for _ in range(6):
            await asyncio.sleep(10)
            beaten = await client.json("POST", f"{path}/heartbeat")
        await asyncio.sleep(30)
        return beaten["state"], (await client.json("GET", path))["ended"]

    assert with_client(work) == ("active", "lost")


def test_renewing_sets_the_time_anew():
    """From now on, so long."""

    async def work(client: Client) -> int:
        told = await client.json("POST", "/leases", {"vram_mib": 1_000, "duration_ms": 9_000})
        path = f"/leases/{told['id']}/renew"
        return int((await client.json("POST", path, {"duration_ms": 70_000}))["expires_in_ms"])

    assert with_client(work) == 70_000


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "vram_mib"),
        ({"vram_mib": "4096"}, "vram_mib"),
        ({"vram_mib": 4096.5}, "vram_mib"),
        ({"vram_mib": -1}, "vram_mib"),
        ({"vram_mib": 0}, "vram_mib"),
        ({"vram_mib": 10**30}, "vram_mib"),
        ({"vram_mib": 1, "priority": "higher"}, "priority"),
        ({"vram_mib": 1, "priority": 17}, "priority"),
        ({"vram_mib": 1, "duration_ms": 0}, "duration_ms"),
        ({"vram_mib": 1, "duration_ms": "long"}, "duration_ms"),
        ({"vram_mib": 1, "duration_ms": 1e308}, "duration_ms"),
        ({"vram_mib": 1, "gpus": 0}, "gpus"),
        ({"vram_mib": 1, "gpus": True}, "gpus"),
        ({"vram_mib": 1, "name": 5}, "name"),
        ({"vram_mib": 1, "name": "x" * 500}, "name"),
        ({"vram_mib": 1, "pid": 3_999_999}, "pid"),
        ({"vram_mib": 1, "pid": -1}, "pid"),
        ({"vram_mib": 1, "preemptible": "no"}, "preemptible"),
        ({"vram_mib": 1, "wait": -1}, "wait"),
        ({"vram_mib": 1, "wait": 1e9}, "wait"),
        ({"vram_mib": 1, "vram": 5}, "vram"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, object], param: str):
    """400 with the field as the client wrote it, and nothing is held."""

    async def work(client: Client) -> tuple[int, str | None, int]:
        with pytest.raises(Rejected) as error:
            await client.ask("POST", "/leases", body)
        everything = await client.json("GET", "/leases")
        held = len(everything["leases"]) + len(everything["queue"])
        return error.value.status, error.value.param, held

    assert with_client(work) == (400, param, 0)


def test_what_can_never_fit_is_refused_with_the_largest_that_could():
    """409, so that nobody waits for a card that is not there."""

    async def work(client: Client) -> tuple[int, str]:
        with pytest.raises(Rejected) as error:
            await client.ask("POST", "/leases", {"vram_mib": 20_000})
        return error.value.status, str(error.value)

    status, words = with_client(work)
    assert status == 409
    assert "10000 MiB" in words


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/leases/unknown", 404),
        ("DELETE", "/leases/unknown", 404),
        ("POST", "/leases/unknown/heartbeat", 404),
        ("POST", "/leases/unknown/dance", 404),
        ("POST", "/leases/unknown", 404),
    ],
)
def test_unknown_leases_are_not_found(method: str, path: str, status: int):
    """404."""

    async def work(client: Client) -> int:
        with pytest.raises(Rejected) as error:
            await client.ask(method, path)
        return error.value.status

    assert with_client(work) == status


def test_a_lease_that_is_over_takes_no_sign_of_life():
    """409 with why it is over, so that the holder stops to use the memory."""

    async def work(client: Client) -> tuple[int, str]:
        told = await client.json("POST", "/leases", {"vram_mib": 1_000, "duration_ms": 5_000})
        await asyncio.sleep(10)
        with pytest.raises(Rejected) as error:
            await client.ask("POST", f"/leases/{told['id']}/heartbeat")
        return error.value.status, str(error.value)

    status, words = with_client(work)
    assert status == 409
    assert "time ran out" in words


def test_the_stream_tells_what_becomes_of_leases():
    """Granted, moved in the queue, ended; and that it is there while nothing happens."""

    async def work(client: Client) -> list[str]:
        stream = (await client.ask("GET", "/leases/events")).stream
        assert stream is not None
        names = [(await anext(stream)).decode()]
        names.append((await anext(stream)).decode())
        first = await client.json("POST", "/leases", {"vram_mib": 8_000})
        await client.json("POST", "/leases", {"vram_mib": 8_000})
        third = await client.json("POST", "/leases", {"vram_mib": 8_000})
        await client.json("DELETE", f"/leases/{first['id']}")
        client.world.read()
        for _ in range(7):
            piece = (await anext(stream)).decode()
            told = json.loads(piece.partition("data: ")[2])
            names.append(piece.partition("\n")[0])
            if told["id"] == third["id"] and told["position"] == 1:
                break
        await stream.aclose()
        return names

    names = with_client(work)
    assert names[:2] == [": leases\n\n", ": still here\n\n"]
    kinds = [name.removeprefix("event: ") for name in names[2:]]
    assert kinds == ["queued", "granted", "queued", "queued", "ended", "granted", "moved"]
    assert SIGN_OF_LIFE_S < 60


def test_the_stream_ends_with_the_application():
    """Closing waits for nobody who listens."""

    async def work(client: Client) -> list[bytes]:
        stream = (await client.ask("GET", "/leases/events")).stream
        assert stream is not None
        await anext(stream)
        client.world.desk.stop_asking()
        return [piece async for piece in stream]

    assert with_client(work) == []
