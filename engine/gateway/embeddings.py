"""`/v1/embeddings`: in the encoding that the client wants, whatever the server can."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.errors import Damaged, Rejected
from engine.exchange import Reply, Task
from engine.gateway.answering import result_of
from engine.gateway.asking import Malformed, json_of, request_of
from engine.gateway.ports import Call, Handler, Result, Router

FIELD = "encoding_format"
ENCODINGS = ("float", "base64")
BYTES_PER_NUMBER = 4
"""Base64 holds little-endian float32."""


class _Vector(msgspec.Struct):
    embedding: msgspec.Raw


class _Vectors(msgspec.Struct):
    data: list[_Vector]


def routes(router: Router) -> Mapping[tuple[str, str], Handler]:
    """Return the handler of this family."""

    async def embed(call: Call) -> Result:
        body = json_of(call)
        wanted = _check(body)
        try:
            reply = await router.handle(request_of(call, body, Task.EMBEDDING, "embedding"))
        except Rejected as error:
            if wanted != "base64" or not _is_about_encoding(error):
                raise
            plain = body | {FIELD: "float"}
            reply = await router.handle(request_of(call, plain, Task.EMBEDDING, "embedding"))
        result = result_of(reply)
        result.body = encoded(reply, wanted)
        return result

    return {("POST", "/v1/embeddings"): embed}


def encoded(reply: Reply, wanted: str) -> bytes:
    """Return the body of `reply` with every vector in the encoding `wanted`.

    Raises Damaged where it holds none.
    """
    try:
        vectors = msgspec.json.decode(reply.body, type=_Vectors).data
        is_base64 = wanted == "base64"
        if all(bytes(each.embedding).startswith(b'"') == is_base64 for each in vectors):
            return reply.body
        whole: dict[str, Any] = msgspec.json.decode(reply.body)
        for each in whole["data"]:
            vector = each["embedding"]
            if isinstance(vector, str) != is_base64:
                each["embedding"] = _packed(vector) if is_base64 else _unpacked(vector)
        return msgspec.json.encode(whole)
    except (ValueError, TypeError, struct.error, binascii.Error, OverflowError) as error:
        raise Damaged(
            f"{reply.endpoint} answered {reply.model} with no embeddings: choose another model"
        ) from error


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _unpacked(vector: str) -> list[float]:
    content = base64.b64decode(vector, validate=True)
    return list(struct.unpack(f"<{len(content) // BYTES_PER_NUMBER}f", content))


def _check(body: Mapping[str, Any]) -> str:
    """Return the encoding that is wanted. Raises Malformed for what cannot be embedded."""
    if not isinstance(body.get("input"), str | list) or body["input"] == []:
        raise Malformed("'input' must be a string or a list", param="input")
    if body.get("stream") is True:
        raise Malformed("embeddings come whole: leave out 'stream'", param="stream")
    wanted = body.get(FIELD)
    if wanted not in (None, *ENCODINGS):
        raise Malformed(f"'{FIELD}' must be float or base64", param=FIELD)
    return str(wanted or ENCODINGS[0])


def _is_about_encoding(error: Rejected) -> bool:
    told = f"{error.param} {error}".encode() + (error.body or b"")
    return FIELD.encode() in told
