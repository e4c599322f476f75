from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QFileDialog

from app.bridge import Bridge
from app.ui.main_window import MainWindow
from app.wiring import NOT_READY, Wiring
from engine.errors import Refused, SettingsError
from engine.loop import BackgroundLoop
from engine.voice.snapshot import FileJob, Segment, Transcript, Utterance, VoiceSnapshot


@pytest.fixture
def bridge(qapp, problems):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    bridge = Bridge(loop, problems)
    yield bridge
    bridge.close()
    assert loop.stop()


@pytest.fixture
def window(theme, qtbot):
    window = MainWindow(theme)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    return window


@pytest.fixture
def wiring(window, theme, bridge):
    wiring = Wiring(window, theme, bridge)
    window.page_built.connect(wiring.add)
    return wiring


@pytest.fixture
def panel(window, wiring, engines):
    """Return a function that opens a page which is wired to the engines."""

    def open_page(title):
        wiring.use(engines)
        window.open_title(title)
        engines.voice.asked.clear()
        return window.panel

    return open_page


VOICE = [
    (lambda page: page.record_toggled.emit(), ("start_recording",)),
    (lambda page: page.push_to_talk.emit(True), ("start_recording",)),
    (lambda page: page.push_to_talk.emit(False), ("stop_recording",)),
    (lambda page: page.device_chosen.emit("usb"), ("change_setting", "voice.device", "usb")),
    (
        lambda page: page.stage_toggled.emit("gain_control", True),
        ("change_setting", "voice.stages.gain_control", True),
    ),
    (lambda page: page.search_changed.emit("fox"), ("search_history", "fox")),
    (lambda page: page.delete_requested.emit([4, 5]), ("delete_history", [4, 5])),
    (lambda page: page.undo_delete_requested.emit([4]), ("restore_history", [4])),
    (lambda page: page.files_chosen.emit([Path("a.mp3")]), ("transcribe_file", Path("a.mp3"))),
    (lambda page: page.cancel_file.emit(3), ("cancel_file", 3)),
    (lambda page: page.dismiss_file.emit(3), ("dismiss_file", 3)),
    (lambda page: page.transcribe_recovered.emit("r1"), ("transcribe_recovered", "r1")),
    (lambda page: page.discard_recovered.emit("r1"), ("discard_recovered", "r1")),
]
SETTINGS = [
    (
        lambda page: page.setting_changed.emit("voice.threads", 4),
        ("change_setting", "voice.threads", 4),
    ),
    (lambda page: page.fetch_model.emit("small"), ("fetch_model", "small")),
    (lambda page: page.cancel_fetch.emit("small"), ("cancel_fetch", "small")),
    (lambda page: page.remove_model.emit("small"), ("remove_model", "small")),
]


@pytest.mark.parametrize(("act", "asked"), VOICE, ids=[asked[0] for _, asked in VOICE])
def test_what_is_wanted_in_voice_reaches_the_engine(panel, engines, qtbot, act, asked):
    """Each signal of the voice page becomes the call it stands for."""
    act(panel("Voice"))
    qtbot.waitUntil(lambda: asked in engines.voice.asked)


@pytest.mark.parametrize(("act", "asked"), SETTINGS, ids=[asked[0] for _, asked in SETTINGS])
def test_what_is_wanted_in_settings_reaches_the_engine(panel, engines, qtbot, act, asked):
    """Each signal of the settings page becomes the call it stands for."""
    act(panel("Settings"))
    qtbot.waitUntil(lambda: asked in engines.voice.asked)


def test_the_overview_records_too(panel, engines, qtbot):
    """The button on the first page starts a recording."""
    panel("Overview").record_toggled.emit()
    qtbot.waitUntil(lambda: ("start_recording",) in engines.voice.asked)


def test_a_refusal_is_shown_on_the_page_it_came_from(panel, engines, qtbot):
    """What the engine says is wrong stands on the page, not in a log."""
    engines.voice.error = Refused("the disk is full: free some space")
    page = panel("Voice")
    page.record_toggled.emit()
    qtbot.waitUntil(lambda: page.strip.text == "the disk is full: free some space")


def test_a_setting_that_is_refused_is_marked_at_its_field(panel, engines, qtbot):
    """What is wrong with a setting stands beside the setting."""
    engines.error = SettingsError("voice.segment: the end must be below the start")
    page = panel("Settings")
    page.setting_changed.emit("voice.segment.end_probability", 0.9)
    row = page.rows["voice.segment.end_probability"]
    qtbot.waitUntil(lambda: "must be below the start" in row.problem)


def test_before_the_engines_are_there_the_user_is_told_to_wait(window, wiring):
    """A wish that comes too early is answered, not lost."""
    window.open_title("Voice")
    window.panel.record_toggled.emit()
    assert window.panel.strip.text == NOT_READY


def test_a_page_that_was_open_before_the_engines_lists_the_history(window, wiring, engines, qtbot):
    """The history is searched as soon as there is one."""
    window.open_title("Voice")
    wiring.use(engines)
    qtbot.waitUntil(lambda: ("search_history", "") in engines.voice.asked)


def test_dropped_files_open_the_voice_page(window, wiring, engines, qtbot):
    """Files that are dropped on any page are transcribed, and seen."""
    wiring.use(engines)
    window.open_title("Settings")
    wiring.take_files([Path("one.wav"), Path("two.wav")])
    assert window.panel.title == "Voice"
    wanted = {("transcribe_file", Path("one.wav")), ("transcribe_file", Path("two.wav"))}
    qtbot.waitUntil(lambda: wanted <= set(engines.voice.asked))


def test_choosing_a_theme_switches_it(panel, theme):
    """The choice in the settings is seen at once."""
    page = panel("Settings")
    page.theme_chosen.emit("light")
    assert theme.choice == "light"
    page.theme_chosen.emit("dark")


def chosen_file(window, qtbot, path):
    """Answer the dialog that asks where to save, once it is there."""
    qtbot.waitUntil(lambda: bool(window.findChildren(QFileDialog)))
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.reject()


def test_sentences_are_exported_to_the_file_the_user_names(panel, engines, window, qtbot, tmp_path):
    """The sentences that were chosen, and no others, are written in the format asked for."""
    said_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = tuple(
        Utterance(number, said_at, f"Sentence {number}.", "en", 1.0, "microphone")
        for number in (1, 2, 3)
    )

    async def search_history(query, *, limit=200):
        return found

    engines.voice.search_history = search_history
    page = panel("Voice")
    page.export_requested.emit("txt", [1, 3])
    chosen_file(window, qtbot, tmp_path / "out.txt")
    text = (tmp_path / "out.txt").read_text()
    assert "Sentence 1." in text
    assert "Sentence 2." not in text


def test_a_finished_file_is_exported(panel, engines, window, qtbot, tmp_path):
    """The transcript of a file is written in the format asked for."""
    transcript = Transcript((Segment("Hello.", 0.0, 1.0, 0.9),), "en", 1.0, "base")
    job = FileJob(7, "talk.mp3", "done", 1.0, None, transcript)
    engines.voice.shown = VoiceSnapshot(taken_s=1.0, jobs=(job,))
    panel("Voice").export_file_requested.emit("srt", 7)
    chosen_file(window, qtbot, tmp_path / "talk.srt")
    assert "00:00:00,000 --> " in (tmp_path / "talk.srt").read_text()


def test_a_file_that_cannot_be_written_is_told(panel, engines, window, qtbot, tmp_path):
    """A folder that refuses the export is named on the page."""
    transcript = Transcript((), None, 0.0, "base")
    engines.voice.shown = VoiceSnapshot(
        taken_s=1.0, jobs=(FileJob(7, "talk.mp3", "done", 1.0, None, transcript),)
    )
    page = panel("Voice")
    page.export_file_requested.emit("txt", 7)
    chosen_file(window, qtbot, tmp_path / "absent" / "talk.txt")
    assert "choose another folder" in page.strip.text


def test_a_changed_setting_is_told_to_the_voice_page(panel, engines, qtbot):
    """The voice page follows the settings as they are, not as they were."""
    page = panel("Voice")
    changed = SimpleNamespace(voice=engines.settings.voice)
    shown = []
    page.show_settings = shown.append
    page.stage_toggled.emit("high_pass", False)
    qtbot.waitUntil(lambda: shown == [changed.voice])


def test_an_earlier_request_is_shown_on_the_activity_page(panel, window):
    """The link of an answer in the Playground opens that page, with the request chosen."""
    playground = panel("Playground")
    playground.similar_wanted.emit("req_7")
    assert window.panel.title == "Activity"
    assert window.panel.filters.query.text == "req_7"
    assert window.panel.table.chosen == "req_7"
