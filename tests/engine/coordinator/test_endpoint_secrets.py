"""What is secret of a server is in the keychain, and not in its file."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.book import Book
from engine.coordinator.endpoint_book import EndpointBook
from engine.coordinator.endpoint_secrets import (
    SECRETS_PREFIX,
    EndpointSecrets,
    decoded,
    hidden,
    lacks_secrets,
    revealed,
    secrets_in,
)
from engine.coordinator.secrecy import password_of
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState
from engine.errors import Damaged, EngineError, Refused
from tests.engine.coordinator.fake_provider import whole
from tests.engine.coordinator.world import Secrets, World, chat, endpoint, run
from tests.leaping import LeapingLoop, leap

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


def test_stars_are_never_sent(tmp_path: Path):
    """A server whose secrets are not known is asked nothing at all, and says why; once they are
    there it answers.
    """

    async def work(world: World) -> None:
        text = FILE.replace("hunter2", "***").replace("tok-secret", "***")
        world.book.path.write_text(text)
        async with world.opened() as coordinator:
            assert world["a"].lists == 0
            with pytest.raises(EngineError):
                await world.send(chat())
            assert not world["a"].calls
            assert world.view("a").state is EndpointState.DOWN
            assert "type them anew" in world.view("a").reason
            assert not (await coordinator.test_endpoint("a")).ok
            assert not (await coordinator.try_address("http://me:***@a:8000/v1")).ok
            assert not world.prober.looks
            assert coordinator.headers_for("http://me:***@a:8000/v1") == {}
            kept = EndpointSecrets("hunter2", {"x-token": "tok-secret"})
            world.secrets.kept[SECRETS_PREFIX + "a"] = kept.encoded()
            await coordinator.look()
            assert (await world.send(chat())).endpoint == "a"

    run(tmp_path, work)


def secret_book(path: Path, keychain: Secrets) -> EndpointBook:
    """Return a program's view of the file at `path`."""
    return EndpointBook(book=Book(path, kind=Endpoint, table="endpoint"), secrets=keychain)


def test_tidying_up_overlooks_no_edit(tmp_path: Path):
    """Who edits the file while the keychain is asked is still noticed, and nothing of it lost."""

    async def work(loop: LeapingLoop) -> None:
        path = tmp_path / "endpoints.toml"
        path.write_text(FILE)
        book = secret_book(path, Secrets())
        await book.read()
        path.write_text(FILE + "# and another one soon\n")
        await book.tidy()
        assert await book.has_changed()
        await book.read()
        await book.tidy()
        assert "hunter2" not in path.read_text()

    leap(work)


def test_a_file_that_cannot_be_written_keeps_its_secrets(tmp_path: Path):
    """Where a change is refused the keychain still has what the file goes with."""

    async def work(loop: LeapingLoop) -> None:
        path, keychain = tmp_path / "endpoints.toml", Secrets()
        path.write_text(FILE)
        book = secret_book(path, keychain)
        await book.read()
        await book.tidy()
        before = dict(keychain.kept)
        (server,) = await book.read()
        for url in ("http://me:correct-horse@a:8000/v1", "http://a:8000/v1"):
            path.write_text(path.read_text() + "# a note\n")
            with pytest.raises(Refused, match="changed by hand"):
                await book.write([replace(server, url=url, headers=())])
            assert keychain.kept == before
            await book.read()

    leap(work)


def test_a_locked_keychain_is_not_asked_for_what_stays(tmp_path: Path):
    """One server can be changed though the secrets of another cannot be read now."""

    async def work(loop: LeapingLoop) -> None:
        path, keychain = tmp_path / "endpoints.toml", Secrets()
        path.write_text(FILE.replace("hunter2", "***").replace("tok-secret", "***"))
        keychain.broken = Refused("locked")
        book = secret_book(path, keychain)
        await book.write([*await book.read(), endpoint("b")])
        assert [each.name for each in await book.read()] == ["a", "b"]

    leap(work)


NAMES = ("a", "b")
SECRETS = ("hunter2", "correct-horse", "battery")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("save", "remove", "edit", "note", "lock", "unlock", "restart")),
        st.sampled_from(NAMES),
        st.sampled_from(SECRETS),
    ),
    max_size=12,
)


class Story:
    """What a person and a keychain do, and what each server's secret must be after it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "endpoints.toml"
        self.keychain = Secrets()
        self.wanted: dict[str, tuple[str, str]] = {}
        """Password and header."""
        self.begin()

    def begin(self) -> None:
        """Start the program."""
        kept = Book(self.path, kind=Endpoint, table="endpoint")
        self.book = EndpointBook(book=kept, secrets=self.keychain)

    async def step(self, what: str, name: str, secret: str) -> None:
        """Do one thing, as the page or an editor would."""
        known = {each.name: each for each in await self.book.read()}
        if what == "save":
            url = f"http://me:{secret}@{name}:1/v1"
            known[name] = replace(endpoint(name, headers=(("X-Token", secret),)), url=url)
            await self.book.write(known.values())
            self.wanted[name] = (secret, secret)
        elif what == "remove" and name in known:
            await self.book.write(each for each in known.values() if each.name != name)
            del self.wanted[name]
            await self.book.drop_key(name)
        elif what == "edit" and name in known:
            self.path.write_text(self.edited(name, secret))
            self.wanted[name] = (self.wanted[name][0], secret)
        elif what == "note":
            old = self.path.read_text() if self.path.exists() else ""
            self.path.write_text(f"# {secret[::-1]}\n{old}")
        elif what == "restart":
            self.begin()
        else:
            self.keychain.broken = Refused("locked") if what == "lock" else None

    def edited(self, name: str, secret: str) -> str:
        """Return the file after somebody typed another value for the server `name`."""
        before, found, block = self.path.read_text().partition(f'name = "{name}"')
        return (
            before + found + re.sub(r'"X-Token", ".*?"', f'"X-Token", "{secret}"', block, count=1)
        )


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_no_order_of_events_loses_a_secret(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
):
    """Whatever is saved, edited by hand, refused or started anew: once the keychain is open every
    server has the value it was given last, the file has none, and comments stay.
    """

    async def work(loop: LeapingLoop) -> None:
        story = Story(tmp_path_factory.mktemp("config"))
        notes = 0
        for what, name, secret in steps:
            try:
                await story.step(what, name, secret)
            except Refused:
                continue
            notes += what == "note"
        story.keychain.broken = None
        await story.book.read()
        await story.book.tidy()
        found = [await story.book.reveal(each) for each in await story.book.read()]
        told = {each.name: (password_of(each.url), each.headers[0][1]) for each in found}
        assert told == story.wanted
        text = story.path.read_text() if story.path.exists() else ""
        assert not any(each in text for each in SECRETS)
        assert text.count("# ") == notes
        assert {SECRETS_PREFIX + name for name in story.wanted} <= story.keychain.kept.keys()

    leap(work)
