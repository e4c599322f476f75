"""Errors, sorted by who must act.

    EngineError
    ├── SettingsError      the user: a setting is wrong
    ├── OutsideError       the world: a device, file, server or disk
    │   ├── Unreachable    it is not there
    │   ├── TimedOut       it did not answer in time
    │   ├── Refused        it said no
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


class OutsideError(EngineError):
    """Something outside this process failed."""


class Unreachable(OutsideError):
    """A device, file or server is not there."""


class TimedOut(OutsideError):
    """A device or server did not answer in time."""


class Refused(OutsideError):
    """A device, server or disk said no."""


class Damaged(OutsideError):
    """A file or answer is there, but its content is not what it should be."""


class Overloaded(EngineError):
    """Too much is asked at once; the same call may succeed later."""
