"""Looks once a day which version is out, if the user wants that; fetches nothing else."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from engine.clock import Clock
from engine.errors import EngineError, Refused
from engine.updates.address import host_of, wrong_with
from engine.updates.notes import UPDATES_FILE, Notes, read_notes, write_notes
from engine.updates.ports import Feed
from engine.updates.release import Release, release_in
from engine.updates.settings import UpdateSettings
from engine.updates.snapshot import UpdateState, UpdateView
from engine.updates.versions import version_in

_log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
FIRST_AFTER_S = 30.0
"""A machine that was just switched on may have no network yet."""
GLANCE_S = 3_600.0
"""A machine that slept is as late as this at most: its clock stood still meanwhile."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs: its version, and whom its build asks where the settings name nobody."""

    version: str | None = None
    url: str = ""


class UpdateCheck:
    """Asks a feed. For the engines' loop; `snapshot` is for any thread.

    Nothing is opened and nothing is read from the disk while it is off. folder: where the last
    look is kept.
    """

    def __init__(
        self,
        *,
        settings: UpdateSettings,
        running: Running,
        feed: Feed,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._running = running
        self._feed = feed
        self._path = folder / UPDATES_FILE
        self._clock = clock
        self._notes: Notes | None = None
        self._is_looking = False
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._view = self._seen()

    def snapshot(self) -> UpdateView:
        """Return what is known."""
        return self._view

    async def start(self) -> None:
        """Begin to look from time to time, where that is wanted."""
        self._begin(FIRST_AFTER_S)

    async def change_settings(self, settings: UpdateSettings) -> None:
        """Look with `settings` from now on; at once where nobody has looked there today."""
        await self._stop()
        self._settings = settings
        self._begin(0.0)

    def look_now(self) -> None:
        """Ask now, whenever the last look was; what comes of it is told by the snapshot.

        Raises Refused while nobody may be asked.
        """
        if self._task is None:
            raise Refused("Nobody may be asked for new versions: switch that on in Settings, About")
        self._wanted.set()

    async def aclose(self) -> None:
        """Stop looking. Never raises; may be called twice."""
        await self._stop()

    @property
    def _url(self) -> str:
        """Whom to ask; "" where nobody may be asked."""
        url = (self._settings.url or self._running.url) if self._settings.check else ""
        return "" if wrong_with(url) else url

    def _begin(self, after_s: float) -> None:
        if self._url:
            self._task = asyncio.get_running_loop().create_task(
                self._watch(after_s), name="updates"
            )
        self._view = self._seen()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        self._wanted.clear()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self, after_s: float) -> None:
        await self._remember()
        await self._pause(after_s)
        while True:
            if self._wanted.is_set() or self._wait_s() <= 0:
                self._wanted.clear()
                await self._look()
            await self._pause(min(max(self._wait_s(), 1.0), GLANCE_S))

    async def _pause(self, longest_s: float) -> None:
        """Return after so long, or as soon as somebody wants a look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._wanted.wait()

    async def _remember(self) -> None:
        """Read what was found out before this start, once."""
        if self._notes is None:
            self._notes = await asyncio.to_thread(read_notes, self._path)
            self._view = self._seen()

    def _wait_s(self) -> float:
        """Return how long nobody may be asked yet."""
        notes = self._notes or Notes()
        if notes.looked_at is None or notes.url != self._url:
            return 0.0
        passed = self._clock.wall() - notes.looked_at
        # A calendar that was set back would else keep it from looking for years.
        return 0.0 if passed < timedelta(0) else (EVERY - passed).total_seconds()

    async def _look(self) -> None:
        self._is_looking = True
        self._view = self._seen()
        try:
            await self._ask(self._url)
        finally:
            self._is_looking = False
            self._view = self._seen()

    async def _ask(self, url: str) -> None:
        before = self._notes if self._notes and self._notes.url == url else Notes()
        # Written first: who is killed while he asks does not ask again with every start.
        at = self._clock.wall()
        await self._keep(Notes(url, at, before.problem, before.told))
        problem, told = "", before.told
        try:
            found = release_in(await self._feed.read(url), host_of(url))
            told = found.told
            self._tell(found)
        except EngineError as error:
            problem = str(error)
            _log.info("no news of versions: %s", error)
        except Exception as error:  # noqa: BLE001 - the outer loop
            problem = (
                f"Looking for a new version went wrong ({error!r}): switch it off, and tell us"
            )
            _log.exception("looking for a new version went wrong")
        await self._keep(Notes(url, at, problem, told))

    async def _keep(self, notes: Notes) -> None:
        self._notes = notes
        # On a disk that is full it is known until the end of this process, which is enough.
        with suppress(EngineError):
            await asyncio.to_thread(write_notes, self._path, notes)

    def _tell(self, found: Release) -> None:
        if self._is_newer(found):
            # Where there is no window, the log is where anybody sees it.
            _log.warning("version %s is out: %s", found.version, found.page)

    def _is_newer(self, found: Release | None) -> bool:
        try:
            own = version_in(self._running.version or "")
        except ValueError:
            return False
        return found is not None and version_in(found.version).is_after(own)

    def _seen(self) -> UpdateView:
        if not self._settings.check:
            return UpdateView()
        if not self._url:
            return UpdateView(UpdateState.NO_ADDRESS)
        notes = self._notes if self._notes and self._notes.url == self._url else Notes()
        view = UpdateView(
            UpdateState.FAILED if notes.problem else UpdateState.KNOWN,
            host_of(self._url),
            notes.latest,
            self._is_newer(notes.latest),
            notes.looked_at,
            notes.problem,
        )
        if self._is_looking:
            return replace(view, state=UpdateState.LOOKING)
        is_fresh = notes.latest or notes.problem
        return view if is_fresh else replace(view, state=UpdateState.WAITING)
