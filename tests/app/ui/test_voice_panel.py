from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QWidget

from app.ui.voice_panel import VoicePanel, recovered_text
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import (
    FileJob,
    LiveText,
    Recovered,
    VoiceSnapshot,
    VoiceState,
)

COPY = Qt.DropAction.CopyAction


@pytest.fixture
def panel(theme, qtbot, ready) -> VoicePanel:
    """Return the shown panel of an engine that is ready."""
    panel = VoicePanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1084, 800)
    panel.show()
    qtbot.waitExposed(panel)
    panel.show_snapshot(ready)
    return panel


@pytest.fixture
def busy(ready, traces, utterances) -> VoiceSnapshot:
    """Return a snapshot in which everything happens at once."""
    return replace(
        ready,
        state=VoiceState.RECORDING,
        recording_s=72.0,
        level_dbfs=-20.0,
        is_clipping=True,
        lost_frames=12,
        live=LiveText(9, "stable words", " and tentative ones"),
        recent=utterances(2)[::-1],
        jobs=(
            FileJob(1, "talk.mp3", "working", 0.5, None, None),
            FileJob(2, "notes.pdf", "failed", None, "notes.pdf holds no sound.", None),
        ),
        recovered=(Recovered("cut", datetime(2026, 3, 1, 12, tzinfo=UTC), 123.0),),
        word_latency_s=0.3,
        final_latency_s=0.5,
        traces=traces,
    )


def mime_of(path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def press(panel: VoicePanel, kind: QKeyEvent.Type, *, is_repeat: bool = False) -> None:
    no_modifier = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(panel, QKeyEvent(kind, Qt.Key.Key_Space, no_modifier, " ", is_repeat))


def test_an_empty_snapshot_is_drawn(panel):
    """An engine that has not started makes a page that says so."""
    panel.show_snapshot(VoiceSnapshot(taken_s=0.0))
    assert panel.head.chip.accessibleName() == "Not running"
    assert not panel.head.record.isEnabled()
    assert panel.words.empty.isVisible()


def test_the_same_snapshot_is_the_same_picture(panel, busy):
    """Drawn twice, or after something else was drawn, a snapshot looks the same."""
    panel.show_snapshot(busy)
    QApplication.processEvents()
    first = panel.grab().toImage()
    panel.show_snapshot(busy)
    QApplication.processEvents()
    assert panel.grab().toImage() == first


def test_the_same_snapshot_repaints_nothing(panel, busy, paint_count):
    """Sixty equal snapshots a second cost no painting."""
    panel.show_snapshot(busy)
    plots = (panel.sound.meter, panel.sound.waveform, panel.sound.spectrogram, panel.head.record)
    QApplication.processEvents()
    counts = [paint_count(plot) for plot in plots]
    for _ in range(3):
        panel.show_snapshot(busy)
        QApplication.processEvents()
    assert [count.paints for count in counts] == [0, 0, 0, 0]


def test_every_control_has_a_name(panel, busy):
    """Whatever takes the keyboard has a name for screen readers."""
    panel.show_snapshot(busy)
    QApplication.processEvents()
    nameless = [
        widget
        for widget in panel.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.objectName().startswith("qt_")
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
    ]
    assert nameless == []


def test_tab_goes_from_top_left_to_bottom_right(panel, busy, utterances):
    """The keyboard meets recording first, then the words, the history and the switches."""
    panel.show_snapshot(busy)
    panel.show_history(utterances(3))
    QApplication.processEvents()
    history = panel.library.history
    wanted = [
        panel.head.device,
        panel.head.record,
        panel.recovered.buttons["Transcribe"],
        panel.words.view,
        panel.library.tabs,
        history.search,
        history.list,
        history.export_button,
        panel.stages.switches["high_pass"],
    ]
    panel.activateWindow()
    panel.head.device.setFocus()
    met = []
    for _ in range(40):
        met.append(QApplication.focusWidget())
        panel.focusNextPrevChild(True)
    places = [met.index(widget) for widget in wanted]
    assert places == sorted(places)


def test_a_new_history_is_asked_for_once(panel, qtbot, ready):
    """When the stored history moved, the panel searches again, and only then."""
    heard: list[str] = []
    panel.search_changed.connect(heard.append)
    panel.show_snapshot(replace(ready, history_version=8))
    panel.show_snapshot(replace(ready, history_version=8, taken_s=101.0))
    assert heard == [""]


def test_history_is_listed(panel, utterances):
    """What a search found is what the list shows."""
    panel.show_history(utterances(4))
    assert panel.library.history.list.utterances() == utterances(4)


def test_ctrl_r_toggles_recording(panel, qtbot):
    """Ctrl+R does what the button does."""
    with qtbot.waitSignal(panel.record_toggled):
        qtbot.keyClick(panel, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)


def test_ctrl_r_does_nothing_without_a_microphone(panel, qtbot, ready):
    """A key cannot start what the button cannot."""
    panel.show_snapshot(replace(ready, devices=()))
    with qtbot.assertNotEmitted(panel.record_toggled):
        qtbot.keyClick(panel, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)


def test_ctrl_f_goes_to_the_search(panel, qtbot):
    """Ctrl+F shows the history and puts the cursor into its search field."""
    panel.library.show_files()
    panel.activateWindow()
    qtbot.keyClick(panel, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.library.history.isVisible()
    assert panel.focusWidget() is panel.library.history.search


def test_space_talks_while_it_is_held(panel):
    """In push-to-talk the space bar talks from press to release; repeats count for nothing."""
    heard: list[bool] = []
    panel.push_to_talk.connect(heard.append)
    panel.show_settings(VoiceSettings(mode="push_to_talk"))
    press(panel, QKeyEvent.Type.KeyPress)
    press(panel, QKeyEvent.Type.KeyPress, is_repeat=True)
    press(panel, QKeyEvent.Type.KeyRelease, is_repeat=True)
    assert heard == [True]
    press(panel, QKeyEvent.Type.KeyRelease)
    assert heard == [True, False]


def test_space_is_let_go_when_the_panel_hides(panel):
    """A key held while the page changes does not leave the microphone open."""
    heard: list[bool] = []
    panel.push_to_talk.connect(heard.append)
    panel.show_settings(VoiceSettings(mode="push_to_talk"))
    press(panel, QKeyEvent.Type.KeyPress)
    panel.hide()
    press(panel, QKeyEvent.Type.KeyRelease)
    assert heard == [True, False]


def test_space_means_nothing_when_always_on(panel, qtbot):
    """Outside push-to-talk the space bar neither talks nor toggles."""
    with qtbot.assertNotEmitted(panel.push_to_talk), qtbot.assertNotEmitted(panel.record_toggled):
        press(panel, QKeyEvent.Type.KeyPress)
        press(panel, QKeyEvent.Type.KeyRelease)


def test_space_in_the_list_and_the_text_reaches_the_panel(panel, qtbot, busy, utterances):
    """Talking works with the focus in the history or in the live text as well."""
    panel.show_settings(VoiceSettings(mode="push_to_talk"))
    panel.show_snapshot(busy)
    panel.show_history(utterances(3))
    for child in (panel.library.history.list, panel.words.view):
        with qtbot.waitSignal(panel.push_to_talk):
            qtbot.keyPress(child, Qt.Key.Key_Space)
        with qtbot.waitSignal(panel.push_to_talk):
            qtbot.keyRelease(child, Qt.Key.Key_Space)


def test_a_dropped_file_is_to_be_transcribed(panel, qtbot, tmp_path):
    """While a file hovers the page says what will happen; dropped, it asks for it."""
    song = tmp_path / "song.mp3"
    song.write_bytes(b"x")
    mime = mime_of(song)
    button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    panel.dragEnterEvent(QDragEnterEvent(QPoint(9, 9), COPY, mime, button, key))
    assert panel.overlay.isVisible()
    with qtbot.waitSignal(panel.files_chosen) as chosen:
        panel.dropEvent(QDropEvent(QPointF(9, 9), COPY, mime, button, key))
    assert chosen.args == [[song]]
    assert not panel.overlay.isVisible()
    assert panel.library.files.isVisible()


def test_a_dragged_text_is_not_taken(panel):
    """Only files can be dropped."""
    mime = QMimeData()
    mime.setText("hello")
    button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(QPoint(9, 9), COPY, mime, button, key)
    event.ignore()
    panel.dragEnterEvent(event)
    assert not event.isAccepted()
    assert not panel.overlay.isVisible()


def test_files_are_chosen_without_holding_up_the_window(panel, qtbot):
    """The dialog opens beside a running event loop; what it returns is asked for."""
    panel.library.files.choose()
    dialog = panel.findChild(QFileDialog)
    assert dialog.isVisible()
    with qtbot.waitSignal(panel.files_chosen) as chosen:
        dialog.filesSelected.emit(["/music/a.mp3"])
    dialog.reject()
    assert chosen.args == [[Path("/music/a.mp3")]]


def test_a_problem_shows_until_it_is_dismissed(panel, ready):
    """A problem of the engine stands at the top; dismissed it stays away until it changes."""
    broken = replace(ready, problem="The disk is full: free some space.")
    panel.show_snapshot(broken)
    assert panel.strip.text == "The disk is full: free some space."
    panel.strip.clear()
    panel.show_snapshot(replace(broken, taken_s=101.0))
    assert panel.strip.text == ""
    panel.show_snapshot(replace(broken, problem="The microphone is gone."))
    assert panel.strip.text == "The microphone is gone."
    panel.show_snapshot(ready)
    assert panel.strip.text == ""


def test_a_recording_that_was_cut_off_is_offered(panel, qtbot, busy):
    """The strip tells its length and start, and offers to transcribe or discard it."""
    panel.show_snapshot(busy)
    assert panel.recovered.isVisible()
    assert panel.recovered.text.startswith("A recording of 2:03 from ")
    with qtbot.waitSignal(panel.transcribe_recovered) as wanted:
        panel.recovered.buttons["Transcribe"].click()
    with qtbot.waitSignal(panel.discard_recovered) as unwanted:
        panel.recovered.buttons["Discard"].click()
    assert wanted.args == unwanted.args == ["cut"]


def test_more_than_one_recovered_recording_is_counted():
    """With several the strip says how many there are; with none it is silent."""
    one = Recovered("cut", datetime(2026, 3, 1, 12, tzinfo=UTC), 5.0)
    assert recovered_text([one, one]).endswith("(1 of 2)")
    assert recovered_text([]) == ""


def test_running_files_are_counted_on_their_tab(panel, busy):
    """While the history shows, the tab tells that a file is in work."""
    panel.show_snapshot(busy)
    assert panel.library.tabs.tabText(1) == "Files (1)"


def test_lost_sound_is_told(panel, busy, ready):
    """Samples that were lost are counted in the open."""
    panel.show_snapshot(busy)
    assert panel.sound.lost.whole_text.startswith("12 sound samples were lost")
    panel.show_snapshot(ready)
    assert not panel.sound.lost.isVisible()


@pytest.mark.parametrize("size", [(684, 560), (804, 640), (1084, 800), (2364, 1440)])
def test_the_page_fits_every_window(panel, busy, qtbot, size: tuple[int, int]):
    """From a small to a large window the page takes its size, and scrolls only downwards."""
    panel.show_snapshot(busy)
    panel.resize(*size)
    QApplication.processEvents()
    assert (panel.width(), panel.height()) == size
    assert panel.page.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("state", list(VoiceState))
def test_the_usual_window_needs_no_scrolling(panel, ready, state: VoiceState):
    """In the window's first size every state of the engine fits on one page."""
    panel.show_snapshot(replace(ready, state=state))
    QApplication.processEvents()
    assert panel.page.verticalScrollBar().maximum() == 0


def test_both_themes_are_drawn(panel, busy, theme):
    """Switching the theme recolours the page without another snapshot."""
    panel.show_snapshot(busy)
    dark = panel.grab().toImage()
    try:
        theme.choose("light")
        QApplication.processEvents()
        light = panel.grab().toImage()
    finally:
        theme.choose("dark")
    for x, y in ((40, 100), (700, 500), (60, 700)):
        assert light.pixelColor(x, y).lightness() > dark.pixelColor(x, y).lightness() + 100
