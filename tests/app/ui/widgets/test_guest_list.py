from __future__ import annotations

from dataclasses import replace

import pytest

from app.ui.widgets.guest_list import GuestList, loudness_of, words_of
from engine.voice.snapshot import GuestView, LiveText

GUEST = GuestView(1, "WebRTC", 75.0, -30.0, False, None, "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "connected, nothing said yet"),
        ({"last_text": "hello there."}, "hello there."),
        ({"last_text": "hello.", "live": LiveText(2, "how are", " you")}, "how are you"),
        ({"last_text": "hello.", "problem": "Listening failed"}, "Listening failed"),
    ],
)
def test_a_line_says_what_matters_most(changes: dict, words: str):
    """A problem first, then what is being said, then what was said last."""
    assert words_of(replace(GUEST, **changes)) == words


@pytest.mark.parametrize(
    ("level_dbfs", "part"), [(None, None), (-90.0, 0.0), (-60.0, 0.0), (-30.0, 0.5), (0.0, 1.0)]
)
def test_loudness_fills_the_bar(level_dbfs: float | None, part: float | None):
    """-60 dBFS is an empty bar, full scale a full one."""
    assert loudness_of(replace(GUEST, level_dbfs=level_dbfs)) == part


def test_the_list_is_there_while_somebody_sends(theme, qtbot):
    """One line a sender; nothing is shown when the last one has gone."""
    shown = GuestList(theme)
    qtbot.addWidget(shown)
    assert shown.isHidden()
    shown.show_guests([GUEST, replace(GUEST, id=2, last_text="hello there.")])
    assert not shown.isHidden()
    assert shown.texts == ("connected, nothing said yet", "hello there.")
    shown.show_guests([replace(GUEST, id=2, last_text="hello there.")])
    assert shown.texts == ("hello there.",)
    shown.show_guests([])
    assert shown.isHidden()
