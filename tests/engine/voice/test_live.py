"""One decode thread loads the model, transcribes, and survives what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from engine.errors import Damaged, Unreachable
from engine.voice.ports import FloatArray, Hypothesis
from engine.voice.settings import VoiceSettings
from tests.engine.voice.doubles import (
    Desk,
    ListDecoder,
    ListFactory,
    PushStream,
    quiet,
    voice,
    wait_until,
)

ENGLISH = VoiceSettings(language="en")


@contextmanager
def at_work(factory: ListFactory, settings: VoiceSettings = ENGLISH) -> Iterator[Desk]:
    """Run the decode thread while the block runs."""
    desk = Desk(factory, settings)
    desk.live.start()
    try:
        yield desk
    finally:
        factory.may_load.set()
        desk.live.end()
        desk.live.close()


class FailingDecoder(ListDecoder):
    """Breaks down in its first `failures` decodes."""

    def __init__(self, failures: int) -> None:
        super().__init__(["hello there."])
        self.failures = failures

    def decode(self, audio: FloatArray, **asked: object) -> Hypothesis:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("out of memory")
        return super().decode(audio, **asked)  # type: ignore[arg-type]


def test_speech_becomes_words():
    """What is said into the microphone is told as partials and a final."""
    with at_work(ListFactory(ListDecoder(["hello there."]))) as desk:
        desk.live.wait_for_model()
        stream = PushStream()
        desk.live.begin(stream, None)
        stream.push(voice(60))
        wait_until(lambda: desk.texts("partial"), "words while they are said")
        assert desk.live.live is not None
        stream.push(quiet(40))
        wait_until(desk.texts, "the final")
        desk.live.end()
        assert desk.texts() == desk.texts("partial") == ["hello there."]
        assert desk.live.live is None
        assert stream.is_closed


def test_what_is_said_while_the_model_loads_is_transcribed():
    """Recording does not wait for the model, and no word is lost until it is there."""
    factory = ListFactory(ListDecoder(["hello there."]))
    factory.may_load.clear()
    with at_work(factory) as desk:
        desk.live.begin(stream := PushStream(), None)
        stream.push(voice(60))
        stream.push(quiet(40))
        desk.live.end()
        assert desk.live.is_loading
        assert desk.live.queue.waiting_finals == 1
        factory.may_load.set()
        assert desk.live.queue.drain(timeout_s=10)
        assert desk.texts() == ["hello there."]
        assert not desk.live.is_loading


def test_missing_model_is_a_problem_and_can_come_later():
    """Without a model the reason is told; once it was fetched, it is loaded."""
    factory = ListFactory(ListDecoder(["hello."]), error=Unreachable("model base is not here"))
    with at_work(factory) as desk:
        desk.live.wait_for_model()
        assert (desk.live.decoder, desk.live.load_problem) == (None, "model base is not here")
        desk.say(PushStream(), voice(30))
        assert desk.told == []
        factory.error = None
        desk.live.reload()
        desk.live.wait_for_model()
        assert desk.live.load_problem is None
        desk.say(PushStream(), voice(30))
        assert desk.texts() == ["hello."]


def test_older_model_goes_on_when_the_new_one_is_damaged():
    """A model that cannot be loaded is told, and the one before goes on."""
    factory = ListFactory(ListDecoder(["hello."], model="base"))
    with at_work(factory) as desk:
        desk.live.wait_for_model()
        factory.error = Damaged("model small is damaged: fetch it again")
        desk.live.change_settings(replace(ENGLISH, model="small"))
        desk.live.wait_for_model()
        assert desk.live.load_problem == "model small is damaged: fetch it again"
        desk.say(PushStream(), voice(30))
        assert desk.texts() == ["hello."]


@pytest.mark.parametrize(
    ("change", "loads"),
    [
        (lambda old: replace(old, model="small"), 2),
        (lambda old: replace(old, compute="cpu"), 2),
        (lambda old: replace(old, threads=4), 2),
        (lambda old: replace(old, language="de"), 1),
        (lambda old: replace(old, partial_every_ms=800), 1),
    ],
)
def test_model_is_loaded_again_when_it_is_another(
    change: Callable[[VoiceSettings], VoiceSettings], loads: int
):
    """Only another model, another device or another number of threads loads anew."""
    factory = ListFactory(ListDecoder())
    with at_work(factory) as desk:
        desk.live.wait_for_model()
        desk.live.change_settings(change(ENGLISH))
        desk.live.wait_for_model()
        desk.say(PushStream(), voice(30))
        assert len(factory.loaded) == loads


def test_settings_that_change_while_the_model_loads():
    """A new language while the model loads counts, and loading still ends."""
    decoder = ListDecoder()
    factory = ListFactory(decoder)
    factory.may_load.clear()
    with at_work(factory) as desk:
        desk.live.change_settings(replace(ENGLISH, language="fr"))
        factory.may_load.set()
        wait_until(lambda: not desk.live.is_loading, "loading to end")
        desk.say(PushStream(), voice(60))
        assert {asked.language for asked in decoder.asked} == {"fr"}


def test_failing_decode_loses_one_sentence_and_says_so():
    """When the model breaks down over a sentence, that is told, and the next is transcribed."""
    with at_work(ListFactory(FailingDecoder(failures=1))) as desk:
        desk.live.wait_for_model()
        desk.say(PushStream(), voice(5))
        assert desk.told == []
        assert desk.live.has_missed
        assert "out of memory" in desk.problems[0]
        desk.say(PushStream(), voice(5))
        assert desk.texts() == ["hello there."]
        assert not desk.live.has_missed


def test_closing_while_the_model_loads():
    """Closing waits for the load in hand, then everything has ended."""
    factory = ListFactory(ListDecoder())
    factory.may_load.clear()
    desk = Desk(factory)
    desk.live.start()
    closing = threading.Thread(target=desk.live.close)
    closing.start()
    factory.may_load.set()
    closing.join(10)
    assert not closing.is_alive()
    assert desk.live.decoder is None
    desk.live.wait_for_model()


def test_closing_what_was_never_started():
    """Closing before the start harms nothing."""
    desk = Desk(ListFactory(ListDecoder()))
    desk.live.close()
    desk.live.close()


def test_latencies_of_the_last_minute():
    """The median of each latency forgets what is older than a minute."""
    with at_work(ListFactory(ListDecoder(["hello there."]))) as desk:
        assert desk.live.median_of_minute(desk.live.final_latency) is None
        desk.live.wait_for_model()
        stream = PushStream()
        desk.live.begin(stream, None)
        stream.push(voice(60))
        wait_until(lambda: desk.texts("partial"), "words while they are said")
        stream.push(quiet(40))
        wait_until(desk.texts, "the final")
        desk.live.end()
        lag_s = desk.live.median_of_minute(desk.live.final_latency)
        assert lag_s is not None
        assert 0.2 < lag_s < 1.0
        assert desk.live.median_of_minute(desk.live.word_latency) is not None
        desk.clock.advance(61.0)
        assert desk.live.median_of_minute(desk.live.final_latency) is None


def test_traces_are_what_was_heard():
    """After some sound there are levels, probabilities, stripes and spectra to draw."""
    with at_work(ListFactory(ListDecoder())) as desk:
        desk.live.wait_for_model()
        assert desk.live.traces().level_dbfs.shape == (0, 2)
        desk.say(PushStream(), voice(20), quiet(20))
        traces = desk.live.traces()
        assert traces.level_dbfs.shape == traces.speech.shape == (40, 2)
        assert traces.waveform.shape == (160, 2)
        assert traces.spectrum.shape == (40, 64)
        assert traces.speech[5, 1] > 0.9 > 0.1 > traces.speech[30, 1]


def test_somebody_speaks():
    """`is_speech` is true while somebody speaks into a running recording."""
    with at_work(ListFactory(ListDecoder())) as desk:
        stream = PushStream()
        desk.live.begin(stream, None)
        assert not desk.live.is_speech
        stream.push(voice(20))
        wait_until(lambda: desk.live.is_speech, "speech to be noticed")
        desk.live.end()
        assert not desk.live.is_speech
