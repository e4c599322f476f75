from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.ui.activity_detail import ANSWER, NOT_KEPT, QUESTION, WHY
from app.ui.activity_filters import ActivityFilters
from app.ui.activity_panel import ActivityPanel
from app.ui.activity_values import ActivitySnapshot
from app.ui.widgets.filter_chip import FilterChip
from app.ui.widgets.request_bars import RequestBars
from engine.activity import ActivityQuery, ActivityTotals, UnderWay
from engine.router.snapshot import Candidate, Decision
from tests.app.ui.requests import GOOD, FakeList

READY = ActivitySnapshot(
    version=1,
    is_ready=True,
    address="http://127.0.0.1:11480/v1",
    key_file=Path("/keys/gateway.key"),
)
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
WHY_QWEN = Decision(
    id="r1",
    at=datetime(2026, 3, 1, tzinfo=UTC),
    asked="fast",
    task="chat",
    tier="fast",
    candidates=(Candidate("qwen2.5:14b", score=1.0),),
    chosen="qwen2.5:14b",
)


@pytest.fixture
def source():
    return FakeList(300)


@pytest.fixture
def panel(theme, qtbot, source):
    panel = ActivityPanel(theme)
    qtbot.addWidget(panel)
    panel.page_wanted.connect(source.wishes.append)
    panel.resize(1_072, 800)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def show(panel, source, snapshot=READY):
    """Feed the panel and answer what it asks for."""
    panel.show_snapshot(snapshot)
    for wish in source.wishes[source.answered :]:
        panel.show_page(wish, source.page(wish))
    source.answered = len(source.wishes)
    QApplication.processEvents()


def open_row(panel, row, **changes):
    """Choose a row and show its whole request."""
    panel.table.selectRow(row)
    panel.show_record(replace(GOOD, id=panel.table.chosen, **changes), WHY_QWEN)


def test_it_asks_only_once_there_is_a_list(panel, source):
    """Before the engines have started nothing is asked for."""
    panel.show_snapshot(ActivitySnapshot())
    assert source.wishes == []
    show(panel, source)
    assert len(source.wishes) == 1


def test_the_same_snapshot_asks_nothing_new(panel, source):
    """It is looked for new requests when there are some, and not before."""
    show(panel, source)
    show(panel, source)
    assert len(source.wishes) == 1
    source.add(1)
    show(panel, source, replace(READY, version=2))
    assert panel.table.rows.total == 301


def test_an_empty_list_shows_a_command_to_try(panel, source):
    """Whoever has no requests yet can paste one; filters and figures would be of nothing."""
    source.ids.clear()
    show(panel, source)
    assert panel.empty.isVisible()
    assert panel.empty.currentIndex() == 0
    panel.empty.command.copy_button.click()
    assert "$(cat /keys/gateway.key)" in QGuiApplication.clipboard().text()
    assert panel.filters.isHidden()
    assert panel.summary.isHidden()
    assert not panel.export_button.isEnabled()


def test_a_closed_gateway_says_where_to_open_it(panel, source):
    """Without an address there is no command, but a way to get one."""
    source.ids.clear()
    show(panel, source, replace(READY, address=""))
    assert panel.empty.command.isHidden()


def test_a_filter_that_finds_nothing_can_be_cleared(panel, source):
    """No such requests is not the same as none at all."""
    show(panel, source)
    panel.filters.search.setText("zebra")
    panel.filters.search.returnPressed.emit()
    show(panel, source)
    assert panel.empty.currentIndex() == 1
    panel.empty.clear_button.click()
    show(panel, source)
    assert panel.table.isVisible()
    assert panel.filters.query == ActivityQuery()


def test_filters_and_titles_make_one_query(panel, source, qtbot):
    """Search, chips and sorting add up; clearing keeps the order."""
    show(panel, source)
    with qtbot.waitSignal(panel.names_wanted):
        panel.filters.names_wanted.emit()
    panel.show_names({"kind": ("chat",), "model": ("m",), "endpoint": ("e",), "client": ("c",)})
    panel.filters.search.setText("rain")
    panel.filters.choose("model", "m")
    panel.filters.choose("outcome", "failed")
    panel.table.sort_wanted.emit("slowest")
    wanted = ActivityQuery(text="rain", model="m", outcome="failed", sort="slowest")
    assert panel.filters.query == wanted
    assert wanted in [wish.query for wish in source.wishes[-2:]]
    assert panel.filters.chips["model"].value == "m"
    panel.filters.clear()
    assert panel.filters.query == ActivityQuery(sort="slowest")


def test_requests_of_a_time_can_be_looked_at(theme, qtbot):
    """The time is counted back from the choice, and stays while other filters change."""
    now_s = [1_000_000.0]
    filters = ActivityFilters(theme, lambda: now_s[0])
    qtbot.addWidget(filters)
    filters.choose("time", "day")
    assert filters.query == ActivityQuery(since_s=1_000_000.0 - 86_400)
    now_s[0] += 60
    filters.choose("model", "m")
    assert filters.query == ActivityQuery(since_s=1_000_000.0 - 86_400, model="m")
    filters.choose("time", "hour")
    assert filters.query.since_s == 1_000_060.0 - 3_600
    filters.clear()
    assert filters.query == ActivityQuery()


def test_filters_fit_the_smallest_window(panel, source):
    """The page does not become wider for them, nothing covers the search, what is set is seen."""
    show(panel, source)
    panel.resize(672, 560)
    filters = panel.filters
    for name, value in (("time", "day"), ("outcome", "failed"), ("kind", "chat")):
        QApplication.processEvents()
        assert panel.width() == 672
        shown = [chip for chip in filters.chips.values() if not chip.isHidden()]
        assert all(not chip.geometry().intersects(filters.search.geometry()) for chip in shown)
        assert len(shown) < len(filters.chips)
        filters.choose(name, value)
        assert not filters.chips[name].isHidden()
    panel.resize(1_072, 800)
    QApplication.processEvents()
    assert not any(chip.isHidden() for chip in filters.chips.values())


def test_the_whole_of_the_chosen_request_is_asked_for(panel, source, qtbot):
    """A row has figures only: texts and decision come when it is chosen."""
    show(panel, source)
    with qtbot.waitSignal(panel.record_wanted) as wanted:
        panel.table.selectRow(2)
    assert wanted.args == ["r297"]
    assert panel.detail.isHidden()
    panel.show_record(replace(GOOD, id="r5"), None)
    assert panel.detail.isHidden()
    open_row(panel, 2, problem="attic says 503")
    assert panel.detail.isVisible()
    assert panel.detail.problem.text == "Attic says 503"
    assert panel.detail.answer.text.toPlainText() == "Lisbon."
    assert panel.detail.decision.decision is WHY_QWEN


def test_texts_that_were_not_kept_say_why(panel, source):
    """An empty tab tells where texts are switched on."""
    show(panel, source, replace(READY, keeps_texts=False))
    open_row(panel, 0, request=None, answer="")
    for tab in (WHY, QUESTION, ANSWER):
        panel.detail.tabs.setCurrentIndex(tab)
    assert NOT_KEPT in panel.detail._no_answer.text


def test_what_is_copied_can_be_pasted(panel, source):
    """The command goes to the gateway's address; the id is the request's."""
    show(panel, source)
    open_row(panel, 0)
    panel.detail.curl_button.click()
    assert QGuiApplication.clipboard().text().startswith(f"curl {READY.address}/chat/completions")
    assert "YOUR_KEY" in QGuiApplication.clipboard().text()
    QGuiApplication.clipboard().clear()
    QTest.keyClick(panel, Qt.Key.Key_C, CTRL_SHIFT)
    assert QGuiApplication.clipboard().text().startswith(f"curl {READY.address}/chat/completions")
    panel.detail.id_button.click()
    assert QGuiApplication.clipboard().text() == "r299"


def test_the_question_can_be_asked_again(panel, source, qtbot):
    """The Playground gets the whole question."""
    show(panel, source)
    open_row(panel, 0)
    with qtbot.waitSignal(panel.playground_wanted) as wanted:
        panel.detail.ask_button.click()
    assert wanted.args == ["What's the capital of Portugal?"]


def test_a_narrow_page_shows_the_request_in_place_of_the_list(panel, source):
    """Escape goes back to the list."""
    show(panel, source)
    panel.resize(672, 560)
    open_row(panel, 0)
    assert not panel.table.isVisible()
    assert panel.summary.isHidden()
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.table.isVisible()
    assert panel.table.chosen == ""


def test_clearing_asks_first(panel, source, qtbot):
    """One press too many loses nothing."""
    show(panel, source)
    with qtbot.assertNotEmitted(panel.clear_wanted):
        panel.clear_button.click()
        panel.confirm.buttons["Keep"].click()
    panel.clear_button.click()
    with qtbot.waitSignal(panel.clear_wanted):
        panel.confirm.buttons["Clear all"].click()
    source.ids.clear()
    panel.show_cleared()
    show(panel, source)
    assert panel.table.rows.total == 0


def test_an_export_tells_how_it_goes(panel, source, qtbot):
    """It can be cancelled until it is done, and another waits for it."""
    show(panel, source)
    with qtbot.waitSignal(panel.export_wanted) as wanted:
        panel.export_button.click()
    assert wanted.args == [ActivityQuery()]
    panel.show_export("Saving")
    assert not panel.export_button.isEnabled()
    with qtbot.waitSignal(panel.export_cancelled):
        panel.notice.buttons["Cancel"].click()
    assert panel.export_button.isEnabled()
    panel.show_export("300 requests saved", Path("/x.csv"))
    assert panel.notice.buttons["Close"].isVisible()


def test_the_head_tells_what_is_under_way_and_wrong(panel, source):
    """Requests under way are counted; a disk that is full is told."""
    show(panel, source, replace(READY, in_flight=2, problem="The disk is full"))
    assert "2 requests under way" in panel.in_flight.text()
    assert panel.trouble.text == "The disk is full"
    show(panel, source)
    assert panel.trouble.isHidden()


def test_the_figures_are_of_all_that_is_found(panel, source, qtbot):
    """They are asked for with the filters' query; those of another query are not drawn."""
    with qtbot.waitSignal(panel.totals_wanted) as wanted:
        show(panel, source)
    assert wanted.args == [ActivityQuery()]
    panel.show_totals(ActivityQuery(), ActivityTotals(found=300, first_byte_ms=91.0))
    assert panel.summary.values["Requests"].text == "300"
    assert panel.summary.values["First token"].text == "91 ms"
    panel.show_totals(ActivityQuery(model="gone"), ActivityTotals(found=7))
    assert panel.summary.values["Requests"].text == "300"


def test_figures_are_asked_for_one_question_at_a_time(panel, source, qtbot):
    """While they are being summed up, any number of new requests lead to one more question."""
    asked = []
    panel.totals_wanted.connect(asked.append)
    for version in (1, 2, 3):
        show(panel, source, replace(READY, version=version))
    assert len(asked) == 1
    panel.show_totals(ActivityQuery(), ActivityTotals(found=1))
    assert len(asked) == 2
    panel.show_totals(ActivityQuery(), None)
    assert len(asked) == 2
    assert panel.summary.values["Requests"].text == "1"


def test_requests_under_way_stand_above_the_list(panel, source):
    """Each shows who was asked, who answers and for how long; the strip stays when they end."""
    show(panel, source)
    assert panel.under_way.text == "Nothing is under way"
    begun = UnderWay("r1", 100.0, "chat", "desk", "fast", "qwen2.5:14b", "attic")
    many = (begun, *(replace(begun, id=f"r{n}", model="") for n in range(2, 40)))
    show(panel, source, replace(READY, under_way=many, now_s=102.5))
    assert "qwen2.5:14b, 2.5 s" in panel.under_way.text
    assert "39 requests under way" in panel.in_flight.text()
    panel.under_way.grab()
    assert 0 < len(panel.under_way._chips) < 39
    show(panel, source)
    assert panel.under_way.isVisible()
    assert panel.under_way.text == "Nothing is under way"


def test_a_chip_offers_what_there_is(theme, qtbot):
    """Its menu has everything first, and keeps a choice that is not offered any more."""
    chip = FilterChip(theme, "Model", "Every model")
    qtbot.addWidget(chip)
    chip.show_choices([("m", "M one")])
    chip.show_value("gone")
    chip.build_menu()
    assert [each.text() for each in chip.menu.actions()] == ["Every model", "M one", "gone"]
    with qtbot.waitSignal(chip.chosen) as chosen:
        chip.menu.actions()[1].trigger()
    assert chosen.args == ["m"]
    assert chip.accessibleName() == "Model: M one"
    narrow = chip.sizeHint().width()
    chip.show_value("a model with a name that nobody would want to read twice")
    assert narrow < chip.sizeHint().width() < 200


def test_bars_are_drawn_once_for_the_same_requests(theme, count_paints):
    """The same rows are no reason to draw."""
    bars = RequestBars(theme)
    bars.show_records([GOOD, replace(GOOD, status=503)])
    count = count_paints(bars)
    bars.show_records([GOOD, replace(GOOD, status=503)])
    QApplication.processEvents()
    assert count.paints == 0
    bars.show_records([GOOD])
    QApplication.processEvents()
    assert count.paints == 1
