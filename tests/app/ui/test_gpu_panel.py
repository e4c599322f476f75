from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.ui.gpu_panel import LEASES, PLANNER, GpuPanel
from engine.gpu.cards import CardState
from engine.gpu.history import Gauge, Span
from engine.gpu.snapshot import ResourceSnapshot
from tests.app.ui.gpu_worlds import CARD, OTHER, READY, gpu_view


@pytest.fixture
def panel(theme, qtbot):
    panel = GpuPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1084, 800)
    panel.show()
    panel.show_snapshot(gpu_view())
    return panel


def test_every_card_has_a_tile(panel):
    """All cards show at once, each with its name, state and memory."""
    assert list(panel.grid.tiles) == [CARD.id, OTHER.id]
    tile = panel.grid.tiles[CARD.id]
    assert tile.name.whole_text == "RTX 4090"
    assert tile.value.text == "9.0 of 24.0 GiB"
    assert [part.name for part in tile.bar.parts][:3] == ["train", "Idle models", "Other programs"]


def test_one_click_makes_a_card_large_and_escape_brings_all_back(panel, qtbot):
    """A click on a tile opens its card, Esc returns to all cards, with the keyboard on it."""
    tile = panel.grid.tiles[CARD.id]
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton, pos=tile.value.geometry().center())
    assert panel.card_page.isVisible()
    assert panel.card_page.name.whole_text == "RTX 4090"
    assert panel.focusWidget() is panel.card_page.back_button
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.grid.isVisible()


def test_a_large_card_that_vanishes_leaves_the_others(panel):
    """When the card that shows large is not known any more, all others show."""
    panel.open_card(OTHER.id)
    panel.show_snapshot(gpu_view(READY))
    assert panel.grid.isVisible()
    assert list(panel.grid.tiles) == [CARD.id]


def test_the_page_asks_for_the_histories_it_shows(panel):
    """All cards need load and memory; one large card needs its four charts; of the chosen span."""
    assert set(panel.wish.series) == {
        (card, gauge) for card in (CARD.id, OTHER.id) for gauge in (Gauge.BUSY, Gauge.MEMORY)
    }
    panel.open_card(CARD.id)
    panel.spans.show_value(Span.DAY.value)
    assert panel.wish.span is Span.DAY
    assert (CARD.id, Gauge.TEMPERATURE) in panel.wish.series
    panel.tabs.setCurrentIndex(LEASES)
    assert panel.wish.series == ()


def test_a_chart_covers_the_span_of_its_history(panel):
    """When the view holds a day, the charts are a day wide."""
    panel.show_snapshot(replace(gpu_view(), span=Span.DAY))
    assert panel.grid.tiles[CARD.id].chart.span_s == 86_400


def test_a_silent_card_is_told(panel):
    """A card whose driver is silent says so on its tile and in the head of the page."""
    silent = replace(READY, state=CardState.SILENT, reason="Its driver hangs", age_s=12.0)
    panel.show_snapshot(gpu_view(silent))
    tile = panel.grid.tiles[CARD.id]
    assert "Silent for 12 s" in tile.state.text()
    assert tile.about.whole_text == "Its driver hangs"
    assert "not answering" in panel._state.text()


def test_without_a_card_the_machine_and_the_remedy_show(panel):
    """Without a card the page says why and what helps, and how the machine does."""
    panel.show_snapshot(gpu_view(problem="No graphics card was found: install its driver"))
    assert panel.host.isVisible()
    assert "install its driver" in panel.host.reason.text
    assert panel.host.processor.value.text == "20 %"
    panel.host.plan_button.click()
    assert panel.tabs.currentIndex() == PLANNER


def test_before_the_first_look_nothing_is_missing(panel):
    """As long as cards are looked for, the page does not claim that there are none."""
    panel.show_snapshot(replace(gpu_view(), resources=ResourceSnapshot(taken_s=1.0)))
    assert "Looking" in panel.host.reason.text


def test_ending_a_process_is_confirmed(panel, qtbot):
    """A process is ended only after the dialog's button, by its pid and start."""
    panel.open_card(CARD.id)
    processes = panel.card_page.processes
    processes.table.select_id("101 5.0")
    asked = []
    panel.end_process_wanted.connect(lambda *told: asked.append(told))
    processes.process_button.click()
    assert asked == []
    dialog = processes.dialog
    role = QMessageBox.ButtonRole.DestructiveRole
    (end,) = [each for each in dialog.buttons() if dialog.buttonRole(each) is role]
    end.click()
    assert asked == [(101, 5.0)]


def test_another_users_process_cannot_be_ended(panel):
    """For a process of somebody else the button is off and says why."""
    panel.open_card(CARD.id)
    processes = panel.card_page.processes
    processes.table.select_id("102 6.0")
    assert not processes.process_button.isEnabled()
    assert "somebody else" in processes.process_button.toolTip()
    processes.ask()
    assert processes.dialog is None


def test_the_lease_of_a_process_is_ended(panel):
    """End lease asks for the end of the lease that the chosen process belongs to."""
    panel.open_card(CARD.id)
    processes, asked = panel.card_page.processes, []
    panel.end_lease_wanted.connect(asked.append)
    processes.table.select_id("101 5.0")
    processes.lease_button.click()
    processes.table.select_id("102 6.0")
    assert not processes.lease_button.isEnabled()
    assert asked == ["l1"]


def test_what_is_exported_is_what_shows(panel):
    """The history of one large card, or of all, is asked for over the chosen span."""
    asked = []
    panel.history_wanted.connect(lambda ids, span: asked.append((ids, span)))
    panel._save_history()
    panel.open_card(OTHER.id)
    panel.spans.show_value(Span.QUARTER.value)
    panel._save_history()
    assert asked == [((CARD.id, OTHER.id), Span.MINUTE), ((OTHER.id,), Span.QUARTER)]
