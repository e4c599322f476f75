"""A titled plot, with what is said where there is nothing to draw yet."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.plot import Plot
from app.ui.widgets.plot_drawing import Drawing

EMPTY, DRAWN = range(2)


class PlotCard(QWidget):
    """A caption, room beside it (`corner`), a button that saves, and the plot.

    nothing: what stands there without a drawing: what is so, and what to do.
    save_failed(str): a file the user named cannot be written.
    """

    save_failed = Signal(str)

    def __init__(self, theme: Theme, caption: str, nothing: tuple[str, str]) -> None:
        super().__init__()
        self.plot = Plot(theme, caption)
        self.plot.save_failed.connect(self.save_failed)
        self.empty = EmptyState(theme, "parameters")
        self.empty.show_text(*nothing)
        self.export_button = IconButton(theme, "export", f"Save the plot: {caption}")
        self.export_button.clicked.connect(self._offer)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.plot)
        card = Card(caption)
        self.corner, self.below = card.corner, card.body
        card.corner.addWidget(self.export_button)
        card.body.addWidget(self._pages, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
        self.show_drawing(None)

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Show `drawing`; None says that there is nothing yet."""
        self._pages.setCurrentIndex(EMPTY if drawing is None else DRAWN)
        self.export_button.setEnabled(drawing is not None)
        if drawing is not None:
            self.plot.show_drawing(drawing)

    def show_nothing(self, title: str, hint: str) -> None:
        """Say what is so, and what to do, instead of a drawing."""
        self.empty.show_text(title, hint)
        self.show_drawing(None)

    def _offer(self) -> None:
        corner = QPoint(0, self.export_button.height())
        self.plot.save_menu().popup(self.export_button.mapToGlobal(corner))
