"""Finished sentences as rows of a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.ui.widgets.languages import language_name
from app.ui.widgets.record_button import clock_text
from engine.voice.snapshot import Utterance

UtteranceRole = Qt.ItemDataRole.UserRole
MetaRole = Qt.ItemDataRole.UserRole + 1


def when_text(utterance: Utterance, today: date) -> str:
    """Return when it was said on the user's clock; the day too unless that is `today`."""
    local = utterance.said_at.astimezone()
    if local.date() == today:
        return f"{local:%H:%M}"
    day = f"{local.day} {local:%b}"
    return f"{day}, {local:%H:%M}" if local.year == today.year else f"{day} {local.year}"


def meta_text(utterance: Utterance, today: date) -> str:
    """Return when, where, in which language and for how long something was said."""
    source = "Microphone" if utterance.source == "microphone" else utterance.source
    parts = (
        when_text(utterance, today),
        language_name(utterance.language) if utterance.language else None,
        clock_text(max(1, round(utterance.duration_s))),
        source,
    )
    return "  \N{MIDDLE DOT}  ".join(part for part in parts if part)


class HistoryModel(QAbstractListModel):
    """The utterances in the order given; only what is visible is ever asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._utterances: tuple[Utterance, ...] = ()
        self._today = date.min

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """All rows."""
        return self._utterances

    def replace(self, utterances: Sequence[Utterance], today: date) -> None:
        """Take `utterances` as the rows; those of `today` show no day."""
        self.beginResetModel()
        self._utterances = tuple(utterances)
        self._today = today
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self._utterances)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the text, the line above it, or the Utterance itself."""
        if not index.isValid():
            return None
        utterance = self._utterances[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return utterance.text
        if role == MetaRole:
            return meta_text(utterance, self._today)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{utterance.text} ({meta_text(utterance, self._today)})"
        return utterance if role == UtteranceRole else None
