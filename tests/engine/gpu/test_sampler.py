from __future__ import annotations

import threading
from typing import Any

import pytest

from engine.errors import Unreachable
from engine.gpu.cards import CardNow, CardState, Group, ProcessFacts
from engine.gpu.history import Gauge, Span
from engine.gpu.rates import Rates
from engine.gpu.sampler import ATTENTION_S, LOOK_AGAIN_S, SILENT_S, Sampler
from tests.engine.gpu.scripted_cards import Book, ScriptedCards, card


class Scene:
    """A sampler whose rounds a test makes, as its thread would, in made-up time."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.backend = ScriptedCards()
        self.book = Book()
        self.took: list[tuple[CardNow, ...]] = []
        self.sampler = Sampler(
            backend=self.backend,
            book=self.book,
            rates=Rates(),
            clock=clock,
            took=self.took.append,
        )

    def live(self, seconds: float, *, is_looked_at: bool = False) -> None:
        """Let time pass and the sampler work."""
        end_s = self.clock.now() + seconds
        while True:
            if is_looked_at:
                self.sampler.cards()
            wait_s = max(self.sampler.round(), 0.001)
            if self.clock.now() + wait_s > end_s:
                break
            self.clock.advance(wait_s)
        self.clock.advance(end_s - self.clock.now())

    @property
    def card(self) -> CardNow:
        """The only card, as others see it."""
        (found,) = self.sampler.cards()
        return found


@pytest.fixture
def scene(clock: Any) -> Scene:
    """Return a sampler that has not begun."""
    return Scene(clock)


def test_first_round_reads_everything(scene: Scene):
    """A card that appears is read whole at once."""
    scene.sampler.round()
    assert scene.backend.groups() == [frozenset(Group)]
    assert (scene.card.state, scene.card.age_s) == (CardState.READY, 0.0)
    assert scene.card.reading.memory_used_mib == 100


def test_age_is_that_of_the_memory(scene: Scene):
    """A card says how old the reading of its memory is."""
    scene.sampler.round()
    scene.clock.advance(0.3)
    scene.sampler.round()  # the load alone
    assert scene.card.age_s == pytest.approx(0.3)


def test_nobody_looks_so_little_is_read(scene: Scene):
    """Some seconds after the last look, the rates fall; with the next look they rise at once."""
    scene.live(ATTENTION_S + 1)
    scene.backend.groups()
    scene.live(20)
    resting = len(scene.backend.groups())
    scene.live(20, is_looked_at=True)
    assert len(scene.backend.groups()) > 3 * resting


def test_jump_of_memory_is_followed(scene: Scene):
    """When memory moves much, it is read often for a while, and processes are listed at once."""
    scene.live(1, is_looked_at=True)
    scene.backend.groups()
    scene.backend.hold(600, 41)
    scene.live(1.2, is_looked_at=True)
    groups = scene.backend.groups()
    assert sum(Group.MEMORY in each for each in groups) >= 6
    assert any(Group.PROCESSES in each for each in groups)
    assert [each.pid for each in scene.card.reading.processes or ()] == [41]


def test_process_lists_are_not_read_at_every_jump(scene: Scene):
    """However memory jumps about, processes are listed once a second at most."""
    used_mib = [100, 900]

    def jump() -> None:
        used_mib.reverse()
        scene.backend.hold(used_mib[0])

    scene.backend.while_reading = jump
    scene.live(10, is_looked_at=True)
    groups = scene.backend.groups()
    assert sum(Group.MEMORY in each for each in groups) >= 80
    assert 8 <= sum(Group.PROCESSES in each for each in groups) <= 11


def test_hurry_reads_memory_often(scene: Scene):
    """Who waits for memory to come back has it read ten times a second."""
    scene.live(1)
    scene.backend.groups()
    scene.sampler.hurry(2.0)
    scene.live(2)
    assert sum(Group.MEMORY in each for each in scene.backend.groups()) >= 17


def test_processes_have_names(scene: Scene):
    """Processes are told by name and user; one that hides keeps its number."""
    scene.book.known[41] = ProcessFacts("train.py", "ada", 5.0)
    scene.backend.hold(100, 41, 42)
    scene.sampler.round()
    known, unknown = scene.card.reading.processes or ()
    assert (known.name, known.user, known.started_s) == ("train.py", "ada", 5.0)
    assert (unknown.pid, unknown.name) == (42, None)


def test_lost_card_comes_back(scene: Scene):
    """A lost card keeps its last reading, which ages, and is ready again when it answers."""
    scene.live(1)
    scene.backend.state = CardState.LOST
    scene.live(5)
    assert (scene.card.state, scene.card.reason) == (CardState.LOST, "as played")
    assert scene.card.reading.memory_used_mib == 100
    assert (scene.card.age_s or 0) > 4
    scene.backend.state = CardState.READY
    scene.live(6)
    assert scene.card.state is CardState.READY
    assert (scene.card.age_s or 0) < 3


def test_lost_card_is_asked_seldom(scene: Scene):
    """A card that does not answer is asked once a second, not five times."""
    scene.backend.state = CardState.LOST
    scene.live(10, is_looked_at=True)
    assert len(scene.backend.groups()) <= 13


def test_card_is_plugged_in_and_pulled_out(scene: Scene):
    """A new card is read; one that is pulled out is lost, and the other goes on."""
    scene.live(1)
    scene.backend.there = (card(0), card(1))
    scene.live(6)
    assert [each.card.id for each in scene.sampler.cards()] == ["card-0", "card-1"]
    scene.backend.there = (card(1),)
    scene.live(3)
    gone, other = scene.sampler.cards()
    assert (gone.state, other.state) == (CardState.LOST, CardState.READY)
    assert "pulled out" in (gone.reason or "")


def test_driver_goes_and_comes_back(scene: Scene):
    """Without a driver every card is lost, with the remedy; it is opened anew until it works."""
    scene.live(1)
    scene.backend.problem = Unreachable("modprobe it")
    scene.live(LOOK_AGAIN_S * 3)
    assert (scene.card.state, scene.card.reason) == (CardState.LOST, "modprobe it")
    assert scene.sampler.problem == "modprobe it"
    assert 2 <= scene.backend.opened - 1 <= 4
    assert scene.backend.closed >= 1
    scene.backend.problem = None
    scene.live(LOOK_AGAIN_S + 1)
    assert scene.card.state is CardState.READY
    assert scene.sampler.problem is None


def test_no_card_is_looked_for_again(scene: Scene):
    """Where there is no card, the sampler looks every few seconds, and finds one that comes."""
    scene.backend.there = ()
    assert scene.sampler.round() == LOOK_AGAIN_S
    assert scene.sampler.has_looked
    assert scene.sampler.cards() == ()
    scene.backend.there = (card(),)
    scene.live(LOOK_AGAIN_S * 2)
    assert scene.card.state is CardState.READY


def test_call_that_hangs_is_seen(scene: Scene):
    """While a call hangs, the cards are silent, with the age of what is shown; after it, ready."""
    scene.live(1)
    seen = []

    def hang() -> None:
        scene.clock.advance(SILENT_S + 9)
        seen.append((scene.card, scene.sampler.problem))
        silent.append(scene.sampler.silent_ids)

    silent: list[tuple[str, ...]] = []
    scene.backend.while_reading = hang
    scene.sampler.round()
    scene.clock.advance(60)
    scene.sampler.round()
    scene.backend.while_reading = lambda: None
    (during, problem) = seen[-1]
    assert during.state is CardState.SILENT
    assert "has not answered for 12 s" in (during.reason or "")
    assert (during.age_s or 0) > 12
    assert problem == during.reason
    assert silent[-1] == (during.card.id,)
    scene.live(1)
    assert scene.sampler.silent_ids == ()
    assert (scene.card.state, scene.sampler.problem) == (CardState.READY, None)


def test_slow_call_is_no_silence(scene: Scene):
    """A call that takes a quarter of a second is slow, not silent."""
    states = []

    def drag() -> None:
        scene.clock.advance(0.25)
        states.append(scene.card.state)

    scene.live(1)
    scene.backend.while_reading = drag
    scene.live(2)
    assert set(states) == {CardState.READY}


def test_listener_hears_each_reading_of_memory(scene: Scene):
    """Whoever reconciles what is leased with what is seen is told each reading of memory."""
    scene.live(1, is_looked_at=True)
    assert 2 <= len(scene.took) <= 4
    assert scene.took[-1][0].reading.memory_used_mib == 100


def test_history_goes_on_while_nobody_looks(scene: Scene):
    """The history has points of the whole time, also of that which nobody watched."""
    scene.live(60)
    window = scene.sampler.history("card-0", Gauge.MEMORY, Span.MINUTE)
    assert window is not None
    assert len(window) >= 20
    assert scene.sampler.history("stranger", Gauge.MEMORY, Span.MINUTE) is None


def test_history_has_no_points_of_a_lost_card(scene: Scene):
    """Old values are not drawn as if they were new."""
    scene.backend.state = CardState.LOST
    scene.live(30)
    window = scene.sampler.history("card-0", Gauge.MEMORY, Span.MINUTE)
    assert window is not None
    assert len(window) == 0


def test_thread_ends_and_lets_go_of_the_driver(scene: Scene):
    """The thread reads until it is closed, then closes the driver."""
    has_read = threading.Event()
    scene.backend.while_reading = has_read.set
    thread = threading.Thread(target=scene.sampler.run)
    thread.start()
    assert has_read.wait(10)
    scene.sampler.close()
    thread.join(10)
    assert not thread.is_alive()
    assert scene.backend.closed == 1


def test_fault_in_a_backend_does_not_end_the_watch(scene: Scene, caplog: pytest.LogCaptureFixture):
    """A programming mistake is logged and shown, and the cards are looked for again."""
    has_failed = threading.Event()

    def fail() -> None:
        has_failed.set()
        raise ZeroDivisionError("oops")

    scene.backend.while_reading = fail
    thread = threading.Thread(target=scene.sampler.run)
    thread.start()
    assert has_failed.wait(10)
    scene.sampler.close()
    thread.join(10)
    assert "oops" in caplog.text
    assert "oops" in (scene.sampler.problem or "")
