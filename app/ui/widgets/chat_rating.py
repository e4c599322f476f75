"""Thumbs up and down: what the user thinks of an answer."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.chat_values import Rating
from app.theme import Theme
from app.ui.widgets.chat_buttons import QuietButton

NAMES = {
    Rating.UP: ("Good answer", "Alt+Up"),
    Rating.DOWN: ("Bad answer", "Alt+Down"),
}
COLOURS = {Rating.UP: "ok", Rating.DOWN: "bad"}
NOT_LEARNT = (
    "Nothing is learnt from it: no parameters were suggested for this answer. See the page"
    " Parameters"
)
ICON_PX = 16


class RatingButton(QuietButton):
    """One thumb, filled while it is what the user has said."""

    def __init__(self, theme: Theme, rating: Rating) -> None:
        self._rating = rating
        self._is_said = False
        name, keys = NAMES[rating]
        super().__init__(theme, f"thumb_{rating.value}", f"{name} ({keys}: the last)")
        self.setCheckable(True)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        # Its colour tells that it is down: a frame would say that the keyboard is there.
        self.setStyleSheet(
            f"QPushButton {{ {self.styleSheet()} }}"
            " QPushButton:checked:!focus { background: transparent; border-color: transparent; }"
        )

    def show_rating(self, rating: Rating, *, is_possible: bool) -> None:
        """Show whether it is what was said, and what a press does."""
        self._is_said = rating is self._rating
        self.setChecked(self._is_said)
        self.setEnabled(is_possible)
        name, keys = NAMES[self._rating]
        told = f"{name}: take that back" if self._is_said else name
        self.setToolTip(f"{told} ({keys}: the last)" if is_possible else f"{name}. {NOT_LEARNT}")
        self._draw_icon()

    def _draw_icon(self) -> None:
        tokens = self._theme.tokens
        name, colour = f"thumb_{self._rating.value}", tokens.mute
        if self._is_said:
            name, colour = f"{name}_filled", getattr(tokens, COLOURS[self._rating])
        self.setIcon(self._theme.icon(name, colour))


class ChatRating(QWidget):
    """Both thumbs; a second press of one takes it back.

    rated(Rating): what the user says now. What shows is what `show_rating` was told.
    """

    rated = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._said, self._is_possible = Rating.NONE, False
        self.buttons = {each: RatingButton(theme, each) for each in NAMES}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for rating, button in self.buttons.items():
            row.addWidget(button)
            button.clicked.connect(lambda _, rating=rating: self.press(rating))
        self.show_rating(Rating.NONE, is_possible=False)

    def show_rating(self, rating: Rating, *, is_possible: bool) -> None:
        """Show what was said; is_possible: whether anything can be said."""
        self._said, self._is_possible = rating, is_possible
        for button in self.buttons.values():
            button.show_rating(rating, is_possible=is_possible)

    def press(self, rating: Rating) -> None:
        """Say `rating`, or take it back where it was said before."""
        if self._is_possible:
            self.rated.emit(Rating.NONE if rating is self._said else rating)
        # A click has checked the button: it shows what is so until another picture comes.
        self.show_rating(self._said, is_possible=self._is_possible)
