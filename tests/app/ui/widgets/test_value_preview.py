from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtGui import QGuiApplication

from app.ui.widgets.value_preview import KINDS, ValueView, about_text, sizes_text, times_text
from engine.cache.snapshot import ValuePreview

AT = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)


def value(kind="json", text="{}", codec="zstd", **more):
    known = {"raw_bytes": 2150, "framed_bytes": 640, "ttl_s": 60.0, "written_at": AT}
    return ValuePreview("uat:1:c:a.1::=k", kind, text, codec, **{**known, **more})


@pytest.fixture
def view(theme, qtbot):
    view = ValueView(theme)
    qtbot.addWidget(view)
    return view


def test_a_value_says_what_it_is_and_how_it_is_stored():
    """Kind, compression, sizes, when it was written and when it ends."""
    assert about_text(value()) == "JSON · zstd"
    assert about_text(value(codec="none")) == "JSON · not compressed"
    assert sizes_text(value()) == "2.1 KiB stored as 640 B"
    local = AT.astimezone()
    assert times_text(value()) == f"Written {local:%H:%M:%S} · ends in 1 min"
    assert times_text(value(ttl_s=None)) == f"Written {local:%H:%M:%S} · never ends"


def test_a_value_of_another_program_tells_what_is_known():
    """Without a frame of ours there is neither compression nor a time of writing."""
    foreign = value(kind="foreign", codec="", written_at=None)
    assert about_text(foreign) == "Of another program"
    assert sizes_text(foreign) == "640 B"
    assert times_text(foreign) == "Ends in 1 min"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_value_is_shown(view, kind):
    """Whatever lies there, something sensible is on the page."""
    view.show_preview("k", value(kind=kind, text="" if kind in ("negative", "missing") else "x"))
    assert view.copy_button.isEnabled() == (kind not in ("negative", "missing"))


def test_a_value_that_is_cut_says_so(view):
    """Who reads a long value knows that there is more."""
    view.show_preview("k", value(is_cut=True))
    assert view.text.toPlainText().endswith("the rest is not shown")


def test_a_value_is_copied(view, qtbot):
    """The button takes the whole text."""
    view.show_preview("k", value(text='{"a": 1}'))
    view.copy_button.click()
    assert QGuiApplication.clipboard().text() == '{"a": 1}'


def test_the_text_can_be_left_by_tab(view):
    """The keyboard is not caught in the text, which cannot be changed."""
    assert view.text.tabChangesFocus()
    assert view.text.isReadOnly()
