"""The bandit of a study."""

from __future__ import annotations

from random import Random

from engine.analytics.study_policies import policy_makers


def test_the_better_arm_is_found_and_found_again():
    """The arm that earns more is chosen most; when they change places, the other one is."""
    policy, random = policy_makers(Random(1)).plain(3), Random(2)
    chosen = []
    for number in range(1200):
        means = (0.3, 0.8, 0.4) if number < 600 else (0.9, 0.2, 0.4)
        choice = policy.choose()
        chosen.append(choice.arm)
        policy.reward(choice.arm, float(random.random() < means[choice.arm]), turn=choice.turn)
    assert chosen[400:600].count(1) > 150
    assert chosen[1000:].count(0) > 150


def test_studies_draw_apart():
    """Two studies do not make the same choices at the same time."""
    make = policy_makers(Random(1)).plain
    one, other = make(4), make(4)
    assert [one.choose().arm for _ in range(30)] != [other.choose().arm for _ in range(30)]
