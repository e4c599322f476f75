"""One window for each home: a second start raises the first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QCryptographicHash, QLockFile, QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer

ANSWER_MS = 2000
CLOSING_MS = 20_000
"""How long a new start waits for an old one that is finishing a recording."""
RAISED = b"raised"
CLOSING = b"closing"


class SingleInstance(QObject):
    """The claim of this process on `folder`; `raise_requested` when another start asked.

    A lock file decides who is first (its owner's death frees it); a local socket carries the
    request. Neither is shared between two folders.
    """

    raise_requested = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        place = QByteArray(str(folder.resolve()).encode())
        digest = QCryptographicHash.hash(place, QCryptographicHash.Algorithm.Sha256).toHex()
        self.name = f"universal-ai-tools-{bytes(digest.data()).decode()[:16]}"
        self._folder = folder
        self._lock = QLockFile(str(folder / "window.lock"))
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None
        self._is_closing = False
        self.told_to_wait = 0
        """Other starts that were told to wait for this one's end."""

    def claim(self) -> bool:
        """Return True where this process is the first; else the first was asked to show itself."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            # The window opens and says what is wrong with the folder.
            return True
        return self._lock.tryLock(0) or self._take_over()

    def listen(self) -> None:
        """Hear other starts from now on. Apart from `claim()`, as QtNetwork takes a while."""
        from PySide6.QtNetwork import QLocalServer

        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)
        # The socket of a process that was killed may still lie there; the lock says it is dead.
        QLocalServer.removeServer(self.name)
        self._server.listen(self.name)

    def closing(self) -> None:
        """From now on tell another start to wait until this process has ended."""
        self._is_closing = True

    def release(self) -> None:
        """Let the next start be the first."""
        if self._server:
            self._server.close()
        self._lock.unlock()

    def _take_over(self) -> bool:
        """Return True where the first is gone by now, or no lock can be had in this folder."""
        if self._lock.error() is not QLockFile.LockError.LockFailedError:
            return True
        answer = self._ask_first()
        if answer == RAISED:
            return False
        if self._lock.tryLock(CLOSING_MS if answer == CLOSING else ANSWER_MS):
            return True
        return self._ask_first() is None and self._lock.tryLock(0)

    def _ask_first(self) -> bytes | None:
        """Return what the first process says; None where it does not answer."""
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(self.name)
        if not socket.waitForConnected(ANSWER_MS):
            return None
        has_answer = socket.waitForReadyRead(ANSWER_MS)
        answer = bytes(socket.readAll().data()) if has_answer else None
        socket.abort()
        return answer

    def _answer(self) -> None:
        while self._server and self._server.hasPendingConnections():
            visitor = self._server.nextPendingConnection()
            visitor.disconnected.connect(visitor.deleteLater)
            visitor.write(CLOSING if self._is_closing else RAISED)
            visitor.flush()
            visitor.disconnectFromServer()
            if self._is_closing:
                self.told_to_wait += 1
            else:
                self.raise_requested.emit()
