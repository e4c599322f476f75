from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QFileDialog

from app.activity_wiring import ActivityWiring
from app.bridge import Bridge
from app.ui.activity_panel import ActivityPanel
from app.ui.activity_values import ActivitySnapshot
from engine.activity import ActivityQuery, ActivitySettings
from engine.activity_log import ActivityLog
from engine.clock import SystemClock
from engine.errors import Damaged
from engine.loop import BackgroundLoop
from tests.app.ui.requests import GOOD

COUNT = 450


@pytest.fixture
def loop(problems):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    yield loop
    assert loop.stop()


@pytest.fixture
def bridge(loop, problems):
    bridge = Bridge(loop, problems)
    yield bridge
    bridge.close()


@pytest.fixture
def log(loop, tmp_path):
    log = ActivityLog(
        path=tmp_path / "activity.sqlite",
        settings=ActivitySettings(keep_days=0),
        clock=SystemClock(),
    )
    loop.submit(log.start()).result()
    for number in range(COUNT):
        log.add(replace(GOOD, id=f"r{number}", client="desk" if number % 2 else "lap"))
    yield log
    loop.submit(log.aclose()).result()


@pytest.fixture
def engines(log):
    async def decision(id):
        return None

    return SimpleNamespace(activity=log, router=SimpleNamespace(decision=decision))


@pytest.fixture
def asked():
    return []


@pytest.fixture
def wiring(bridge, engines, asked):
    return ActivityWiring(bridge, engines=lambda: engines, ask=asked.append, not_ready="Wait")


@pytest.fixture
def panel(theme, qtbot, wiring):
    panel = ActivityPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1_072, 700)
    panel.show()
    wiring.connect_panel(panel)
    return panel


def open_list(panel, log, qtbot):
    panel.show_snapshot(ActivitySnapshot(version=log.version, is_ready=True))
    qtbot.waitUntil(lambda: panel.table.rows.total == COUNT)


def test_rows_come_from_the_list_of_requests(panel, log, qtbot):
    """The page shows what the engines kept, and a row further down when it is looked at."""
    open_list(panel, log, qtbot)
    assert panel.table.rows.record(0).id == f"r{COUNT - 1}"
    panel.table.scrollToBottom()
    qtbot.waitUntil(lambda: panel.table.rows.record(COUNT - 1) is not None)
    assert panel.table.rows.record(COUNT - 1).id == "r0"
    qtbot.waitUntil(lambda: panel.filters.chips["client"]._choices == (("desk",) * 2, ("lap",) * 2))


def test_the_figures_are_of_the_whole_list(panel, log, qtbot):
    """Not of the rows that were fetched, and of the filter's as soon as there is one."""
    open_list(panel, log, qtbot)
    readings = panel.summary.values
    qtbot.waitUntil(lambda: readings["Requests"].text == str(COUNT))
    panel.filters.choose("client", "desk")
    qtbot.waitUntil(lambda: readings["Requests"].text == "225")
    assert readings["Tokens out"].text == "9,000"


def test_a_chosen_request_comes_whole(panel, log, qtbot, asked):
    """Its texts are read when it is chosen, and its question can go to the Playground."""
    open_list(panel, log, qtbot)
    panel.table.selectRow(1)
    qtbot.waitUntil(panel.detail.isVisible)
    assert panel.detail.answer.text.toPlainText() == "Lisbon."
    panel.detail.ask_button.click()
    assert asked == ["What's the capital of Portugal?"]


def test_what_is_found_is_exported(panel, log, qtbot, wiring, tmp_path):
    """All that the filter finds lies in the file, not only what was fetched."""
    open_list(panel, log, qtbot)
    path = tmp_path / "out.csv"
    wiring.export(panel, ActivityQuery(client="desk"), path)
    qtbot.waitUntil(lambda: "saved" in panel.notice.text)
    assert panel.notice.text == f"225 requests saved to {path}"
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 226


def test_an_export_that_fails_is_told(panel, log, qtbot, wiring, tmp_path):
    """A folder that is not there is a problem with a remedy, and exporting works again."""
    open_list(panel, log, qtbot)
    wiring.export(panel, ActivityQuery(), tmp_path / "no" / "out.csv")
    qtbot.waitUntil(lambda: "choose another folder" in panel.strip.text)
    assert panel.export_button.isEnabled()


def test_where_to_save_is_asked(panel, log, qtbot, tmp_path):
    """The button opens a dialog; the file that is chosen there is written."""
    open_list(panel, log, qtbot)
    panel.export_button.click()
    dialog = panel.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "chosen.csv"))
    dialog.close()
    qtbot.waitUntil((tmp_path / "chosen.csv").exists)


def test_clearing_forgets_everything(panel, log, qtbot):
    """After the question nothing is left, in the list and on the page."""
    open_list(panel, log, qtbot)
    panel.clear_wanted.emit()
    qtbot.waitUntil(lambda: panel.table.rows.total == 0)
    qtbot.waitUntil(panel.empty.isVisible)


def test_a_list_that_cannot_be_read_is_told(panel, log, qtbot, engines):
    """A damaged file is a problem on the page, which tries again when something is new."""

    async def page(*_, **__):
        raise Damaged("activity.sqlite is damaged: move it away")

    engines.activity = SimpleNamespace(page=page, names=log.names, totals=page)
    panel.show_snapshot(ActivitySnapshot(version=1, is_ready=True))
    qtbot.waitUntil(lambda: "damaged" in panel.strip.text)
    engines.activity = log
    panel.show_snapshot(ActivitySnapshot(version=2, is_ready=True))
    qtbot.waitUntil(lambda: panel.table.rows.total == COUNT)


def test_before_the_engines_are_there_nothing_is_lost(theme, qtbot, bridge):
    """What is asked for too early is told, or asked for again later."""
    wiring = ActivityWiring(bridge, engines=lambda: None, ask=print, not_ready="Wait")
    panel = ActivityPanel(theme)
    qtbot.addWidget(panel)
    wiring.connect_panel(panel)
    panel.show_snapshot(ActivitySnapshot(version=1, is_ready=True))
    assert not panel.table.rows._is_looking
    panel.clear_wanted.emit()
    assert panel.strip.text == "Wait"
