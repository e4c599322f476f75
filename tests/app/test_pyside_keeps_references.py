"""Tells when the pin of PySide6 below 6.12 can be lifted: see docs/decisions/0002."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

CALLS = 400
WORST_LOSS = CALLS // 10
"""The fault takes one reference a call; other threads and caches move the count by a few."""


class Sender(QObject):
    said = Signal(object)


def paint() -> None:
    image = QImage(16, 16, QImage.Format.Format_ARGB32)
    painter = QPainter(image)
    painter.drawLine(0, 0, 5, 5)
    painter.end()


def calls() -> dict[str, Callable[[], object]]:
    """Return calls of the kinds that lost references in 6.12.0, and of those we use most."""
    sender, widget, item = Sender(), QWidget(), QGraphicsRectItem(QRectF(0, 0, 5, 5))
    sender.said.connect(lambda _: None)
    return {
        "signal": lambda: sender.said.emit(None),
        "paint": paint,
        "update": widget.update,
        "visible": lambda: item.setVisible(True),
        "no parent": item.parentItem,
        "no scene": item.scene,
    }


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("name", ["signal", "paint", "update", "visible", "no parent", "no scene"])
def test_calls_into_qt_keep_references(name: str):
    """Calling Qt hundreds of times does not use up references to None, True and False."""
    call = calls()[name]
    for _ in range(5):
        call()
    before = [sys.getrefcount(constant) for constant in (None, True, False)]
    for _ in range(CALLS):
        call()
    after = [sys.getrefcount(constant) for constant in (None, True, False)]
    losses = [old - new for old, new in zip(before, after, strict=True)]
    assert max(losses) < WORST_LOSS
