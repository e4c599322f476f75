"""The head of the Voice panel: what listens, with which model, and the button for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from app.theme import Theme
from app.ui.widgets.elided_combo import ElidedComboBox
from app.ui.widgets.record_button import RecordButton, record_look
from app.ui.widgets.state_chip import StateChip
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import Device, VoiceSnapshot, VoiceState

DEVICE_CHARACTERS = 10
DEVICE_WIDEST_PX = 360


def model_chip(snapshot: VoiceSnapshot) -> tuple[str, str, str]:
    """Return what is said about the model: text, token of its colour, tooltip."""
    fetched = next((one for one in snapshot.models if one.progress is not None), None)
    if fetched is not None:
        return f"Fetching {fetched.label} {(fetched.progress or 0) * 100:.0f} %", "accent", ""
    if snapshot.state is VoiceState.STOPPED:
        return "Not running", "mute", "The voice engine has not started"
    if snapshot.state is VoiceState.LOADING:
        return "Loading the model", "warn", "You can record already; the words follow"
    if snapshot.state is VoiceState.FAILED:
        return "Not transcribing", "bad", snapshot.problem or ""
    if snapshot.model is None:
        return "No model", "warn", "Fetch a speech model in the settings"
    where = (snapshot.compute or "").split(",")[0].split(":")[0].split("(")[0].strip()
    where = where.replace("cpu", "CPU").replace("cuda", "CUDA")
    name = snapshot.model.capitalize()
    text = f"{name}  \N{MIDDLE DOT}  {where}" if where else name
    if snapshot.compute_note is not None:
        why = re.split(r"[:;,(]", snapshot.compute_note)[0].strip()
        text = f"{text}  \N{MIDDLE DOT}  {why}"
        return text, "warn", f"Speech model {snapshot.model}: {snapshot.compute_note}"
    return text, "ok", f"Speech model {snapshot.model}, {snapshot.compute or 'loaded'}"


def device_choices(
    devices: Sequence[Device], chosen: str
) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return the choices as (label, name) and the index of `chosen`, a device's name or ""."""
    if not devices:
        return (("No microphone found", ""),), 0
    default = next((one.label for one in devices if one.is_default), None)
    first = "System default" if default is None else f"Default: {default}"
    choices = [(first, ""), *((one.label, one.name) for one in devices)]
    names = [name for _, name in choices]
    if chosen not in names:
        choices.append((f"{chosen} (not connected)", chosen))
        names.append(chosen)
    return tuple(choices), names.index(chosen)


class VoiceHeader(QWidget):
    """Model chip, device chooser and record button.

    record_toggled tells that something is wanted, and not what: what is drawn may be older than
    the last press.
    """

    device_chosen = Signal(str)
    record_toggled = Signal()
    push_to_talk = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._is_push_to_talk = False
        self._choices: tuple[tuple[tuple[str, str], ...], int] | None = None
        self.chip = StateChip(theme)
        self.device = ElidedComboBox()
        self.device.setAccessibleName("Microphone")
        self.device.view().setAccessibleName("Microphones")
        self.device.setMinimumContentsLength(DEVICE_CHARACTERS)
        self.device.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.device.setMaximumWidth(DEVICE_WIDEST_PX)
        self.device.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.record = RecordButton(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.chip)
        row.addStretch(1)
        row.addWidget(self.device, 1)
        row.addWidget(self.record)
        self.device.activated.connect(self._choose)
        self.record.clicked.connect(self._click)
        self.record.pressed.connect(self._press)
        self.record.released.connect(self._release)

    def show_header(self, snapshot: VoiceSnapshot, settings: VoiceSettings) -> None:
        """Draw what concerns device, model and recording."""
        self._is_push_to_talk = settings.mode == "push_to_talk"
        self.chip.show_state(*model_chip(snapshot))
        self.record.show_look(record_look(snapshot, is_push_to_talk=self._is_push_to_talk))
        choices = device_choices(snapshot.devices, settings.device)
        if choices != self._choices:
            self._choices = choices
            self._fill(*choices, is_there=bool(snapshot.devices))
        listening = snapshot.device or "none"
        if self.device.toolTip() != f"Microphone: {listening}":
            self.device.setToolTip(f"Microphone: {listening}")

    def toggle(self) -> None:
        """Start or stop recording, as a press on the button does."""
        if self.record.isEnabled():
            self.record_toggled.emit()

    def _fill(self, choices: Sequence[tuple[str, str]], index: int, *, is_there: bool) -> None:
        self.device.clear()
        for label, name in choices:
            self.device.addItem(label, name)
        self.device.setCurrentIndex(index)
        self.device.setEnabled(is_there)

    def _choose(self, index: int) -> None:
        self.device_chosen.emit(self.device.itemData(index))

    def _click(self) -> None:
        if not self._is_push_to_talk:
            self.toggle()

    def _press(self) -> None:
        if self._is_push_to_talk:
            self.push_to_talk.emit(True)

    def _release(self) -> None:
        if self._is_push_to_talk:
            self.push_to_talk.emit(False)
