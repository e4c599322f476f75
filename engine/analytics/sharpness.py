"""How much narrower than its posterior an arm is drawn: Thompson sampling that explores less.

Thompson sampling draws from the posterior, which explores as if time were endless. What is still
worth knowing about an arm falls with what is known of it already: MOSS (Audibert and Bubeck 2009)
shrinks its bound by log(t / (K n)) where UCB uses log t, MOTS (Jin, Xu, Shi, Xiao, Gu 2021) clips
Thompson's draws there, and Jin, Yang, Xiao, Xu, Gu (2023) show that far fewer draws are enough.
Here the evidence of an arm counts c-fold while it is drawn:

    c = log t / log(t / (share K n)), at most `sharpest`

t: rewards of all arms, n: of this one, K: arms. An arm that is hardly known is drawn as Thompson
would (c is near 1), one that has had its share is drawn near its mean. The form is our own and has
no theorem; the floor keeps every arm in reach whatever the draws say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from engine.analytics.bandits import Plain, State, number


@dataclass(frozen=True, slots=True)
class Exploration:
    """How draws differ from the posterior. The constants were chosen in simulations with seeds
    other than the benchmark's; docs/decisions/0030 has what they cost and gain.
    """

    sharpest: float = 10.0
    """Evidence counts at most so many times; 1: as it is."""
    share: float = 2.0
    """Larger: arms are drawn narrow sooner."""
    optimism: float = 1.0
    """Successes added to what is drawn, not to what is believed: new arms are tried first."""
    floor: float = 0.01
    """No arm that may be chosen is less probable than this; after 1 / floor rewards, than one over
    their number. Over T rewards each arm is so tried about 1 + log(floor T) times in vain."""
    lasting_floor: float = 0.0
    """No arm is ever less probable than this: what drift needs, and costs for ever."""

    def sharpness(self, total: float, count: float, arms: int) -> float:
        """Return how many times the evidence of an arm counts, 1 to `sharpest`.

        total: rewards of all arms, count: of this one, both >= 0; arms: how many there are.
        """
        room = (total + 2.0) / (self.share * arms * (count if count > 1.0 else 1.0))
        if room <= 1.0:
            return self.sharpest
        return min(self.sharpest, max(1.0, math.log(total + 2.0) / math.log(room)))

    def least(self, total: float, arms: int) -> float:
        """Return the least probability of each of `arms` arms after `total` rewards of all."""
        fading = min(self.floor, 1.0 / (total + 1.0))
        return min(max(fading, self.lasting_floor), 1.0 / arms)

    def state(self) -> State:
        """Return what `from_state` takes."""
        return {
            "sharpest": self.sharpest,
            "share": self.share,
            "optimism": self.optimism,
            "floor": self.floor,
            "lasting_floor": self.lasting_floor,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Plain]) -> Exploration:
        """Return what `state()` told of."""
        return cls(**{key: number(value, key) for key, value in state.items()})


PLAIN = Exploration(sharpest=1.0, optimism=0.0, floor=0.0)
"""Thompson sampling as it stands in books."""
EVEN = Exploration(sharpest=1.0, optimism=0.0)
"""Thompson sampling with a floor, so that what was chosen can be weighed later."""
