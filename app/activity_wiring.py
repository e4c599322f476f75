"""What the user wants of the list of requests, as calls to the engines."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from app.activity_export import write_csv
from app.bridge import Bridge, Handle
from app.ui.activity_panel import ActivityPanel
from app.ui.activity_values import PageWish
from app.ui.quantity_texts import counted
from engine.activity import ActivityQuery, ActivityRecord
from engine.router.snapshot import Decision

if TYPE_CHECKING:
    from engine.assembly import Engines

FILE_NAME = "requests.csv"


class ActivityWiring(QObject):
    """Connects the Activity page.

    engines: returns the engines, or None before there are any; until then the user is told
    `not_ready`. ask: puts a question into the Playground.
    """

    def __init__(
        self,
        bridge: Bridge,
        *,
        engines: Callable[[], Engines | None],
        ask: Callable[[str], None],
        not_ready: str,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._engines = engines
        self._ask = ask
        self._not_ready = not_ready
        self._record: Handle | None = None
        self._export: Handle | None = None

    def connect_panel(self, panel: ActivityPanel) -> None:
        """Send what the user wants on `panel` to the list of requests."""
        panel.page_wanted.connect(partial(self._fetch, panel))
        panel.totals_wanted.connect(partial(self._sum_up, panel))
        panel.record_wanted.connect(partial(self._open, panel))
        panel.names_wanted.connect(partial(self._names, panel))
        panel.export_wanted.connect(partial(self._ask_path, panel))
        panel.export_cancelled.connect(self._cancel_export)
        panel.clear_wanted.connect(partial(self._clear, panel))
        panel.playground_wanted.connect(self._ask)

    def export(self, panel: ActivityPanel, query: ActivityQuery, path: Path) -> None:
        """Write what `query` finds to `path`, and tell on `panel` how it goes."""
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return

        def done(count: int) -> None:
            panel.show_export(f"{counted(count, 'request', 'requests')} saved to {path}", path)

        def failed(text: str, details: str) -> None:
            panel.show_export("")
            panel.show_problem(text, details)

        self._cancel_export()
        panel.show_export(f"Saving to {path.name}\N{HORIZONTAL ELLIPSIS}")
        work = _call(lambda: write_csv(path, engines.activity.export(query)))
        self._export = self._bridge.run(work, done, failed)

    def _run(
        self,
        panel: ActivityPanel,
        work: Callable[[Engines], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None],
    ) -> Handle | None:
        """Run `work(engines)` and show on `panel` what went wrong."""
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return None
        return self._bridge.run(_call(lambda: work(engines)), done, panel.show_problem)

    def _fetch(self, panel: ActivityPanel, wish: PageWish) -> None:
        engines = self._engines()
        if engines is None:
            panel.give_up(wish)
            return

        def failed(text: str, details: str) -> None:
            panel.give_up(wish)
            panel.show_problem(text, details)

        page = engines.activity.page
        self._bridge.run(
            _call(lambda: page(wish.query, first=wish.first, limit=wish.limit, before=wish.before)),
            partial(panel.show_page, wish),
            failed,
        )

    def _sum_up(self, panel: ActivityPanel, query: ActivityQuery) -> None:
        engines = self._engines()
        if engines is None:
            panel.show_totals(query, None)
            return

        def failed(text: str, details: str) -> None:
            panel.show_totals(query, None)
            panel.show_problem(text, details)

        totals = engines.activity.totals
        self._bridge.run(_call(lambda: totals(query)), partial(panel.show_totals, query), failed)

    def _open(self, panel: ActivityPanel, record_id: str) -> None:
        if self._record is not None:
            self._record.cancel()
        self._record = self._run(
            panel, lambda engines: _whole(engines, record_id), lambda both: panel.show_record(*both)
        )

    def _names(self, panel: ActivityPanel) -> None:
        engines = self._engines()
        if engines is not None:
            self._bridge.run(_call(engines.activity.names), panel.show_names, panel.show_problem)

    def _clear(self, panel: ActivityPanel) -> None:
        self._run(panel, lambda engines: engines.activity.clear(), lambda _: panel.show_cleared())

    def _ask_path(self, panel: ActivityPanel, query: ActivityQuery) -> None:
        dialog = QFileDialog(panel, "Export", FILE_NAME, "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.export(panel, query, Path(name)))
        dialog.open()

    def _cancel_export(self) -> None:
        if self._export is not None:
            self._export.cancel()
            self._export = None


async def _call(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Return what `work()` finds, asked on the engines' loop."""
    return await work()


async def _whole(engines: Engines, record_id: str) -> tuple[ActivityRecord | None, Decision | None]:
    """Return a request with its texts, and why its model was chosen."""
    record = await engines.activity.record(record_id)
    return record, await engines.router.decision(record_id)
