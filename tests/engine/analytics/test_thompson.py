"""Thompson sampling as a policy."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytics.arms import Arms
from engine.analytics.beta_belief import BetaBelief
from engine.analytics.counts import AllCounts, Counts, FadingCounts
from engine.analytics.sharpness import PLAIN, Exploration
from engine.analytics.thompson import Thompson
from engine.errors import Rejected


def policy(
    count: int,
    *,
    seed: int = 0,
    exploration: Exploration | None = None,
    counts: Counts | None = None,
    challenger_share: float = 0.0,
) -> Thompson:
    """Return a policy of `count` arms."""
    belief = BetaBelief(counts or AllCounts(count), exploration or Exploration())
    return Thompson(belief, arms=Arms(count), seed=seed, challenger_share=challenger_share)


def play(policy: Thompson, means: list[float], turns: int, seed: int = 1) -> list[int]:
    """Return what was chosen, each choice rewarded at once."""
    rng, chosen = np.random.default_rng(seed), []
    for _ in range(turns):
        choice = policy.choose()
        policy.reward(choice.arm, float(rng.random() < means[choice.arm]), turn=choice.turn)
        chosen.append(choice.arm)
    return chosen


def test_the_best_arm_is_found():
    """After 1,000 choices nearly all go to the best of five arms, wherever it stands."""
    for best in range(5):
        means = [0.4] * 5
        means[best] = 0.7
        chosen = play(policy(5, seed=best), means, 1000)
        assert chosen[-300:].count(best) > 270


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("exploration", [PLAIN, Exploration(lasting_floor=0.01)])
def test_propensities_are_frequencies(share: float, exploration: Exploration):
    """What is told as the probability of each arm is how often it is chosen (20,000 choices)."""
    subject = policy(4, exploration=exploration, challenger_share=share)
    play(subject, [0.3, 0.5, 0.6, 0.4], 40)
    told = subject.choose().propensities
    found = np.bincount([subject.choose().arm for _ in range(20_000)], minlength=4) / 20_000
    assert told == pytest.approx(found, abs=0.015)


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), max_size=30),
    st.sampled_from([0.0, 0.5]),
)
@settings(max_examples=60)
def test_propensities_add_up_and_keep_the_floor(
    count: int, rewards: list[tuple[int, float]], share: float
):
    """They add up to 1, none is below the floor, and the chosen arm's is its entry."""
    subject = policy(count, challenger_share=share)
    for arm, reward in rewards:
        subject.reward(arm % count, reward)
    choice = subject.choose()
    assert choice.propensities.sum() == pytest.approx(1.0)
    assert choice.propensities.min() >= 0.01 - 1e-12
    assert choice.propensity == choice.propensities[choice.arm]


def test_propensities_are_those_of_the_moment():
    """What is learnt after a choice does not change how probable it was."""
    subject, twin = policy(2), policy(2)
    choice, same = subject.choose(), twin.choose()
    for _ in range(50):
        subject.reward(1, 1.0)
    subject.add_arm()
    assert choice.propensities == pytest.approx(same.propensities)


@given(st.data())
@settings(max_examples=60)
def test_the_order_of_rewards_makes_no_difference(data: st.DataObject):
    """Late, batched, out of order: the posterior is the same."""
    rewards = data.draw(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1)), max_size=20))
    mixed = data.draw(st.permutations(rewards))
    one, other = policy(3), policy(3)
    for arm, reward in rewards:
        one.reward(arm, reward)
    for arm, reward in mixed:
        other.reward(arm, reward)
    assert one.probability_best() == pytest.approx(other.probability_best(), abs=1e-9)
    for arm in range(3):
        assert one.posterior(arm).mean == pytest.approx(other.posterior(arm).mean)


@given(st.sets(st.integers(0, 4), max_size=4), st.integers(0, 99))
@settings(max_examples=40)
def test_removed_arms_are_never_chosen(removed: set[int], seed: int):
    """Nor have they a probability, of being chosen or of being best."""
    subject = policy(5, seed=seed)
    for arm in removed:
        subject.remove_arm(arm)
    for _ in range(30):
        choice = subject.choose()
        subject.reward(choice.arm, 0.0)
        assert choice.arm not in removed
    assert [choice.propensities[arm] for arm in removed] == [0.0] * len(removed)
    assert [subject.probability_best()[arm] for arm in removed] == [0.0] * len(removed)
    assert subject.probability_best().sum() == pytest.approx(1.0)


def test_only_allowed_arms_are_chosen():
    """Propensities are shared among them alone."""
    subject = policy(4)
    allowed = np.array([False, True, False, True])
    choices = [subject.choose(allowed=allowed) for _ in range(50)]
    assert {each.arm for each in choices} == {1, 3}
    assert choices[0].propensities[[0, 2]].tolist() == [0.0, 0.0]
    with pytest.raises(Rejected, match="none of the 4 arms may be chosen"):
        subject.choose(allowed=np.zeros(4, dtype=bool))


def test_a_single_arm_is_certain():
    """It is chosen with probability 1."""
    assert policy(1).choose().propensity == pytest.approx(1.0)


@pytest.mark.parametrize("reward", [math.nan, math.inf, 2.0])
def test_bad_rewards_are_refused(reward: float):
    """By a message that names the value; an unknown arm likewise."""
    subject = policy(2)
    with pytest.raises(Rejected, match=repr(reward)):
        subject.reward(0, reward)
    with pytest.raises(Rejected, match="no arm 2"):
        subject.reward(2, 0.5)
    assert subject.posterior(0).rewards == 0


def test_a_new_arm_is_tried():
    """Whatever is known of the others, a new arm gets its chance; a prior may say otherwise."""
    subject = policy(2)
    play(subject, [0.5, 0.4], 300)
    arm = subject.add_arm()
    assert arm in play(subject, [0.5, 0.4, 0.9], 100)
    hopeless = subject.add_arm((1.0, 500.0))
    assert subject.choose().propensities[hopeless] < 0.011


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("is_fading", [False, True])
def test_a_restart_changes_nothing(share: float, is_fading: bool):
    """Through JSON and back, the same arms are chosen with the same probabilities."""
    counts = FadingCounts(3, gamma=0.98) if is_fading else AllCounts(3)
    subject = policy(3, counts=counts, challenger_share=share)
    play(subject, [0.5, 0.6, 0.4], 57)
    subject.remove_arm(2)
    state = json.loads(json.dumps(subject.state()))
    again = Thompson.from_state(state, BetaBelief.from_state(state["belief"]))
    means = [0.5, 0.6, 0.4]
    assert play(again, means, 100) == play(subject, means, 100)
    assert again.choose().propensities == pytest.approx(subject.choose().propensities)


def test_late_rewards_do_not_make_it_repeat_itself():
    """With no reward for 200 choices, all arms of which nothing is known are tried."""
    subject = policy(5)
    found = np.bincount([subject.choose().arm for _ in range(200)], minlength=5)
    assert found.min() > 10
