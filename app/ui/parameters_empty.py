"""What the Parameters page shows before anything was learnt: what to switch on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.parameters_texts import MODE_CHOICES, MODE_WORDS
from app.ui.widgets.segmented import Segmented

WIDEST_PX = 680
ICON_PX = 40
OFF = (
    "Learning is off",
    "The application can find out which temperature and other parameters work best, for each model "
    "and each type of task, from thumbs, edits, speed and price. Choose what it may do:",
)
UNREAD = ("Reading what was learnt before", "This takes a moment.")
ON = (
    "Waiting for the first answer",
    "Send a chat request that leaves temperature open, from the Playground or to the address for "
    "clients. What is tried, and what it earns, appears here with the first answer.",
)


class ParametersEmpty(QWidget):
    """Says why there is nothing to see, and holds the switch that changes it.

    mode_chosen(mode): the user wants "off", "suggest" or "automatic".
    """

    mode_chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._icon, self._title, self._hint, self._words = (QLabel() for _ in range(4))
        self._title.setProperty("r", "h2")
        self._words.setProperty("r", "mute")
        self.mode = Segmented("What is done with requests", MODE_CHOICES)
        self.mode.chosen.connect(self.mode_chosen)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(2)
        centre = Qt.AlignmentFlag.AlignHCenter
        for widget in (self._icon, self._title, self._hint, self.mode, self._words):
            if isinstance(widget, QLabel):
                widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
                widget.setWordWrap(widget is not self._icon)
            widget.setMaximumWidth(WIDEST_PX)
            if widget in (self._title, self._hint, self._words):
                widget.setMinimumWidth(WIDEST_PX)
            column.addWidget(widget, 0, centre)
        column.addStretch(3)
        theme.changed.connect(self._draw_icon)
        self._draw_icon()
        self.show_mode("off", is_known=False)

    @property
    def text(self) -> str:
        """What is said."""
        return " ".join(label.text() for label in (self._title, self._hint, self._words))

    def show_mode(self, mode: str, *, is_known: bool) -> None:
        """Say what `mode` does, and what comes next.

        is_known: whether what was learnt before has been read by now.
        """
        title, hint = UNREAD if not is_known else OFF if mode == "off" else ON
        self._title.setText(title)
        self._hint.setText(hint)
        self._words.setText(MODE_WORDS[mode])
        self.mode.show_value(mode)
        self.setAccessibleName(f"{title} {hint}")

    def _draw_icon(self) -> None:
        icon = self._theme.icon("parameters", self._theme.tokens.accent)
        self._icon.setPixmap(icon.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
