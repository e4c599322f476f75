"""What models were seen to take at most."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.gpu.peaks import KEPT, SCHEMA, Peak, Peaks
from engine.storage import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def _share_after(path: Path, *peaks: tuple[int, int]) -> float | None:
    database = Database(path, migrations=[SCHEMA])
    await database.open()
    try:
        kept = Peaks(database)
        for number, (told_mib, peak_mib) in enumerate(peaks):
            await kept.note(Peak("llama", told_mib, peak_mib, NOW + timedelta(hours=number)))
        assert await kept.share("another") is None
        return await kept.share("llama")
    finally:
        await database.aclose()


def share_after(path: Path, *peaks: tuple[int, int]) -> float | None:
    """Return the share of "llama" after these peaks, (told, seen) in MiB."""
    return asyncio.run(_share_after(path, *peaks))


def test_nothing_seen(tmp_path: Path):
    """A model that was never seen is not corrected."""
    assert share_after(tmp_path / "gpu.sqlite") is None


def test_largest_counts(tmp_path: Path):
    """The largest of what was seen corrects, and outlives a restart."""
    path = tmp_path / "gpu.sqlite"
    assert share_after(path, (1000, 900), (2000, 2200), (1000, 1000)) == 1.1
    assert share_after(path) == 1.1


def test_old_peaks_are_forgotten(tmp_path: Path):
    """Only the newest of a model count."""
    path = tmp_path / "gpu.sqlite"
    assert share_after(path, (1000, 1900), *[(1000, 1000)] * KEPT) == 1.0


@pytest.mark.parametrize("peak", [(1000, 10), (1000, 9000), (0, 5), (5, 0), (-1, -1)])
def test_unbelievable_peaks(tmp_path: Path, peak: tuple[int, int]):
    """What is far off was of something else, and is not kept."""
    assert share_after(tmp_path / "gpu.sqlite", peak) is None
