"""An earlier question like this one is pointed to, and never costs a wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.activity import ActivityRecord
from engine.errors import Damaged
from engine.exchange import LlmRequest
from engine.router import similar
from engine.router.likeness import essence_of, likeness_of
from engine.router.settings import RouterSettings
from engine.router.similar import SimilarQuestions
from tests.engine.router.world import FakeActivity, chat

ON = RouterSettings(suggest_similar=True)
FIRST, AGAIN = "How do I reverse a list in Python?", "reverse a Python list"


def asked(text: str, id: str = "", **fields: Any) -> LlmRequest:
    """Return a question."""
    return replace(chat("m", text), id=id, **fields)


def record(request: LlmRequest, at_s: float = 0.0, **fields: Any) -> ActivityRecord:
    """Return what is recorded of `request`, which was answered."""
    whole = {"answer": "Like this.", "request": request.body} | fields
    return ActivityRecord(request.id, at_s, "chat", request.client, "m", **whole)


def run(
    work: Callable[[SimilarQuestions], Awaitable[None]],
    activity: FakeActivity | None = None,
    settings: RouterSettings = ON,
) -> None:
    """Do `work` with what is switched on, and has read what was there before."""

    async def inside() -> None:
        tested = SimilarQuestions(activity=activity or FakeActivity())  # type: ignore[arg-type]
        tested.use(settings)
        await tested.ready()
        try:
            await work(tested)
        finally:
            await tested.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(inside())


def note(tested: SimilarQuestions, text: str, id: str, at_s: float = 0.0, **fields: Any) -> None:
    request = asked(text, id)
    tested.note(request, record(request, at_s, **fields))


def test_a_question_asked_again_points_to_the_first():
    """The suggestion names the earlier request, how alike they are, and when it was asked."""

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one", 5.0)
        note(tested, "How do I exit vim?", "two", 6.0)
        found = tested.find(asked(AGAIN))
        assert found is not None
        assert (found.id, found.likeness, found.at_s) == ("one", 1.0, 5.0)
        assert tested.find(asked("How do I sort a list in Python?")) is None

    run(work)


def test_the_newest_of_the_same_is_meant():
    """Asked three times, the last answer is pointed to."""

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one", 5.0)
        note(tested, AGAIN, "two", 7.0)
        note(tested, "Python: reverse a list!", "three", 6.0)
        assert tested.find(asked(FIRST)).id == "three"  # type: ignore[union-attr]

    run(work)


@pytest.mark.parametrize(
    "fields",
    [{"status": 502}, {"problem": "it broke off"}, {"cached": "hit"}, {"answer": ""}],
    ids=lambda fields: next(iter(fields)),
)
def test_only_answers_are_pointed_to(fields: dict[str, Any]):
    """What failed, broke off, has no words or was itself given again is nothing to point to."""

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one", **fields)
        assert tested.find(asked(FIRST)) is None

    run(work)


def test_sessions_and_other_clients_have_nothing_in_common():
    """A question in a session leans on what was said; another client's is nobody's business."""

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one")
        assert tested.find(asked(FIRST, session="talk")) is None
        assert tested.find(asked(FIRST, client="you")) is None
        assert tested.find(asked(FIRST)) is not None

    run(work)


def test_what_was_asked_before_the_start_is_known():
    """The activity list is read once; what was asked since counts as newer."""
    activity = FakeActivity()
    for number, text in enumerate((FIRST, "How do I exit vim?", "capital of France")):
        request = asked(text, f"old-{number}")
        activity.stored[request.id] = record(request, at_s=number)
    activity.stored["odd"] = ActivityRecord("odd", 0.0, "chat", "", "m", answer="x", request="x")

    async def work(tested: SimilarQuestions) -> None:
        assert tested.find(asked(AGAIN)).id == "old-0"  # type: ignore[union-attr]
        note(tested, AGAIN, "new", 9.0)
        assert tested.find(asked(FIRST)).id == "new"  # type: ignore[union-attr]
        assert tested.find(asked("exit vim")).id == "old-1"  # type: ignore[union-attr]

    run(work, activity)


def test_a_list_that_cannot_be_read_is_no_error(caplog: pytest.LogCaptureFixture):
    """New questions are known all the same."""

    class Torn(FakeActivity):
        async def export(self, query):
            raise Damaged("the file is damaged")
            yield

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one")
        assert tested.find(asked(AGAIN)) is not None

    run(work, Torn())
    assert "the file is damaged" in caplog.text


def test_cleared_is_forgotten():
    """When the user clears the activity list, or keeps no texts, nothing is pointed to."""
    activity = FakeActivity()

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one")
        activity.keeps_texts = False
        assert tested.find(asked(FIRST)) is None
        activity.keeps_texts = True
        assert tested.find(asked(FIRST)) is not None
        activity.clears += 1
        assert tested.find(asked(FIRST)) is None

    run(work, activity)


def test_switched_off_it_holds_nothing():
    """Off by default; switched off it forgets, and reads the list again when it comes back."""
    assert not RouterSettings().suggest_similar

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one")
        tested.use(RouterSettings())
        assert not tested.is_on
        tested.use(ON)
        await tested.ready()
        assert tested.find(asked(FIRST)) is None

    run(work)


def test_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    """It never holds more than it may, nor a word of what is gone."""
    monkeypatch.setattr(similar, "MOST_KEPT", 3)

    async def work(tested: SimilarQuestions) -> None:
        for number in range(5):
            note(tested, f"question about topic{number}", f"{number}", number)
        assert tested.find(asked("question about topic1")) is None
        assert tested.find(asked("question about topic2")) is not None
        assert len(tested._known) == 3
        assert len(tested._with_word) == 4

    run(work)


def test_it_is_looked_for_while_the_request_is_on_its_way():
    """Not before the loop has had its turn, unless the answer is there already; and only once."""
    activity = FakeActivity()

    async def work(tested: SimilarQuestions) -> None:
        note(tested, FIRST, "one")
        told = tested.look(asked(AGAIN))
        await asyncio.sleep(0)
        activity.clears += 1
        assert told().id == "one"  # type: ignore[union-attr]
        note(tested, FIRST, "two")
        at_once = tested.look(asked(AGAIN))
        assert at_once().id == "two"  # type: ignore[union-attr]
        not_asked = tested.look(asked(AGAIN))
        activity.clears += 1
        await asyncio.sleep(0)
        assert not_asked() is None

    run(work, activity)


COLOURS = ("red", "green", "blue", "black", "white", "brown", "pink")
WORDS = st.lists(st.sampled_from(COLOURS), max_size=6)


@settings(max_examples=60)
@given(st.lists(WORDS, max_size=8), WORDS, st.sampled_from([0.3, 0.5, 0.55, 0.7, 1.0]))
def test_looking_at_rare_words_misses_nothing(
    known: list[list[str]], words: list[str], least: float
):
    """What is found is as like as the best of all known questions, or none is like enough."""

    async def work(tested: SimilarQuestions) -> None:
        for number, each in enumerate(known):
            note(tested, " ".join(each), str(number))
        question = asked(" ".join(words))
        own = essence_of("", question.body)
        others = [essence_of("", asked(" ".join(each)).body) for each in known]
        every = [likeness_of(own, each) for each in others if own and each]
        best = max(every, default=0.0)
        found = tested.find(question)
        assert (found.likeness if found else 0.0) == (best if best >= least else 0.0)

    run(work, settings=replace(ON, similar_likeness=least))
