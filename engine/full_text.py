"""Words that people type, as SQLite's full-text search takes them."""

from __future__ import annotations

import re

UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)
"""Scripts that put no blanks between words: the index sees a whole sentence as one word there."""
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
MOST_WORDS = 48
"""Of a question; what comes after its first words seldom says more of what it is about."""
COMMON_WORDS = """
    a about all also am an and any are as at be been but by can could do does for from give
    had has have he her him his how i if in into is it its just let like make may me more most
    my no not of on one or our out please she should show so some such tell than that the their
    them then there these they this those to up us use was we were what when where which who why
    will with would write you your
"""
COMMON = frozenset(COMMON_WORDS.split())
"""English words that say nothing of what a question is about."""


def all_of(query: str) -> str:
    """Return an FTS5 expression for every word of `query`, the last one open at its end.

    "" where there is no letter or digit. No character has a special meaning.
    """
    words = [word for word in query.replace("\0", " ").split() if WORD.search(word)]
    return " ".join(_quoted(word) for word in words) + "*" if words else ""


def any_of(question: str) -> str:
    """Return an FTS5 expression for any word of `question` that says what it is about, or ""."""
    words = dict.fromkeys(word.lower() for word in WORD.findall(question))
    telling = [word for word in words if len(word) > 1 and word not in COMMON]
    return " OR ".join(_quoted(word) for word in telling[:MOST_WORDS])


def pairs(text: str) -> list[str]:
    """Return the different pairs of neighbouring letters of unspaced scripts in `text`."""
    found: dict[str, None] = {}
    for run in UNSPACED.findall(text):
        for at in range(max(1, len(run) - 1)):
            found[run[at : at + 2]] = None
    return list(found)[:MOST_WORDS]


def like(text: str) -> str:
    r"""Return `text` as a LIKE pattern, with ESCAPE '\', that finds it anywhere."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", text.strip()) + "%"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
