"""The built-in model as a provider, with stand-ins for its process and its server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.coordinator.adapters import embedded_llama
from engine.coordinator.adapters.embedded_llama import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    EmbeddedLlama,
    EmbeddedProvider,
)
from engine.coordinator.embedded_model import ENDPOINT, MODEL
from engine.coordinator.ports import Provider
from engine.coordinator.settings import CoordinatorSettings, Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState
from engine.errors import Damaged, OutsideError, Rejected, Unreachable
from engine.exchange import LlmRequest
from engine.model_room import RoomWish, Tenant
from tests.conftest import FakeClock
from tests.engine.coordinator.fake_provider import FakeProvider, fails, silent
from tests.engine.voice.card_doubles import FakeRoom, FakeStay

CHAT = LlmRequest(MODEL, {"messages": []})
STREAM = LlmRequest(MODEL, {"messages": [], "stream": True})
PROGRAM = """
import json, os, pathlib, sys
job = json.loads(sys.stdin.readline())
note = pathlib.Path({note!r})
with note.open("a") as out:
    out.write("start\\n")
if "broken" in note.read_text():
    os.kill(os.getpid(), 4)
if "slow" in note.read_text() and not job.get("look"):
    sys.stdin.read()
answer = {{"devices": ["CUDA0"]}} if job.get("look") else {{"url": "http://127.0.0.1:9"}}
print(json.dumps(answer), flush=True)
word = sys.stdin.readline()
"""


class World:
    """A provider, and what stands around it."""

    def __init__(
        self, folder: Path, clock: FakeClock, settings: CoordinatorSettings | None = None
    ) -> None:
        self.clock = clock
        self.note = folder / "note"
        self.note.write_text("")
        self.path: Path | OutsideError | None = folder / "model.gguf"
        self.opened: list[Endpoint] = []
        self.keys: list[str] = []
        self.server = FakeProvider()
        self.room = FakeRoom()
        program = PROGRAM.format(note=str(self.note))
        llama = EmbeddedLlama(
            model_path=self._find,
            clock=clock,
            http=self._http,
            command=(sys.executable, "-c", program),
            room=self.room,
        )
        provider = llama.open(ENDPOINT, settings or CoordinatorSettings())
        assert isinstance(provider, EmbeddedProvider)
        self.provider = provider

    @property
    def starts(self) -> int:
        """How often the process was started."""
        return self.note.read_text().count("start")

    @property
    def state(self) -> EndpointState | None:
        """The provider's state, without the reason."""
        return self.provider.state and self.provider.state[0]

    async def crash(self) -> None:
        """Kill the process and wait until the provider has noticed."""
        process = self.provider._process
        assert process is not None
        assert process._process is not None
        process._process.kill()
        await process.has_ended.wait()

    def _find(self) -> Path | None:
        if isinstance(self.path, OutsideError):
            raise self.path
        return self.path

    def _http(
        self, endpoint: Endpoint, key: Callable[[], str], settings: CoordinatorSettings
    ) -> Provider:
        self.opened.append(endpoint)
        self.keys.append(key())
        return self.server


@pytest.fixture
def with_world(tmp_path: Path, clock: FakeClock) -> Callable[..., None]:
    """Return what runs a test's work and closes everything after it."""

    def run(
        work: Callable[[World], Awaitable[None]], settings: CoordinatorSettings | None = None
    ) -> None:
        async def main() -> None:
            world = World(tmp_path, clock, settings)
            try:
                await work(world)
            finally:
                await world.provider.aclose()
                await world.provider.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())

    return run


def test_it_starts_with_the_first_request(with_world: Callable[..., None]):
    """Listing it does not start it; however many ask at once, it is started once."""

    async def work(world: World) -> None:
        assert [each.is_loaded for each in await world.provider.models()] == [False]
        assert (world.state, world.starts) == (EndpointState.ASLEEP, 0)
        sending = [asyncio.create_task(world.provider.send(CHAT, MODEL)) for _ in range(5)]
        await asyncio.sleep(0)
        assert world.state is EndpointState.STARTING
        await asyncio.gather(*sending)
        assert (world.state, world.starts) == (None, 1)
        assert [each.is_loaded for each in await world.provider.models()] == [True]
        (endpoint,) = world.opened
        assert (endpoint.kind, endpoint.url) == (EndpointKind.OPENAI, "http://127.0.0.1:9/v1")
        assert len(world.keys[0]) >= 32

    with_world(work)


def test_it_stays_awake_while_somebody_reads(with_world: Callable[..., None]):
    """The time to its end runs from the last answer's end, streamed or not."""

    async def work(world: World) -> None:
        answers = [await world.provider.send(STREAM, MODEL) for _ in range(2)]
        for answer in answers:
            assert world.provider._bedtime is None
            assert answer.stream is not None
            await answer.stream.aclose()
        bedtime = world.provider._bedtime
        assert bedtime is not None
        left_s = bedtime.when() - asyncio.get_running_loop().time()
        assert left_s == pytest.approx(CoordinatorSettings().embedded_idle_s, abs=5)
        streamed = await world.provider.send(STREAM, MODEL)
        assert bedtime.cancelled()
        assert streamed.stream is not None
        assert [piece async for piece in streamed.stream]
        assert world.provider._bedtime is not None
        world.server.then(fails(Rejected("no such field")))
        with pytest.raises(Rejected):
            await world.provider.send(CHAT, MODEL)
        assert world.provider._bedtime is not None

    with_world(work)


def test_it_falls_asleep_and_wakes(with_world: Callable[..., None]):
    """Idle for long enough its process ends; the next request starts another."""

    async def work(world: World) -> None:
        await world.provider.send(CHAT, MODEL)
        world.provider._go_to_bed()
        assert world.state is EndpointState.ASLEEP
        await world.provider.send(CHAT, MODEL)
        assert world.starts == 2
        assert world.server.closes == 1

    with_world(work)


def test_a_failed_start_is_not_tried_at_once(with_world: Callable[..., None]):
    """It is left alone for a while, then longer; who asks meanwhile is told when."""

    async def work(world: World) -> None:
        world.note.write_text("broken\n")
        pause_s = FIRST_PAUSE_S
        for starts in range(1, 10):
            with pytest.raises(Unreachable, match=r"SIGILL.*choose another model"):
                await world.provider.send(CHAT, MODEL)
            assert world.state is EndpointState.FAILED
            with pytest.raises(Unreachable, match=rf"tried again in {pause_s:.0f} s"):
                await world.provider.send(CHAT, MODEL)
            assert world.starts == starts
            world.clock.advance(pause_s)
            assert world.provider.state is not None
            state, reason = world.provider.state
            assert state is EndpointState.ASLEEP
            assert "the next request tries again" in reason
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        world.note.write_text("")
        assert pause_s == LONGEST_PAUSE_S
        await world.provider.send(CHAT, MODEL)
        assert world.state is None

    with_world(work)


def test_everybody_who_waits_for_a_start_hears_of_its_failure(with_world: Callable[..., None]):
    """All get the reason, and it was tried once."""

    async def work(world: World) -> None:
        world.note.write_text("broken\n")
        sending = (world.provider.send(CHAT, MODEL) for _ in range(3))
        found = await asyncio.gather(*sending, return_exceptions=True)
        assert all("SIGILL" in str(each) for each in found)
        assert world.starts == 1

    with_world(work)


def test_a_crash_is_told_to_whoever_was_asking(with_world: Callable[..., None]):
    """Not that the connection broke, but why."""

    async def work(world: World) -> None:
        await world.provider.send(CHAT, MODEL)
        world.server.then(fails(Unreachable("the connection broke"), after_s=0.01))
        sending = asyncio.create_task(world.provider.send(CHAT, MODEL))
        await world.crash()
        with pytest.raises(Unreachable, match="SIGKILL"):
            await sending
        assert world.state is EndpointState.FAILED
        world.clock.advance(FIRST_PAUSE_S)
        await world.provider.send(CHAT, MODEL)
        assert (world.state, world.starts) == (None, 2)

    with_world(work)


def test_a_good_run_is_forgiven(with_world: Callable[..., None]):
    """After it has served well and slept, the next failure is the first again."""

    async def work(world: World) -> None:
        for _ in range(2):
            await world.provider.send(CHAT, MODEL)
            await world.crash()
            world.clock.advance(LONGEST_PAUSE_S)
        await world.provider.send(CHAT, MODEL)
        world.provider._go_to_bed()
        world.note.write_text("broken\n")
        with pytest.raises(Unreachable):
            await world.provider.send(CHAT, MODEL)
        with pytest.raises(Unreachable, match=rf"tried again in {FIRST_PAUSE_S:.0f} s"):
            await world.provider.send(CHAT, MODEL)

    with_world(work)


@pytest.mark.parametrize("wrong", [None, Damaged("model.gguf is damaged: fetch it")])
def test_a_missing_file_is_a_state_that_mends_itself(
    with_world: Callable[..., None], wrong: OutsideError | None
):
    """It says what to do; once the file is there, the next look or request finds it."""

    async def work(world: World) -> None:
        right, world.path = world.path, wrong
        with pytest.raises(OutsideError, match="fetch"):
            await world.provider.send(CHAT, MODEL)
        assert await world.provider.models() == ()
        assert world.state is EndpointState.FAILED
        world.path = right
        assert len(await world.provider.models()) == 1
        assert world.state is EndpointState.ASLEEP
        world.path = wrong
        assert await world.provider.models() == ()
        world.path = right
        await world.provider.send(CHAT, MODEL)
        assert world.state is None

    with_world(work)


def test_what_it_cannot_do_does_not_start_it(with_world: Callable[..., None]):
    """A request it would have to refuse costs nothing."""

    async def work(world: World) -> None:
        wanted = LlmRequest(MODEL, {"messages": [], "tool_choice": "required"})
        with pytest.raises(Rejected):
            await world.provider.send(wanted, MODEL)
        assert world.starts == 0

    with_world(work)


def test_who_is_cancelled_leaves_the_start_to_the_others(with_world: Callable[..., None]):
    """A client that goes away while it starts does not stop it."""

    async def work(world: World) -> None:
        one, two = (asyncio.create_task(world.provider.send(CHAT, MODEL)) for _ in range(2))
        await asyncio.sleep(0.01)
        one.cancel()
        assert (await two).body
        assert one.cancelled()

    with_world(work)


def test_closing_ends_it_at_any_moment(with_world: Callable[..., None]):
    """While it starts, and while it answers: no process and no task stays."""

    async def work(world: World) -> None:
        sending = asyncio.create_task(world.provider.send(CHAT, MODEL))
        await asyncio.sleep(0.01)
        await world.provider.aclose()
        assert "built-in model" not in {task.get_name() for task in asyncio.all_tasks()}
        with pytest.raises(Unreachable, match="closing"):
            await sending
        with pytest.raises(Unreachable, match="closing"):
            await world.provider.send(CHAT, MODEL)

    with_world(work)


def test_closing_while_it_answers(with_world: Callable[..., None]):
    """What is under way is cut; the process is gone."""

    async def work(world: World) -> None:
        await world.provider.send(CHAT, MODEL)
        process = world.provider._process
        assert process is not None
        world.server.then(silent())
        sending = asyncio.create_task(world.provider.send(CHAT, MODEL))
        await asyncio.sleep(0)
        await world.provider.aclose()
        assert process.has_ended.is_set()
        sending.cancel()
        await asyncio.wait({sending})

    with_world(work)


ON_A_CARD = CoordinatorSettings(embedded_gpu_layers=99)


def test_on_a_card_it_holds_room_while_its_process_runs(with_world: Callable[..., None]):
    """Where it computes is told with the model; asleep it holds nothing."""

    async def work(world: World) -> None:
        await world.provider.send(CHAT, MODEL)
        (served,) = await world.provider.models()
        assert served.details == "tiny built-in model: 135M Q4_1; on Fake"
        assert not world.room.stays[0].is_released
        world.provider._go_to_bed()
        while world.provider._ending:
            await asyncio.wait(world.provider._ending)
        assert world.room.stays[0].is_released
        (served,) = await world.provider.models()
        assert served.details == "tiny built-in model: 135M Q4_1"

    with_world(work, ON_A_CARD)


def test_asked_to_leave_it_ends_after_the_answers_in_hand(with_world: Callable[..., None]):
    """Who still reads reads on; the next request starts it again, with room of its own."""

    async def work(world: World) -> None:
        answer = await world.provider.send(STREAM, MODEL)
        assert answer.stream is not None
        assert world.provider.idle_s() == 0.0
        leaving = asyncio.create_task(world.provider.leave("made room for Training"))
        await asyncio.sleep(0)
        assert not world.room.stays[0].is_released
        assert [piece async for piece in answer.stream]
        await leaving
        assert world.room.stays[0].is_released
        assert world.state is EndpointState.ASLEEP
        world.clock.advance(5)
        assert world.provider.idle_s() == 5
        await world.provider.send(CHAT, MODEL)
        assert [stay.is_released for stay in world.room.stays] == [True, False]

    with_world(work, ON_A_CARD)


def test_asked_to_leave_while_it_loads_it_does_not_go_on(with_world: Callable[..., None]):
    """Nothing stays on a card without room: who was waiting is told, the next request may."""

    async def work(world: World) -> None:
        held, give = asyncio.Event(), world.room.given

        def given(wish: RoomWish, tenant: Tenant) -> FakeStay:
            held.set()
            return give(wish, tenant)

        world.room.given = given  # type: ignore[method-assign]
        world.note.write_text("slow\n")
        sending = asyncio.create_task(world.provider.send(CHAT, MODEL))
        others = asyncio.create_task(world.provider.send(CHAT, MODEL))
        await held.wait()
        sending.cancel()
        leaving = asyncio.create_task(world.provider.leave("made room for Training"))
        others.cancel()
        await leaving
        assert world.room.stays[0].is_released
        assert world.state is EndpointState.ASLEEP
        world.note.write_text("")
        await world.provider.send(CHAT, MODEL)
        assert [stay.is_released for stay in world.room.stays] == [True, False]

    with_world(work, ON_A_CARD)


def test_an_answer_without_end_does_not_keep_the_room(
    with_world: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    """Others need the memory: after a while it ends all the same."""
    monkeypatch.setattr(embedded_llama, "LEAVE_WITHIN_S", 0.0)

    async def work(world: World) -> None:
        answer = await world.provider.send(STREAM, MODEL)
        await world.provider.leave("made room for Training")
        assert world.room.stays[0].is_released
        assert answer.stream is not None
        await answer.stream.aclose()

    with_world(work, ON_A_CARD)


def test_a_crash_gives_the_room_back(with_world: Callable[..., None]):
    """What is gone holds no memory."""

    async def work(world: World) -> None:
        await world.provider.send(CHAT, MODEL)
        await world.crash()
        while world.provider._ending:
            await asyncio.wait(world.provider._ending)
        assert world.room.stays[0].is_released

    with_world(work, ON_A_CARD)
