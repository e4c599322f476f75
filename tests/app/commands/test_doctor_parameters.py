from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

from app.commands.doctor import parameters
from engine.analytics.observation_book import FILE, Batch, ObservationBook
from engine.analytics.observations import Observation, StudyKey
from engine.analytics.settings import AnalyticsSettings
from engine.folders import Folders

USUAL = AnalyticsSettings()


async def observe(folders: Folders) -> None:
    """Write one observation."""
    book = ObservationBook(folders.data)
    await book.open()
    batch = Batch()
    batch.add(Observation("a", StudyKey("m", "chat"), 1.0))
    await book.write(batch)
    await book.aclose()


def test_what_was_learnt_is_counted(folders: Folders):
    """The mode and the number of observations are told; none is no fault."""
    found = parameters.learnt(USUAL, folders)
    assert (found.state, found.detail) == ("ok", "off; 0 observations")
    asyncio.run(observe(folders))
    paused = AnalyticsSettings(mode="automatic", method="search", is_paused=True)
    assert (
        parameters.learnt(paused, folders).detail == "automatic, by search, paused; 1 observations"
    )


def test_a_database_that_cannot_be_read_is_told(folders: Folders):
    """A file of a newer version, or none at all, comes with the command that moves it away."""
    asyncio.run(observe(folders))
    with closing(sqlite3.connect(folders.data / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    found = parameters.learnt(USUAL, folders)
    assert found.state == "warning"
    assert "newer version" in found.detail
    assert found.remedy is not None
    assert found.remedy.startswith("mv ")
