"""Small amounts of money, wherever a number is shown or typed."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from app.ui.models_entry_texts import price_text
from app.ui.models_usage_rows import price_row
from app.ui.quantity_texts import usd_text
from app.ui.widgets.form_grid import show_number
from app.ui.widgets.text_field import TextField
from engine.coordinator.settings import Price


def test_no_amount_has_an_exponent(theme, qtbot):
    """A field, a form, a table and a text all write a hundred-thousandth of a dollar out."""
    field, line = TextField(theme, float, unit="USD"), QLineEdit()
    qtbot.addWidget(field)
    qtbot.addWidget(line)
    field.show_value(1e-05)
    show_number(line, 1e-05)
    assert (field.text(), line.text()) == ("0.00001", "0.00001")
    assert field.value == 1e-05
    assert price_text(1e-05, 2.5) == "$0.00001 / $2.5"
    assert price_row(1, Price("m", 1e-05, 1e-05), True).cells[2] == "$0.00001"
    assert usd_text(1e-05) == "$0.00001"


def test_large_numbers_stay_whole(theme, qtbot):
    """A year in seconds is shown as it was typed."""
    field = TextField(theme, float, unit="s")
    qtbot.addWidget(field)
    field.show_value(31_536_000.0)
    assert field.text() == "31536000"
