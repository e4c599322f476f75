"""A study worked out again from what is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.analytics.observation_book import StoredStudy
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.parameter_sets import Arm, starting_arms
from engine.analytics.pooled_priors import ArmRecord, pooled_prior
from engine.analytics.quantiles import Quantiles
from engine.analytics.request_context import vector
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.study import PolicyMaker, Prior, Study, matching

WATCHED = 2_000
"""Newest observations in which drift is looked for anew: alarms about others were raised before."""
CHANCES_REPLAYED = 50
"""They take longer than all the rest of an observation."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a study is worked out with, besides its own observations."""

    generation: int
    records: tuple[ArmRecord, ...] = ()
    """What arms earned in other studies."""
    others: tuple[Observation, ...] = ()
    """Answers to other types of task that count a little as well."""


Event = Literal["chosen", "over", "timed", "priced", "reward"]
"""What may be learnt of an observation, each once."""


def replayed(
    key: StudyKey,
    stored: StoredStudy,
    settings: AnalyticsSettings,
    policy: PolicyMaker,
    others: Beside,
) -> Study:
    """Return the study with everything learnt, the rewards as the settings weigh them now.

    Takes a second for REPLAYED observations: not for the engines' loop.
    """
    own = [Arm(name, values, is_own=True) for name, values in stored.notes.own_arms.items()]
    presets = [
        each for each in starting_arms(settings.ranges) if each.name not in stored.notes.own_arms
    ]
    study = Study(
        key,
        arms=[*presets, *own],
        policy=policy,
        generation=others.generation,
        priors=priors_of(key, [each.name for each in (*presets, *own)], others.records),
    )
    for name in stored.notes.removed_arms:
        if study.number(name) is not None and len(study.live) > 1:
            study.remove_arm(name)
    study.refused = stored.notes.refused
    _borrow(study, others.others, settings)
    _learn(study, stored.observations, settings)
    _add_older(study, stored)
    return study


def _learn(study: Study, observations: Sequence[Observation], settings: AnalyticsSettings) -> None:
    """Let `study` learn what was observed, oldest first."""
    study.chances_every = 1 + len(observations) // CHANCES_REPLAYED
    for number, found in enumerate(observations):
        study.is_watching = number >= len(observations) - WATCHED
        for event in events_of(found):
            take(study, event, found, settings)
        show(study, found, settings)
    study.alarms.take()  # they were told when it happened
    study.chances_every, study.is_watching = 1, True


def _borrow(study: Study, others: Iterable[Observation], settings: AnalyticsSettings) -> None:
    """Let the policy learn what arms with the same values earned at other types of task."""
    policy = study.contextual
    for found in others if policy is not None else ():
        number = study.number(matching(study.live, found.values))
        earned = found.earned(settings.rewards)
        if policy is not None and number is not None and earned is not None:
            policy.borrow(number, earned, vector(found.context, found.key.task_type))


def _add_older(study: Study, stored: StoredStudy) -> None:
    """Count also what is written down as sums alone."""
    if stored.spans:
        study.quantiles = Quantiles(stored.spans)
    for name, (pulls, rewards) in stored.pulls.items():
        if name in study.tallies:
            tally = study.tallies[name]
            if 0 < tally.rewards < rewards:  # the rest earned about the same
                tally.reward_sum *= rewards / tally.rewards
            tally.pulls, tally.rewards = max(tally.pulls, pulls), max(tally.rewards, rewards)
    study.choices = max(study.choices, sum(made for made, _ in stored.pulls.values()))
    study.rewards = max(study.rewards, sum(counted for _, counted in stored.pulls.values()))


def records_of(studies: Iterable[Study]) -> tuple[ArmRecord, ...]:
    """Return what each arm earned in each study."""
    return tuple(
        ArmRecord(*study.key, name, tally.reward_sum, tally.rewards - tally.reward_sum)
        for study in studies
        for name, tally in study.tallies.items()
        if tally.rewards and 0 <= tally.reward_sum <= tally.rewards
    )


def priors_of(
    key: StudyKey, names: Iterable[str], records: tuple[ArmRecord, ...]
) -> dict[str, Prior]:
    """Return what arms begin with, by what they earned in other studies."""
    model, task_type = key
    return {
        name: pooled_prior(records, model=model, task_type=task_type, arm=name) for name in names
    }


def events_of(found: Observation) -> Iterable[Event]:
    """Yield what was learnt of `found` so far, in an order in which it may be."""
    yield "chosen"
    if found.over_s is not None:
        yield "over"
    if found.latency_ms is not None:
        yield "timed"
    if found.cost_usd is not None:
        yield "priced"
    if found.counted_s is not None:
        yield "reward"


def take(study: Study, event: Event, found: Observation, settings: AnalyticsSettings) -> None:
    """Let `study` learn `event` of `found`."""
    match event:
        case "chosen":
            study.chosen(found)
        case "over":
            study.over(found)
        case "timed":
            study.timed(found)
        case "priced":
            study.priced(found)
        case "reward":
            found.reward = found.earned(settings.rewards)
            if found.reward is not None:
                is_ours = found.choice is not None and found.generation == study.generation
                study.reward(found, found.choice.turn if is_ours and found.choice else None)


def show(study: Study, found: Observation, settings: AnalyticsSettings) -> None:
    """Let `study` show `found` as it is known now, once its answer is over."""
    if found.over_s is not None or found.reward is not None:
        feasible = found.is_feasible(
            max_latency_ms=settings.max_latency_ms, max_cost_usd=settings.max_cost_usd
        )
        study.draw(found, is_feasible=feasible)
