"""The user's secrets: in the system's keyring, else in a file that only the user can read.

A secret is returned to who asks for it by name, and appears nowhere else: in no log, no error
and no `repr`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.atomic_files import write_atomically
from engine.errors import Damaged, Refused
from engine.file_lock import alone_with
from engine.folders import NAME

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend


class SecretStore(Protocol):
    """Where secrets lie. Every call may block: a keyring may ask the user to unlock it."""

    @property
    def label(self) -> str:
        """What a person reads, such as "system keyring"."""
        ...

    def read(self, name: str) -> str | None:
        """Return the secret called `name`, or None where there is none. Raises Refused, Damaged."""
        ...

    def write(self, name: str, secret: str) -> None:
        """Keep `secret` as `name`, replacing what was there. Raises Refused, Damaged."""
        ...

    def remove(self, name: str) -> None:
        """Forget `name`; nothing happens where there is none. Raises Refused, Damaged."""
        ...


def best_store(file: Path) -> SecretStore:
    """Return the system's keyring where there is a working one, else a store in `file`.

    Blocks for some hundred milliseconds: it imports `keyring`, which looks for the keyrings.
    """
    import keyring
    from keyring.core import recommended

    backend = keyring.get_keyring()
    return KeyringStore(backend) if recommended(backend) else FileStore(file)


class LateStore:
    """A store that is looked for when it is first asked: looking costs some hundred ms."""

    def __init__(self, find: Callable[[], SecretStore]) -> None:
        self._find = find
        self._found: SecretStore | None = None
        self._lock = threading.Lock()

    @property
    def label(self) -> str:
        """Return the label of the store that was found."""
        return self._store.label

    def read(self, name: str) -> str | None:
        """Return the secret called `name`, or None. Raises Refused, Damaged."""
        return self._store.read(name)

    def write(self, name: str, secret: str) -> None:
        """Keep `secret` as `name`. Raises Refused, Damaged."""
        self._store.write(name, secret)

    def remove(self, name: str) -> None:
        """Forget `name`. Raises Refused, Damaged."""
        self._store.remove(name)

    @property
    def _store(self) -> SecretStore:
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found


class KeyringStore:
    """The system's keyring."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    @property
    def label(self) -> str:
        """Return "system keyring" and which one it is."""
        return f"system keyring ({self._backend.name})"

    def read(self, name: str) -> str | None:
        """Return the secret called `name`, or None. Raises Refused where it stays locked."""
        from keyring.errors import KeyringError

        try:
            return self._backend.get_password(NAME, name)
        except KeyringError as error:
            raise self._refusal("read", name) from error

    def write(self, name: str, secret: str) -> None:
        """Keep `secret` as `name`. Raises Refused where the keyring stays locked."""
        from keyring.errors import KeyringError

        try:
            self._backend.set_password(NAME, name, secret)
        except KeyringError as error:
            raise self._refusal("written", name) from error

    def remove(self, name: str) -> None:
        """Forget `name`. Raises Refused where the keyring stays locked."""
        from keyring.errors import KeyringError, PasswordDeleteError

        try:
            self._backend.delete_password(NAME, name)
        except PasswordDeleteError:
            return  # it was not there
        except KeyringError as error:
            raise self._refusal("removed", name) from error

    def _refusal(self, done: str, name: str) -> Refused:
        return Refused(f'the secret "{name}" cannot be {done}: unlock the {self.label}')


class FileStore:
    """A JSON file with mode 0600; for machines without a keyring, such as servers.

    Several programs may write it at once: none loses what another wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def label(self) -> str:
        """Return the file's path."""
        return f"file {self._path}"

    def read(self, name: str) -> str | None:
        """Return the secret called `name`, or None. Raises Refused, Damaged."""
        return self._secrets().get(name)

    def write(self, name: str, secret: str) -> None:
        """Keep `secret` as `name`. Raises Refused, Damaged."""
        with alone_with(self._path):
            self._store(self._secrets() | {name: secret})

    def remove(self, name: str) -> None:
        """Forget `name`. Raises Refused, Damaged."""
        if name not in self._secrets():
            return  # nor is a lock left where there are no secrets
        with alone_with(self._path):
            secrets = self._secrets()
            if secrets.pop(name, None) is not None:
                self._store(secrets)

    def _store(self, secrets: dict[str, str]) -> None:
        write_atomically(self._path, json.dumps(secrets, indent=1).encode())

    def _secrets(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Refused(f"{self._path} cannot be read ({error.strerror})") from error
        except ValueError:
            # The decoder's error carries the text of the file: it must not travel along.
            raise self._damage() from None
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise self._damage()
        return found

    def _damage(self) -> Damaged:
        return Damaged(f"{self._path} is no list of secrets: remove it and enter them again")
