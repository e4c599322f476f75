from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.notices import Notice
from app.ui.about_head import COPIED, COPY, TOLD_MS
from app.ui.about_texts import report_text
from app.ui.setting_sections import ABOUT
from app.ui.settings_panel import SettingsPanel, SettingsSnapshot
from engine.updates.settings import UpdateSettings
from engine.updates.snapshot import UpdateState, UpdateView
from engine.voice.settings import VoiceSettings
from tests.app.ui.test_about_texts import NEWS, VIEW

FOLDERS = (("Log", Path("/somewhere/log")), ("Settings", Path("/somewhere/config")))
SNAPSHOT = SettingsSnapshot(VoiceSettings(), folders=FOLDERS, about=VIEW)
NOTICES = (
    Notice("Universal AI Tools", licence="MIT"),
    Notice("httpx", "0.28.1", "BSD-3-Clause", "https://example.org/httpx"),
    Notice("soxr (in scipy 2.0)", "1.0", "LGPL-2.1-or-later"),
)


@pytest.fixture
def panel(settings_page):
    settings_page.show_snapshot(SNAPSHOT)
    settings_page.tabs.setCurrentIndex(ABOUT)
    return settings_page


def with_news(news, *, check=True):
    about = dataclasses.replace(VIEW, news=news)
    return dataclasses.replace(SNAPSHOT, about=about, updates=UpdateSettings(check=check))


def names(panel):
    return [row.cells[0] for row in panel.licences.table.rows]


def test_the_page_tells_which_build_it_is(panel):
    """Version, variant, what it runs on and where its files lie are seen at once."""
    assert panel.about.version.text() == "Version 0.1.0"
    assert "standard" in panel.about.origin.text()
    assert panel.about.facts.texts["Commit"] == "abc1234"
    assert panel.about.facts.texts["Python"] == "3.11.2"
    assert panel.about.places.texts == {"Log": "/somewhere/log", "Settings": "/somewhere/config"}


def test_a_text_for_bug_reports_is_copied(panel, qtbot):
    """The button says so for a moment."""
    panel.about.copy_button.click()
    assert QGuiApplication.clipboard().text() == report_text(VIEW, FOLDERS)
    assert panel.about.copy_button.text() == COPIED
    qtbot.waitUntil(lambda: panel.about.copy_button.text() == COPY, timeout=TOLD_MS * 10)


def test_off_nothing_can_be_asked(panel):
    """Until the switch is on there is neither a look nor a page."""
    panel.show_snapshot(with_news(UpdateView(), check=False))
    assert not panel.rows["updates.check"].field.isChecked()
    assert not panel.news.look_button.isEnabled()
    assert not panel.news.page_button.isVisible()


def test_the_switch_is_the_users_yes(panel, qtbot):
    """What a click asks for is the setting."""
    with qtbot.waitSignal(panel.setting_changed) as changed:
        panel.rows["updates.check"].field.click()
    assert changed.args == ["updates.check", True]


def test_a_version_that_is_out_leads_to_its_page(panel, qtbot):
    """Only a click opens it."""
    with qtbot.assertNotEmitted(panel.news.page_wanted):
        panel.show_snapshot(with_news(NEWS))
    assert panel.news.title.text() == "Version 0.2.0 is out"
    with qtbot.waitSignal(panel.news.page_wanted) as wanted:
        panel.news.page_button.click()
    assert wanted.args == ["https://example.org/0.2.0"]
    with qtbot.waitSignal(panel.news.look_wanted):
        panel.news.look_button.click()


def test_a_look_under_way_cannot_be_asked_for_again(panel):
    """Nor one that nobody could answer."""
    for state in (UpdateState.LOOKING, UpdateState.NO_ADDRESS):
        panel.show_snapshot(with_news(UpdateView(state)))
        assert not panel.news.look_button.isEnabled()


def test_licences_are_asked_for_once_they_can_be_seen(theme, qtbot):
    """The list is not read for whoever never opens the page, and read once for who does."""
    panel = SettingsPanel(theme)
    qtbot.addWidget(panel)
    with qtbot.waitSignal(panel.notices_wanted):
        panel.tabs.setCurrentIndex(ABOUT)
    with qtbot.assertNotEmitted(panel.notices_wanted):
        panel.tabs.setCurrentIndex(0)
        panel.tabs.setCurrentIndex(ABOUT)


def test_the_first_licence_opens_by_itself(panel, qtbot):
    """Ours; its text is asked for, and shows."""
    with qtbot.waitSignal(panel.licences.text_wanted) as wanted:
        panel.licences.show_notices(NOTICES)
    assert wanted.args == [NOTICES[0]]
    panel.licences.show_text(NOTICES[0], "Permission is hereby granted")
    assert panel.licences.text.text.toPlainText() == "Permission is hereby granted"


def test_a_text_that_comes_late_is_not_shown_under_another_name(panel):
    """Whoever chose another work meanwhile sees that one's."""
    panel.licences.show_notices(NOTICES)
    panel.licences.table.select_id("1")
    panel.licences.show_text(NOTICES[0], "Not this one")
    panel.licences.show_text(NOTICES[1], "This one")
    assert panel.licences.text.text.toPlainText() == "This one"
    assert panel.licences.name.whole_text == "httpx 0.28.1"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Universal AI Tools", "httpx 0.28.1", "soxr 1.0 (in scipy 2.0)"]),
        ("lgpl", ["soxr 1.0 (in scipy 2.0)"]),
        ("HTTPX bsd", ["httpx 0.28.1"]),
        ("nothing", []),
    ],
)
def test_works_are_found_by_name_and_licence(panel, words, found):
    """All words must be there; what is chosen stays chosen when its row comes back."""
    panel.licences.show_notices(NOTICES)
    panel.licences.table.select_id("1")
    panel.licences.search.setText(words)
    assert names(panel) == found
    assert panel.licences.empty.isVisible() == (not found)
    panel.licences.search.clear()
    assert panel.licences.table.selected() == ("1",)


def test_qts_libraries_can_be_shown(panel, qtbot):
    """Where they are known to lie, the folder is one click away: they may be replaced."""
    assert not panel.licences.qt_button.isVisible()
    folder = Path("/opt/universal-ai-tools/_internal/PySide6/Qt/lib")
    about = dataclasses.replace(VIEW, qt_folder=folder)
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, about=about))
    with qtbot.waitSignal(panel.folder_wanted) as wanted:
        panel.licences.qt_button.click()
    assert wanted.args == [folder]


def test_the_page_fits_the_smallest_window(panel):
    """Nothing is cut off at the right: long texts wrap or are shortened."""
    panel.show_snapshot(with_news(NEWS))
    panel.licences.show_notices(NOTICES)
    page = panel._pages.currentWidget()
    assert page.widget().minimumSizeHint().width() <= 880 - 208 - 2 * 24 - 16


def test_the_same_snapshot_gives_the_same_picture(panel):
    """Drawing it again, also after another one, gives the very same pixels."""
    panel.setFocus(Qt.FocusReason.OtherFocusReason)
    panel.show_snapshot(with_news(NEWS))
    before = panel.grab().toImage()
    panel.show_snapshot(with_news(UpdateView(), check=False))
    panel.show_snapshot(with_news(NEWS))
    assert panel.grab().toImage() == before
