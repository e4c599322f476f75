"""One measured quantity as a Gaussian process: its scale, its hyperparameters, its posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analytics import warping
from engine.analytics.gaussian_process import GaussianProcess, conditioned, leave_one_out
from engine.analytics.hyperparameters import Evidence, Search, believed_at_first
from engine.analytics.kernel import BoolArray, FloatArray
from engine.analytics.warping import Warp


@dataclass(frozen=True, slots=True)
class Belief:
    """The posterior of one quantity, with the scale on which it was made.

    scaled: (n,), the measurements on that scale. solved: (n,), (K + noise)^-1 times them.
    """

    process: GaussianProcess
    solved: FloatArray
    scaled: FloatArray
    warp: Warp

    @property
    def edge(self) -> float:
        """Where 0 lies on the scale."""
        return float(self.warp.to_scale(np.array(0.0)))

    def predict(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and deviation (m,) of the quantity at `points` (m, d), in its own unit."""
        mean, deviation = self.process.mean_and_deviation(points, self.solved)
        return self.warp.to_reward(mean), self.warp.reward_deviation(mean, deviation)

    def fitted(self) -> FloatArray:
        """Return the mean (n,) at the measured points themselves, on the scale.

        K (K + noise)^-1 y is y less the noise times (K + noise)^-1 y.
        """
        mean: FloatArray = self.scaled - self.process.noise * self.solved
        return mean

    def expecting(self, points: FloatArray) -> Belief:
        """Return the posterior as if the mean had been measured at `points` (m, d).

        The mean stays what it is, so that the new coefficients are 0; the deviations shrink.
        """
        if not len(points):
            return self
        process = self.process
        for unit in points:
            process = process.grown(unit)
        expected = self.process.mean(points, self.solved)
        solved = np.concatenate([self.solved, np.zeros(len(points))])
        return Belief(process, solved, np.concatenate([self.scaled, expected]), self.warp)

    def without_each(self) -> tuple[FloatArray, FloatArray]:
        """Return each measurement as predicted from all others: means and deviations (n,)."""
        above, deviation = leave_one_out(self.process, self.solved)
        mean = self.scaled - above
        return self.warp.to_reward(mean), self.warp.reward_deviation(mean, deviation)


class Surrogate:
    """Makes posteriors of one quantity over points (n, d).

    `improve` may run on another thread than `condition`: what it finds is taken up by the next.
    is_bent: measurements may be bent to look more normal.
    """

    def __init__(self, is_choice: BoolArray, *, is_noisy: bool, is_bent: bool) -> None:
        self._is_choice, self._is_noisy, self._is_bent = is_choice, is_noisy, is_bent
        self._search = Search(len(is_choice))
        self._believed = believed_at_first(len(is_choice), is_noisy)
        self._process: GaussianProcess | None = None

    def improve(self, points: FloatArray, measured: FloatArray, steps: int) -> None:
        """Go on with the search for hyperparameters by at most `steps`; it is the dear part."""
        scaled = warping.fitted(measured, self._is_bent).to_scale(measured)
        evidence = Evidence(points, scaled, self._is_choice, self._is_noisy)
        self._believed = self._search.improve(evidence, steps)

    def condition(self, points: FloatArray, measured: FloatArray) -> Belief:
        """Return the posterior given `measured` (n,) at `points` (n, d).

        The last posterior is grown where its points are the first of these and nothing better is
        believed by now; otherwise a new one is made.
        """
        warp = warping.fitted(measured, self._is_bent)
        scaled = warp.to_scale(measured)
        believed, process = self._believed, self._process
        if process is None or process.believed is not believed or not process.is_start_of(points):
            process = conditioned(points, self._is_choice, believed)
        for unit in points[process.count :]:
            process = process.grown(unit)
        self._process = process
        return Belief(process, process.solve(scaled), scaled, warp)
