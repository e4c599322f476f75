"""Names at the left, fields at the right: what every form of the application looks like."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui.widgets.elided_label import ElidedLabel
from engine.decimals import decimals

NUMBER_PX = 120
LONG = 24
"""Letters of a name, beyond which it may be shortened."""


class FormGrid(QWidget):
    """Rows of a name, what it means and one field or several.

    stretches: how the width is shared between names and fields.
    """

    def __init__(self, stretches: tuple[int, int] = (2, 3)) -> None:
        super().__init__()
        self._names: dict[QWidget, QWidget] = {}
        self._fields: dict[QWidget, tuple[QWidget, ...]] = {}
        self._wrongs: dict[QWidget, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(20)
        self._grid.setVerticalSpacing(12)
        for column, stretch in enumerate(stretches):
            self._grid.setColumnStretch(column, stretch)

    def add(self, name: str, meaning: str, *fields: QWidget) -> None:
        """Add a row; `name` and `meaning` also tell whoever cannot see it."""
        for field in fields:
            if not field.accessibleName():
                field.setAccessibleName(name)
            if not field.toolTip():
                field.setToolTip(meaning)
        words = _words(name, meaning)
        row = self._grid.rowCount()
        self._wrongs[fields[0]] = wrong = _wrong_label()
        if not any(_is_wide(each) for each in fields):
            wrong.setAlignment(Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addLayout(_beside(fields))
        column.addWidget(wrong)
        self._grid.addWidget(words, row, 0)
        self._grid.addLayout(column, row, 1)
        self._names[fields[0]] = words
        self._fields[fields[0]] = fields

    def add_wide(self, widget: QWidget) -> None:
        """Add a row that `widget` has for itself."""
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 2)

    def show_wrong(self, field: QWidget, text: str) -> None:
        """Say below the row whose first field is `field` what is wrong there; "" for nothing."""
        mark(field, bool(text))
        field.setAccessibleDescription(text)
        wrong = self._wrongs[field]
        wrong.setText(text)
        wrong.setVisible(bool(text))

    def wrong_text(self, field: QWidget) -> str:
        """Return what is said to be wrong in the row whose first field is `field`."""
        return self._wrongs[field].text()

    def show_row(self, field: QWidget, is_shown: bool) -> None:
        """Show or hide the row whose first field is `field`."""
        self._names[field].setVisible(is_shown)
        for each in self._fields[field]:
            each.setVisible(is_shown)
        self._wrongs[field].setVisible(is_shown and bool(self.wrong_text(field)))


def line(hint: str, *, width_px: int | None = None) -> QLineEdit:
    """Return a field for one line; `hint` stands in it while it is empty."""
    field = QLineEdit()
    field.setPlaceholderText(hint)
    if width_px is not None:
        field.setFixedWidth(width_px)
    return field


def show_line(field: QLineEdit, text: str) -> None:
    """Write `text` into `field` so that its beginning is seen."""
    field.setText(text)
    field.setCursorPosition(0)


def number_in(field: QLineEdit) -> float | None:
    """Return the number typed into `field`; None where it is empty. Raises ValueError."""
    text = field.text().strip().replace(",", "").replace("\N{THIN SPACE}", "")
    return float(text) if text else None


def show_number(field: QLineEdit, value: float | None) -> None:
    """Write `value` into `field`; nothing for None."""
    field.setText("" if value is None else decimals(value, 12))


def mark(field: QWidget, is_wrong: bool) -> None:
    """Show that what is in `field` cannot be, or that it can."""
    if bool(field.property("invalid")) != is_wrong:
        field.setProperty("invalid", is_wrong)
        field.style().unpolish(field)
        field.style().polish(field)


def _words(name: str, meaning: str) -> QWidget:
    box = QWidget()
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(2)
    label = ElidedLabel("mute")
    label.show_text(meaning)
    title: QLabel = QLabel(name)
    if len(name) > LONG:
        title = long_title = ElidedLabel()
        long_title.show_text(name)
    grid.addWidget(title, 0, 0)
    grid.addWidget(label, 1, 0)
    grid.setRowStretch(2, 1)
    return box


def _wrong_label() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("r", "bad")
    label.setWordWrap(True)
    label.hide()
    return label


def _is_wide(field: QWidget) -> bool:
    is_fixed = field.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Fixed
    return not is_fixed and field.maximumWidth() > NUMBER_PX


def _beside(fields: tuple[QWidget, ...]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    if not any(_is_wide(each) for each in fields):
        row.addStretch(1)
    for field in fields:
        row.addWidget(field)
    return row
