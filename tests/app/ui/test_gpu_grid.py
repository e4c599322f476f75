from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.gpu_grid import GpuGrid
from engine.gpu.history import Gauge, Span
from tests.app.ui.gpu_worlds import CARD, OTHER, PLAIN, READY, gpu_view


@pytest.fixture
def grid(theme, qtbot):
    grid = GpuGrid(theme)
    qtbot.addWidget(grid)
    grid.resize(1000, 700)
    grid.show()
    grid.show_gpu(gpu_view())
    return grid


def columns(grid) -> int:
    return len({tile.x() for tile in grid.tiles.values()})


def test_tiles_stand_beside_each_other_where_there_is_room(grid, qtbot):
    """Two cards are beside each other in a wide page, below each other in a narrow one."""
    qtbot.waitUntil(lambda: columns(grid) == 2)
    grid.resize(600, 700)
    qtbot.waitUntil(lambda: columns(grid) == 1)


def test_cards_come_and_go(grid):
    """A card that is plugged in gets a tile; one that is forgotten loses it, the others stay."""
    stays = grid.tiles[CARD.id]
    third = replace(PLAIN, card=replace(OTHER, id="GPU-3"))
    grid.show_gpu(gpu_view(READY, third))
    assert list(grid.tiles) == [CARD.id, "GPU-3"]
    assert grid.tiles[CARD.id] is stays


def test_each_tile_asks_for_its_histories(grid):
    """Load and memory of every card are asked for over the span that shows."""
    wish = grid.wish(Span.DAY)
    assert wish.span is Span.DAY
    assert (OTHER.id, Gauge.MEMORY) in wish.series
    assert len(wish.series) == 4
