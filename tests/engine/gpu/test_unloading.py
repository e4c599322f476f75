"""Models that nobody uses, and those that do not leave."""

from __future__ import annotations

from engine.errors import Refused
from engine.gpu.cards import Card, CardNow, CardReading, Vendor
from engine.gpu.leases import IdleModel
from engine.gpu.loaded_models import LoadedModel
from engine.gpu.unloading import GONE_WITHIN_S, PARDON_S, Unloading
from tests.conftest import FakeClock
from tests.engine.gpu.lease_world import FakeServers
from tests.leaping import LeapingLoop, leap

MODEL = LoadedModel("llama", "http://127.0.0.1:11434", "Ollama", "llama", 5_000)
CARD = CardNow(Card("card-0", "Fake", Vendor.NVIDIA, 0), CardReading(memory_used_mib=5_000))


class Rig:
    """Unloading over a server with one model, which rests."""

    def __init__(self) -> None:
        self.clock, self.servers = FakeClock(), FakeServers()
        self.servers.models = [MODEL]
        self.unloading = Unloading(servers=self.servers, clock=self.clock, rest_s=5.0)

    async def idle(self, after_s: float = 0.0) -> tuple[IdleModel, ...]:
        self.clock.advance(after_s)
        return await self.unloading.idle([CARD])


def test_a_model_that_rests_can_be_asked_to_leave():
    """Not at first sight: whoever has just been used looks the same."""

    async def work(loop: LeapingLoop) -> None:
        rig = Rig()
        assert await rig.idle() == ()
        (model,) = await rig.idle(6)
        assert (model.name, model.card_id, model.used_mib) == ("llama", "card-0", 5_000)
        assert await rig.unloading.unload(model)
        assert rig.servers.unloaded == ["llama"]
        assert rig.unloading.problems() == ()

    leap(work)


def test_a_refusal_is_shown_and_not_repeated_at_once():
    """The server's own words; after a while it is asked again."""

    async def work(loop: LeapingLoop) -> None:
        rig = Rig()
        rig.servers.refusal = Refused("Ollama does not unload llama (HTTP 500)")
        await rig.idle()
        (model,) = await rig.idle(6)
        assert not await rig.unloading.unload(model)
        assert rig.unloading.problems() == ("Ollama does not unload llama (HTTP 500)",)
        assert await rig.idle(10) == ()
        assert len(await rig.idle(PARDON_S)) == 1
        assert rig.unloading.problems() == ()

    leap(work)


def test_a_model_that_stays_although_its_server_agreed_is_shown():
    """Agreed is not gone."""

    async def work(loop: LeapingLoop) -> None:
        rig = Rig()
        await rig.idle()
        (model,) = await rig.idle(6)
        await rig.unloading.unload(model)
        await rig.idle(GONE_WITHIN_S + 1)
        assert "still loaded" in rig.unloading.problems()[0]
        rig.servers.models = []
        await rig.idle(1)
        assert rig.unloading.problems() == ()

    leap(work)


def test_one_that_left_by_itself_is_nobodys_problem():
    """It was not there any more when its turn came."""

    async def work(loop: LeapingLoop) -> None:
        rig = Rig()
        await rig.idle()
        (model,) = await rig.idle(6)
        rig.servers.models = []
        await rig.idle(1)
        assert not await rig.unloading.unload(model)
        assert rig.unloading.problems() == ()

    leap(work)
