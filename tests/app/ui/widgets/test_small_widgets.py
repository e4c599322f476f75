from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QApplication

from app.ui.widgets.drop_overlay import dropped_files
from app.ui.widgets.elided_combo import ElidedComboBox
from app.ui.widgets.elided_label import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.latency_view import LatencyView
from app.ui.widgets.notice_strip import NoticeStrip
from app.ui.widgets.state_chip import StateChip


def test_a_long_label_is_shortened_and_tells_all_in_its_tooltip(theme, qtbot):
    """What does not fit ends in an ellipsis; wide enough, the whole text is back."""
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.show_text("interview with the\nmaintainers of the project.m4a")
    label.resize(120, 20)
    label.show()
    assert label.text().endswith("…")
    assert label.toolTip() == "interview with the maintainers of the project.m4a"
    assert label.accessibleName() == label.toolTip()
    label.resize(600, 20)
    QApplication.processEvents()
    assert label.text() == label.whole_text
    assert label.toolTip() == ""


def test_a_long_device_name_leaves_the_arrow_alone(theme, qtbot):
    """The name of a device never runs into the arrow of its chooser."""
    combo = ElidedComboBox()
    qtbot.addWidget(combo)
    combo.addItem("M" * 60)
    combo.resize(160, 32)
    picture = combo.grab().toImage()
    background = picture.pixelColor(picture.width() - 34, 6)
    column = {picture.pixelColor(picture.width() - 34, y).name() for y in range(6, 26)}
    assert column == {background.name()}


def test_a_notice_offers_what_can_be_done(theme, qtbot):
    """A strip shows its text and its choices, and goes when there is nothing to tell."""
    strip = NoticeStrip(theme, "info", ("Transcribe", "Discard"))
    qtbot.addWidget(strip)
    assert strip.isHidden()
    strip.show_notice("A recording was cut off")
    assert not strip.isHidden()
    assert strip.buttons["Discard"].accessibleName() == "Discard: A recording was cut off"
    with qtbot.waitSignal(strip.chosen) as chosen:
        strip.buttons["Discard"].click()
    assert chosen.args == ["Discard"]
    strip.show_notice("")
    assert strip.isHidden()


def test_a_chip_takes_the_colour_of_its_state(theme, qtbot):
    """The same words in another state are another colour, and the tooltip says more."""
    chip = StateChip(theme)
    qtbot.addWidget(chip)
    chip.show_state("Not transcribing", "bad", "The model is damaged")
    assert theme.tokens.bad in chip.styleSheet()
    assert (chip.accessibleName(), chip.toolTip()) == ("Not transcribing", "The model is damaged")
    chip.show_state("", "mute")
    assert chip.isHidden()


def test_an_empty_state_puts_words_before_its_icon(theme, qtbot):
    """With little room the icon goes and the words stay."""
    empty = EmptyState(theme, "mic")
    qtbot.addWidget(empty)
    empty.show_text("Nothing said yet", "Speak.")
    empty.resize(300, 200)
    empty.show()
    assert empty._icon.isVisible()
    empty.resize(300, 80)
    QApplication.processEvents()
    assert not empty._icon.isVisible()
    assert empty.text == "Nothing said yet Speak."


def test_only_files_of_this_computer_count_as_dropped(tmp_path):
    """Folders, links to the web and files that are gone are not taken."""
    song = tmp_path / "a song.mp3"
    song.write_bytes(b"x")
    mime = QMimeData()
    mime.setUrls(
        [
            QUrl.fromLocalFile(str(song)),
            QUrl.fromLocalFile(str(tmp_path)),
            QUrl.fromLocalFile(str(tmp_path / "gone.mp3")),
            QUrl("https://example.org/b.mp3"),
        ]
    )
    assert dropped_files(mime) == [song]


def test_delays_are_read_in_seconds(theme, qtbot, ready, traces):
    """Both medians are written with two decimals; without any it says so."""
    view = LatencyView(theme)
    qtbot.addWidget(view)
    view.show_latency(ready)
    assert (view.word.text, view.final.text) == ("Not measured yet", "Not measured yet")
    view.show_latency(replace(ready, word_latency_s=0.312, final_latency_s=0.5, traces=traces))
    assert (view.word.text, view.final.text) == ("0.31 s", "0.50 s")


def test_refreshes_left_out_are_told(theme, qtbot, ready):
    """When words were refreshed less often than asked for, the reading says so."""
    view = LatencyView(theme)
    qtbot.addWidget(view)
    view.show_latency(ready)
    assert view.word.toolTip() == "Median of the last minute"
    view.show_latency(replace(ready, dropped_partials=7))
    assert "7 refreshes were left out" in view.word.toolTip()
