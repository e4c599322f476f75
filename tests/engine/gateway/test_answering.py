"""What goes back to a client."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.exchange import Reply, Similar
from engine.gateway.answering import header_text, result_of


def test_whole_answer():
    """A whole answer keeps its body, and says where it comes from."""
    result = result_of(Reply("m", "e", body=b"{}", cached="hit"))
    assert (result.status, result.body, result.stream) == (200, b"{}", None)
    assert result.headers == {"x-model": "m", "x-endpoint": "e", "x-cache": "hit"}


def test_stream_is_not_kept_on_the_way():
    """A stream says that nobody on the way may keep or collect it."""

    async def nothing():
        yield b""

    stream = nothing()
    result = result_of(Reply("m", "e", stream=stream))
    assert result.stream is stream
    assert result.headers["cache-control"] == "no-cache"
    assert result.content_type.startswith("text/event-stream")


@given(st.text(st.characters()))
def test_headers_cannot_be_broken(text: str):
    """Whatever a server calls its model, its header is one line of plain characters."""
    written = header_text(text)
    assert written.isascii()
    assert not written or written.isprintable()


def test_usual_names_stay():
    """Names as they are usual are written as they are."""
    assert header_text("org/Model-7b:Q4_K_M @ home") == "org/Model-7b:Q4_K_M @ home"


def test_a_suggestion_is_named():
    """An answer that can be rated says by which id; any other says nothing."""
    assert result_of(Reply("m", "e", suggestion_id="sug_1")).headers["x-suggestion-id"] == "sug_1"
    assert "x-suggestion-id" not in result_of(Reply("m", "e")).headers


def test_a_similar_question_is_named():
    """A client learns which earlier request was like its own, and how much."""
    similar = Similar("req_7", 0.8333, 5.0)
    assert result_of(Reply("m", "e", similar=similar)).headers["x-similar"] == "req_7;likeness=0.83"
