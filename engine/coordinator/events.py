"""Server-sent events as bytes: where one ends, and what it says."""

from __future__ import annotations

from engine.errors import Damaged
from engine.exchange import DONE

LARGEST_EVENT_BYTES = 32 << 20
"""An image in base64 may come as one event; what is larger is no event."""
FIELDS = (b"data", b"event", b":", b"id", b"retry", b"error")
"""What a line may begin with; "error: {...}" is what llama.cpp wrote for years."""
BLANK = b"\r\n"


def whole_events(piece: bytes) -> int:
    """Return how many bytes of `piece` are whole events: 0 where none ends in it.

    An event ends with an empty line; lines end with LF or CRLF.
    """
    line_feeds, returns = piece.rfind(b"\n\n"), piece.rfind(b"\n\r\n")
    # The second also ends CRLF CRLF. A bare CR as a line's end is allowed, and written by nobody.
    return max(line_feeds + 2 if line_feeds >= 0 else 0, returns + 3 if returns >= 0 else 0)


class EventCutter:
    """Takes bytes that are cut anywhere, and gives them back cut where events end."""

    __slots__ = ("_size", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> bytes:
        """Return all whole events up to here that were not returned yet; b"" for none.

        Raises Damaged where an event is larger than LARGEST_EVENT_BYTES.
        """
        if not self._waiting:
            end = len(piece) if piece.endswith(b"\n\n") else whole_events(piece)
            if end == len(piece):
                return piece
            self._keep(piece[end:])
            return piece[:end]
        seam = b"".join(self._waiting[-2:])[-2:]
        end = whole_events(seam + piece) - len(seam)
        if end <= 0:
            self._keep(piece)
            return b""
        whole = b"".join((*self._waiting, piece[:end]))
        self._waiting.clear()
        self._size = 0
        self._keep(piece[end:])
        return whole

    def rest(self) -> bytes:
        """Return what is left of an event that has not ended."""
        return b"".join(self._waiting)

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._waiting.append(piece)
            self._size += len(piece)
            if self._size > LARGEST_EVENT_BYTES:
                raise Damaged(f"an event of the stream is larger than {LARGEST_EVENT_BYTES} bytes")


def split(whole: bytes) -> list[bytes]:
    """Return the events of `whole` one by one, each with the empty line that ends it."""
    events = []
    while whole:
        ends = [at for at in (_after(whole, b"\n\n"), _after(whole, b"\n\r\n")) if at]
        end = min(ends, default=len(whole))
        events.append(whole[:end])
        whole = whole[end:]
    return events


def data_of(event: bytes) -> bytes:
    """Return the data of one event: its `data` lines without the field's name, joined by LF.

    What llama.cpp writes as "error: ..." counts too.
    """
    lines = [
        line.partition(b":")[2].strip()
        for line in event.splitlines()
        if line.startswith((b"data:", b"error:"))
    ]
    return b"\n".join(lines)


def is_event(whole: bytes) -> bool:
    """Tell whether `whole` begins as server-sent events do."""
    return whole.startswith(FIELDS) or whole.lstrip(BLANK).startswith(FIELDS) or not whole.strip()


def are_events(whole: bytes) -> bool:
    """Tell whether each part of `whole`, cut where events end, begins as an event does.

    What comes after `[DONE]` does not count.
    """
    is_plain = whole.startswith(b"data:") and whole.endswith(b"\n\n")
    if is_plain and whole.count(b"\n\n") == whole.count(b"\n\ndata:") + 1:
        return True  # the usual case, without cutting: whatever follows an empty line is data
    for event in split(whole):
        if data_of(event) == b"[DONE]":
            return True
        if not is_event(event):
            return False
    return True


def is_error(event: bytes) -> bool:
    """Tell whether `event` says by its fields that it is an error, whatever its data is."""
    lines = event.lstrip(BLANK).splitlines()
    return any(
        line.startswith(b"error:") or (line.startswith(b"event:") and line[6:].strip() == b"error")
        for line in lines
    )


def done_at(whole: bytes) -> int:
    """Return where in `whole` the line `data: [DONE]` begins; -1 where it is not.

    Words of an answer are JSON, in which no line begins.
    """
    at = whole.find(b"[DONE]")
    while at >= 0:
        begin = whole.rfind(b"\n", 0, at) + 1
        if whole[begin:at].strip() == b"data:":
            return begin
        at = whole.find(b"[DONE]", at + 1)
    return -1


def up_to_done(whole: bytes) -> bytes | None:
    """Return `whole` up to its `[DONE]`, written as DONE; None where it has none."""
    at = done_at(whole)
    if at < 0:
        return None
    return whole if whole.endswith(DONE) and at == len(whole) - len(DONE) else whole[:at] + DONE


def _after(whole: bytes, mark: bytes) -> int:
    at = whole.find(mark)
    return at + len(mark) if at >= 0 else 0
