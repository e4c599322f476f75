"""The keys with which clients call: one for all, and named ones that can be taken back."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from engine.atomic_files import write_atomically
from engine.clock import Clock
from engine.errors import Damaged, EngineError, Refused, SettingsError

DEFAULT = "default"
"""Name of the key in the key file."""
PREFIX = "uat-"
RANDOM_BYTES = 32
SHORTEST_KEY = 16
"""Characters; what is shorter can be guessed."""
PURPOSE = "universal-ai-tools health"
"""Keeps proofs apart from whatever else the key may ever sign."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key, without the key."""

    name: str
    sha256: str
    """Hexadecimal. The keys are long and random: nothing slower is needed."""
    created_at_s: float
    """Seconds since 1970."""

    @property
    def is_default(self) -> bool:
        """Whether it is the one in the key file."""
        return self.name == DEFAULT


_Mark = tuple[int, int, int] | None


class ClientKeys:
    """The keys of one user. Every call but `name_of` and `entries` blocks for files.

    The first use makes `gateway.key`, which only the user can read; clients may read it there. Of
    the named keys only hashes are kept.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self.key_file = folder / "gateway.key"
        self._named_file = folder / "client_keys.json"
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: tuple[KeyEntry, ...] = ()
        self._by_hash: Mapping[str, KeyEntry] = {}
        self._seen: tuple[_Mark, _Mark] | None = None
        self.problem = ""
        """Why the files could not be read the last time."""

    def load(self) -> None:
        """Read the keys, making the first. Raises Refused, Damaged."""
        with self._lock:
            self._load()

    def refresh(self) -> None:
        """Read the files again where somebody changed them. Never raises: see `problem`."""
        with self._lock:
            if self._seen == self._marks():
                return
            try:
                self._load()
            except EngineError as error:
                # What was known stays: a file that is half written must not turn clients away.
                self._seen = self._marks()
                self.problem = str(error)

    def name_of(self, key: str) -> str | None:
        """Return the name of `key`, or None where it is not (or no longer) known."""
        # Found by its hash: how long that takes says nothing about the key.
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        entry = self._by_hash.get(digest)
        if entry is None or not hmac.compare_digest(entry.sha256, digest):
            return None
        return entry.name

    def proof(self, text: str) -> str:
        """Return a hash of `text` that only who knows the key in the key file can make."""
        return proof_of(self._entries[0].sha256, text)

    def entries(self) -> tuple[KeyEntry, ...]:
        """Return every key that is valid now, without the keys."""
        return self._entries

    def add(self, name: str) -> str:
        """Return a new key called `name`; it is told only now.

        Raises SettingsError for a name that cannot be or is taken, Refused, Damaged.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"{name!r} cannot be a key's name: up to 64 letters, digits, dots and dashes"
            )
        with self._lock:
            named = self._read_named()
            if name == DEFAULT or name in {entry.name for entry in named}:
                raise SettingsError(f"there is a key {name!r} already: revoke it or take another")
            key = _new_key()
            self._write_named([*named, self._entry(name, key)])
            self._load()
        return key

    def revoke(self, name: str) -> None:
        """Let the key called `name` open nothing more; in place of the first comes a new one.

        Raises SettingsError where there is none, Refused, Damaged.
        """
        with self._lock:
            if name == DEFAULT:
                self._make_default()
            else:
                named = self._read_named()
                kept = [entry for entry in named if entry.name != name]
                if len(kept) == len(named):
                    raise SettingsError(f"there is no key {name!r}: see `keys list`")
                self._write_named(kept)
            self._load()

    def _load(self) -> None:
        seen = self._marks()
        default = self._read_default()
        entries = (default, *self._read_named())
        self._by_hash = {entry.sha256: entry for entry in entries}
        self._entries = entries
        # From before: what was written while this read is noticed by the next look.
        self._seen = self._marks() if seen[0] is None else seen
        self.problem = ""

    def _read_default(self) -> KeyEntry:
        try:
            key = self.key_file.read_text(encoding="utf-8").strip()
            created_at_s = self.key_file.stat().st_mtime
        except FileNotFoundError:
            return self._make_default()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{self.key_file} cannot be read ({type(error).__name__})") from None
        if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable():
            raise Damaged(
                f"{self.key_file} holds no key of {SHORTEST_KEY} characters or more: remove it "
                "and a new one is made"
            )
        return replace(self._entry(DEFAULT, key), created_at_s=created_at_s)

    def _make_default(self) -> KeyEntry:
        key = _new_key()
        write_atomically(self.key_file, f"{key}\n".encode())
        return self._entry(DEFAULT, key)

    def _entry(self, name: str, key: str) -> KeyEntry:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return KeyEntry(name, digest, self._clock.wall().timestamp())

    def _read_named(self) -> list[KeyEntry]:
        try:
            return msgspec.json.decode(self._named_file.read_bytes(), type=list[KeyEntry])
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Refused(f"{self._named_file} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise Damaged(
                f"{self._named_file} is no list of keys ({error}): mend it, or remove it and "
                "make new keys"
            ) from error

    def _write_named(self, entries: list[KeyEntry]) -> None:
        text = msgspec.json.format(msgspec.json.encode(entries), indent=1)
        write_atomically(self._named_file, text)

    def _marks(self) -> tuple[_Mark, _Mark]:
        return _mark(self.key_file), _mark(self._named_file)


def proof_of(key_sha256: str, text: str) -> str:
    """Return the hash of `text` that shows knowledge of a key, given the key's own hash."""
    secret = key_sha256.encode()
    return hmac.new(secret, f"{PURPOSE} {text}".encode(), hashlib.sha256).hexdigest()


def _new_key() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
