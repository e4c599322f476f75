"""The whole way through `serve`, whatever its clients do."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import psutil
import pytest

from tests.live.faulty import HELLO, PATIENCE_S, Faulty, among_faults
from tests.live.fuzz import odd_call
from tests.live.programs import wait_until
from tests.live.served import START_S, at_upstream, serving, surroundings, upstream_thread
from tests.live.upstream import Upstream

pytestmark = pytest.mark.live

MIB = 1 << 20
HUGE_BYTES = 200 * MIB
MOST_MIB = 32
"""A body of the largest size that is taken, 8 MiB here, in pieces and in one, with room."""
CALM = 20
"""Readings alike, one each 50 ms: what a process loads when it starts is in its memory."""
LORISES = 40
FUZZED = 3000
"""On this whole way; ten thousand go through the gateway alone, in `test_gateway_fuzz.py`."""
INTERNAL = 500
CHAT, MESSAGES, EMBEDDINGS = "/chat/completions", "/messages", "/embeddings"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """Return `serve`; in the end no key may stand anywhere."""
    with among_faults(tmp_path_factory.mktemp("clients")) as found:
        yield found
        assert found.places_that_tell() == []


def plain(**fields: object) -> bytes:
    """Return a request that is good but for `fields`."""
    return json.dumps({"model": "plain-model", "messages": HELLO} | fields).encode()


WRONG = {
    "nothing": (CHAT, b""),
    "half": (CHAT, plain()[:-9]),
    "two": (CHAT, plain() + plain()),
    "a list": (CHAT, b"[1]"),
    "a word": (CHAT, b"hello"),
    "NaN": (CHAT, b'{"model": NaN}'),
    "no UTF-8": (CHAT, b'{"model": "\xff\xfe"}'),
    "half a pair": (CHAT, b'{"model": "\\ud800", "messages": []}'),
    "deep": (CHAT, b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a long number": (CHAT, b'{"model": "x", "n": ' + b"9" * 10_000 + b"}"),
    "model": (CHAT, plain(model=5)),
    "messages": (CHAT, plain(messages="Hello")),
    "no messages": (CHAT, plain(messages=[])),
    "numbers as messages": (CHAT, plain(messages=[1, 2])),
    "stream": (CHAT, plain(stream="yes")),
    "temperature": (CHAT, plain(temperature="hot")),
    "max_tokens": (CHAT, plain(max_tokens=[9])),
    "tools": (CHAT, plain(tools={"name": "x"})),
    "input": (EMBEDDINGS, json.dumps({"model": "plain-model", "input": {"a": 1}}).encode()),
    "no max_tokens": (MESSAGES, plain()),
    "content": (MESSAGES, plain(max_tokens=9, messages=[{"role": "user", "content": 5}])),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_requests(faulty: Faulty, case: str):
    """What is no JSON or has wrong types is the client's to mend, and no server is asked."""
    asked = faulty.good.counts["requests"]
    path, body = WRONG[case]
    heard = faulty.post(body, path)
    assert heard.status == 400, heard.body
    assert len(heard.message) > 10
    assert heard.json()["error"]["type"] == "invalid_request_error"
    assert faulty.good.counts["requests"] == asked


def test_fuzzed_requests(tmp_path: Path):
    """Whatever comes, router and servers included, nothing is a mistake of ours."""
    random, seen = Random(7), Counter[int]()
    with (
        upstream_thread(Upstream(models=("small:1b",), keeps=False)) as server,
        serving(tmp_path, endpoints=at_upstream(server), settings="embedded = false\n") as served,
        httpx.Client(base_url=served.base, timeout=PATIENCE_S) as client,
    ):
        client.headers["authorization"] = f"Bearer {served.key}"
        for _ in range(FUZZED):
            path, body = odd_call(random)
            answer = client.post(path, content=body)
            seen[answer.status_code] += 1
            assert answer.status_code != INTERNAL, (path, body)
            if answer.status_code >= 400:
                assert isinstance(answer.json()["error"]["message"], str), (path, body)
        assert served.key not in served.said
        assert "Traceback" not in served.said
    assert seen[200] > FUZZED // 20, seen
    assert seen[400] > FUZZED // 4, seen


def test_unknown_model(faulty: Faulty):
    """Who mistypes a model is told which there are that are called almost so."""
    for path in (CHAT, MESSAGES, EMBEDDINGS):
        heard = faulty.ask("plain-modle", path, input="Hello")
        assert heard.status == 404, heard.body
        assert "plain-model" in heard.message


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
def test_two_hundred_megabytes(faulty: Faulty, is_chunked: bool):
    """A body that is much too large is refused, and never in memory."""
    refused = faulty.metric("uat_gateway_responses_total", 'class="4xx"')
    process = psutil.Process(faulty.program.process_id)
    before = settled(process)
    most = [before]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            most[0] = max(most[0], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        with connection(faulty) as sock:
            told = "transfer-encoding: chunked" if is_chunked else f"content-length: {HUGE_BYTES}"
            sock.sendall(head(faulty, told))
            piece = bytes(MIB)
            framed = f"{MIB:x}\r\n".encode() + piece + b"\r\n" if is_chunked else piece
            with contextlib.suppress(ConnectionError, TimeoutError):
                for _ in range(HUGE_BYTES // MIB):
                    sock.sendall(framed)
            with contextlib.suppress(ConnectionError):  # who still sends may miss the answer
                assert b" 413 " in sock.recv(MIB)
    finally:
        over.set()
        watching.join()
    assert (most[0] - before) / MIB < MOST_MIB
    assert faulty.metric("uat_gateway_responses_total", 'class="4xx"') == refused + 1
    assert faulty.ask("plain-model").status == 200


def settled(process: psutil.Process) -> int:
    """Return the bytes of memory of `process`, once they have stopped moving."""
    seen: list[int] = []

    def look() -> bool:
        seen.append(process.memory_info().rss)
        return len(seen) >= CALM and max(seen[-CALM:]) - min(seen[-CALM:]) < MIB

    wait_until(look, "its memory to be calm", within_s=START_S)
    return seen[-1]


def test_slow_loris(faulty: Faulty):
    """Many who send by drops keep nobody from an answer, and are closed."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connection(faulty)) for _ in range(LORISES)]
        for number, sock in enumerate(slow):
            begun = head(faulty, "content-length: 5000")
            sock.sendall(begun[:40] if number % 2 else begun + b"{")
        assert faulty.ask("plain-model").status == 200
        statuses = Counter(drip_until_closed(sock).partition(b"\r\n")[0] for sock in slow)
        assert faulty.ask("plain-model").status == 200
    assert statuses == {b"HTTP/1.1 408 Request Timeout": LORISES}


def drip_until_closed(sock: socket.socket) -> bytes:
    """Send a letter now and then, until the other side answers and closes; return its words."""
    said = b""
    sock.settimeout(0.2)
    while True:
        with contextlib.suppress(TimeoutError):
            try:
                if not (part := sock.recv(65_536)):
                    return said
            except ConnectionError:
                return said
            said += part
        with contextlib.suppress(ConnectionError):
            sock.send(b"x")


def test_key_revoked_meanwhile(faulty: Faulty):
    """A key that is revoked by the command opens nothing soon after; the first one still does."""
    key = keys_command(faulty, "add", "editor").strip()
    faulty.keys["editor"] = key
    shown = {"authorization": f"Bearer {key}"}

    def status() -> int:
        return faulty.ask("plain-model", headers=shown).status

    wait_until(lambda: status() == 200, "the new key is known", within_s=START_S)
    keys_command(faulty, "revoke", "editor")
    wait_until(lambda: status() == 401, "the key is known to be revoked", within_s=START_S)
    assert faulty.ask("plain-model").status == 200


def keys_command(faulty: Faulty, *words: str) -> str:
    """Return what `keys` says in a process of its own."""
    command = [sys.executable, "-m", "app", "keys", *words]
    done = subprocess.run(
        command, env=surroundings(faulty.home), capture_output=True, text=True, timeout=START_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_who_leaves_while_servers_fail(faulty: Faulty, is_stream: bool):
    """A client that goes before the first byte ends the request at the server, asked once."""
    aborted, asked = len(faulty.bad.aborted_s), faulty.posts("only-silent")
    with connection(faulty) as sock:
        body = plain(model="only-silent", stream=is_stream)
        sock.sendall(head(faulty, f"content-length: {len(body)}") + body)
        wait_until(lambda: faulty.posts("only-silent") > asked, "the server", within_s=START_S)
    wait_until(lambda: len(faulty.bad.aborted_s) > aborted, "it is left", within_s=START_S)
    wait_until(
        lambda: faulty.metric("uat_endpoint_in_flight", 'endpoint="only-silent"') == 0,
        "nothing is under way",
        within_s=START_S,
    )
    assert faulty.posts("only-silent") == asked + 1


@contextlib.contextmanager
def connection(faulty: Faulty) -> Iterator[socket.socket]:
    """Open a connection to `serve`."""
    with socket.create_connection(("127.0.0.1", faulty.port), PATIENCE_S) as sock:
        yield sock


def head(faulty: Faulty, *lines: str) -> bytes:
    """Return the head of a request for a chat."""
    usual = (
        "POST /v1/chat/completions HTTP/1.1",
        f"host: 127.0.0.1:{faulty.port}",
        f"authorization: Bearer {faulty.key}",
        "content-type: application/json",
    )
    return "\r\n".join((*usual, *lines, "", "")).encode()
