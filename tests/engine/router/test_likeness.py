"""Questions are alike where they have their telling words in common."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.router.likeness import LETTERS, MOST_WORDS, Essence, essence_of, likeness_of

USUAL = 0.7
"""As the settings have it."""
SAME = (
    ("How do I reverse a list in Python?", "reverse a Python list"),
    ("What is the capital of France?", "capital of France?"),
    ("Explain the difference between TCP and UDP", "What's the difference between TCP and UDP?"),
    ("Write a haiku about autumn", "Please write me a haiku about autumn."),
    ("How can I undo the last commit in git?", "undo last git commit"),
    ("What does HTTP status 429 mean?", "meaning of HTTP status 429"),
    ("How long should I boil eggs?", "How long do eggs have to boil?"),
    (
        "Summarise the plot of Hamlet in three sentences",
        "Summarize the plot of Hamlet in three sentences",
    ),
    (
        "Which files does Debian's apt keep in /var/cache?",
        "What files are kept in /var/cache by Debian's apt?",
    ),
    ("How do I exit vim?", "How to quit vim?"),
    ("Regex that matches an email address", "regular expression matching email addresses"),
    ("Convert 5 miles to kilometres", "How many kilometres are 5 miles?"),
    ("Give me a recipe for lentil soup", "lentil soup recipe"),
    ("How do I mount a USB stick on Linux?", "mount usb stick linux"),
    ("Wie lange muss ein Ei kochen?", "Wie lange muss man ein Ei kochen?"),
    ("Who wrote The Trial?", "Who is the author of The Trial?"),
)
"""Asked again in other words; written by hand."""
OTHER = (
    ("What is the capital of France?", "What is the capital of Germany?"),
    ("How do I reverse a list in Python?", "How do I sort a list in Python?"),
    ("How do I reverse a list in Python?", "How do I reverse a string in Python?"),
    ("Convert 5 miles to kilometres", "Convert 7 miles to kilometres"),
    ("Explain TCP", "Explain UDP"),
    ("Explain the difference between TCP and UDP", "Explain the difference between TCP and QUIC"),
    ("Translate this to German: good morning", "Translate this to French: good morning"),
    ("Translate from English to German: gift", "Translate from German to English: gift"),
    ("What is 3 + 4?", "What is 3 * 4?"),
    ("Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?"),
    ("Write a haiku about autumn", "Write a haiku about spring"),
    ("Write a poem about the sea in autumn", "Write a story about the sea in autumn"),
    ("How do I install Docker on Debian?", "How do I install Docker on Fedora?"),
    ("How do I install Docker on Debian?", "How do I remove Docker on Debian?"),
    ("Who won the world cup in 2014?", "Who won the world cup in 2018?"),
    ("Can dogs eat chocolate?", "Can dogs eat cheese?"),
    ("Write a C function that adds two numbers", "Write an R function that adds two numbers"),
    (
        "Summarise the plot of Hamlet in three sentences",
        "Summarise the plot of Macbeth in three sentences",
    ),
)
"""Look alike, and want another answer."""


def asked(text: Any, client: str = "", system: str = "", **fields: Any) -> Essence | None:
    """Return the essence of a question."""
    before = [{"role": "system", "content": system}] if system else []
    return essence_of(client, {"messages": [*before, {"role": "user", "content": text}], **fields})


def likeness(one: str, other: str) -> float:
    """Return how alike two questions are."""
    first, second = asked(one), asked(other)
    return likeness_of(first, second) if first and second else 0.0


def test_more_than_half_of_those_asked_again_are_found():
    """Most wordings of the same are alike."""
    assert sum(likeness(*pair) >= USUAL for pair in SAME) >= 9


def test_of_those_that_want_another_answer_one_is_taken_for_the_same():
    """That is the one in which only the order of words differs; so it is a suggestion alone."""
    wrong = [pair for pair in OTHER if likeness(*pair) >= USUAL]
    assert wrong == [
        ("Translate from English to German: gift", "Translate from German to English: gift")
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Convert 5 miles to kilometres", "Convert 7 miles to kilometres"),
        ("Solve x + 4 for me", "Solve x * 4 for me"),
        ("Can old cheese be eaten raw", "Can old cheese not be eaten raw"),
    ],
)
def test_numbers_signs_and_denials_must_be_the_same(one: str, other: str):
    """However much else is."""
    assert likeness(one, other) == 0.0
    assert likeness(one, one) == 1.0


def test_scripts_without_blanks_are_compared_by_pairs():
    """A sentence is not one word there."""
    assert likeness("フランスの首都はどこですか", "フランスの首都はどこ") >= USUAL
    assert likeness("フランスの首都はどこですか", "猫は何を食べますか") < 0.3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": "hello there world"},
        {"messages": ["hello there world"]},
        {"messages": [{"role": "user", "content": "hello"}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"messages": [{"role": "system", "content": "hello brave world"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "user", "content": " ".join(map(str, range(MOST_WORDS + 1)))}]},
        {
            "messages": [
                {"role": "user", "content": "name a brave world"},
                {"role": "assistant", "content": "Mars"},
                {"role": "user", "content": "another brave world"},
            ]
        },
        {
            "messages": [{"role": "user", "content": "name a brave world"}],
            "tools": [{"type": "function"}],
        },
    ],
)
def test_what_does_not_stand_by_itself_is_not_compared(body: dict[str, Any]):
    """Later turns, pictures, tools, greetings, long texts and what is no question at all."""
    assert essence_of("me", body) is None


def test_parts_of_text_are_text():
    """The same question has the same essence in either shape."""
    assert asked([{"type": "text", "text": "brave new world"}]) == asked("brave new world")


def test_clients_and_instructions_are_worlds_apart():
    """The same words of another client, or with other instructions, have nothing in common."""
    mine = asked("brave new world", client="me")
    assert mine is not None
    for other in (
        asked("brave new world", client="you"),
        asked("brave new world", client="me", system="Answer in French."),
    ):
        assert other is not None
        assert likeness_of(mine, other) == 0.0


@given(st.text(), st.text())
def test_likeness_is_a_share(one: str, other: str):
    """Of any two texts it is between 0 and 1, the same both ways, and 1 with itself."""
    found = likeness(one, other)
    assert 0.0 <= found <= 1.0
    assert likeness(other, one) == found
    assert likeness(one, one) in (0.0, 1.0)


def test_only_the_beginning_of_a_long_text_counts():
    """What the activity list does not keep is not compared."""
    begin = "brave new world " * (LETTERS // 16)
    assert asked(begin + "and more") == asked(begin)
