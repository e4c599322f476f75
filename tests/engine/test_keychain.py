from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from engine.errors import Damaged, Refused
from engine.keychain import FileStore, KeyringStore, LateStore, SecretStore, best_store


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets everything with the test."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if (service, username) not in self.secrets:
            raise PasswordDeleteError("not found")
        del self.secrets[service, username]

    def _check(self) -> None:
        if self.is_locked:
            raise KeyringLocked("locked")


@pytest.fixture(params=["keyring", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SecretStore:
    if request.param == "keyring":
        return KeyringStore(MemoryKeyring())
    return FileStore(tmp_path / "config" / "secrets.json")


def test_secret_is_read_as_it_was_written(store: SecretStore):
    """A secret comes back exactly, whatever characters it has; the last one written counts."""
    store.write("openai", "old")
    store.write("openai", 'sk-"ß\n漢')
    store.write("other", "x")
    assert store.read("openai") == 'sk-"ß\n漢'


def test_absent_secret_is_none(store: SecretStore):
    """Asking for what was never stored gives None."""
    assert store.read("openai") is None


def test_removed_secret_is_gone(store: SecretStore):
    """After removal there is None, and removing once more is no error."""
    store.write("openai", "x")
    store.write("other", "y")
    store.remove("openai")
    store.remove("openai")
    assert store.read("openai") is None
    assert store.read("other") == "y"


def test_store_does_not_show_its_secrets(store: SecretStore):
    """Neither `repr` nor the label tells a secret."""
    store.write("openai", "sk-hidden")
    assert "sk-hidden" not in f"{store!r} {store.label}"


def test_file_is_for_the_user_only(tmp_path: Path):
    """The file has mode 0600, also after it was replaced."""
    path = tmp_path / "secrets.json"
    store = FileStore(path)
    for secret in ("one", "two"):
        store.write("openai", secret)
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", ['{"openai": "sk-hidden"', '["sk-hidden"]', '{"a": {"sk-hidden": 1}}']
)
def test_damaged_file_is_reported_without_its_content(tmp_path: Path, content: str):
    """A file that is no list of secrets is Damaged, and the error carries nothing of it."""
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(Damaged, match="remove it") as caught:
        FileStore(path).read("openai")
    assert "sk-hidden" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_damaged_file_is_not_overwritten(tmp_path: Path):
    """Writing to a damaged file fails rather than losing what may be rescued."""
    path = tmp_path / "secrets.json"
    path.write_text("{")
    with pytest.raises(Damaged):
        FileStore(path).write("openai", "x")
    assert path.read_text() == "{"


def test_unreadable_file_is_refused(tmp_path: Path):
    """A folder in place of the file is refused with its path."""
    with pytest.raises(Refused, match="cannot be read"):
        FileStore(tmp_path).read("openai")


CALLS: list[Callable[[SecretStore], object]] = [
    lambda store: store.read("openai"),
    lambda store: store.write("openai", "sk-hidden"),
    lambda store: store.remove("openai"),
]


@pytest.mark.parametrize("call", CALLS)
def test_locked_keyring_is_refused(call: Callable[[SecretStore], object]):
    """A keyring that stays locked is reported with the remedy and without the secret."""
    backend = MemoryKeyring()
    backend.is_locked = True
    with pytest.raises(Refused, match="unlock") as caught:
        call(KeyringStore(backend))
    assert "sk-hidden" not in str(caught.value)


def test_keyring_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the system has a working keyring, secrets go there."""
    monkeypatch.setattr(keyring, "get_keyring", MemoryKeyring)
    assert isinstance(best_store(tmp_path / "secrets.json"), KeyringStore)


def test_file_stands_in_for_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where there is none, secrets go to the file."""
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    store = best_store(tmp_path / "secrets.json")
    assert store.label == f"file {tmp_path / 'secrets.json'}"


def test_late_store_is_looked_for_once(tmp_path: Path):
    """The store is looked for with the first question, not before, and only once."""
    looked: list[FileStore] = []

    def find() -> SecretStore:
        looked.append(FileStore(tmp_path / "secrets.json"))
        return looked[-1]

    store = LateStore(find)
    assert looked == []
    assert "secrets.json" not in repr(store)
    store.write("redis", "hidden")
    assert store.read("redis") == "hidden"
    assert store.label == f"file {tmp_path / 'secrets.json'}"
    assert "hidden" not in f"{store!r} {store.label} {vars(store)!r}"
    store.remove("redis")
    assert store.read("redis") is None
    assert len(looked) == 1


def test_late_store_in_several_threads(tmp_path: Path):
    """Threads that ask at the same time wait for one look."""
    looked: list[int] = []
    may_find = threading.Event()

    def find() -> SecretStore:
        looked.append(1)
        assert may_find.wait(30)
        return FileStore(tmp_path / "secrets.json")

    store = LateStore(find)
    found: list[str | None] = []
    threads = [threading.Thread(target=lambda: found.append(store.read("x"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    may_find.set()
    for thread in threads:
        thread.join()
    assert found == [None] * 5
    assert looked == [1]


def test_late_store_looks_again_after_a_fault(tmp_path: Path):
    """When looking fails the error is told, and the next question looks again."""
    finds: list[Callable[[], SecretStore]] = [lambda: FileStore(tmp_path / "x")]

    def find() -> SecretStore:
        if len(finds) == 1:
            finds.append(finds[0])
            raise Refused("no keyring: start one")
        return finds[0]()

    store = LateStore(find)
    with pytest.raises(Refused):
        store.read("x")
    assert store.read("x") is None
