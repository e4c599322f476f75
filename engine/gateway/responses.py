"""`/v1/responses`: OpenAI's newer dialect, with conversations that are kept here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from engine.clock import Clock
from engine.errors import Rejected
from engine.exchange import Reply, Task
from engine.gateway.answering import result_of, stream_result
from engine.gateway.asking import Malformed, json_of, request_of
from engine.gateway.fields import JsonObject, required, text
from engine.gateway.ports import Call, Handler, Result, Router
from engine.gateway.response_items import items_of, kind_of, unsupported
from engine.gateway.response_shelf import Kept, ResponseShelf
from engine.gateway.responses_stream import ResponseEvents
from engine.gateway.responses_wire import conversation, repeated, to_chat, wants_logprobs
from engine.gateway.translation import translated

PATH = "/v1/responses"
ITEMS = "input_items"
MOST_ITEMS = 100
USUAL_ITEMS = 20
"""Items that a list holds where nobody says how many."""

_encode = msgspec.json.Encoder().encode


def routes(
    router: Router,
    *,
    shelf: ResponseShelf,
    count: Callable[[Mapping[str, Any]], int],
    clock: Clock,
    ids: Callable[[], str] = lambda: uuid4().hex,
) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of this family.

    count: about how many tokens the prompt of a chat body has. ids: makes the unique part of
    the names of responses and items.
    """
    family = _Responses(router, shelf, count=count, clock=clock, ids=ids)
    return {
        ("POST", PATH): family.create,
        ("POST", f"{PATH}/input_tokens"): family.estimate,
        ("GET", f"{PATH}/*"): family.read,
        ("DELETE", f"{PATH}/*"): family.delete,
        ("POST", f"{PATH}/*"): family.act,
    }


@dataclass(frozen=True, slots=True)
class _Turn:
    """What was sent, and what was said before it."""

    body: JsonObject
    known: tuple[JsonObject, ...]
    known_bytes: int
    items: tuple[JsonObject, ...]


class _Responses:
    """The handlers of this family, and what they share."""

    def __init__(
        self,
        router: Router,
        shelf: ResponseShelf,
        *,
        count: Callable[[Mapping[str, Any]], int],
        clock: Clock,
        ids: Callable[[], str],
    ) -> None:
        self._router = router
        self._shelf = shelf
        self._count = count
        self._clock = clock
        self._ids = ids

    async def create(self, call: Call) -> Result:
        """Answer, whole or as events."""
        turn = self._turn(call)
        chat = to_chat(turn.body, turn.items, turn.known)
        request = request_of(call, chat, Task.CHAT, "responses")
        reply = await self._router.handle(request)
        events = self._events(call.client, turn, reply)
        if request.is_stream:
            result = stream_result(reply)
            result.stream = translated(reply, events)
            return result
        result = result_of(reply)
        events.take(reply.json())
        events.end()
        result.body = _encode(events.response)
        return result

    async def estimate(self, call: Call) -> Result:
        """Tell about how many tokens a request has, without sending it anywhere."""
        turn = self._turn(call)
        tokens = self._count(conversation(turn.body, turn.items, turn.known))
        return _json({"object": "response.input_tokens", "input_tokens": tokens})

    async def read(self, call: Call) -> Result:
        """Return a kept response, or the items that were sent with it."""
        id, _, rest = call.path.removeprefix(f"{PATH}/").partition("/")
        kept = self._shelf.get(call.client, id)
        if kept is None or rest not in ("", ITEMS):
            raise _not_found(call.path)
        if rest == ITEMS:
            return _json(_listed(kept.input, call.query))
        if call.query.get("stream") == "true":
            raise unsupported("stream", "Reading a finished response as a stream", "read it whole")
        return _json(kept.response)

    async def delete(self, call: Call) -> Result:
        """Forget a response."""
        id = call.path.removeprefix(f"{PATH}/")
        if not self._shelf.remove(call.client, id):
            raise _not_found(call.path)
        return _json({"id": id, "object": "response", "deleted": True})

    async def act(self, call: Call) -> Result:
        """Refuse what cannot be done to a response."""
        id, _, rest = call.path.removeprefix(f"{PATH}/").partition("/")
        if rest == "cancel" and self._shelf.get(call.client, id):
            raise unsupported("background", "Cancelling a response", "close its stream")
        raise _not_found(call.path)

    def _turn(self, call: Call) -> _Turn:
        body = json_of(call)
        kept = self._previous(call.client, body)
        if kept is None:
            required(body, "input")
        sent = body.get("input")
        items = tuple(
            self._resolved(call.client, item, f"input[{at}]")
            for at, item in enumerate([] if sent is None else items_of(sent))
        )
        if kept is None:
            return _Turn(body, (), 0, items)
        return _Turn(body, kept.conversation, kept.size_bytes, items)

    def _previous(self, client: str, body: JsonObject) -> Kept | None:
        id = body.get("previous_response_id")
        if id is None:
            return None
        kept = self._shelf.get(client, text(id, "previous_response_id"))
        if kept is None:
            raise Malformed(
                f"Previous response with id '{id}' not found: the last ones are kept in memory, "
                "send the whole conversation",
                code="previous_response_not_found",
                param="previous_response_id",
            )
        return kept

    def _resolved(self, client: str, item: JsonObject, param: str) -> JsonObject:
        """Return `item`, or the one it refers to; each has an id by which it can be found."""
        if kind_of(item) != "item_reference":
            return item if isinstance(item.get("id"), str) else item | {"id": f"item_{self._ids()}"}
        id = text(required(item, "id", f"{param}.id"), f"{param}.id")
        found = self._shelf.item(client, id)
        if found is None:
            raise Malformed(
                f"Item with id '{id}' not found: send the item itself", param=f"{param}.id"
            )
        return found

    def _events(self, client: str, turn: _Turn, reply: Reply) -> ResponseEvents:
        head = {
            "id": f"resp_{self._ids()}",
            "object": "response",
            "created_at": int(self._wall()),
            "model": reply.model,
        } | repeated(turn.body)

        def keep(response: JsonObject) -> None:
            if response["store"]:
                size = turn.known_bytes + len(_encode(response)) + len(_encode(turn.items))
                said = (*turn.known, *turn.items, *response["output"])
                self._shelf.put(client, Kept(response, turn.items, said, size))

        return ResponseEvents(
            head=head,
            has_logprobs=wants_logprobs(turn.body),
            ids=self._ids,
            wall=self._wall,
            keep=keep,
        )

    def _wall(self) -> float:
        return self._clock.wall().timestamp()


def _listed(items: Sequence[JsonObject], query: Mapping[str, str]) -> JsonObject:
    """Return a page of `items`, newest first unless `order=asc`."""
    limit = query.get("limit", str(USUAL_ITEMS))
    is_number = limit.isascii() and limit.isdecimal() and len(limit) <= len(str(MOST_ITEMS))
    if not is_number or not 1 <= int(limit) <= MOST_ITEMS:
        raise Malformed(f"'limit' must be a number from 1 to {MOST_ITEMS}", param="limit")
    ordered = list(items) if query.get("order") == "asc" else list(reversed(items))
    names = [item["id"] for item in ordered]
    start = names.index(query["after"]) + 1 if query.get("after") in names else 0
    page = ordered[start : start + int(limit)]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + len(page) < len(ordered),
    }


def _json(value: object) -> Result:
    return Result(body=_encode(value))


def _not_found(path: str) -> Rejected:
    id = path.removeprefix(f"{PATH}/")
    return Rejected(
        f"Response with id '{id}' not found: the last ones are kept in memory",
        status=404,
        code="response_not_found",
        param="id",
    )
