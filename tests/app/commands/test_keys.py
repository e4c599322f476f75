"""The keys of programs, from the command line."""

from __future__ import annotations

import pytest

from app.__main__ import main
from engine.clock import SystemClock
from engine.folders import Folders
from engine.gateway.client_keys import ClientKeys


def name_of(key: str) -> str | None:
    """Return what the gateway would call `key`."""
    keys = ClientKeys(Folders.of_user().config, clock=SystemClock())
    keys.load()
    return keys.name_of(key)


def test_from_the_making_to_the_end(capsys: pytest.CaptureFixture[str]):
    """A key is printed once, listed by its name, and opens nothing once it is revoked."""
    assert main(["keys", "add", "editor"]) == 0
    key = capsys.readouterr().out.strip()
    assert name_of(key) == "editor"
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == ["default", "editor"]
    assert "gateway.key" in listed
    assert key not in listed
    assert main(["keys", "revoke", "editor"]) == 0
    assert name_of(key) is None


def test_first_key_is_made_anew(capsys: pytest.CaptureFixture[str]):
    """Revoking the default puts another key into its file."""
    main(["keys", "list"])
    file = Folders.of_user().config / "gateway.key"
    before = file.read_text(encoding="utf-8").strip()
    assert main(["keys", "revoke", "default"]) == 0
    assert name_of(before) is None
    assert name_of(file.read_text(encoding="utf-8").strip()) == "default"
    assert before not in capsys.readouterr().out


@pytest.mark.parametrize("words", [["revoke", "nobody"], ["add", "a b"], ["add", "default"]])
def test_what_cannot_be(words: list[str], capsys: pytest.CaptureFixture[str]):
    """A wrong name is told with the remedy."""
    assert main(["keys", *words]) == 1
    assert "key" in capsys.readouterr().err
