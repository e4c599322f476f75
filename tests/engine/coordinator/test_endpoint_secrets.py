"""What is secret of a server is in the keychain, and not in its file."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.coordinator.endpoint_secrets import (
    SECRETS_PREFIX,
    EndpointSecrets,
    decoded,
    hidden,
    lacks_secrets,
    revealed,
    secrets_in,
)
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.errors import Damaged, Refused
from tests.engine.coordinator.fake_provider import whole
from tests.engine.coordinator.world import World, chat, endpoint, run

WORDS = st.text(string.ascii_letters + string.digits + "-._~%", min_size=1, max_size=12)
SERVERS = st.builds(
    lambda user, password, headers, path: Endpoint(
        "box",
        EndpointKind.OPENAI,
        f"http://{user}:{password}@box:8000/{path}" if user else f"http://box:8000/{path}",
        headers=tuple(headers.items()),
    ),
    st.just("") | WORDS,
    WORDS,
    st.dictionaries(WORDS, WORDS, max_size=4),
    st.just("v1") | WORDS,
)


@given(SERVERS)
def test_what_is_hidden_comes_back(server: Endpoint):
    """With what lies in the keychain a server is as it was; without, nothing of it shows."""
    kept, filed = secrets_in(server), hidden(server)
    assert revealed(filed, decoded(kept.encoded())).url == server.url
    names = [name.lower() for name, _ in server.headers]
    if len(set(names)) == len(names):
        assert revealed(filed, kept) == server
    assert lacks_secrets(filed) == bool(kept)
    assert not secrets_in(filed)
    assert hidden(filed) == filed
    for secret in (*kept.headers.values(), kept.password):
        assert secret not in repr(kept) or len(secret) < 4 or secret in "EndpointSecrets(***)"


@given(SERVERS)
def test_what_is_written_by_hand_wins(server: Endpoint):
    """A value that stands in the file is the newer one, whatever the keychain holds."""
    old = EndpointSecrets("old-password", {name.lower(): "old" for name, _ in server.headers})
    assert revealed(server, old) == server


@pytest.mark.parametrize("text", ["sk-123", "[]", '{"password": 5}', '{"headers": {"a": 1}}'])
def test_something_else_in_the_keychain_is_told_without_it(text: str):
    """The error says what to do and quotes nothing, nor does what caused it."""
    with pytest.raises(Damaged, match="type them anew") as caught:
        decoded(text)
    assert caught.value.__cause__ is None
    assert text not in str(caught.value)


FILE = """\
# my servers

[[endpoint]]
name = "a"  # in the cellar
kind = "openai"
url = "http://me:hunter2@a:8000/v1"
# the proxy wants this
headers = [["X-Token", "tok-secret"], ["user-agent", "mine"]]
"""


def test_secrets_in_the_file_move_to_the_keychain(tmp_path: Path):
    """A file of earlier versions, or edited by hand, keeps its comments and loses its secrets; the
    server is asked with them all the same, also after the next start.
    """

    async def work(world: World) -> None:
        world.book.path.write_text(FILE)
        for _ in range(2):
            async with world.opened():
                filed = world.book.path.read_text()
                assert filed == FILE.replace("hunter2", "***").replace("tok-secret", "***")
                assert "hunter2" in world.secrets.kept[SECRETS_PREFIX + "a"]
                (known,) = (link.endpoint for link in world.coordinator._fleet.links)
                assert known.url == "http://me:hunter2@a:8000/v1"
                assert known.headers == (("X-Token", "tok-secret"), ("user-agent", "mine"))
                assert not world.coordinator.snapshot().problem

    run(tmp_path, work)


def test_a_new_password_in_the_file_counts(tmp_path: Path):
    """Whoever writes a password over the `***` changes it, and it moves again."""

    async def work(world: World) -> None:
        world.book.path.write_text(FILE)
        async with world.opened() as coordinator:
            text = world.book.path.read_text()
            world.book.path.write_text(text.replace("me:***", "me:correct-horse"))
            await coordinator.look()
            assert world.book.path.read_text() == text
            (known,) = (link.endpoint for link in coordinator._fleet.links)
            assert known.url == "http://me:correct-horse@a:8000/v1"
            assert known.headers[0] == ("X-Token", "tok-secret")

    run(tmp_path, work)


def test_a_keychain_that_stays_locked_loses_nothing(tmp_path: Path):
    """What cannot be moved stays in the file and is used from there, and that is told."""

    async def work(world: World) -> None:
        world.book.path.write_text(FILE)
        world.secrets.broken = Refused("unlock the keyring")
        async with world.opened() as coordinator:
            assert world.book.path.read_text() == FILE
            assert "stay in their file" in (coordinator.snapshot().problem or "")
            assert "hunter2" not in (coordinator.snapshot().problem or "")
            world["a"].usual = whole()
            assert (await world.send(chat())).endpoint == "a"

    run(tmp_path, work)


def test_a_secret_that_is_gone_is_asked_for(tmp_path: Path):
    """A file that was carried to another machine says which server lacks its password; saving
    another server's change leaves that one as it is.
    """

    async def work(world: World) -> None:
        text = FILE.replace("hunter2", "***")
        world.book.path.write_text(text.replace("tok-secret", "***"))
        async with world.opened() as coordinator:
            assert "password of a could not be read" in (coordinator.snapshot().problem or "")
            await coordinator.put_endpoint(endpoint("b"))
            assert "me:***@a" in world.book.path.read_text()
            assert SECRETS_PREFIX + "a" not in world.secrets.kept

    run(tmp_path, work)


def test_a_removed_server_leaves_nothing_and_comes_back_whole(tmp_path: Path):
    """Its secrets leave the keychain with it; undoing brings both back."""

    async def work(world: World) -> None:
        secret = endpoint("a", headers=(("X-Token", "tok-secret"),))
        async with world.opened() as coordinator:
            await coordinator.put_endpoint(secret)
            assert "tok-secret" not in world.book.path.read_text()
            removed = await coordinator.remove_endpoint("a")
            assert not world.secrets.kept
            await coordinator.put_endpoint(removed)
            assert "tok-secret" in world.secrets.kept[SECRETS_PREFIX + "a"]
            assert "tok-secret" not in world.book.path.read_text()

    run(tmp_path, work)
