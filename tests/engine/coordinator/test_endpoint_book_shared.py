"""Secrets of servers where two programs share one configuration, or an address is edited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.book import Book
from engine.coordinator.endpoint_book import EndpointBook
from engine.coordinator.endpoint_secrets import SECRETS_PREFIX, EndpointSecrets, decoded
from engine.coordinator.settings import KEY_PREFIX, Endpoint
from engine.coordinator.snapshot import EndpointState
from engine.errors import Refused
from tests.engine.coordinator.fake_provider import whole
from tests.engine.coordinator.world import Secrets, World, chat, endpoint, run
from tests.leaping import LeapingLoop, leap

OLD = "http://me:hunter2@a:8000/v1"
NEW = "http://me:correct-horse@a:8000/v1"
FILE = f"""\
[[endpoint]]
name = "a"
kind = "openai"
url = "{OLD}"
headers = [["X-Token", "tok-secret"]]
"""


async def program(folder: Path, keychain: Secrets) -> EndpointBook:
    """Return a program's view of the servers in `folder`, with all secrets known."""
    book = Book(folder / "endpoints.toml", kind=Endpoint, table="endpoint")
    found = EndpointBook(book=book, secrets=keychain)
    await found.read()
    await found.tidy()
    await server(found)
    return found


async def server(book: EndpointBook) -> Endpoint:
    """Return the only server in `book`, as it is asked."""
    (found,) = await book.read()
    return await book.reveal(found)


def lies_in(keychain: Secrets) -> tuple[str, dict[str, str]]:
    """Return password and headers of the server a."""
    found = decoded(keychain.kept[SECRETS_PREFIX + "a"])
    return found.password, found.headers


def test_what_another_program_changed_is_used(tmp_path: Path):
    """A password and a key that were changed in one program count in the other with its next
    look, and a change made there leaves them alone.
    """

    async def work(loop: LeapingLoop) -> None:
        (tmp_path / "endpoints.toml").write_text(FILE)
        keychain = Secrets()
        keychain.kept[KEY_PREFIX + "a"] = "key-of-old"
        one, other = await program(tmp_path, keychain), await program(tmp_path, keychain)
        await one.read_key("a")
        await other.write([replace(await server(other), url=NEW)])
        await other.write_key("a", "key-of-new")
        assert await one.has_changed()
        known = await server(one)
        assert (known.url, one.key("a")) == (NEW, "key-of-new")
        await one.write([replace(known, headers=(("X-Token", "tok-newer"),))])
        assert lies_in(keychain) == ("correct-horse", {"x-token": "tok-newer"})

    leap(work)


def test_a_program_that_has_not_looked_changes_no_secret(tmp_path: Path):
    """Between another's change and the next look a change is refused, the keychain untouched."""

    async def work(loop: LeapingLoop) -> None:
        (tmp_path / "endpoints.toml").write_text(FILE)
        keychain = Secrets()
        one, other = await program(tmp_path, keychain), await program(tmp_path, keychain)
        stale = await server(one)
        await other.write([replace(await server(other), url=NEW)])
        with pytest.raises(Refused, match="try again"):
            await one.write([replace(stale, headers=(("X-Token", "tok-newer"),))])
        assert lies_in(keychain) == ("correct-horse", {"x-token": "tok-secret"})

    leap(work)


def test_what_could_not_be_read_again_is_not_written_back(tmp_path: Path):
    """Where the keychain was locked as another program's change was seen, that change survives
    what is saved here later, and is used after the next look.
    """

    async def work(loop: LeapingLoop) -> None:
        (tmp_path / "endpoints.toml").write_text(FILE)
        keychain = Secrets()
        one, other = await program(tmp_path, keychain), await program(tmp_path, keychain)
        await other.write([replace(await server(other), url=NEW)])
        keychain.broken = Refused("locked")
        stale = await server(one)
        assert stale.url == OLD
        keychain.broken = None
        await one.write([replace(stale, headers=(("X-Token", "tok-newer"),))])
        assert lies_in(keychain) == ("correct-horse", {"x-token": "tok-newer"})
        assert await one.has_changed()
        assert (await server(one)).url == NEW
        assert not await one.has_changed()

    leap(work)


def test_a_server_of_the_same_name_gets_no_former_key(tmp_path: Path):
    """A server that another program removed is forgotten; one that is called alike has no key."""

    async def work(loop: LeapingLoop) -> None:
        path, keychain = tmp_path / "endpoints.toml", Secrets()
        path.write_text(FILE)
        one, other = await program(tmp_path, keychain), await program(tmp_path, keychain)
        await other.write_key("a", "key-of-old")
        await one.read_key("a")
        await other.write([])
        await other.drop_key("a")
        assert keychain.kept == {}
        assert await one.read() == ()
        await other.write([endpoint("a")])
        await one.read()
        await one.read_key("a")
        assert one.key("a") == ""

    leap(work)


def test_what_a_locked_keychain_keeps_of_a_removed_server_goes_later(tmp_path: Path):
    """A server is removed though its secrets cannot be read; that they are still there is told
    until they are gone.
    """

    async def work(world: World) -> None:
        stored = EndpointSecrets("hunter2", {"x-token": "tok-secret"}).encoded()
        world.secrets.kept = {SECRETS_PREFIX + "a": stored, KEY_PREFIX + "a": "key-of-a"}
        world.secrets.broken = Refused("unlock the keyring")
        world.book.path.write_text(FILE.replace("hunter2", "***").replace("tok-secret", "***"))
        async with world.opened() as coordinator:
            await coordinator.remove_endpoint("a")
            await coordinator.look()
            problem = coordinator.snapshot().problem or ""
            assert "a server that is gone: unlock the keyring" in problem
            with pytest.raises(Refused, match="unlock"):  # it would get the former one's key
                await coordinator.put_endpoint(endpoint("a"))
            world.secrets.broken = None
            await coordinator.look()
            assert world.secrets.kept == {}
            assert not coordinator.snapshot().problem

    run(tmp_path, work)


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("url", ["http://me:***@evil:8000/v1", "https://me:***@a:8000/v1"])
def test_another_server_gets_no_password_by_hand(tmp_path: Path, url: str, is_restarted: bool):
    """Whoever types another address and leaves the `***` is told why it is not asked; the former
    address still works.
    """

    async def work(world: World) -> None:
        world.book.path.write_text(FILE)
        async with world.opened() as coordinator:
            text = world.book.path.read_text()
            if not is_restarted:
                await look_at(world, text.replace("http://me:***@a:8000/v1", url))
                world.book.path.write_text(text)
                await coordinator.look()
                assert (await world.send(chat())).endpoint == "a"
        if is_restarted:
            async with world.opened():
                await look_at(world, text.replace("http://me:***@a:8000/v1", url))

    async def look_at(world: World, text: str) -> None:
        world["a"].usual = whole()
        world.book.path.write_text(text)
        await world.coordinator.look()
        (known,) = (link.endpoint for link in world.coordinator._fleet.links)
        assert known.url == url
        assert known.headers == (("X-Token", "***"),)
        assert world.view("a").state is EndpointState.DOWN
        assert "the address has changed" in (world.coordinator.snapshot().problem or "")
        assert not world["a"].calls

    run(tmp_path, work)


def test_another_path_of_the_same_server_keeps_its_password(tmp_path: Path):
    """Only where it would go to somebody else must it be typed anew."""

    async def work(loop: LeapingLoop) -> None:
        path, keychain = tmp_path / "endpoints.toml", Secrets()
        path.write_text(FILE)
        book = await program(tmp_path, keychain)
        path.write_text(path.read_text().replace("a:8000/v1", "a:8000/v2"))
        assert (await server(book)).url == "http://me:hunter2@a:8000/v2"

    leap(work)


def test_secrets_of_earlier_versions_belong_to_the_first_address(tmp_path: Path):
    """Those had no address with them; they have from their first use on."""

    async def work(loop: LeapingLoop) -> None:
        path, keychain = tmp_path / "endpoints.toml", Secrets()
        path.write_text(FILE.replace("hunter2", "***").replace("tok-secret", "***"))
        stored = EndpointSecrets("hunter2", {"x-token": "tok-secret"}).encoded()
        keychain.kept[SECRETS_PREFIX + "a"] = stored
        assert (await server(await program(tmp_path, keychain))).url == OLD
        path.write_text(path.read_text().replace("@a", "@evil"))
        fresh = Book(path, kind=Endpoint, table="endpoint")
        with pytest.raises(Refused, match="the address has changed"):
            await server(EndpointBook(book=fresh, secrets=keychain))

    leap(work)
