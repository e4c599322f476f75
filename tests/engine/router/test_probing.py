"""Silent servers are asked whether they live, and hosts tell each other."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Unreachable
from engine.exchange import Attempt
from engine.router.health import Health
from engine.router.probing import KIND, Probing, mark_of
from tests.conftest import FakeClock
from tests.engine.router.world import FakeChannel, FakeCoordinator, embedded, server
from tests.engine.test_tokens import ANYTHING
from tests.leaping import leap

SHARED = "http://10.0.0.5:8000/v1"


class Host:
    """One host with its health of servers and its way to the others."""

    def __init__(self, *servers, clock):
        self.coordinator = FakeCoordinator(*servers, clock=clock)
        self.health = Health(clock=clock, half_life_s=60.0)
        self.channel = FakeChannel()
        self.probing = Probing(
            coordinator=self.coordinator, health=self.health, channel=self.channel
        )
        self.probing.listen()

    def look(self):
        asyncio.run(self.probing.look(20.0))

    def score(self, name):
        return self.health.of(name).score


def test_only_silent_servers_are_asked(clock):
    """Probed is who had no traffic lately and is switched on; the built-in model never is."""
    off = server("off", is_enabled=False, is_usable=False)
    host = Host(
        server("busy"),
        server("quiet"),
        server("down", is_usable=False),
        off,
        embedded(),
        clock=clock,
    )
    host.health.note_attempt(Attempt("busy", "m", 0, 1, "answered"))
    host.coordinator.dead.add("down")
    host.look()
    assert sorted(host.coordinator.probed) == ["down", "quiet"]
    assert (host.score("quiet"), host.score("down"), host.score("off")) == (1.0, 0.0, None)


def test_dead_server_delays_nobody():
    """A server that never answers a probe counts as dead after a while, and others do not wait."""

    async def work(loop):
        host = Host(server("stuck"), server("well"), clock=loop)
        ended = {}

        async def probe(name):
            if name == "stuck":
                await asyncio.sleep(3_600)
            ended[name] = loop.time()
            return True

        host.coordinator.probe = probe
        began_s = loop.time()
        await host.probing.look(20.0)
        assert ended == {"well": began_s}
        assert loop.time() - began_s == 10.0
        assert (host.score("stuck"), host.score("well")) == (0.0, 1.0)

    leap(work)


def test_probe_that_fails(clock):
    """A probe that ends in an error of the world says that the server is dead."""
    host = Host(server("a"), clock=clock)

    async def probe(name):
        raise Unreachable("nobody there")

    host.coordinator.probe = probe
    host.look()
    assert host.score("a") == 0.0


def test_hosts_tell_each_other(clock):
    """What one host saw of a server in the network another knows, by whatever name it has there."""
    first = Host(server("box", address=SHARED), clock=clock)
    second = Host(server("gpu-box", address=SHARED + "/"), clock=clock)
    first.coordinator.dead.add("box")
    first.look()
    (message,) = first.channel.published
    second.channel.hear(message)
    assert second.score("gpu-box") == 0.0
    assert "10.0.0.5" not in str(message)


def test_own_words_are_not_heard(clock):
    """A host does not take its own words for another's."""
    host = Host(server("box", address=SHARED), clock=clock)
    host.look()
    host.channel.hear(host.channel.published[0])
    assert not host.health.of("box").by_others


def test_sharing_can_be_switched_off(clock):
    """Whoever does not share neither tells nor listens."""
    host = Host(server("box", address=SHARED), clock=clock)
    host.probing.is_sharing = False
    host.look()
    assert not host.channel.published
    host.channel.hear({"kind": KIND, "host": "x", "servers": {mark_of(SHARED): [0, 5]}})
    assert host.score("box") == 1.0


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://localhost:11434",
        "http://127.0.0.1:8080/v1",
        "http://[::1]:80",
        "http://[bad",
        "http://x:99999",
        "x",
        "http://a.localhost/",
    ],
)
def test_own_servers_are_nobody_else_s(address):
    """A server on loopback is another one on every host: it is not told of."""
    assert mark_of(address) == ""


def test_marks_tell_servers_apart():
    """Another port or path is another server; a slash at the end or a password is not."""
    assert mark_of(SHARED) == mark_of(SHARED + "/") == mark_of("http://me:pw@10.0.0.5:8000/v1")
    assert len({mark_of(SHARED), mark_of("http://10.0.0.5:8001/v1"), mark_of("https://x")}) == 3


@given(
    st.dictionaries(st.sampled_from(["kind", "host", "servers", "x"]), ANYTHING)
    | st.builds(
        lambda told: {"kind": KIND, "host": "h", "servers": {mark_of(SHARED): told}}, ANYTHING
    )
)
def test_any_message_is_survived(message):
    """Whatever arrives on the channel, scores stay sound."""
    host = Host(server("box", address=SHARED), clock=FakeClock())
    host.channel.hear(message)
    score = host.score("box")
    assert score is None or 0.0 <= score <= 1.0


@pytest.mark.parametrize(
    "told", [[2, 1], [-1, 1], [0, 0], [1], [float("nan"), 1], ["1", 2], [True, 1]]
)
def test_impossible_observations(clock, told):
    """Observations that cannot be are not taken."""
    host = Host(server("box", address=SHARED), clock=clock)
    host.channel.hear({"kind": KIND, "host": "h", "servers": {mark_of(SHARED): told}})
    assert not host.health.of("box").by_others
