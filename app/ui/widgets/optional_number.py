"""A number that may be left out."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit

UNSET = "default"


class OptionalNumber(QLineEdit):
    """Empty: nobody sets it. What is no number in the range is marked and counts as not set."""

    changed = Signal()

    def __init__(self, name: str, kind: type, low: float, high: float) -> None:
        super().__init__()
        self._kind = kind
        self._low, self._high = low, high
        self.setAccessibleName(name)
        self.setPlaceholderText(UNSET)
        self.textChanged.connect(self._check)
        self._check()

    @property
    def value(self) -> float | int | None:
        """The number; None where there is none that can be used."""
        text = self.text().strip().replace(",", ".")
        try:
            found: float | int = self._kind(text)
        except ValueError:
            return None
        return found if self._low <= found <= self._high else None

    def _check(self) -> None:
        is_wrong = bool(self.text().strip()) and self.value is None
        limits = f"{self._low:g} to {self._high:g}"
        whole = "a whole number" if self._kind is int else "a number"
        self.setToolTip(f"{whole.capitalize()} from {limits}; empty leaves it to the model")
        if bool(self.property("invalid")) != is_wrong:
            self.setProperty("invalid", is_wrong)
            self.style().unpolish(self)
            self.style().polish(self)
        self.changed.emit()
