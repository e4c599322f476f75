"""From a call to a request."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.exchange import CacheWish, Task
from engine.gateway.asking import CONTEXT, Malformed, json_of, request_of
from engine.gateway.ports import Call, Form
from engine.router.context import STEPS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def call(body: bytes = b"{}", **headers: str) -> Call:
    """Return a call; `_` stands for `-` in names of headers."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Call("POST", "/v1/chat/completions", "req_1", "me", named, body=body, at_s=5.0)


@given(st.binary())
def test_any_bytes(body: bytes):
    """Whatever bytes come, they are a JSON object or refused."""
    with contextlib.suppress(Malformed):
        assert isinstance(json_of(call(body)), dict)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"a":', b'"\xff"', b"[" * 100_000, b'{"a":1e999}', b"{} {}"]
)
def test_what_is_no_object(body: bytes):
    """What is no JSON object is refused with what to send instead."""
    with pytest.raises(Malformed, match="JSON object"):
        json_of(call(body))


def test_decoder_s_words_quote_nothing():
    """What is wrong with a body is told without its content."""
    with pytest.raises(Malformed) as error:
        json_of(call(b'{"key": secret}'))
    assert "secret" not in str(error.value)


def test_form_is_no_json():
    """A form where JSON belongs is refused with the remedy."""
    with pytest.raises(Malformed, match="application/json"):
        json_of(Call("POST", "/", "", "", form=Form({}, {})))


@given(st.dictionaries(st.text(), JSON))
def test_fields_go_along(body: dict[str, object]):
    """What is sent goes along as it is, or a field with a wrong type is named."""
    try:
        request = request_of(call(), body, Task.CHAT, "chat")
    except Malformed as caught:
        error = caught
    else:
        error = None
        assert request.body is body
        assert request.model == (body.get("model") or "")
        assert isinstance(request.model, str)
    assert error is None or error.param in body


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", 3),
        ("stream", "true"),
        ("stream", 1),
        ("temperature", "hot"),
        ("max_tokens", 1.5),
        ("max_tokens", True),
        ("n", "2"),
        ("tools", {}),
        ("stop", 1),
        ("response_format", "json"),
        ("metadata", []),
    ],
)
def test_wrong_types(field: str, value: object):
    """A field that is read here must have the right type; the error names it."""
    with pytest.raises(Malformed) as error:
        request_of(call(), {field: value}, Task.CHAT, "chat")
    assert error.value.param == field
    assert (error.value.status, error.value.code) == (400, "invalid_type")


def test_who_asks():
    """The request knows the call's number, key and time."""
    request = request_of(call(), {"model": "m"}, Task.EMBEDDING, "embedding")
    assert (request.id, request.client, request.came_s) == ("req_1", "me", 5.0)
    assert (request.task, request.via, request.deadline_s) == (Task.EMBEDDING, "embedding", None)


@pytest.mark.parametrize(
    ("headers", "wish"),
    [
        ({}, CacheWish.USUAL),
        ({"cache_control": "no-store, max-age=0"}, CacheWish.NEVER),
        ({"cache_control": "No-Store"}, CacheWish.NEVER),
        ({"cache_control": "max-age=0"}, CacheWish.USUAL),
        ({"x_cache": "always"}, CacheWish.ALWAYS),
        ({"x_cache": "never"}, CacheWish.NEVER),
        ({"x_cache": "always", "cache_control": "no-store"}, CacheWish.ALWAYS),
    ],
)
def test_cache_wish(headers: dict[str, str], wish: CacheWish):
    """A client says by headers whether an answer may come from the cache."""
    assert request_of(call(**headers), {}, Task.CHAT, "chat").cache is wish


def test_session_and_deadline():
    """The session and the deadline come by headers too."""
    headers = {"x_session_id": "talk 1", "x_deadline_ms": "1500"}
    request = request_of(replace(call(**headers), client="default"), {}, Task.CHAT, "chat")
    assert (request.session, request.deadline_s) == ("talk 1", 1.5)


def test_sessions_belong_to_their_key():
    """Of two keys that name a session alike neither gets what the other said; no name is none."""

    def session(client: str, name: str) -> str:
        named = replace(call(x_session_id=name), client=client)
        return request_of(named, {}, Task.CHAT, "chat").session

    whose = [session(client, "main") for client in ("default", "ann", "bob", "bob/main")]
    assert len(set(whose)) == len(whose)
    assert session("ann", "main") == whose[1]
    assert session("", "main") == whose[0] == "main"
    assert session("ann", "") == session("default", "") == ""


@pytest.mark.parametrize(
    ("text", "context"),
    [
        (None, None),
        ("usual", None),
        ("none", set()),
        (" none ", set()),
        ("date", {"date"}),
        ("date, notes,", {"date", "notes"}),
        ("system,date,notes,memory", {"system", "date", "notes", "memory"}),
    ],
)
def test_context(text: str | None, context: set[str] | None):
    """A client says what may be added to its request; without a word the settings do."""
    headers = {} if text is None else {"x_context": text}
    assert request_of(call(**headers), {}, Task.CHAT, "chat").context == context


def test_the_names_of_context_are_the_routers():
    """What the header may name is what the router adds."""
    assert STEPS.keys() == CONTEXT


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x-deadline-ms", "0"),
        ("x-deadline-ms", "-5"),
        ("x-deadline-ms", "1e3"),
        ("x-deadline-ms", "٣"),
        ("x-deadline-ms", "9" * 5000),
        ("x-deadline-ms", "000000000001" + "9" * 400),
        ("x-deadline-ms", "000000000001" + "9" * 5000),
        ("x-cache", "maybe"),
        ("x-context", "date,weather"),
        ("x-context", "none,date"),
        ("x-context", "Date"),
        ("x-context", ""),
        ("x-context", ","),
        ("x-session-id", "x" * 201),
        ("x-session-id", "\udcff"),
        ("x-session-id", "a\tb"),
    ],
)
def test_wrong_headers(name: str, text: str):
    """A header that cannot be is refused by its name."""
    with pytest.raises(Malformed) as error:
        request_of(call(**{name: text}), {}, Task.CHAT, "chat")
    assert error.value.param == name


def test_body_is_read_as_msgspec_reads_it():
    """Numbers of any size and every character arrive as they were sent."""
    body = {"seed": 2**200, "user": "\0é\u2028"}
    assert json_of(call(msgspec.json.encode(body))) == body


def test_a_client_says_what_kind_of_task_it_is():
    """`x-task-type` is read as a name; what is none is refused."""
    asked = request_of(call(x_task_type=" Code Generation "), {}, Task.CHAT, "chat")
    assert asked.task_type == "code-generation"
    assert request_of(call(x_task_type=" "), {}, Task.CHAT, "chat").task_type == ""
    with pytest.raises(Malformed, match="x-task-type"):
        request_of(call(x_task_type="<script>"), {}, Task.CHAT, "chat")
