from __future__ import annotations

from app.ui.widgets.undo_strip import UndoStrip


def test_what_was_done_is_taken_back_once(theme, qtbot):
    """The button calls back and hides the strip; what cannot be undone has no button."""
    strip, told = UndoStrip(theme, "undo", shown_ms=60_000), []
    qtbot.addWidget(strip)
    strip.show_undo("Gone", lambda: told.append("back"))
    strip.buttons["Undo"].click()
    strip.buttons["Undo"].click()
    assert told == ["back"]
    assert strip.text == ""
    strip.show_undo("Back again")
    assert strip.text == "Back again"
    assert strip.buttons["Undo"].isHidden()


def test_it_hides_by_itself(theme, qtbot):
    """After its time nobody is asked any more."""
    strip = UndoStrip(theme, "undo", shown_ms=1)
    qtbot.addWidget(strip)
    strip.show_undo("Gone", lambda: None)
    qtbot.waitUntil(lambda: strip.text == "")
