"""What Qt itself complains about, in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def log_qt_messages() -> Callable[[], None]:
    """Write Qt's messages to the logger "app.qt" too; call what is returned to stop."""
    log = logging.getLogger("app.qt")

    def write(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        log.log(LEVELS[kind], "%s", message)
        if before:
            before(kind, context, message)

    before = qInstallMessageHandler(write)

    def stop() -> None:
        qInstallMessageHandler(before)

    return stop
