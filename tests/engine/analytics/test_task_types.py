"""What kind of task a request is."""

from __future__ import annotations

import pytest

from engine.analytics.task_types import LONGEST, named, task_type_of, wants_json
from engine.errors import Rejected


def body(text: object) -> dict[str, object]:
    return {"messages": [{"role": "system", "content": "translate"}, {"role": "user",
                                                                     "content": text}]}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Write a function that parses dates.", "code-generation"),
        ("What is wrong here?\n```\nx = 1\n```", "code-generation"),
        ("Summarise the meeting of Tuesday.", "summary"),
        ("Please translate this into Portuguese", "translation"),
        ("Write a short poem about the sea", "creative-writing"),
        ("Extract all dates", "extraction"),
        ("Prove that there are infinitely many primes", "reasoning"),
        ("Hello", "chat"),
        ("", "chat"),
        ([{"type": "text", "text": "tl;dr"}, {"type": "image_url"}], "summary"),
        (None, "chat"),
        (17, "chat"),
    ],
)
def test_the_last_question_tells_the_task(text: object, name: str):
    """Only what the user asked last is read, whatever shape it has."""
    found = task_type_of("", "", body(text))
    assert (found.name, bool(found.why)) == (name, True)


def test_what_is_said_goes_first():
    """A header goes before the tier, the tier before the words."""
    asked = body("Summarise this")
    assert task_type_of("my-own", "code", asked).name == "my-own"
    assert task_type_of("", "code", asked).name == "code-generation"
    assert task_type_of("", "fast", asked).name == "summary"


def test_json_is_asked_for():
    """A request for JSON is one for extraction, and known as such."""
    asked = body("Hello") | {"response_format": {"type": "json_object"}}
    assert wants_json(asked)
    assert task_type_of("", "", asked).name == "extraction"
    assert not wants_json(body("Hello") | {"response_format": {"type": "text"}})
    assert not wants_json({"response_format": "json_object"})


def test_names_are_made_alike():
    """Upper case, blanks and underscores make no other kind of task."""
    assert named(" Code_Generation ") == named("code generation") == "code-generation"


@pytest.mark.parametrize("text", ["", "   ", "a" * (LONGEST + 1), "a\nb\x00", "ünser", "-x"])
def test_what_is_no_name_is_refused(text: str):
    """What cannot be a name is told, not made into one."""
    with pytest.raises(Rejected, match="task type"):
        named(text)


def test_a_long_question_is_read_in_part():
    """Of a long question the beginning and the end are read, quickly whatever it holds."""
    assert task_type_of("", "", body("write " * 300_000 + "tl;dr")).name == "summary"
