"""One speech model: what it is, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.state_chip import StateChip
from engine.voice.snapshot import ModelView

BAR_PX = 160


class ModelRow(QWidget):
    """Emits what the user wants of the model it shows; every signal carries the model's name."""

    use_wanted = Signal(str)
    fetch_wanted = Signal(str)
    cancel_wanted = Signal(str)
    remove_wanted = Signal(str)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._name = name
        self._title = QLabel()
        self._about = ElidedLabel("mute")
        self._wrong = ElidedLabel("bad")
        self._chip = StateChip(theme)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(BAR_PX)
        self._percent = QLabel()
        self._percent.setProperty("r", "mute")
        self.buttons = {
            "use": self._button("Use", self.use_wanted, "Transcribe with {}"),
            "fetch": self._button("Download", self.fetch_wanted, "Download {}"),
            "cancel": self._button("Cancel", self.cancel_wanted, "Cancel the download of {}"),
            "remove": self._button("Remove", self.remove_wanted, "Remove {} from this computer"),
        }
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._title, self._about, self._wrong):
            words.addWidget(label)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        for widget in (self._chip, self._bar, self._percent, *self.buttons.values()):
            row.addWidget(widget)

    def show_model(self, model: ModelView) -> None:
        """Draw `model`."""
        size = (
            f"{model.size_mib} MiB" if model.size_mib < 1000 else f"{model.size_mib / 1024:.1f} GiB"
        )
        self._title.setText(model.label)
        # The models of the demo have no size.
        parts = (size, model.languages) if model.size_mib else (model.languages,)
        self._about.show_text(" \N{MIDDLE DOT} ".join(parts))
        self._wrong.show_text(model.problem or "")
        self._wrong.setVisible(bool(model.problem))
        is_fetching = model.progress is not None
        self._chip.show_state("In use", "ok")
        self._chip.setVisible(model.is_in_use)
        self._bar.setVisible(is_fetching)
        self._bar.setValue(round(100 * (model.progress or 0)))
        self._bar.setAccessibleName(f"Download of {model.label}")
        self._percent.setVisible(is_fetching)
        self._percent.setText(f"{100 * (model.progress or 0):.0f} %")
        can_change = model.is_installed and not model.is_in_use
        self.buttons["use"].setVisible(can_change)
        self.buttons["remove"].setVisible(can_change)
        self.buttons["fetch"].setVisible(not model.is_installed and not is_fetching)
        self.buttons["cancel"].setVisible(is_fetching)

    def _button(self, text: str, wanted: object, meaning: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(meaning.format(self._name))
        button.setAccessibleName(meaning.format(self._name))
        button.clicked.connect(lambda: wanted.emit(self._name))  # type: ignore[attr-defined]
        return button
