from __future__ import annotations

import asyncio

import pytest

from app.chat_feedback import ChatFeedback
from app.chat_turns import ChatTurns
from app.chat_values import Ask, EntryState, Rating
from engine.analytics.rewards import Signs
from engine.analytics.snapshot import SuggestionView
from engine.errors import Refused, Rejected
from engine.router.snapshot import ConversationView
from tests.app.chat_rater import FakeRater
from tests.app.chat_router import NOW, FakeRouter


def view(id, terms):
    return SuggestionView(id, 0.0, "m", "chat", {}, terms=terms)


async def asked(router, count=1):
    """Return a conversation of `count` questions and their answers."""
    turns = ChatTurns()
    for number in range(count):
        await turns.ask(router, Ask(f"Question {number}", ("a",)))
    return turns


def answers(turns):
    return [entry for entry in turns.view().entries if entry.role == "assistant"]


def test_an_answer_is_rated_and_the_rating_taken_back():
    """What is said shows at once, and arrives in the order in which it was said."""

    async def run():
        router, rater = FakeRouter(), FakeRater()
        router.suggestion_id = "sug_1"
        turns = await asked(router)
        feedback, key = ChatFeedback(turns), answers(turns)[0].key
        for rating in (Rating.UP, Rating.DOWN, Rating.NONE):
            await feedback.rate(rater, key, rating)
            assert answers(turns)[0].rating is rating
        thumbs = [signs.thumbs for _, signs in rater.told]
        assert thumbs == ["up", "down", "none"]
        assert {id for id, _ in rater.told} == {"sug_1"}

    asyncio.run(run())


def test_a_rating_that_was_refused_does_not_show():
    """It is as before, and the user is told why."""

    async def run():
        router, rater = FakeRouter(), FakeRater()
        router.suggestion_id = "sug_1"
        turns = await asked(router)
        feedback, key = ChatFeedback(turns), answers(turns)[0].key
        rater.error = Rejected("too old", status=410)
        with pytest.raises(Rejected):
            await feedback.rate(rater, key, Rating.UP)
        assert answers(turns)[0].rating is Rating.NONE

    asyncio.run(run())


def test_an_answer_without_a_suggestion_cannot_be_rated():
    """Nor one that is gone."""

    async def run():
        turns = await asked(FakeRouter())
        feedback, rater = ChatFeedback(turns), FakeRater()
        for key in (answers(turns)[0].key, 99):
            with pytest.raises(Refused):
                await feedback.rate(rater, key, Rating.UP)
        assert rater.told == []

    asyncio.run(run())


def test_signs_are_told_of_answers_that_were_learnt_from():
    """Of those that failed, and without parameters, nothing; what cannot be told is no problem."""

    async def run():
        router, rater = FakeRouter(), FakeRater()
        router.suggestion_id = "sug_1"
        turns = await asked(router)
        feedback, (entry,) = ChatFeedback(turns), answers(turns)
        router.suggestion_id = ""
        await turns.ask(router, Ask("And?", ("a",)))
        router.error = Refused("broken")
        await turns.ask(router, Ask("Now?", ("a",)))
        assert [one.state for one in answers(turns)][-1] is EntryState.FAILED
        await feedback.tell(rater, answers(turns), Signs(copied=True))
        assert rater.told == [("sug_1", Signs(copied=True))]
        await feedback.tell_gone(rater, [entry], Signs(edited=True))
        await feedback.tell(None, [entry], Signs(copied=True))
        rater.error = Rejected("too old", status=410)
        await feedback.tell(rater, [entry], Signs(copied=True))
        assert len(rater.told) == 1

    asyncio.run(run())


def test_a_conversation_that_is_opened_again_shows_what_was_said():
    """By the ids of its requests; a reward that a program has told counts as a thumb."""

    async def run():
        router, rater = FakeRouter(), FakeRater()
        turns = await asked(router, 4)
        requests = [entry.decision_id for entry in answers(turns)]
        terms = ({"rated": 1.0}, {"rated": 0.2}, {"rated": 0.5, "copied": 1.0})
        rater.views = {
            request: view(f"sug_{number}", told)
            for number, (request, told) in enumerate(zip(requests, terms, strict=False))
        }
        await turns.open(router, ConversationView("c1", "Talk", NOW, 8))
        await ChatFeedback(turns).recall(rater)
        found = [(entry.suggestion_id, entry.rating) for entry in answers(turns)]
        assert found == [
            ("sug_0", Rating.UP), ("sug_1", Rating.DOWN), ("sug_2", Rating.NONE), ("", Rating.NONE)
        ]  # fmt: skip
        rater.error = Refused("the disk is full")
        await ChatFeedback(turns).recall(rater)
        await ChatFeedback(turns).recall(None)
        assert answers(turns)[0].rating is Rating.UP

    asyncio.run(run())
