"""From a suggestion to what it taught, in any order."""

from __future__ import annotations

import asyncio
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytics.keeping import Keeper
from engine.analytics.learning import Learning
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.rewards import Signs
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.studies import Studies
from engine.analytics.suggestions import Suggestions
from tests.conftest import FakeClock
from tests.engine.analytics.stub_policy import STUBS
from tests.engine.analytics.test_keeping import FakeBook

KEY = StudyKey("m", "chat")
SIGNS = st.sampled_from(
    [
        Signs(thumbs="up"), Signs(thumbs="down"), Signs(reward=0.25), Signs(latency_ms=100.0),
        Signs(cost_usd=0.5), Signs(is_json=True), Signs(copied=True), Signs(edited=True), Signs(),
    ]
)  # fmt: skip


class Told:
    """A learning with all around it; `counted` and `alarmed` keep what they are called with."""

    def __init__(self) -> None:
        usual = AnalyticsSettings(settle_min=10.0)
        book = FakeBook()
        self.clock = FakeClock()
        self.studies = Studies(book=book, policy=STUBS, settings=usual)  # type: ignore[arg-type]
        self.keeper = Keeper(book, clock=self.clock, spans=list)  # type: ignore[arg-type]
        self.suggestions = Suggestions(Random(1))
        self.counted: list[str] = []
        self.learning = Learning(
            studies=self.studies,
            suggestions=self.suggestions,
            keeper=self.keeper,
            settings=usual,
            clock=self.clock,
            counted=lambda found: self.counted.append(found.id),
            alarmed=lambda found: None,
        )

    def begin(self, id: str = "a") -> Observation:
        found = Observation(id, KEY, self.learning.now_s(), arm=AS_CAME)
        self.learning.begin(found)
        return found


def test_a_rating_counts_at_once_and_figures_wait():
    """What people say counts when they say it; what an answer tells by itself after its time."""
    told = Told()
    rated, silent = told.begin("a"), told.begin("b")
    for each in (rated, silent):
        told.learning.over(each, Signs(is_json=True, latency_ms=50.0))
    assert told.learning.note(rated, Signs(thumbs="up")).state == "noted"
    assert told.counted == ["a"]
    told.clock.advance(599)
    told.learning.settle()
    assert silent.state == "waiting"
    told.clock.advance(2)
    told.learning.settle()
    told.learning.settle()
    assert (silent.state, silent.reward) == ("settled", 1.0)
    assert told.counted == ["a", "b"]


def test_an_answer_that_nothing_is_known_of_never_counts():
    """Without a sign there is no reward, not a bad one."""
    told = Told()
    found = told.begin()
    told.learning.over(found, Signs(latency_ms=50.0))
    told.clock.advance(10_000)
    told.learning.settle()
    assert (found.reward, found.counted_s, told.counted) == (None, None, [])


def test_what_was_dropped_may_still_be_rated():
    """A client that left and rates what it saw is believed."""
    told = Told()
    found = told.begin()
    told.learning.drop(found)
    told.learning.drop(found)
    assert told.learning.counts["dropped"] == 1
    assert told.learning.note(found, Signs(thumbs="down")).reward == 0.0
    assert found.state == "rewarded"


@settings(max_examples=50)
@given(st.lists(SIGNS, max_size=8), st.integers(0, 8))
def test_the_order_of_signs_does_not_matter_much(signs, over_at):
    """Whatever comes when, the reward in the end is what all signs together say."""
    told = Told()
    found = told.begin()
    for number, each in enumerate(signs):
        if number == over_at:
            told.learning.over(found, Signs())
        told.learning.note(found, each)
    rewards = told.learning.settings.rewards
    if found.counted_s is not None:
        assert found.reward == found.earned(rewards)
    assert told.learning.counts["rewarded"] == (found.counted_s is not None)
    asyncio.run(told.keeper.aclose())


def test_a_rating_that_is_taken_back_counts_no_more():
    """The answer waits as if nobody had rated it, and counts again when it is rated again."""
    told = Told()
    found = told.begin()
    told.learning.over(found, Signs(latency_ms=50.0))
    told.learning.note(found, Signs(thumbs="down"))
    noted = told.learning.note(found, Signs(thumbs="none"))
    assert (noted.state, noted.reward, dict(noted.terms)) == ("revised", None, {})
    assert (found.state, found.reward, found.counted_s) == ("waiting", None, None)
    assert told.learning.stale == {KEY}
    assert told.learning.note(found, Signs(thumbs="none")).state == "repeated"
    assert told.learning.note(found, Signs(thumbs="up")).reward == 1.0
    assert found.state == "rewarded"


def test_a_rating_that_is_taken_back_leaves_the_other_signs():
    """Valid JSON still counts after its time, though nobody rates it in the end."""
    told = Told()
    found = told.begin()
    told.learning.over(found, Signs(is_json=True))
    told.learning.note(found, Signs(thumbs="down"))
    told.clock.advance(601)
    told.learning.settle()
    told.learning.note(found, Signs(thumbs="none"))
    assert found.state == "waiting"
    told.learning.settle()
    assert (found.state, found.reward) == ("settled", 1.0)
