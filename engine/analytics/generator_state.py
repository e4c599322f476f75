"""A random generator's state as plain values, so that draws go on after a restart."""

from __future__ import annotations

import numpy as np

from engine.analytics.bandits import Plain, State


def generator_state(rng: np.random.Generator) -> State:
    """Return the state of a PCG64 generator, which `numpy.random.default_rng` makes."""
    found = rng.bit_generator.state
    return {
        "kind": str(found["bit_generator"]),
        "state": int(found["state"]["state"]),
        "increment": int(found["state"]["inc"]),
        "has_half": int(found["has_uint32"]),
        "half": int(found["uinteger"]),
    }


def generator_from(state: State) -> np.random.Generator:
    """Return the generator that `generator_state` told of. Raises ValueError where it is none."""
    if state.get("kind") != "PCG64":
        raise ValueError(f"generator: PCG64 is needed, not {state.get('kind')!r}")
    bits = np.random.PCG64()
    bits.state = {
        "bit_generator": "PCG64",
        "state": {"state": _whole(state["state"]), "inc": _whole(state["increment"])},
        "has_uint32": _whole(state["has_half"]),
        "uinteger": _whole(state["half"]),
    }
    return np.random.Generator(bits)


def _whole(value: Plain) -> int:
    if not isinstance(value, int):
        raise ValueError(f"generator: a whole number is needed, not {value!r}")
    return value
