from __future__ import annotations

import numpy as np
import pytest

from app.theme import read_tokens
from app.ui.widgets.colour_scale import colour_table, oklab
from app.ui.widgets.spectrogram import LOUDEST_SHOWN, QUIETEST_SHOWN, loudness_colours


def lightness(table: list[int]) -> np.ndarray:
    return oklab([f"#{colour & 0xFFFFFF:06x}" for colour in table])[:, 0]


def test_oklab_agrees_with_published_values():
    """White, red, green and blue have the OKLab coordinates that its author published."""
    found = oklab(["#ffffff", "#ff0000", "#00ff00", "#0000ff"])
    published = [[1, 0, 0], [0.628, 0.225, 0.126], [0.866, -0.234, 0.179], [0.452, -0.032, -0.312]]
    assert found == pytest.approx(np.array(published), abs=2e-3)


def test_ends_are_the_stops():
    """Below `low` stands the first colour, from `high` on the last, both opaque."""
    table = colour_table(["#102030", "#fff0e0"], low=20, high=200)
    assert table[0] == table[20] == 0xFF102030
    assert table[200] == table[255] == 0xFFFFF0E0


@pytest.mark.parametrize("name", ["dark", "light"])
def test_louder_is_further_from_the_card_in_equal_steps(name: str):
    """The spectrogram's lightness runs one way only, in steps that differ by rounding alone."""
    steps = np.diff(lightness(loudness_colours(read_tokens(name)))[QUIETEST_SHOWN:LOUDEST_SHOWN])
    assert (np.sign(steps) == np.sign(steps[0])).mean() > 0.98
    assert steps.std() < 0.4 * abs(steps.mean())
