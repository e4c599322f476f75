"""What is told is never taken back, never invented, and told once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.voice.agreement import sound_of, units_of
from engine.voice.decode_queue import DecodeJob, DecodeQueue, Purpose, job_of
from engine.voice.ports import SAMPLE_RATE_HZ, Hypothesis
from engine.voice.segmenter import Speech
from engine.voice.snapshot import LiveText, VoiceEvent
from engine.voice.transcriber import Transcriber
from tests.conftest import FakeClock
from tests.engine.voice.doubles import Ear, ListDecoder, heard, quiet, voice

TEXTS = st.lists(
    st.sampled_from(["and", "And", "so", "so,", "my", "fellow", "no"]), min_size=1, max_size=7
).map(" ".join)
ANSWERS = st.builds(
    heard,
    TEXTS,
    is_closed=st.booleans(),
    was_cut=st.booleans(),
    mean_log_probability=st.sampled_from([-0.1, -1.5]),
    no_speech_probability=st.sampled_from([0.0, 0.9]),
)


class Desk:
    """A transcriber, the queue it puts second looks into, and what it told."""

    def __init__(self, answers: list[Hypothesis | str], *, language: str | None = "en") -> None:
        self.clock = FakeClock()
        self.decoder = ListDecoder(answers)
        self.queue = DecodeQueue()
        self.told: list[VoiceEvent] = []
        self.lags_s: list[float] = []
        self.transcriber = Transcriber(queue=self.queue, clock=self.clock, tell=self._tell)
        self.transcriber.decoder = self.decoder
        self.transcriber.language = language
        self.transcriber.started_s = self.clock.now()

    def work(
        self,
        purpose: Purpose,
        *,
        id: int = 1,
        speech_s: float = 2.0,
        silence_s: float = 0.2,
        speech_ms: float = 1000.0,
    ) -> None:
        """Decode `speech_s` of speech with `silence_s` of silence after it."""
        self.transcriber.work(
            DecodeJob(
                purpose,
                id,
                np.zeros(round((speech_s + silence_s) * SAMPLE_RATE_HZ), np.float32),
                start=SAMPLE_RATE_HZ,
                speech_end=SAMPLE_RATE_HZ + round(speech_s * SAMPLE_RATE_HZ),
                speech_ms=speech_ms,
                heard_s=self.clock.now(),
            )
        )

    def second_look(self) -> DecodeJob | None:
        """Return the second look that was asked for, if any."""
        return self.queue.take(timeout_s=0)

    def texts(self) -> list[tuple[str, str]]:
        """Return (event, text) of all that was told."""
        return [(event.event, event.text) for event in self.told]

    def _tell(self, event: VoiceEvent, lag_s: float) -> None:
        self.told.append(event)
        self.lags_s.append(lag_s)


@given(st.lists(ANSWERS, min_size=1, max_size=12))
def test_stable_words_are_never_taken_back(answers: list[Hypothesis]):
    """Whatever the model hears, partials and the final begin with what was stable before."""
    clock = FakeClock()
    ear = Ear(ListDecoder(answers), clock)
    ear.hear(voice(90), quiet(10), voice(40), quiet(40), voice(60), quiet(40))
    stable: dict[int, str] = {}
    for event in ear.told:
        if event.event == "revised":
            continue
        assert event.text.startswith(stable.get(event.id, ""))
        assert event.stable.startswith(stable.get(event.id, ""))
        stable[event.id] = event.stable
    finals = ear.events("final")
    assert {event.id for event in finals if event.text} >= {
        id for id, text in stable.items() if text
    }
    assert len({event.id for event in finals}) == len(finals)


@given(st.lists(ANSWERS, min_size=1, max_size=12))
def test_nothing_is_told_twice(answers: list[Hypothesis]):
    """A partial differs from the one before it, a revision in its words from its final."""
    ear = Ear(ListDecoder(answers), FakeClock())
    ear.hear(voice(90), quiet(40), voice(60), quiet(40))
    for before, event in zip(ear.told, ear.told[1:], strict=False):
        if before.event == event.event == "partial" and before.id == event.id:
            assert (before.stable, before.text) != (event.stable, event.text)
    finals = {event.id: event.text for event in ear.events("final")}
    for event in ear.events("revised"):
        told = [sound_of(unit) for unit in units_of(finals[event.id])]
        assert [sound_of(unit) for unit in units_of(event.text)] != told


def test_early_decode_is_the_final():
    """When the pause lasts, the decode that began with it is the final: nothing is run again."""
    desk = Desk(["And so."])
    desk.work(Purpose.EARLY, silence_s=0.2)
    desk.work(Purpose.FINAL, silence_s=0.6)
    assert len(desk.decoder.asked) == 1
    assert desk.texts()[-1] == ("final", "And so.")


def test_early_decode_is_stale_when_speech_went_on():
    """After more speech the final is decoded anew, from all of the sound."""
    desk = Desk(["And so.", "And so my fellow Americans."])
    desk.work(Purpose.EARLY, speech_s=2.0)
    desk.work(Purpose.FINAL, speech_s=3.0, silence_s=0.6)
    assert [asked.samples for asked in desk.decoder.asked] == [35_200, 57_600]
    assert desk.texts()[-1] == ("final", "And so my fellow Americans.")


def test_early_decode_of_another_sentence_is_not_used():
    """An early decode belongs to its own utterance, even where both end at the same place."""
    desk = Desk(["And so.", "Ask not."])
    desk.work(Purpose.EARLY, id=1)
    desk.work(Purpose.FINAL, id=2)
    assert desk.texts()[-1] == ("final", "Ask not.")


def test_broken_off_early_decode_is_repeated():
    """An early decode that ended within a word is decoded again with more silence after it."""
    desk = Desk([heard("And so my fell", is_closed=False), "And so my fellow."])
    desk.work(Purpose.EARLY)
    desk.work(Purpose.FINAL, silence_s=0.6)
    assert desk.texts()[-1] == ("final", "And so my fellow.")


def test_partials_are_told_when_they_change():
    """A refresh that heard the same words is not told."""
    desk = Desk(["And so", "And so", "And so my"])
    for speech_s in (1.0, 1.4, 1.8):
        desk.work(Purpose.PARTIAL, speech_s=speech_s, silence_s=0)
    assert desk.texts() == [("partial", "And so"), ("partial", "And so my")]
    assert desk.transcriber.live == LiveText(1, "", "And so my")


def test_final_ends_the_live_text():
    """Once a sentence is final, nothing is being spoken."""
    desk = Desk(["And so"])
    desk.work(Purpose.PARTIAL)
    desk.work(Purpose.FINAL)
    assert desk.transcriber.live is None


@pytest.mark.parametrize(
    "invented", [heard(""), heard("You", no_speech_probability=0.9, mean_log_probability=-1.5)]
)
def test_inventions_are_not_told(invented: Hypothesis):
    """Text that nobody said is told neither as partial nor as final, and not looked at again."""
    desk = Desk([invented])
    desk.work(Purpose.PARTIAL)
    desk.work(Purpose.FINAL)
    assert desk.told == []
    assert desk.second_look() is None


def test_click_is_no_word():
    """Speech too short to be a word gives no text, whatever the model makes of it."""
    desk = Desk(["You"])
    desk.work(Purpose.FINAL, speech_ms=64.0)
    assert desk.told == []


def test_promised_words_stay_when_the_last_decode_is_an_invention():
    """A final decode that is no speech keeps the words that were stable, and only those."""
    loop = heard("no " * 40, compression_ratio=9.0)
    desk = Desk([*["And so my fellow Americans"] * 3, loop])
    for speech_s in (1.0, 2.0, 3.0):
        desk.work(Purpose.PARTIAL, speech_s=speech_s)
    stable = desk.told[-1].stable
    assert stable == "And so my"
    desk.work(Purpose.FINAL, speech_s=3.5)
    assert desk.texts()[-1] == ("final", stable)


def test_promised_words_outlive_a_decode_that_fails():
    """When the last decode of a sentence fails, the words that were stable are its final text."""
    desk = Desk(["And so my fellow Americans"])
    for speech_s in (1.0, 2.0, 3.0):
        desk.work(Purpose.PARTIAL, speech_s=speech_s)
    desk.transcriber.decoder = None  # a decode now fails like a broken model
    with pytest.raises(AssertionError):
        desk.work(Purpose.FINAL, speech_s=3.5)
    desk.transcriber.give_up()
    assert desk.texts()[-1] == ("final", "And so my")
    assert desk.told[-1].confidence is None
    assert desk.transcriber.live is None


def test_decode_that_breaks_the_promise_is_led_by_it():
    """Where the final heard other words, it is decoded again from the promised ones on."""
    led = "And so my fellow citizens."
    desk = Desk([*["And so my fellow Americans"] * 3, "Then so my fellow citizens.", led])
    for speech_s in (1.0, 2.0, 3.0):
        desk.work(Purpose.PARTIAL, speech_s=speech_s)
    desk.work(Purpose.FINAL, speech_s=3.5)
    assert desk.decoder.asked[-1].prefix == "And so my"
    assert desk.texts()[-1] == ("final", led)
    look = desk.second_look()
    assert look is not None
    assert (look.purpose, look.told) == (Purpose.SECOND_LOOK, led)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("And so my fellow.", []),
        ("and so, my fellow", []),
        (heard("You", no_speech_probability=0.9, mean_log_probability=-1.5), []),
        ("", []),
        ("And so my gospel.", [("revised", "And so my gospel.")]),
    ],
)
def test_second_look_is_told_when_words_differ(
    second: Hypothesis | str, told: list[tuple[str, str]]
):
    """A bad first decode is run again over the full window, and told where it heard other words."""
    desk = Desk([heard("And so my fellow.", mean_log_probability=-0.9), second])
    desk.work(Purpose.FINAL)
    look = desk.second_look()
    assert look is not None
    desk.transcriber.work(look)
    assert [asked.window for asked in desk.decoder.asked] == ["short", "full"]
    assert desk.texts() == [("final", "And so my fellow."), *told]
    assert {event.id for event in desk.told} == {1}


def test_good_final_is_not_looked_at_again():
    """A sure decode costs no second look."""
    desk = Desk(["And so my fellow Americans."])
    desk.work(Purpose.FINAL)
    assert desk.second_look() is None


def test_short_utterance_takes_the_language_of_the_one_before():
    """Less than 1.5 s is too little to detect a language: the last sentence's is used."""
    desk = Desk([heard("Und so weiter.", language="de")], language=None)
    desk.work(Purpose.FINAL, id=1, speech_s=0.5, silence_s=0.5)
    desk.work(Purpose.FINAL, id=2, speech_s=0.5, silence_s=0.5)
    desk.work(Purpose.FINAL, id=3, speech_s=2.0)
    assert [asked.language for asked in desk.decoder.asked] == [None, "de", None]


def test_no_word_is_shown_before_its_language_can_be_told():
    """The first half second of a first sentence would be shown in any language: it is not."""
    desk = Desk(["And so my"], language=None)
    desk.work(Purpose.PARTIAL, speech_s=1.0)
    assert desk.told == []
    desk.work(Purpose.PARTIAL, speech_s=2.0)
    assert desk.texts() == [("partial", "And so my")]


def test_language_of_a_sentence_is_settled_once():
    """After three seconds the language of a sentence is not asked again; the next one's is."""
    desk = Desk([heard("Und so weiter.", language="de")], language=None)
    desk.work(Purpose.PARTIAL, speech_s=3.5)
    desk.work(Purpose.FINAL, speech_s=4.0)
    desk.work(Purpose.FINAL, id=2, speech_s=4.0)
    assert [asked.language for asked in desk.decoder.asked] == [None, "de", None]


def test_chosen_language_is_used():
    """A language that was chosen is never detected."""
    desk = Desk(["Bonjour."])
    desk.transcriber.language = "fr"
    desk.work(Purpose.FINAL, speech_s=0.5)
    desk.work(Purpose.FINAL, id=2)
    assert [asked.language for asked in desk.decoder.asked] == ["fr", "fr"]


def test_events_carry_their_times():
    """Times count from the start of the recording; a final's lag counts from the end of speech."""
    desk = Desk([heard("And so.", mean_log_probability=-0.5)])
    desk.clock.advance(4.0)
    desk.work(Purpose.PARTIAL, speech_s=2.0, silence_s=0.1)
    desk.clock.advance(1.0)
    desk.work(Purpose.FINAL, speech_s=2.0, silence_s=0.6)
    partial, final = desk.told
    assert (partial.start_s, partial.end_s, partial.at_s) == (1.0, 3.0, 4.0)
    assert final.at_s == 5.0
    assert desk.lags_s == pytest.approx([0.0, 0.6])
    assert final.confidence == pytest.approx(0.6065, abs=1e-3)
    assert final.stable == final.text


@pytest.mark.parametrize(
    ("answer", "is_settled", "is_complete"),
    [
        (heard("And so."), True, True),
        (heard("还有。"), True, True),
        (heard("And so"), True, False),
        (heard("And so.", is_closed=False), False, False),
        (heard("And so.", mean_log_probability=-1.5), True, False),
    ],
)
def test_complete_sentences(answer: Hypothesis, is_settled: bool, is_complete: bool):
    """A sentence is complete once a sure decode of all of it ended with a full stop."""
    desk = Desk([answer])
    speech = Speech(1, 0, [np.zeros(512, np.float32)] * 40, speech_ms=900.0, silence_ms=192.0)
    assert not desk.transcriber.is_settled(speech)
    desk.transcriber.work(job_of(Purpose.EARLY, speech, 0.0))
    assert desk.transcriber.is_settled(speech) is is_settled
    assert desk.transcriber.is_complete(speech) is is_complete
    speech.silence_ms = 0.0
    assert not desk.transcriber.is_settled(speech)
