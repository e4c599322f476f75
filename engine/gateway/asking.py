"""From a client's call to a request for a language model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.analytics.task_types import named
from engine.errors import Rejected
from engine.exchange import CacheWish, LlmRequest, Task
from engine.gateway.client_keys import DEFAULT
from engine.gateway.ports import Call

LONGEST_SESSION = 200
"""Characters of a session's name; longer ones are no names."""
OF_KEY = "key:"
"""Begins the names of sessions that belong to a named key; such a key's name has no slash."""
MOST_DIGITS = 10
"""Of a deadline: a few months. Longer ones would have to be read before they can be refused."""
MS_PER_S = 1000
CONTEXT = frozenset(("system", "date", "notes", "memory"))
"""What may be added to a request, as `LlmRequest.context` has it."""

_NUMBER = (int, float, type(None))
_WHOLE = (int, type(None))
_TEXT = (str, type(None))
_TABLE = (dict, type(None))
_LIST = (list, type(None))
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "model": (_TEXT, "a string"),
    "stream": ((bool, type(None)), "true or false"),
    "stream_options": (_TABLE, "an object"),
    "temperature": (_NUMBER, "a number"),
    "top_p": (_NUMBER, "a number"),
    "presence_penalty": (_NUMBER, "a number"),
    "frequency_penalty": (_NUMBER, "a number"),
    "max_tokens": (_WHOLE, "a whole number"),
    "max_completion_tokens": (_WHOLE, "a whole number"),
    "n": (_WHOLE, "a whole number"),
    "seed": (_WHOLE, "a whole number"),
    "top_logprobs": (_WHOLE, "a whole number"),
    "stop": ((str, list, type(None)), "a string or a list of strings"),
    "tools": (_LIST, "a list"),
    "functions": (_LIST, "a list"),
    "tool_choice": ((str, dict, type(None)), "a string or an object"),
    "response_format": (_TABLE, "an object"),
    "logit_bias": (_TABLE, "an object"),
    "metadata": (_TABLE, "an object"),
    "user": (_TEXT, "a string"),
    "reasoning_effort": (_TEXT, "a string"),
    "encoding_format": (_TEXT, "a string"),
    "dimensions": (_WHOLE, "a whole number"),
}
"""Fields of which something here reads more than their presence; what a server alone reads, it
checks."""


class Malformed(Rejected):
    """A call that no model can answer: the client must write it in another way."""


def json_of(call: Call) -> dict[str, Any]:
    """Return the object in the body of `call`. Raises Malformed where there is none."""
    if call.form is not None:
        raise Malformed(
            "a form came where JSON belongs: send it with Content-Type application/json"
        )
    try:
        body = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        # The words of the decoder say where, and quote nothing of the body.
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Malformed(f"the body is no JSON ({what}): send one JSON object") from None
    if not isinstance(body, dict):
        raise Malformed("the body is no JSON object: send one, such as {...}")
    return body


def check_fields(body: Mapping[str, Any]) -> None:
    """Raise Malformed naming the first field of `body` that has a wrong type."""
    for name, value in body.items():
        known = _KINDS.get(name)
        if known is not None and type(value) not in known[0]:
            raise Malformed(f"'{name}' must be {known[1]}", param=name, code="invalid_type")


def request_of(call: Call, body: dict[str, Any], task: Task, via: str) -> LlmRequest:
    """Return the request that `call` makes with `body`, its headers' hints included.

    Raises Malformed for a field or header with a wrong value.
    """
    check_fields(body)
    headers = call.headers
    return LlmRequest(
        model=body.get("model") or "",
        body=body,
        task=task,
        id=call.id,
        via=via,
        client=call.client,
        came_s=call.at_s,
        session=_session(headers.get("x-session-id", ""), call.client),
        cache=_cache_wish(headers),
        deadline_s=_deadline_s(headers.get("x-deadline-ms")),
        context=_context(headers.get("x-context")),
        task_type=_task_type(headers.get("x-task-type")),
    )


def _session(name: str, client: str) -> str:
    """Return what the router calls the session `name` of `client`; "" is none.

    What one program said must not be told to another that hit upon the same name, so a named key
    stands before its sessions' names. The application's own key keeps them as they are: it is the
    user's, whose conversations they continue.
    """
    if len(name) > LONGEST_SESSION or not name.isprintable():
        raise Malformed(
            f"x-session-id: at most {LONGEST_SESSION} printable characters", param="x-session-id"
        )
    return f"{OF_KEY}{client}/{name}" if name and client not in ("", DEFAULT) else name


def _cache_wish(headers: Mapping[str, str]) -> CacheWish:
    wish = headers.get("x-cache")
    if wish is not None:
        if wish not in ("always", "never", "usual"):
            raise Malformed("x-cache: must be always, never or usual", param="x-cache")
        return CacheWish(wish)
    is_unwanted = "no-store" in headers.get("cache-control", "").lower()
    return CacheWish.NEVER if is_unwanted else CacheWish.USUAL


def _deadline_s(text: str | None) -> float | None:
    if text is None:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not is_number or int(text) == 0:
        raise Malformed("x-deadline-ms: must be a number of milliseconds", param="x-deadline-ms")
    return int(text) / MS_PER_S


def _task_type(text: str | None) -> str:
    """Return the kind of task that `text` names; "" where nothing is said."""
    if text is None or not text.strip():
        return ""
    try:
        return named(text)
    except Rejected as error:
        raise Malformed(f"x-task-type: {error}", param="x-task-type") from None


def _context(text: str | None) -> frozenset[str] | None:
    """Return what `text` allows to be added: names with commas between them, "none" or "usual"."""
    if text is None or text.strip() == "usual":
        return None
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    if names == {"none"}:
        return frozenset()
    if not names or not names <= CONTEXT:
        known = ", ".join(sorted(CONTEXT))
        raise Malformed(f"x-context: must be none, usual, or some of {known}", param="x-context")
    return names
