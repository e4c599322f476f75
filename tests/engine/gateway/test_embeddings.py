"""Embeddings in the encoding that a client wants."""

from __future__ import annotations

import asyncio
import base64
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Rejected
from engine.exchange import LlmRequest, Reply, Task
from engine.gateway import embeddings
from engine.gateway.asking import Malformed
from engine.gateway.embeddings import encoded
from engine.gateway.ports import Call, Result
from tests.engine.gateway.fake_router import FakeRouter, embedding

FLOATS = [0.25, -1.5, 3.0]
PACKED = base64.b64encode(struct.pack("<3f", *FLOATS)).decode()
PATH = "/v1/embeddings"
VECTORS = st.lists(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1), min_size=1
)


def ask(router: FakeRouter, body: object) -> Result:
    """Return what the handler answers."""
    handler = embeddings.routes(router)["POST", PATH]
    return asyncio.run(handler(Call("POST", PATH, "req_1", "me", body=msgspec.json.encode(body))))


def vectors(result: Result) -> list[Any]:
    """Return the vectors of an answer."""
    return [row["embedding"] for row in msgspec.json.decode(result.body)["data"]]


@pytest.mark.parametrize("has", [FLOATS, PACKED])
@pytest.mark.parametrize(("wants", "gets"), [("float", FLOATS), ("base64", PACKED), (None, FLOATS)])
def test_encoding(has: object, wants: str | None, gets: object):
    """Whatever the server answers with, the client gets what it asked for."""
    body = {"model": "m", "input": ["a"]} | ({"encoding_format": wants} if wants else {})
    router = FakeRouter(answer=embedding([has, has]))
    assert vectors(ask(router, body)) == [gets, gets]
    assert router.requests[0].task is Task.EMBEDDING
    assert router.requests[0].body == body


def test_unknown_fields_stay():
    """An answer that is encoded again keeps everything else."""
    answer = embedding([FLOATS]) | {"extra": {"a": [1]}}
    result = ask(FakeRouter(answer=answer), {"input": "a", "encoding_format": "base64"})
    assert msgspec.json.decode(result.body) == embedding([PACKED]) | {"extra": {"a": [1]}}


def test_fitting_answer_is_not_touched():
    """Where nothing is to be done the body goes on byte by byte."""
    body = b'{ "data": [ {"embedding": [0.1, 2]} ] }'
    assert encoded(Reply("m", "e", body=body), "float") is body


@given(VECTORS)
def test_there_and_back(rows: list[list[float]]):
    """Encoded as base64 and back, vectors are what they were."""
    floats = Reply("m", "e", body=msgspec.json.encode(embedding(rows)))
    packed = Reply("m", "e", body=encoded(floats, "base64"))
    again = msgspec.json.decode(encoded(packed, "float"))
    assert [row["embedding"] for row in again["data"]] == rows


class Picky(FakeRouter):
    """Refuses base64, as some servers do."""

    async def handle(self, request: LlmRequest) -> Reply:
        """Answer only what asks for floats."""
        if request.body.get("encoding_format") == "base64":
            self.requests.append(request)
            raise Rejected("HTTP 400", body=b'{"error":{"message":"encoding_format: only float"}}')
        return await super().handle(request)


def test_server_that_refuses_base64():
    """A server that knows no base64 is asked for floats."""
    router = Picky(answer=embedding([FLOATS]))
    result = ask(router, {"input": "a", "encoding_format": "base64"})
    assert vectors(result) == [PACKED]
    assert [each.body["encoding_format"] for each in router.requests] == ["base64", "float"]


def test_other_refusals_pass():
    """What is refused for another reason is not asked again."""
    router = FakeRouter(error=Rejected("input is too long"))
    with pytest.raises(Rejected, match="too long"):
        ask(router, {"input": "a", "encoding_format": "base64"})
    assert len(router.requests) == 1


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": 3}, "input"),
        ({"input": "a", "stream": True}, "stream"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "a", "encoding_format": []}, "encoding_format"),
    ],
)
def test_wrong_calls(body: dict[str, object], param: str):
    """What cannot be embedded is refused by its field."""
    with pytest.raises(Malformed) as error:
        ask(FakeRouter(), body)
    assert error.value.param == param


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"data": [{}]},
        {"data": [{"embedding": ["a"]}]},
        {"data": [{"embedding": [1e300]}]},
        {"data": [{"embedding": None}]},
    ],
)
def test_answer_that_is_none(answer: object):
    """An answer without embeddings is the server's fault, and named so."""
    with pytest.raises(Damaged, match="embeddings"):
        ask(FakeRouter(answer=answer), {"input": "a", "encoding_format": "base64"})


@pytest.mark.parametrize("vector", ["!!", "abc", base64.b64encode(b"12345").decode()])
def test_broken_base64(vector: str):
    """Base64 that is none is the server's fault."""
    with pytest.raises(Damaged):
        ask(FakeRouter(answer=embedding([vector])), {"input": "a"})
