"""The button that starts and stops listening."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.theme import Theme
from engine.voice.snapshot import VoiceSnapshot, VoiceState

HEIGHT_PX = 40
ICON_PX = 20
PULSE_HZ = 1.0


@dataclass(frozen=True, slots=True)
class RecordLook:
    """What the button says and whether it can be pressed."""

    kind: Literal["idle", "recording", "lost", "busy", "off"]
    text: str
    elapsed: str = ""
    tooltip: str = ""
    pulse: float = 1.0
    """Strength of the dot in [0, 1]."""


def clock_text(seconds: float) -> str:
    """Return a length as people write it, such as "0:07" or "1:02:45"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def record_look(snapshot: VoiceSnapshot, *, is_push_to_talk: bool) -> RecordLook:
    """Return how the button looks for `snapshot`."""
    if snapshot.state is VoiceState.DRAINING:
        return RecordLook(
            "busy", "Finishing\N{HORIZONTAL ELLIPSIS}", "", "The last words are on their way"
        )
    if snapshot.recording_s is not None:
        elapsed = clock_text(snapshot.recording_s)
        if snapshot.state is VoiceState.DEVICE_LOST:
            hint = "It goes on by itself when the microphone is back. Ctrl+R stops the recording."
            return RecordLook("lost", "Microphone lost", elapsed, hint)
        # The dot beats with the recording's own clock, so a snapshot has one picture; in steps
        # that the eye does not see, so that not every frame draws it.
        pulse = round(0.6 + 0.4 * math.cos(2 * math.pi * PULSE_HZ * snapshot.recording_s), 1)
        text = "Release to stop" if is_push_to_talk else "Stop recording"
        return RecordLook("recording", text, elapsed, f"{text} (Ctrl+R)", pulse)
    if snapshot.state is VoiceState.STOPPED:
        return RecordLook("off", "Start recording", "", "The voice engine is not running")
    if not snapshot.devices:
        return RecordLook("off", "No microphone", "", "Plug in a microphone to record")
    if is_push_to_talk:
        return RecordLook("idle", "Hold to talk", "", "Hold this button, or the space bar")
    return RecordLook("idle", "Start recording", "", "Start recording (Ctrl+R)")


class RecordButton(QAbstractButton):
    """Accent and a microphone while idle; red, a beating dot and the time while recording."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look = RecordLook("off", "")
        self._words_px: float | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_look(RecordLook("off", "Start recording", "", "The voice engine is not running"))
        theme.changed.connect(self.update)

    @property
    def look(self) -> RecordLook:
        """What is shown now."""
        return self._look

    def show_look(self, look: RecordLook) -> None:
        """Take on `look`."""
        if look == self._look:
            return
        if replace(self._look, pulse=look.pulse) == look:
            self._look = look
            self.update(self._places()[0].adjusted(-1, -1, 1, 1).toAlignedRect())
            return
        self._look = look
        self._words_px = None
        self.setEnabled(look.kind not in ("off", "busy"))
        self.setText(look.text)
        self.setToolTip(look.tooltip)
        self.setAccessibleName(look.text)
        self.setAccessibleDescription(f"{look.elapsed} {look.tooltip}".strip())
        self.update()

    def sizeHint(self) -> QSize:
        """Return one width for all states, so that nothing moves when recording starts."""
        metrics = self.fontMetrics()
        widest = max(
            metrics.horizontalAdvance(text)
            for text in ("Start recording", "Stop recording 00:00:00", "Microphone lost 00:00:00")
        )
        return QSize(8 * round((widest + ICON_PX + 48) / 8), HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the same: the text is never shortened."""
        return self.sizeHint()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Repaint: the pointer is over the button."""
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Repaint: the pointer has left."""
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pill, its sign and its words."""
        paper, ink, edge = self._colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isDown():
            paper = paper.darker(115)
        elif self.underMouse() and self.isEnabled():
            paper = paper.lighter(108)
        pill = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(paper)
        painter.drawRoundedRect(pill, 10, 10)
        if self.hasFocus():
            painter.setPen(QPen(ink, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(pill.adjusted(3, 3, -3, -3), 7, 7)
        self._draw_words(painter, ink)

    def _colours(self) -> tuple[QColor, QColor, QColor]:
        tokens = self._theme.tokens
        if self._look.kind == "recording":
            red = QColor(tokens.recording)
            return red, QColor(tokens.on_recording), red
        if self._look.kind == "lost":
            return QColor(tokens.warn), QColor(tokens.card), QColor(tokens.warn)
        if self._look.kind == "idle":
            return QColor(tokens.accent), QColor(tokens.on_accent), QColor(tokens.accent)
        return QColor(tokens.raised), QColor(tokens.mute), QColor(tokens.line)

    def _draw_words(self, painter: QPainter, ink: QColor) -> None:
        look = self._look
        sign, box = self._places()
        self._draw_sign(painter, sign, ink)
        words = f"{look.text}   {look.elapsed}" if look.elapsed else look.text
        painter.setFont(self._bold())
        painter.setPen(ink)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)

    def _places(self) -> tuple[QRectF, QRectF]:
        """Return where the sign and the words stand."""
        look = self._look
        if self._words_px is None:
            # Room for as wide a time as there will be: the words stand still while it runs.
            widest = f"{look.text}   {'0' * len(look.elapsed)}" if look.elapsed else look.text
            self._words_px = QFontMetricsF(self._bold()).horizontalAdvance(widest)
        left = (self.width() - self._words_px - ICON_PX - 8) / 2
        sign = QRectF(left, (self.height() - ICON_PX) / 2, ICON_PX, ICON_PX)
        return sign, QRectF(left + ICON_PX + 8, 0, self._words_px + 8, self.height())

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _draw_sign(self, painter: QPainter, box: QRectF, ink: QColor) -> None:
        if self._look.kind != "recording":
            name = "warning" if self._look.kind == "lost" else "mic"
            self._theme.icon(name, ink.name()).paint(painter, box.toRect())
            return
        painter.setPen(Qt.PenStyle.NoPen)
        halo = QColor(ink)
        halo.setAlphaF(0.35 * self._look.pulse)
        painter.setBrush(halo)
        painter.drawEllipse(
            QPointF(box.center()), 5 + 4 * self._look.pulse, 5 + 4 * self._look.pulse
        )
        painter.setBrush(ink)
        painter.drawEllipse(QPointF(box.center()), 5, 5)
