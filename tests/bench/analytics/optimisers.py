"""One way to ask each optimiser for the next point, and to tell it what came of it."""

from __future__ import annotations

import importlib.util
from typing import Any, Protocol

import numpy as np

from engine.analytics.space import ChoiceParameter, IntParameter, Value
from tests.bench.analytics.problems import Problem

Values = dict[str, Value]


class Asked(Protocol):
    """An optimiser on one problem; values are minimised."""

    def ask(self) -> Values:
        """Return the next point."""

    def tell(self, values: Values, value: float, constraints: list[float]) -> None:
        """Take what was measured there."""

    def preload(self, seen: list[tuple[Values, float]]) -> None:
        """Take what was measured before."""


class Random:
    """Points drawn evenly."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.space, self.rng = problem.space, np.random.default_rng(seed)

    def ask(self) -> Values:
        return self.space.decode(self.space.sample(self.rng, 1)[0])

    def tell(self, values: Values, value: float, constraints: list[float]) -> None:
        """Learn nothing."""

    def preload(self, seen: list[tuple[Values, float]]) -> None:
        """Learn nothing."""


class Here:
    """The optimiser of this project."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from engine.analytics.optimiser import Optimiser

        self.optimiser = Optimiser(
            problem.space,
            seed=seed,
            is_noisy=problem.noise_sd > 0,
            constraint_count=problem.constraint_count,
        )

    def ask(self) -> Values:
        return self.optimiser.ask().values

    def tell(self, values: Values, value: float, constraints: list[float]) -> None:
        self.optimiser.tell(values, -value, constraints)

    def preload(self, seen: list[tuple[Values, float]]) -> None:
        for values, value in seen:
            self.optimiser.tell(values, -value)


class Optuna:
    """optuna's ask-and-tell with one of its samplers."""

    def __init__(self, problem: Problem, seed: int, kind: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna, self.trial = optuna, None
        more: dict[str, Any] = {}
        if problem.constraint_count:
            more["constraints_func"] = lambda trial: trial.user_attrs["constraints"]
        if kind == "tpe":
            sampler = optuna.samplers.TPESampler(seed=seed, **more)
        else:
            sampler = optuna.samplers.GPSampler(
                seed=seed, deterministic_objective=problem.noise_sd == 0, **more
            )
        self.study = optuna.create_study(sampler=sampler)
        self.ranges = {each.name: self._range(each) for each in problem.space.parameters}

    def _range(self, parameter: Any) -> Any:
        kinds = self.optuna.distributions
        if isinstance(parameter, ChoiceParameter):
            return kinds.CategoricalDistribution(list(parameter.choices))
        kind = (
            kinds.IntDistribution
            if isinstance(parameter, IntParameter)
            else kinds.FloatDistribution
        )
        return kind(parameter.low, parameter.high, log=parameter.is_log)

    def ask(self) -> Values:
        self.trial = self.study.ask(self.ranges)
        return dict(self.trial.params)

    def tell(self, values: Values, value: float, constraints: list[float]) -> None:
        if constraints:
            self.trial.set_user_attr("constraints", constraints)
        self.study.tell(self.trial, value)

    def preload(self, seen: list[tuple[Values, float]]) -> None:
        for values, value in seen:
            made = self.optuna.trial.create_trial(
                params=values, distributions=self.ranges, value=value
            )
            self.study.add_trial(made)


class Skopt:
    """scikit-optimize's Gaussian process; it knows no constraints that are measured."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from skopt import Optimizer

        self.names = [each.name for each in problem.space.parameters]
        self.optimizer = Optimizer(
            [self._range(each) for each in problem.space.parameters],
            base_estimator="GP",
            n_initial_points=10,
            random_state=seed,
        )

    def _range(self, parameter: Any) -> Any:
        from skopt.space import Categorical, Integer, Real

        if isinstance(parameter, ChoiceParameter):
            return Categorical(list(parameter.choices))
        kind = Integer if isinstance(parameter, IntParameter) else Real
        prior = "log-uniform" if parameter.is_log else "uniform"
        return kind(parameter.low, parameter.high, prior=prior)

    def ask(self) -> Values:
        return dict(zip(self.names, self.optimizer.ask(), strict=True))

    def tell(self, values: Values, value: float, constraints: list[float]) -> None:
        self.optimizer.tell([values[name] for name in self.names], value)

    def preload(self, seen: list[tuple[Values, float]]) -> None:
        points = [[values[name] for name in self.names] for values, _ in seen]
        self.optimizer.tell(points, [value for _, value in seen])


NEEDS = {"gpsampler": "optuna", "tpe": "optuna", "skopt": "skopt"}


def installed() -> list[str]:
    """Return the names of the optimisers that can run here, ours first."""
    return ["here", *(name for name, need in NEEDS.items() if importlib.util.find_spec(need))]


def make(name: str, problem: Problem, seed: int) -> Asked:
    """Return the optimiser called `name` on `problem`."""
    if name in ("gpsampler", "tpe"):
        return Optuna(problem, seed, name)
    return {"here": Here, "random": Random, "skopt": Skopt}[name](problem, seed)
