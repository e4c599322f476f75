from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import qWarning

from app.qt_messages import log_qt_messages


@pytest.mark.qt_log_ignore("the paint is dry")
def test_what_qt_says_stands_in_the_log(qapp, caplog, qtlog):
    """A warning of Qt is logged, and still reaches whoever listened before."""
    stop = log_qt_messages()
    with caplog.at_level(logging.WARNING, "app.qt"):
        qWarning("the paint is dry")
    stop()
    qWarning("the paint is dry again")
    assert [record.getMessage() for record in caplog.records] == ["the paint is dry"]
    heard = [record.message for record in qtlog.records]
    assert heard == ["the paint is dry", "the paint is dry again"]
