from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.bridge import Bridge
from app.settings_wiring import SettingsWiring
from app.ui.settings_panel import SettingsPanel
from engine.clock import SystemClock
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
    gateway = GatewaySnapshot(taken_s=0.0, key_file=tmp_path / "gateway.key")
    yield SimpleNamespace(
        router=SimpleNamespace(notes=Notes(database, clock=SystemClock())),
        gateway=SimpleNamespace(snapshot=lambda: gateway),
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


def test_before_the_engines_are_there_the_user_is_told(theme, qtbot, engines, problems):
    """Nothing is lost in silence."""
    bridge = Bridge(engines.loop, problems)
    wiring = SettingsWiring(bridge, engines=lambda: None, not_ready="Wait")
    panel = SettingsPanel(theme)
    qtbot.addWidget(panel)
    wiring.connect_panel(panel)
    panel.key_wanted.emit()
    assert panel.strip.text == "Wait"
    panel.notes.look()
    bridge.close()
