"""Errors, sorted by who must act.

    EngineError
    ├── SettingsError      the user: a setting is wrong
    ├── Rejected           the caller: the request cannot be answered as it is
    ├── OutsideError       the world: a device, file, server or disk
    │   ├── Unreachable    it is not there
    │   ├── TimedOut       it did not answer in time
    │   ├── Refused        it said no
    │   │   └── KeyRefused  it wants another key
    │   └── Damaged        it is there, and its content is not what it should be
    └── Overloaded         nobody: wait and try again

Programming mistakes stay `TypeError`, `ValueError` and `AssertionError`, and are not caught.
Every message names the thing, the value and the remedy.
"""

from __future__ import annotations


class EngineError(Exception):
    """The base of every error an engine raises on purpose."""


class SettingsError(EngineError):
    """A setting has a value that cannot work; the message names the key."""


class Rejected(EngineError):
    """A request cannot be answered as it is.

    status: what HTTP calls it, 400 to 499. code: a word for programs, such as "model_not_found".
    param: the field that is wrong. body: the JSON with which a server said so, to be passed on.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        body: bytes | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.body = body


class OutsideError(EngineError):
    """Something outside this process failed."""


class Unreachable(OutsideError):
    """A device, file or server is not there."""


class TimedOut(OutsideError):
    """A device or server did not answer in time."""


class Refused(OutsideError):
    """A device, server or disk said no."""


class KeyRefused(Refused):
    """A server wants a key, or another one than it was shown: the user must enter it."""


class Damaged(OutsideError):
    """A file or answer is there, but its content is not what it should be."""


class Overloaded(EngineError):
    """Too much is asked at once; the same call may succeed later.

    retry_after_s: when, where that is known.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
