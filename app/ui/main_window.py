"""The window: the rail at the left, one page at the right, built when first visited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QMimeData, QSize, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.panel import MARGIN_PX, SPACING_PX, Panel
from app.ui.widgets.nav_rail import NavRail, RailEntry
from app.ui.widgets.problem_strip import ProblemStrip

if TYPE_CHECKING:
    from app.ui.widgets.drop_overlay import DropOverlay

TITLE = "Universal AI Tools"
USUAL = QSize(1280, 800)
SMALLEST = QSize(880, 560)


@dataclass(frozen=True, slots=True)
class PageEntry(RailEntry):
    """A page of the window: what the rail shows, and the class that is imported to build it."""

    where: str = ""
    """As "module:class"; a `Panel` built with the theme alone."""


PAGES = (
    PageEntry("Overview", "overview", where="app.ui.overview_panel:OverviewPanel"),
    PageEntry("Voice", "mic", where="app.ui.voice_panel:VoicePanel"),
    PageEntry("Playground", "playground", where="app.ui.playground_panel:PlaygroundPanel"),
    PageEntry("Models", "models", where="app.ui.models_panel:ModelsPanel"),
    PageEntry("GPU", "gpu", where="app.ui.gpu_panel:GpuPanel"),
    PageEntry("Activity", "activity", where="app.ui.activity_panel:ActivityPanel"),
    PageEntry("Cache", "cache", where="app.ui.cache_panel:CachePanel"),
    PageEntry("Parameters", "parameters", where="app.ui.parameters_panel:ParametersPanel"),
    PageEntry("Settings", "settings", True, where="app.ui.settings_panel:SettingsPanel"),
)


class MainWindow(QMainWindow):
    """The only window. It knows pages by title and nothing of engines.

    page_built(Panel): once for each page, before it is first shown.
    page_opened(Panel): whenever another page shows.
    files_dropped(list[Path]): files were dropped anywhere on the window.
    close_requested: the user wants to quit; the window closes after `allow_close()`.
    first_painted: once, when the first picture is on the screen.
    """

    page_built = Signal(object)
    page_opened = Signal(object)
    files_dropped = Signal(list)
    close_requested = Signal()
    first_painted = Signal()

    def __init__(
        self, theme: Theme, *, badge: str = "", pages: Sequence[PageEntry] = PAGES
    ) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setWindowIcon(theme.icon("app"))
        self.setAcceptDrops(True)
        self.setMinimumSize(SMALLEST)
        self.resize(USUAL.boundedTo(self.screen().availableSize()))
        self._theme = theme
        self._pages = tuple(pages)
        self._built: dict[int, Panel] = {}
        self._may_close = False
        self.rail = NavRail(theme, self._pages, badge)
        # The rail always is painted: an opaque page may cover all of the window itself.
        self.rail.painted.connect(self._notice_paint)
        self.strip = ProblemStrip(theme)
        self._stack = QStackedWidget()
        self._stack.addWidget(QWidget())
        self._drop_hint: DropOverlay | None = None
        self._lay_out()
        self.rail.chosen.connect(self.open_page)
        self._add_shortcut("Ctrl+Q", self.close)
        for index in range(len(self._pages)):
            self._add_shortcut(f"Ctrl+{index + 1}", partial(self.open_page, index))
        # Nothing looks chosen before the first Tab.
        self.setFocus()

    @property
    def titles(self) -> tuple[str, ...]:
        """The pages' titles, in the order of their shortcuts."""
        return tuple(page.title for page in self._pages)

    @property
    def panel(self) -> Panel | None:
        """The open page; None before the first."""
        page = self._stack.currentWidget()
        return page if isinstance(page, Panel) else None

    @property
    def built(self) -> tuple[Panel, ...]:
        """The pages that were visited."""
        return tuple(self._built.values())

    def open_page(self, index: int) -> None:
        """Show page `index`, built now if this is the first visit."""
        self.rail.mark(index)
        if index not in self._built:
            module, _, name = self._pages[index].where.partition(":")
            panel: Panel = getattr(import_module(module), name)(self._theme)
            self._built[index] = panel
            self._stack.addWidget(panel)
            self.page_built.emit(panel)
        self._stack.setCurrentWidget(self._built[index])
        if not self.rail.isAncestorOf(self.focusWidget()):
            # The page's own keys work at once; who walks along the rail stays there.
            self._built[index].setFocus()
        self.page_opened.emit(self._built[index])

    def open_title(self, title: str) -> None:
        """Show the page called `title`; the first page where there is none."""
        self.open_page(self.titles.index(title) if title in self.titles else 0)

    def show_problem(self, text: str, details: str = "") -> None:
        """Show what concerns the whole application above the page."""
        self.strip.show_problem(text, details)
        self._above.setVisible(bool(text))

    def saved_geometry(self) -> str:
        """Return place and size in base64."""
        return bytes(self.saveGeometry().toBase64().data()).decode()

    def restore_saved(self, geometry: str) -> None:
        """Take place and size from `saved_geometry()`; anything else is ignored."""
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def come_forward(self) -> None:
        """Show the window above the others."""
        from PySide6.QtCore import Qt

        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def allow_close(self) -> None:
        """Let the next close event through."""
        self._may_close = True

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask to quit; what is being recorded must be finished first."""
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.close_requested.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files of this machine, and say what will happen to them."""
        if not _files_of(event.mimeData()):
            return
        event.acceptProposedAction()
        if self._drop_hint is None:
            from app.ui.widgets.drop_overlay import DropOverlay

            self._drop_hint = DropOverlay(self._theme, "Drop to transcribe", self)
        self._drop_hint.setGeometry(self.rect())
        self._drop_hint.cover()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the hint away."""
        self._hide_hint()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand the files on."""
        self._hide_hint()
        files = _files_of(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)

    def _notice_paint(self) -> None:
        self.rail.painted.disconnect(self._notice_paint)
        QTimer.singleShot(0, self, self.first_painted.emit)

    def _hide_hint(self) -> None:
        if self._drop_hint is not None:
            self._drop_hint.hide()

    def _add_shortcut(self, keys: str, action: Callable[[], object]) -> None:
        QShortcut(QKeySequence(keys), self).activated.connect(action)

    def _lay_out(self) -> None:
        above = QVBoxLayout()
        above.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 0)
        above.addSpacing(SPACING_PX)
        above.addWidget(self.strip)
        self._above = QWidget()
        self._above.setLayout(above)
        self._above.hide()
        self.strip.dismissed.connect(self._above.hide)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._above)
        right.addWidget(self._stack, 1)
        root = QWidget()
        root.setObjectName("page")
        row = QHBoxLayout(root)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(root)


def _files_of(found: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in found.urls() if url.isLocalFile()]
