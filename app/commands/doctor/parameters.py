"""What the doctor looks at for parameter analytics: its library, and what it has learnt."""

from __future__ import annotations

import asyncio

from app.commands.doctor.remedies import set_up_again
from app.commands.doctor.report import Check
from engine.analytics.observation_book import FILE, ObservationBook
from engine.analytics.settings import AnalyticsSettings, Mode
from engine.errors import OutsideError
from engine.folders import Folders

NAME = "parameters"


def learnt(settings: AnalyticsSettings, folders: Folders) -> Check:
    """Check that the search can compute, and that what was learnt can be read."""
    try:
        import engine.analytics.optimiser  # noqa: F401 - whether it loads is the question
    except ImportError as error:
        return Check(NAME, "missing", f"the search does not load ({error})", set_up_again())
    if not (folders.data / FILE).exists():
        return Check(NAME, "ok", _words(settings, 0))
    try:
        count = asyncio.run(_count(folders))
    except OutsideError as error:
        mend = f'mv "{folders.data / FILE}" "{folders.data / f"old-{FILE}"}"'
        return Check(NAME, "warning", str(error), mend)
    return Check(NAME, "ok", _words(settings, count))


async def _count(folders: Folders) -> int:
    book = ObservationBook(folders.data)
    try:
        await book.open()
        return await book.total()
    finally:
        await book.aclose()


def _words(settings: AnalyticsSettings, count: int) -> str:
    what = "off" if settings.mode == Mode.OFF else f"{settings.mode}, by {settings.method}"
    paused = ", paused" if settings.is_paused else ""
    return f"{what}{paused}; {count:,} observations"
