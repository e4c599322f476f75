"""Words from outside, shown as the letters they are."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import Qt

MOST_LETTERS = 44
"""Of a value in a list of facts: what is longer stands in its tooltip."""


def shortened(text: str) -> str:
    """Return `text`, cut where it is long."""
    return (
        text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    )


def plain_tip(text: str) -> str:
    """Return `text` for a tooltip, which would take what looks like HTML for a page to draw."""
    if not Qt.mightBeRichText(text):
        return text
    return f"<p>{escape(text).replace(chr(10), '<br>')}</p>"
