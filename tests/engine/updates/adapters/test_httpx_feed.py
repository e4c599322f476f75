from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from engine.errors import Damaged, OutsideError, Refused, TimedOut, Unreachable
from engine.updates.adapters import httpx_feed
from engine.updates.adapters.httpx_feed import HttpxFeed
from engine.updates.adapters.simulated import NEWEST
from engine.updates.release import LARGEST_BYTES
from tests.engine.updates.feed_server import WAIT_S, answer, serving
from tests.live.certificates import make_certificates


@pytest.fixture
def server():
    with serving() as server:
        yield server


def read(url):
    return asyncio.run(HttpxFeed().read(url))


def fails(server, page, kind: type[OutsideError], text):
    server.pages["/newest.json"] = page
    with pytest.raises(kind, match=text) as raised:
        read(f"{server.url}/newest.json")
    assert str(raised.value).startswith("127.0.0.1:")


def test_the_file_is_read(server):
    """What lies there is returned as it is."""
    server.pages["/newest.json"] = answer()
    assert read(f"{server.url}/newest.json") == NEWEST


def test_nothing_that_is_sent_tells_who_asks(server, monkeypatch):
    """A plain GET: these lines and no other, the same from everybody; no body and no cookie."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # is not asked about this machine
    server.pages["/newest.json"] = answer()
    read(f"{server.url}/newest.json")
    (request,) = server.asked
    assert sorted(line.lower() for line in request.splitlines() if line) == [
        "accept-encoding: identity",
        "accept: application/json",
        "connection: keep-alive",
        "get /newest.json http/1.1",
        f"host: {server.url.removeprefix('http://')}",
        "user-agent: universal-ai-tools",
    ]


def test_a_redirect_is_followed_without_what_it_gave(server):
    """Another page of the same scheme is asked, and shown no cookie."""
    moved = ("Location: /moved.json", "Set-Cookie: id=1234; Path=/")
    server.pages["/newest.json"] = answer(b"", "302 Found", *moved)
    server.pages["/moved.json"] = answer()
    assert read(f"{server.url}/newest.json") == NEWEST
    assert "cookie" not in server.asked[1].lower()


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1:1/newest.json",
        "file:///etc/passwd",
        "ftp://127.0.0.1/newest.json",
        "http://example.org/newest.json",
        "http://me:secret@127.0.0.1:1/",
        "//example.org/newest.json",
    ],
)
def test_a_redirect_that_leads_elsewhere_is_refused(server, target):
    """Another scheme, an unencrypted server elsewhere, a login and nonsense are not followed."""
    page = answer(b"", "302 Found", f"Location: {target}")
    fails(server, page, Refused, "sends us to an address that is not followed")
    assert len(server.asked) == 1


def test_redirects_without_end_are_refused(server):
    """After a few the address is called wrong."""
    page = answer(b"", "302 Found", "Location: /newest.json")
    fails(server, page, Refused, "on and on")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("page", "kind", "text"),
    [
        (answer(b"", "404 Not Found"), Refused, "404 Not Found: correct the address"),
        (answer(b"", "503 Service Unavailable"), Unreachable, "503 .*tomorrow"),
        (answer(b"", "302 Found"), Refused, "302"),
        (answer(b"", "302 Found", "Location: http://[::1"), Damaged, "correct the address"),
        (answer(b"x" * (LARGEST_BYTES + 1)), Damaged, "more than 64 KiB"),
        (answer(NEWEST, "200 OK", "Content-Encoding: gzip"), Damaged, "packed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Damaged, "not in HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", Damaged, "not in HTTP"),
    ],
)
def test_a_bad_answer_says_what_is_wrong(server, page, kind, text):
    """Each has its sentence, which names who answered and what to do."""
    fails(server, page, kind, text)


@pytest.mark.parametrize("page", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n..."])
def test_a_server_that_hangs_is_left(server, monkeypatch, page):
    """Whether it says nothing or stops in the middle."""
    monkeypatch.setattr(httpx_feed, "WHOLE_S", 0.3)
    fails(server, page, TimedOut, "in time")


def test_a_server_that_is_away_is_told():
    """Nobody listens at the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(Unreachable, match="check the network"):
            read(f"http://127.0.0.1:{taken.getsockname()[1]}/")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    """Whoever sits between could tell of another version: nothing is read from him."""
    folder = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with serving(context) as server:
        with pytest.raises(Refused, match=r"certificate of 127\.0\.0\.1:\d+ is not valid"):
            read(f"{server.url}/newest.json")
    assert server.asked == []


def test_a_proxy_that_cannot_be_used_is_told(monkeypatch):
    """A wrong word in the environment is no crash."""
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://127.0.0.1:1")
    with pytest.raises(Refused, match="proxy"):
        read("https://example.org/newest.json")


def test_a_look_that_is_given_up_lets_go(server):
    """Cancelled, it closes its connection and passes the cancellation on."""
    server.pages["/newest.json"] = b""

    async def scene():
        task = asyncio.create_task(HttpxFeed().read(f"{server.url}/newest.json"))
        assert await asyncio.to_thread(server.is_asked.wait, WAIT_S)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(scene())
