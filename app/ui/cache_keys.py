"""The part of the Cache page where stored values are looked at and removed."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.theme import Theme
from app.ui.panel import SPACING_PX
from app.ui.quantity_texts import counted, duration_text, size_text
from app.ui.widgets.card import Card
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.table import Table
from app.ui.widgets.table_model import Column, Row
from app.ui.widgets.value_preview import ValueView
from engine.cache.snapshot import CacheSnapshot, KeyPage, KeyRow, ValuePreview

TYPING_PAUSE_MS = 200
"""Keys are looked for after this pause, not with each letter."""
UNDO_SHOWN_MS = 15_000
NARROW_PX = 800
NAMESPACE_PX = 176
NAME, NAMESPACE, ENDS, SIZE, TIER = range(5)
COLUMNS = (
    Column("Key"),
    Column("Namespace", 104),
    Column("Ends in", 92, is_number=True),
    Column("Size", 76, is_number=True, tooltip="As it is stored, compressed"),
    Column("Kept in", 80),
)
TIERS = {"memory": "Memory", "redis": "Redis", "both": "Both"}
ENDLESS = float("inf")


def key_row(row: KeyRow) -> Row:
    """Return a key as a row: name, namespace, what is left of its time, size, where it is."""
    ends = "Never" if row.ttl_s is None else duration_text(row.ttl_s)
    left = ENDLESS if row.ttl_s is None else row.ttl_s
    name = f"{row.tenant} / {row.name}" if row.tenant else row.name
    return Row(
        id=row.key,
        cells=(name, row.namespace, ends, size_text(row.size_bytes), TIERS[row.tier]),
        order=(name.casefold(), row.namespace, left, row.size_bytes or 0, row.tier),
        tooltip=row.key,
    )


class CacheKeys(QWidget):
    """Namespace, filter, keys and the chosen one's value.

    keys_wanted(namespace, text), preview_wanted(key), remove_requested(keys),
    purge_requested(namespace), undo_requested(token): what the user wants; an empty namespace
    means all of them.
    """

    keys_wanted = Signal(str, str)
    preview_wanted = Signal(str)
    remove_requested = Signal(list)
    purge_requested = Signal(str)
    undo_requested = Signal(str)
    save_failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._names: dict[str, str] = {}
        self._undo_token = ""
        self._wanted = ""
        """The key whose value was asked for."""
        self.namespace = ChoiceField([("", "All namespaces")])
        self.namespace.setCurrentIndex(0)
        self.namespace.setFixedWidth(NAMESPACE_PX)
        self.namespace.setAccessibleName("Namespace")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name (Ctrl+F)")
        self.filter.setAccessibleName("Filter keys by name")
        self.filter.setClearButtonEnabled(True)
        self._sign = self.filter.addAction(
            theme.icon("search", theme.tokens.mute), QLineEdit.ActionPosition.LeadingPosition
        )
        self.refresh_button = IconButton(theme, "refresh", "Refresh the list (F5)")
        self.purge_button = QPushButton("Purge")
        self.table = Table(theme, "Keys", COLUMNS)
        self.table.let_sort()
        self.table.let_pick_several()
        self.empty = EmptyState(theme, "key")
        self.count = ElidedLabel("mute")
        self.delete_button = IconButton(theme, "delete", "Delete the chosen keys (Del)")
        self.undo = NoticeStrip(theme, "delete", ("Undo",))
        self.confirm = NoticeStrip(theme, "warning", ("Purge", "Cancel"))
        self.value = ValueView(theme)
        self._pause = _single_shot(self, TYPING_PAUSE_MS)
        self._forget = _single_shot(self, UNDO_SHOWN_MS)
        self._lay_out()
        self._connect()
        self.show_keys(KeyPage((), is_complete=True))

    @property
    def query(self) -> tuple[str, str]:
        """The chosen namespace and what names must contain; both empty for all."""
        return str(self.namespace.currentData() or ""), self.filter.text().strip()

    def look(self) -> None:
        """Ask for the keys that are chosen now."""
        self._pause.stop()
        self.keys_wanted.emit(*self.query)

    def show_cache(self, snapshot: CacheSnapshot) -> None:
        """Offer the namespaces of `snapshot`."""
        names = sorted({each.name for each in snapshot.namespaces} | {self.query[0]} - {""})
        self.namespace.show_choices([("", "All namespaces"), *((each, each) for each in names)])

    def show_keys(self, page: KeyPage) -> None:
        """List the keys of `page`; where there are none, say why."""
        self._names = {row.key: row.name for row in page.rows}
        self.table.show_rows([key_row(row) for row in page.rows])
        total = counted(len(page.rows), "key", "keys")
        self._total = total if page.is_complete else f"The first {total}: filter to see others"
        namespace, text = self.query
        if text or namespace:
            self.empty.show_text("No such keys", "Choose another namespace, or fewer letters.")
        else:
            self.empty.show_text(
                "No values yet", "Answers, sessions and whatever is kept here appear by their keys."
            )
        self._pages.setCurrentIndex(1 if page.rows else 0)
        self._show_selection()

    def show_preview(self, preview: ValuePreview) -> None:
        """Show a value, unless another key was chosen meanwhile."""
        if preview.key == self._wanted:
            self.value.show_preview(self._names.get(preview.key, preview.key), preview)

    def show_undo(self, text: str, token: str) -> None:
        """Tell what was removed; it can be undone where there is a `token`."""
        self._undo_token = token
        self.undo.show_notice(text)
        self.undo.buttons["Undo"].setVisible(bool(token))
        self._forget.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out the columns that the value tells too where there is little room."""
        super().resizeEvent(event)
        self._show_columns()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.namespace)
        top.addWidget(self.filter, 1)
        top.addWidget(self.refresh_button)
        top.addWidget(self.purge_button)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        keys = Card("Keys")
        keys.corner.addWidget(self.delete_button)
        keys.body.addWidget(self._pages, 1)
        keys.body.addWidget(self.count)
        cards = QHBoxLayout()
        cards.setSpacing(SPACING_PX)
        cards.addWidget(keys, 3)
        cards.addWidget(self.value, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING_PX)
        column.addLayout(top)
        column.addWidget(self.confirm)
        column.addWidget(self.undo)
        column.addLayout(cards, 1)

    def _connect(self) -> None:
        self.namespace.edited.connect(self._choose_namespace)
        self.filter.textChanged.connect(self._pause.start)
        self.filter.returnPressed.connect(self.look)
        self._pause.timeout.connect(self.look)
        self.refresh_button.clicked.connect(self.look)
        self.table.picked.connect(self._show_selection)
        self.table.delete_pressed.connect(self._delete)
        self.table.save_failed.connect(self.save_failed)
        self.delete_button.clicked.connect(self._delete)
        self.purge_button.clicked.connect(self._ask_purge)
        self.confirm.chosen.connect(self._decide_purge)
        self.undo.chosen.connect(self._undo)
        self._forget.timeout.connect(lambda: self.undo.show_notice(""))
        self._theme.changed.connect(self._draw_sign)

    def _choose_namespace(self) -> None:
        self.confirm.show_notice("")
        self._show_columns()
        self.look()

    def _show_columns(self) -> None:
        is_narrow = self.width() < NARROW_PX
        self.table.setColumnHidden(NAMESPACE, is_narrow or bool(self.query[0]))
        self.table.setColumnHidden(SIZE, is_narrow)
        self.table.setColumnHidden(TIER, is_narrow)

    def _show_selection(self) -> None:
        chosen = self.table.selected()
        self.count.show_text(f"{len(chosen):,} chosen" if len(chosen) > 1 else self._total)
        self.delete_button.setEnabled(bool(chosen))
        namespace = self.query[0]
        self.purge_button.setEnabled(bool(namespace))
        self.purge_button.setToolTip(
            f"Remove every value of {namespace}" if namespace else "Choose a namespace to purge"
        )
        wanted = chosen[0] if len(chosen) == 1 else ""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if wanted:
            self.preview_wanted.emit(wanted)
        else:
            self.value.show_nothing()

    def _delete(self) -> None:
        if chosen := list(self.table.selected()):
            self.remove_requested.emit(chosen)

    def _ask_purge(self) -> None:
        namespace = self.query[0]
        self.confirm.show_notice(
            f"Remove every value of \N{LEFT DOUBLE QUOTATION MARK}{namespace}"
            "\N{RIGHT DOUBLE QUOTATION MARK}, for every program?"
        )
        self.confirm.buttons["Cancel"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _decide_purge(self, choice: str) -> None:
        self.confirm.show_notice("")
        if choice == "Purge" and self.query[0]:
            self.purge_requested.emit(self.query[0])

    def _undo(self) -> None:
        self._forget.stop()
        self.undo.show_notice("")
        self.undo_requested.emit(self._undo_token)

    def _draw_sign(self) -> None:
        self._sign.setIcon(self._theme.icon("search", self._theme.tokens.mute))


def _single_shot(parent: QWidget, pause_ms: int) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(pause_ms)
    return timer
