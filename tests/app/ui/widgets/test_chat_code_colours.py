from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.widgets.chat_code_colours import KEYWORDS, NAMES, spans


def kinds(line, language, inside=0):
    found, _ = spans(line, language, inside)
    return [(line[span.begin : span.begin + span.length], span.kind) for span in found]


@pytest.mark.parametrize(
    ("line", "language", "wanted"),
    [
        (
            'def f(x): return "a"  # why',
            "python",
            [
                ("def", "keyword"),
                ("f", "name"),
                ("return", "keyword"),
                ('"a"', "string"),
                ("# why", "comment"),
            ],
        ),
        (
            "const n = 0x1F; // hex",
            "ts",
            [("const", "keyword"), ("0x1F", "number"), ("// hex", "comment")],
        ),
        ("SELECT 1 -- one", "sql", [("SELECT", "keyword"), ("1", "number"), ("-- one", "comment")]),
        ('  "a": true,', "json", [('"a"', "key"), ("true", "keyword")]),
        ("fn life<'a>() {}", "rust", [("fn", "keyword")]),
        ('url = "http://x"', "python", [('"http://x"', "string")]),
        ("whatever 1 # 2", "text", []),
    ],
)
def test_words_have_the_colour_of_what_they_are(line, language, wanted):
    """Keywords, texts, numbers, comments and what is called are told apart."""
    assert kinds(line, language) == wanted


def test_texts_and_comments_go_over_lines():
    """What a line begins inside of is carried from line to line."""
    _, inside = spans('x = """one', "python")
    assert inside
    assert spans("two", "python", inside) == ([*spans("two", "python", inside)[0]], inside)
    found, after = spans('three""" + 1', "python", inside)
    assert after == 0
    assert [span.kind for span in found] == ["string", "number"]
    found, inside = spans("a /* b", "c")
    assert inside
    assert kinds("c */ return", "c", inside) == [("c */", "comment"), ("return", "keyword")]


@given(st.text(max_size=80), st.sampled_from([*KEYWORDS, *NAMES, "", "cobol"]), st.integers(0, 1))
def test_any_line_can_be_coloured(line, language, inside):
    """No line is too odd; spans lie inside it, in order and without overlap."""
    if not spans('"""/*', language)[1]:
        inside = 0
    end = 0
    for span in spans(line, language, inside)[0]:
        assert span.begin >= end
        end = span.begin + span.length
    assert end <= len(line)
