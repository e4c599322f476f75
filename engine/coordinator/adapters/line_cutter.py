"""Cuts what a server streams into lines, however long they are and however they come."""

from __future__ import annotations

from engine.errors import Damaged

LARGEST_LINE_BYTES = 64 * 1024 * 1024
MIB = 1024 * 1024


class LineCutter:
    """Keeps what is no whole line yet. Each byte is copied twice, however many pieces a line has.

    where: the server, for messages.
    """

    def __init__(self, *, where: str, largest_bytes: int = LARGEST_LINE_BYTES) -> None:
        self._where = where
        self._largest_bytes = largest_bytes
        self._waiting: list[bytes] = []
        self._size_bytes = 0

    def add(self, piece: bytes) -> list[bytes]:
        """Return the lines that `piece` ends, without their ends.

        Raises Damaged where a line has grown larger than it may be.
        """
        end = piece.rfind(b"\n")
        if end < 0:
            self._keep(piece)
            return []
        whole = b"".join((*self._waiting, piece[:end]))
        self._waiting.clear()
        self._size_bytes = 0
        self._keep(piece[end + 1 :])
        return whole.split(b"\n")

    @property
    def has_rest(self) -> bool:
        """Whether a line has begun that has not ended."""
        return bool(self._waiting)

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._waiting.append(piece)
        self._size_bytes += len(piece)
        if self._size_bytes > self._largest_bytes:
            self._waiting.clear()
            raise Damaged(
                f"{self._where}: a line of its answer does not end within "
                f"{self._largest_bytes / MIB:g} MiB: is it another kind of server?"
            )
