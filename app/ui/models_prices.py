"""The price table of the Models page: the user's prices before those of the starter list."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.theme import Theme
from app.ui.models_usage_rows import PRICE_COLUMNS, price_row
from app.ui.widgets.card import Card
from app.ui.widgets.form_grid import line, mark, number_in, show_number
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.table import Table
from engine.coordinator.settings import Price
from engine.coordinator.snapshot import CoordinatorSnapshot

FIELDS = (
    ("model", "Model", "gpt-4o*"),
    ("endpoint", "Server", "any"),
    ("input_usd", "In, $ a million", "2.50"),
    ("cached_input_usd", "Cached", "as in"),
    ("output_usd", "Out, $ a million", "10"),
)
EXPLAINED = (
    "Prices are in USD for a million tokens; * stands for anything. The first entry that fits"
    " counts, yours before the starter list. Your own machines cost nothing."
)


class ModelsPrices(Card):
    """Emits `prices_saved(prices)`: all prices of the user's own."""

    prices_saved = Signal(tuple)

    def __init__(self, theme: Theme) -> None:
        super().__init__("Prices")
        self._own: tuple[Price, ...] = ()
        self._all: tuple[Price, ...] = ()
        self._edited: Price | None = None
        """The user's price that stands in the fields; None where it is another."""
        self.table = Table(theme, "Prices", PRICE_COLUMNS)
        self.table.let_sort()
        self.add_button = QPushButton("Add price")
        self.add_button.setToolTip("Say what a model costs (Ctrl+N)")
        self.edit_button = QPushButton("Edit")
        self.edit_button.setToolTip("Change the chosen price; a starter one becomes yours")
        self.remove_button = IconButton(theme, "delete", "Remove the chosen price of yours (Del)")
        self.fields: dict[str, QLineEdit] = {key: line(hint) for key, _, hint in FIELDS}
        self.save_button = QPushButton("Save")
        self.save_button.setProperty("primary", True)
        self.save_button.setToolTip("Reckon with this price from now on")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Close without saving")
        self._lay_out()
        self._connect()
        self._pick()

    def show_prices(self, snapshot: CoordinatorSnapshot) -> None:
        """Draw the prices of `snapshot`."""
        if snapshot.prices == self._all and len(self._own) == snapshot.own_prices:
            return
        self._all, own = snapshot.prices, snapshot.own_prices
        self._own = snapshot.prices[:own]
        self.table.show_rows(
            [price_row(at, each, at < own) for at, each in enumerate(snapshot.prices)]
        )
        self._pick()

    def add_price(self) -> None:
        """Show empty fields for another price."""
        self._begin(None, None)

    def show_saved(self) -> None:
        """Close the fields: what was typed is kept."""
        self.editor.hide()

    def _begin(self, price: Price | None, edited: Price | None) -> None:
        self._edited = edited
        fields = self.fields
        fields["model"].setText(price.model if price else "")
        fields["endpoint"].setText(price.endpoint if price and price.endpoint != "*" else "")
        for key in ("input_usd", "cached_input_usd", "output_usd"):
            show_number(fields[key], getattr(price, key) if price else None)
        for field in fields.values():
            mark(field, False)
        self.editor.show()
        fields["model"].setFocus()

    def _edit(self) -> None:
        price = self._chosen()
        if price is not None:
            self._begin(price, price if self._is_own() else None)

    def _save(self) -> None:
        price = self._typed()
        if price is None:
            return
        if self._edited in self._own:
            prices = tuple(price if each == self._edited else each for each in self._own)
        else:
            prices = (price, *self._own)
        self.prices_saved.emit(prices)

    def _typed(self) -> Price | None:
        """Return the price as typed; None, and mark the field, where it cannot be."""
        fields = self.fields
        numbers: dict[str, float | None] = {}
        is_good = bool(fields["model"].text().strip())
        mark(fields["model"], not is_good)
        for key in ("input_usd", "cached_input_usd", "output_usd"):
            try:
                numbers[key] = value = number_in(fields[key])
                is_wrong = (value is None and key != "cached_input_usd") or (value or 0) < 0
            except ValueError:
                is_wrong = True
            mark(fields[key], is_wrong)
            is_good = is_good and not is_wrong
        if not is_good:
            return None
        return Price(
            model=fields["model"].text().strip(),
            input_usd=numbers["input_usd"] or 0.0,
            output_usd=numbers["output_usd"] or 0.0,
            endpoint=fields["endpoint"].text().strip() or "*",
            cached_input_usd=numbers["cached_input_usd"],
        )

    def _remove(self) -> None:
        price = self._chosen()
        if price is not None and self._is_own():
            self.prices_saved.emit(tuple(each for each in self._own if each != price))

    def _chosen(self) -> Price | None:
        chosen = self.table.selected()
        return self._all[int(chosen[0])] if chosen else None

    def _is_own(self) -> bool:
        chosen = self.table.selected()
        return bool(chosen) and int(chosen[0]) < len(self._own)

    def _pick(self) -> None:
        self.edit_button.setEnabled(self._chosen() is not None)
        self.remove_button.setEnabled(self._is_own())

    def _lay_out(self) -> None:
        for button in (self.remove_button, self.edit_button, self.add_button):
            self.corner.addWidget(button)
        self.editor = QWidget()
        grid = QGridLayout(self.editor)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for column, (key, name, _) in enumerate(FIELDS):
            caption = QLabel(name)
            caption.setProperty("r", "mute")
            field = self.fields[key]
            field.setAccessibleName(name)
            grid.addWidget(caption, 0, column)
            grid.addWidget(field, 1, column)
            grid.setColumnStretch(column, 3 if key == "model" else 2)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.save_button)
        grid.addLayout(buttons, 2, 0, 1, len(FIELDS))
        words = QLabel(EXPLAINED)
        words.setProperty("r", "mute")
        words.setWordWrap(True)
        self.body.addWidget(self.editor)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(words)
        self.editor.hide()

    def _connect(self) -> None:
        self.table.picked.connect(self._pick)
        self.table.activated.connect(self._edit)
        self.table.delete_pressed.connect(self._remove)
        self.add_button.clicked.connect(self.add_price)
        self.edit_button.clicked.connect(self._edit)
        self.remove_button.clicked.connect(self._remove)
        self.save_button.clicked.connect(self._save)
        self.cancel_button.clicked.connect(self.editor.hide)
        for field in self.fields.values():
            field.returnPressed.connect(self._save)
