from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest

from app.bridge import Bridge
from app.settings_wiring import SettingsWiring
from app.ui.setting_sections import ABOUT
from app.ui.settings_panel import SettingsPanel
from engine.clock import SystemClock
from engine.errors import Refused
from engine.gateway.snapshot import GatewaySnapshot
from engine.loop import BackgroundLoop
from engine.router.notes import Notes
from engine.router.schema import ROUTER_MIGRATIONS
from engine.storage import Database


@pytest.fixture
def engines(problems, tmp_path):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    database = Database(tmp_path / "router.sqlite", migrations=ROUTER_MIGRATIONS)
    loop.submit(database.open()).result()
    looks = []
    gateway = GatewaySnapshot(taken_s=0.0, key_file=tmp_path / "gateway.key")
    yield SimpleNamespace(
        router=SimpleNamespace(notes=Notes(database, clock=SystemClock())),
        gateway=SimpleNamespace(snapshot=lambda: gateway),
        updates=SimpleNamespace(look_now=lambda: looks.append(loop)),
        looks=looks,
        loop=loop,
    )
    loop.submit(database.aclose()).result()
    assert loop.stop()


@pytest.fixture
def panel(theme, qtbot, engines, problems):
    bridge = Bridge(engines.loop, problems)
    wiring = SettingsWiring(bridge, engines=lambda: engines, not_ready="Wait")
    panel = SettingsPanel(theme)
    qtbot.addWidget(panel)
    wiring.connect_panel(panel)
    panel.wiring = wiring
    yield panel
    bridge.close()


def titles(panel):
    return [row.cells[0] for row in panel.notes.table.rows]


def test_a_note_is_written_changed_deleted_and_brought_back(panel, qtbot):
    """The page and the notes of the router go through it together."""
    notes = panel.notes
    QTest.keyClicks(notes.title, "Team")
    notes.save_button.click()
    qtbot.waitUntil(lambda: titles(panel) == ["Team"])
    QTest.keyClicks(notes.title, "s")
    notes.save_button.click()
    qtbot.waitUntil(lambda: titles(panel) == ["Teams"])
    notes.delete_button.click()
    qtbot.waitUntil(lambda: titles(panel) == [])
    notes.undo.buttons["Undo"].click()
    qtbot.waitUntil(lambda: titles(panel) == ["Teams"])


def test_the_key_is_copied(panel, qtbot, tmp_path):
    """The key itself is on the clipboard, without the line's end; a file that is gone is told."""
    (tmp_path / "gateway.key").write_text("secret-key\n", encoding="utf-8")
    panel.key_wanted.emit()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == "secret-key")
    (tmp_path / "gateway.key").unlink()
    panel.key_wanted.emit()
    qtbot.waitUntil(lambda: "cannot be read" in panel.strip.text)


def test_licences_are_read_when_they_are_seen(panel, qtbot):
    """The list and the text of what is chosen come from the disk, on another thread."""
    licences = panel.licences
    panel.tabs.setCurrentIndex(ABOUT)
    qtbot.waitUntil(lambda: "Permission is hereby granted" in licences.text.text.toPlainText())
    licences.search.setText("httpx")
    licences.table.select_id(licences.table.rows[0].id)
    qtbot.waitUntil(lambda: "Encode OSS" in licences.text.text.toPlainText())


def test_a_look_for_news_is_the_engines(panel, qtbot, engines):
    """It is asked for on the engines' loop; a refusal stands on the page."""
    panel.news.look_wanted.emit()
    qtbot.waitUntil(lambda: engines.looks == [engines.loop])

    def refuse():
        raise Refused("Nobody may be asked")

    engines.updates.look_now = refuse
    panel.news.look_wanted.emit()
    qtbot.waitUntil(lambda: panel.strip.text == "Nobody may be asked")


def test_a_page_opens_in_the_browser(panel, monkeypatch):
    """With a click, and as it was told."""
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    panel.news.page_wanted.emit("https://example.org/0.2.0")
    assert opened == [QUrl("https://example.org/0.2.0")]


def test_before_the_engines_are_there_the_user_is_told(theme, qtbot, engines, problems):
    """Nothing is lost in silence."""
    bridge = Bridge(engines.loop, problems)
    wiring = SettingsWiring(bridge, engines=lambda: None, not_ready="Wait")
    panel = SettingsPanel(theme)
    qtbot.addWidget(panel)
    wiring.connect_panel(panel)
    panel.key_wanted.emit()
    assert panel.strip.text == "Wait"
    panel.strip.clear()
    panel.news.look_wanted.emit()
    assert panel.strip.text == "Wait"
    panel.notes.look()
    bridge.close()
