"""A chooser that shortens its text instead of clipping it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

ARROW_PX = 48
"""What the arrow and the padding take of the width."""


class ElidedComboBox(QComboBox):
    """A combo box whose current text ends in an ellipsis where it does not fit."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box as its style does, with the text shortened."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, self.width() - ARROW_PX
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
