"""The keys with which clients call."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Damaged, EngineError, SettingsError
from engine.gateway.client_keys import ClientKeys, proof_of
from tests.conftest import FakeClock


@pytest.fixture
def keys(tmp_path: Path, clock: FakeClock) -> ClientKeys:
    """Return the keys of a user who has the first one."""
    keys = ClientKeys(tmp_path, clock=clock)
    keys.load()
    return keys


def default_key(keys: ClientKeys) -> str:
    """Return what stands in the key file."""
    return keys.key_file.read_text(encoding="utf-8").strip()


def test_first_key(keys: ClientKeys, tmp_path: Path, clock: FakeClock):
    """The first start makes a key that only the user can read; later ones keep it."""
    key = default_key(keys)
    assert len(key) > 40
    assert keys.key_file.stat().st_mode & 0o777 == 0o600
    assert keys.name_of(key) == "default"
    again = ClientKeys(tmp_path, clock=clock)
    again.load()
    assert default_key(again) == key
    assert again.name_of(key) == "default"


@pytest.mark.parametrize("wrong", ["", "uat-", "x" * 47, "ключ", "\udcff\x00"])
def test_wrong_key(keys: ClientKeys, wrong: str):
    """No other text is a key, and no beginning of one is."""
    assert keys.name_of(wrong) is None
    assert keys.name_of(default_key(keys)[:-1]) is None


def test_named_key(keys: ClientKeys, tmp_path: Path):
    """A named key opens until it is revoked; the file holds only its hash."""
    key = keys.add("editor")
    assert keys.name_of(key) == "editor"
    file = tmp_path / "client_keys.json"
    assert key not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in keys.entries()] == ["default", "editor"]
    keys.revoke("editor")
    assert keys.name_of(key) is None
    assert keys.name_of(default_key(keys)) == "default"


def test_revoking_the_first(keys: ClientKeys):
    """Instead of the first key comes a new one."""
    before = default_key(keys)
    keys.revoke("default")
    assert keys.name_of(before) is None
    assert keys.name_of(default_key(keys)) == "default"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "x" * 65, "default", "twice"])
def test_names(keys: ClientKeys, name: str):
    """A name is short, plain and not taken."""
    keys.add("twice")
    with pytest.raises(SettingsError, match="key"):
        keys.add(name)


def test_unknown_name(keys: ClientKeys):
    """What is not there cannot be revoked."""
    with pytest.raises(SettingsError, match="keys list"):
        keys.revoke("nobody")


def test_changes_of_others(keys: ClientKeys, tmp_path: Path, clock: FakeClock):
    """What another process adds and revokes counts after the next look."""
    other = ClientKeys(tmp_path, clock=clock)
    key = other.add("editor")
    assert keys.name_of(key) is None
    keys.refresh()
    assert keys.name_of(key) == "editor"
    other.revoke("editor")
    keys.refresh()
    assert keys.name_of(key) is None


def test_key_file_removed(keys: ClientKeys):
    """Who removes the key file takes the key back; a new one is made."""
    before = default_key(keys)
    keys.key_file.unlink()
    keys.refresh()
    assert keys.name_of(before) is None
    assert keys.name_of(default_key(keys)) == "default"


def test_own_key(keys: ClientKeys):
    """A user may write a key of their own, of some length."""
    keys.key_file.write_text("a-key-of-my-own-choice\n", encoding="utf-8")
    keys.refresh()
    assert keys.name_of("a-key-of-my-own-choice") == "default"


def test_damaged_while_running(keys: ClientKeys, tmp_path: Path):
    """A file that becomes damaged turns nobody away, and is told; mended, it counts again."""
    key = keys.add("editor")
    file = tmp_path / "client_keys.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    keys.refresh()
    assert "client_keys.json" in keys.problem
    assert keys.name_of(key) == "editor"
    file.write_bytes(whole)
    keys.refresh()
    assert keys.problem == ""


@pytest.mark.parametrize(
    "content", [b"", b"too-little", b"\xff" * 40, "ключ-ключ-ключ-ключ".encode()]
)
def test_damaged_key_file(tmp_path: Path, clock: FakeClock, content: bytes):
    """A key file without a good key is refused at the start; it is not quoted."""
    (tmp_path / "gateway.key").write_bytes(content)
    keys = ClientKeys(tmp_path, clock=clock)
    with pytest.raises(EngineError, match=r"gateway\.key") as error:
        keys.load()
    assert content.decode("utf-8", "replace") not in str(error.value) or not content
    assert keys.entries() == ()


def test_damaged_list(tmp_path: Path, clock: FakeClock):
    """A list of keys that is none is refused at the start."""
    (tmp_path / "client_keys.json").write_bytes(b'[{"name": "x"}]')
    with pytest.raises(Damaged, match="client_keys"):
        ClientKeys(tmp_path, clock=clock).load()


def test_proof(keys: ClientKeys):
    """Only who knows the key can prove it, for one question."""
    (entry,) = keys.entries()
    assert keys.proof("a") == proof_of(entry.sha256, "a")
    assert keys.proof("a") != keys.proof("b")
    assert proof_of("0" * 64, "a") != keys.proof("a")
    assert entry.sha256 not in keys.proof("a")


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("add", "revoke", "remove the key file")),
        st.integers(0, 1),
        st.sampled_from(("default", "editor", "shell", "no name")),
    ),
    max_size=12,
)


@given(CHANGES)
@settings(max_examples=60, deadline=None)
def test_two_programs_agree_on_every_key(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int, str]]
):
    """Whoever adds, revokes or removes keys in whatever order: at its next look each of two
    programs lets in the keys that are valid, by their names, and none that is so no more.
    """
    folder = tmp_path_factory.mktemp("keys")
    both = [ClientKeys(folder, clock=FakeClock()) for _ in range(2)]
    for each in both:
        each.load()
    valid = {"default": default_key(both[0])}
    ever = set(valid.values())
    for what, number, name in changes:
        with suppress(SettingsError):
            if what == "add":
                valid[name] = both[number].add(name)
            elif what == "revoke":
                both[number].revoke(name)
                del valid[name]
            else:
                both[number].key_file.unlink()
                both[number].refresh()
        valid["default"] = default_key(both[number])
        ever |= set(valid.values())
        names = {key: name for name, key in valid.items()}
        for each in both:
            each.refresh()
            assert {key: each.name_of(key) for key in ever} == {key: names.get(key) for key in ever}
            assert {entry.name for entry in each.entries()} == valid.keys()
