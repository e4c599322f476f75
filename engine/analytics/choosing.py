"""Which parameters a request gets, and why: from the arms, or from the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.analytics.answers import written
from engine.analytics.bandits import Choice
from engine.analytics.context_words import HOW, NOT_TOLD, term_words
from engine.analytics.limits import Limits
from engine.analytics.observations import AS_CAME, StudyKey
from engine.analytics.ports import Prepared
from engine.analytics.request_context import PLACES
from engine.analytics.snapshot import Estimate, Value
from engine.analytics.study import Pick, Study, matching
from engine.analytics.views import estimate, latency_estimate

SHOWN_EXCLUDED = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for one request."""

    id: str
    key: StudyKey
    values: Mapping[str, Value] = field(default_factory=dict)
    """Empty where the request stays as it came."""
    arm: str = ""
    """"" where the search found them."""
    sent: Mapping[str, Value] = field(default_factory=dict)
    """What the request has set itself."""
    sent_arm: str = ""
    """The arm with just these values, or ""."""
    reward: Estimate | None = None
    latency_ms: Estimate | None = None
    why: tuple[str, ...] = ()
    choice: Choice | None = None
    """None for the search, and where nothing was chosen."""
    is_choice: bool = True
    """False where the request stays as it came, for a reason."""
    generation: int = 0


def left_alone(study: Study, id: str, sent: Mapping[str, Value], why: str) -> Chosen:
    """Return that a request stays as it came, with the parameters it has set itself."""
    arm = matching(study.live, sent)
    return Chosen(id, study.key, sent=sent, sent_arm=arm, why=(why,), is_choice=False)


def chosen_arm(study: Study, id: str, pick: Pick) -> Chosen:
    """Return the arm of `pick` with the evidence for it."""
    number = study.number(pick.arm.name)
    assert number is not None
    reward = estimate(study, number, pick.at)
    latency = latency_estimate(study, pick.arm.name)
    return Chosen(
        id=id,
        key=study.key,
        values=pick.arm.values,
        arm=pick.arm.name,
        sent_arm=AS_CAME,
        reward=reward,
        latency_ms=latency,
        why=tuple(_reasons(study, pick, reward, latency)),
        choice=pick.choice,
        generation=pick.generation,
    )


def chosen_by_search(study: Study, id: str, found: Prepared) -> Chosen:
    """Return what the search would try."""
    return Chosen(
        id=id,
        key=study.key,
        values=found.values,
        sent_arm=AS_CAME,
        reward=found.reward,
        latency_ms=latency_estimate(study, AS_CAME),
        why=(f"{written(found.values)}: {found.why}", "found by the search within the bounds"),
    )


def _reasons(
    study: Study, pick: Pick, reward: Estimate | None, latency: Estimate | None
) -> list[str]:
    name, tally = pick.arm.name, study.tallies[pick.arm.name]
    if reward is None:
        told = [f"{name} ({written(pick.arm.values)}) was not rated yet: it is tried"]
    elif study.contextual is not None:
        told = [
            f"{name} ({written(pick.arm.values)}) should earn {reward.mean:.2f} with such a "
            f"request ({reward.low:.2f} to {reward.high:.2f}, {tally.rewards} rated answers)"
        ]
    else:
        told = [
            f"{name} ({written(pick.arm.values)}) earned {reward.mean:.2f} "
            f"({reward.low:.2f} to {reward.high:.2f}) in {tally.rewards} rated answers"
        ]
    if latency is not None:
        told.append(f"its answers took {latency.mean:,.0f} ms, 95 of 100 up to {latency.high:,.0f}")
    told[1:1] = _of_context(study, pick)
    if study.contextual is None:
        told.append(
            "each choice is made as often as it is probable that it is the best (Thompson sampling)"
        )
    for other, reason in list(pick.excluded.items())[:SHOWN_EXCLUDED]:
        told.append(f"{other} is left out: {reason}")
    return told


def _of_context(study: Study, pick: Pick) -> list[str]:
    """Return what of the request speaks for an arm; nothing where nobody looks at it."""
    policy, arm = study.contextual, study.number(pick.arm.name)
    if policy is None or arm is None:
        return []
    told = [NOT_TOLD] if pick.at[PLACES["unknown"]] else []
    others = [n for n, each in enumerate(study.arms) if n != arm and each in study.live
              and each.name not in pick.excluded]  # fmt: skip
    if others and not told:
        rival = max(others, key=lambda each: policy.predict(each, pick.at).mean)
        terms = policy.terms(arm, rival, pick.at)
        told.append(term_words(terms, pick.at, study.arms[rival].name))
    if policy.borrowed:
        told.append(f"{policy.borrowed} answers to other types of task count a little as well")
    return [*told, HOW]


def fits(limits: Limits, found: Prepared) -> bool:
    """Tell whether what the search found keeps the bounds of a request."""
    return not limits.refusal(found.values)
