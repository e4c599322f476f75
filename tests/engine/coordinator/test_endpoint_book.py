"""The user's servers in their file, and their keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.book import Book
from engine.coordinator.endpoint_book import EndpointBook, check_endpoint, host_of
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.errors import Refused, SettingsError
from tests.engine.coordinator.world import Secrets, endpoint
from tests.leaping import LeapingLoop, leap


def book(folder: Path, secrets: Secrets | None = None) -> EndpointBook:
    kept = Book(folder / "endpoints.toml", kind=Endpoint, table="endpoint")
    return EndpointBook(book=kept, secrets=secrets or Secrets())


def test_what_is_written_is_read(tmp_path: Path):
    """Every field comes back, by another reader too, who notices the change."""
    servers = (
        endpoint("a", weight=0.5, models=("x", "y"), headers=(("x-team", "1"),), may_hedge=False),
        endpoint("b", is_local=False),
    )

    async def work(loop: LeapingLoop) -> None:
        first, second = book(tmp_path), book(tmp_path)
        await first.write(servers)
        assert not await first.has_changed()
        assert await second.has_changed()
        assert await second.read() == servers

    leap(work)


def test_two_servers_of_one_name_are_a_mistake(tmp_path: Path):
    """The message names the file and the name."""

    async def work(loop: LeapingLoop) -> None:
        tested = book(tmp_path)
        await tested.write([endpoint("a"), endpoint("a", 2)])
        with pytest.raises(SettingsError, match=r"endpoints\.toml.*'a'"):
            await tested.read()

    leap(work)


def test_a_key_is_asked_for_once(tmp_path: Path):
    """The keychain may be slow: what it said is remembered, also that there is none."""
    secrets = Secrets({"endpoint.a": "sk"})

    async def work(loop: LeapingLoop) -> None:
        tested = book(tmp_path, secrets)
        assert tested.key("a") == ""
        for name in ("a", "b"):
            await tested.read_key(name)
        secrets.broken = Refused("locked")
        for name in ("a", "b"):
            await tested.read_key(name)
        assert (tested.key("a"), tested.key("b")) == ("sk", "")
        with pytest.raises(Refused):
            await tested.read_key("c")

    leap(work)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:11434", ("127.0.0.1", 11434)),
        ("http://[::1]:11434/v1", ("127.0.0.1", 11434)),
        ("https://api.example.com/v1", ("api.example.com", 443)),
        ("http://Box/v1", ("box", 80)),
        ("box:1234", None),
        ("http://", None),
        ("http://a:x", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_addresses_of_one_machine_are_one(url: str, host: tuple[str, int] | None):
    """However it is written; what is no address is none."""
    assert host_of(url) == host


def test_a_wrong_address_is_told_without_its_password():
    """A mistake in the file is shown in the window, and written into the log."""
    wrong = Endpoint("a", EndpointKind.OPENAI, "ftp://me:geheim@host")
    with pytest.raises(SettingsError, match="host") as raised:
        check_endpoint(wrong)
    assert "geheim" not in str(raised.value)
