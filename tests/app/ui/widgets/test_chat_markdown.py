from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.widgets.chat_markdown import Block, blocks, settled, without_pictures

ANSWER = """Some **bold** text with `code` and a [link](https://example.com/a_b).

## A heading

- one
- two

| a | b |
|---|---|
| 1 | 2 |

```python
print("```")
```

The end."""


def test_text_and_code_are_parted():
    """Fences become code with their language; what lies between them stays Markdown."""
    found = blocks("Look:\n\n```Python\nx = 1\n\ny = 2\n```\nDone.")
    assert found == (
        Block("Look:"),
        Block("x = 1\n\ny = 2", is_code=True, language="python"),
        Block("Done."),
    )


def test_a_fence_ends_with_as_many_signs_as_it_began():
    """A shorter fence inside is code; so is one of the other kind."""
    inside = "```\ncode\n```\n~~~"
    assert blocks(f"````md\n{inside}\n````") == (Block(inside, is_code=True, language="md"),)


def test_a_fence_in_a_list_loses_its_indent():
    """The code stands at the left of its block, with its own indent kept."""
    (text, code) = blocks("1. Do\n\n   ```sh\n   if a\n     b\n   ```")
    assert text == Block("1. Do")
    assert code == Block("if a\n  b", is_code=True, language="sh")


def test_a_fence_that_never_ends_is_code():
    """Half an answer shows its code as code."""
    assert blocks("```\nx = 1", is_open=True) == (Block("x = 1", is_code=True),)


@pytest.mark.parametrize(
    ("begun", "shown"),
    [
        ("a **b", "a **b**"),
        ("a **", "a "),
        ("a `b", "a `b`"),
        ("a `", "a "),
        ("a ~~b", "a ~~b~~"),
        ("see [the page](https://exa", "see the page"),
        ("a\n\n#", "a\n\n"),
        ("a\n-", "a"),
        ("a\n\n1.", "a\n\n"),
        ("a\n``", "a"),
        ("| a | b |", ""),
        ("| a | b |\n|--", ""),
        ("`**` is bold", "`**` is bold"),
        ("x = [1, 2", "x = [1, 2"),
        ("2 * 3", "2 * 3"),
    ],
)
def test_what_is_begun_shows_as_if_it_were_ended(begun, shown):
    """No sign flickers up before it is clear what it means."""
    assert settled(begun).strip() == shown.strip()


def test_no_sign_shows_on_the_way():
    """At every letter of an answer, no sign of Markdown stands at the end of what is drawn."""
    for end in range(1, len(ANSWER)):
        found = blocks(ANSWER[:end], is_open=True)
        text = found[-1].text if found and not found[-1].is_code else ""
        assert not text.endswith(("```", "``", "[", "#", "|---", "\n-")), ANSWER[:end]
        assert text.count("**") % 2 == 0, ANSWER[:end]


def test_an_answer_that_is_over_is_not_touched():
    """Signs that stay alone are the writer's: they show."""
    assert blocks("2 ** 3 and `half") == (Block("2 ** 3 and `half"),)


def test_long_text_is_parted_between_paragraphs_only():
    """Lists and tables are never torn; joined again, nothing is missing."""
    long = "\n\n".join(["word " * 100 + f"{n}" for n in range(12)]) + "\n\n- a\n\n- b"
    found = blocks(long)
    assert len(found) > 2
    assert "\n\n".join(block.text for block in found) == long
    assert found[-1].text.endswith("- a\n\n- b")


def test_a_part_that_is_over_stays_as_it_is():
    """While an answer grows, only its last parts change: all before the last two stay equal."""
    long = "\n\n".join([ANSWER] * 4)
    before = ()
    for end in range(0, len(long), 7):
        found = blocks(long[:end], is_open=True)
        kept = max(0, len(before) - 2)
        assert found[:kept] == before[:kept]
        before = found


def test_pictures_become_links():
    """An answer cannot make the application fetch anything."""
    assert without_pictures("![cat](http://a/b.png) ![](file:///etc/passwd)") == (
        "[cat](http://a/b.png) [file:///etc/passwd](file:///etc/passwd)"
    )


@pytest.mark.parametrize("sign", ["[", "![a](", "`", "`x``y", "**", "[a](b", "|", "> ", "<", "~"])
def test_no_answer_takes_long_to_part(sign):
    """Signs repeated by the thousand, as a model that goes astray does, are read in one go."""
    assert blocks(sign * 20_000, is_open=True) is not None
    assert without_pictures(sign * 20_000)


@given(st.text(alphabet="`~*_#|-[]()!<> \n1.ab", max_size=200), st.booleans())
def test_any_text_can_be_parted(text, is_open):
    """Whatever a model writes is drawn; parts of text are never empty."""
    assert all(block.text for block in blocks(text, is_open=is_open) if not block.is_code)
