from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from app.ui.models_panel import CATALOGUE, SERVERS, TIERS, USAGE, ModelsPanel
from app.ui.models_servers import DETAIL, FORM, LIST
from app.ui.models_servers_list import ALONE
from app.ui.models_usage_rows import MODEL, summed, usage_row
from engine.coordinator.settings import EMBEDDED, Price
from engine.coordinator.snapshot import FoundServer, UsageRow
from engine.gateway.snapshot import GatewayState
from engine.router.snapshot import Decision
from tests.app.ui.model_worlds import (
    BUILT_IN,
    CLOUD,
    FAST,
    LLAMA,
    MINE,
    OLLAMA,
    OWN,
    STARTER,
    WORLD,
    with_endpoints,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def panel(theme, qtbot):
    panel = ModelsPanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1072, 800)
    panel.show()
    qtbot.waitExposed(panel)
    panel.show_snapshot(WORLD)
    return panel


def test_the_address_for_clients_can_be_copied(panel):
    """Address, path of the key and an example, each by its button."""
    strip, clipboard = panel.gateway, QGuiApplication.clipboard()
    strip.address.button.click()
    assert clipboard.text() == "http://127.0.0.1:11480/v1"
    strip.key_file.button.click()
    assert clipboard.text() == "/somewhere/my keys/gateway.key"
    strip.curl_button.click()
    assert clipboard.text().startswith("curl http://127.0.0.1:11480/v1/chat/completions")


def test_a_closed_gateway_says_why(panel):
    """Nothing can be copied, and the reason stands in place of the address."""
    reason = "port 11480 is taken"
    closed = replace(WORLD.gateway, state=GatewayState.FAILED, reason=reason, url=None)
    panel.show_snapshot(replace(WORLD, gateway=closed))
    assert panel.gateway.address.value.whole_text == reason
    assert not panel.gateway.curl_button.isEnabled()
    assert not panel.gateway.address.button.isEnabled()


def test_every_server_has_a_row_the_built_in_model_last(panel):
    """With its state and its figures."""
    rows = panel.servers.list.rows
    assert list(rows) == ["Cloud", "Ollama", EMBEDDED]
    assert rows["Ollama"].first.value.whole_text == "212 ms"
    assert rows["Ollama"].slow.value.whole_text == "1.4 s"
    assert rows["Ollama"].speed.value.whole_text == "50 tok/s"
    assert rows["Ollama"].load.value.whole_text == "1 of 4"
    assert rows["Cloud"].note.whole_text.endswith("Tried again in 12 s.")
    assert rows[EMBEDDED].title.whole_text == "Tiny built-in model"


def test_without_a_server_it_says_how_to_get_one(panel):
    """No charts of nothing: what to start or to add, until the first server is there."""
    servers = panel.servers.list
    panel.show_snapshot(with_endpoints())
    assert "No server yet" in servers.empty.text
    assert servers.empty.isVisible()
    assert not servers.charts.isVisible()
    panel.show_snapshot(with_endpoints(OLLAMA))
    assert not servers.empty.isVisible()
    assert servers.charts.isVisible()


def test_a_new_tier_is_not_told_by_the_one_that_showed(panel):
    """What stands beside the empty form is of the new tier, not of the one chosen before."""
    panel.tabs.setCurrentIndex(TIERS)
    assert "fast" in panel.tiers.about.whole_text
    panel.tiers.add_tier()
    assert "fast" not in panel.tiers.about.whole_text
    assert panel.tiers.decision.decision is None
    assert "Not saved yet" in panel.tiers.decision.empty.text


def test_who_would_answer_is_of_the_tier_that_shows(panel):
    """An answer that comes late, for the tier that showed before, is not drawn."""
    panel.tabs.setCurrentIndex(TIERS)
    late = Decision(id="", at=NOW, asked="fast", task="chat", tier="fast")
    panel.tiers.add_tier()
    panel.show_decision(late)
    assert panel.tiers.decision.decision is None
    panel.tiers.table.select_id("fast")
    panel.show_decision(late)
    assert panel.tiers.decision.decision is late


def test_an_address_typed_before_the_start_is_asked_after_it(panel, qtbot):
    """Whoever is fast does not have to press Test."""
    panel.show_snapshot(replace(WORLD, is_ready=False))
    panel.servers.add_server()
    panel.servers.form.fields.url.setText("http://box:8000")
    with qtbot.waitSignal(panel.probe_wanted) as wanted:
        panel.show_snapshot(WORLD)
    assert wanted.args == ["http://box:8000", ""]


def test_rows_follow_the_servers(panel):
    """One that came and one that went; the others keep their row."""
    kept = panel.servers.list.rows["Ollama"]
    other = replace(CLOUD, endpoint=replace(CLOUD.endpoint, name="Another"))
    panel.show_snapshot(with_endpoints(OLLAMA, other))
    assert list(panel.servers.list.rows) == ["Another", "Ollama"]
    assert panel.servers.list.rows["Ollama"] is kept


def test_somebody_without_a_server_is_told_what_to_do(panel):
    """As long as the built-in model is alone."""
    panel.show_snapshot(with_endpoints(BUILT_IN))
    assert panel.servers.list.hint.text() == ALONE


def test_a_row_does_what_its_buttons_say(panel, qtbot):
    """Switch, test and details."""
    row = panel.servers.list.rows["Ollama"]
    with qtbot.waitSignal(panel.enabled_toggled) as toggled:
        row.enabled.click()
    assert toggled.args == ["Ollama", False]
    with qtbot.waitSignal(panel.test_requested) as tested:
        row.test_button.click()
    assert tested.args == ["Ollama"]
    row.details_button.click()
    assert panel.servers.pages.currentIndex() == DETAIL
    assert panel.servers.detail.name == "Ollama"


def test_the_details_tell_what_the_row_has_no_room_for(panel):
    """Breaker, waiting, limits and the models in memory."""
    panel.servers.open_server("Cloud")
    detail = panel.servers.detail
    assert detail.traffic.texts["Told to wait (429)"] == "3"
    assert detail.traffic.texts["Requests left"] == "59"
    assert detail.traffic.texts["Tokens left"] == "—"
    assert detail.standing.texts["Tried again"] == "in 12 s"
    assert detail.standing.texts["Key"] == "In the keyring"
    assert "out of memory" in detail.strip.text
    panel.servers.open_server("Ollama")
    assert [row.cells[0] for row in detail.models.rows] == ["llama3:8b", "nomic"]
    assert detail.models.rows[0].cells[1].text == "In memory"


def test_the_built_in_model_is_neither_changed_nor_removed(panel):
    """It can be switched off and tested."""
    panel.servers.open_server(EMBEDDED)
    detail = panel.servers.detail
    assert detail.edit_button.isHidden()
    assert detail.remove_button.isHidden()
    assert not detail.test_button.isHidden()


def test_weight_and_slots_are_changed_in_the_details(panel, qtbot):
    """Each as soon as it is typed."""
    panel.servers.open_server("Ollama")
    detail = panel.servers.detail
    with qtbot.waitSignal(panel.weight_changed) as weight:
        detail.weight.edited.emit(2.5)
    assert weight.args == ["Ollama", 2.5]
    with qtbot.waitSignal(panel.endpoint_saved) as saved:
        detail.slots.edited.emit(8)
    assert saved.args == [replace(OLLAMA.endpoint, slots=8), None]
    with qtbot.assertNotEmitted(panel.endpoint_saved):
        detail.slots.edited.emit("many")


def test_a_test_tells_what_it_found_in_the_details(panel):
    """Also where it was asked for in the list."""
    panel.show_testing("Cloud")
    assert panel.servers.list.rows["Cloud"].test_button.text() == "Testing…"
    panel.show_test("Cloud", FoundServer("", False, "it does not accept this key"))
    assert panel.servers.pages.currentIndex() == DETAIL
    assert panel.servers.detail.found.head.text() == "It does not accept this key."
    assert panel.servers.list.rows["Cloud"].test_button.text() == "Test"


def test_a_server_that_goes_while_its_details_show_leads_back(panel):
    """To the list."""
    panel.servers.open_server("Cloud")
    panel.show_snapshot(with_endpoints(OLLAMA))
    assert panel.servers.pages.currentIndex() == LIST


def test_escape_leads_back_step_by_step(panel):
    """From the form of a server to its details, and from there to the list."""
    panel.servers.open_server("Cloud")
    panel.servers.detail.edit_button.click()
    assert panel.servers.pages.currentIndex() == FORM
    panel._leave()
    assert panel.servers.pages.currentIndex() == DETAIL
    panel._leave()
    assert panel.servers.pages.currentIndex() == LIST


def test_what_was_changed_can_be_undone(panel):
    """Once, by what the change left behind."""
    undone = []
    panel.show_undo("Cloud was removed", lambda: undone.append(1))
    panel.undo.buttons["Undo"].click()
    assert undone == [1]
    assert panel.undo.text == ""


def test_served_models_are_listed_with_what_is_known_of_them(panel):
    """Prices come from the price table, the user's before the starter's."""
    panel.tabs.setCurrentIndex(CATALOGUE)
    rows = {
        row.id: [getattr(c, "text", c) for c in row.cells] for row in panel.catalogue.table.rows
    }
    assert list(rows) == ["llama3:8b", "gpt-4o"]
    assert rows["llama3:8b"][:6] == ["llama3:8b", "Ready", "tools", "8 K", "8 B", "Free"]
    assert rows["llama3:8b"][6:] == ["68", "50 tok/s", "97.5 %", "Llama 3", "Ollama"]
    assert rows["gpt-4o"][1] == "Shaky"
    assert rows["gpt-4o"][5] == "$2 / $8"


def test_models_are_filtered_by_what_they_can_do(panel):
    """All words must fit; the whole catalogue is a press away."""
    panel.tabs.setCurrentIndex(CATALOGUE)
    panel.catalogue.filter.setText("vision cloud")
    assert [row.id for row in panel.catalogue.table.rows] == ["gpt-4o"]
    panel.catalogue.filter.setText("qwen")
    assert panel.catalogue.table.rows == ()
    panel.catalogue.scope.show_value("all")
    panel.catalogue.scope.chosen.emit("all")
    assert [row.cells[0] for row in panel.catalogue.table.rows] == ["Qwen 3"]


def test_an_entry_is_changed_in_its_form(panel, qtbot):
    """Quality is typed from 0 to 100."""
    panel.tabs.setCurrentIndex(CATALOGUE)
    panel.catalogue.table.select_id("llama3:8b")
    assert "MMLU" in panel.catalogue.card.source.text()
    panel.catalogue.card.edit_button.click()
    form = panel.catalogue.form
    assert form.numbers["quality"].text() == "68"
    form.numbers["quality"].setText("101")
    with qtbot.assertNotEmitted(panel.model_saved):
        form.save_button.click()
    assert form.wrong.text() == "Quality: a number, 0 to 100, or nothing"
    form.numbers["quality"].setText("70")
    with qtbot.waitSignal(panel.model_saved) as saved:
        form.save_button.click()
    assert saved.args == [replace(LLAMA, quality=0.7)]


def test_only_entries_of_the_user_can_be_removed(panel, qtbot):
    """What comes with the application stays."""
    panel.tabs.setCurrentIndex(CATALOGUE)
    panel.catalogue.scope.show_value("all")
    panel.catalogue.scope.chosen.emit("all")
    panel.catalogue.table.select_id("llama3:8b")
    assert panel.catalogue.card.remove_button.isHidden()
    panel.catalogue.table.select_id("qwen3*")
    with qtbot.waitSignal(panel.model_removed) as removed:
        panel.catalogue.card.remove_button.click()
    assert removed.args == ["qwen3*"]


def test_estimated_usage_is_told_so():
    """Where a server did not come to tell tokens, the row and the sum of all say it."""
    row = UsageRow("a", "s", "", 3, 0, 10, 5, 0.0, None, None, estimated=2)
    (found,) = summed([row], MODEL)
    assert "2 of 3 requests are estimated" in usage_row(found).tooltip
    (exact,) = summed([replace(row, estimated=0)], MODEL)
    assert usage_row(exact).tooltip == ""
    (both,) = summed([row, replace(row, requests=0, estimated=0, unused=4)], MODEL)
    told = usage_row(both).tooltip
    assert "2 of 3 requests and of 4 answers that nobody took are estimated" in told


def test_usage_is_summed_by_what_the_user_asks_for(panel):
    """By model first; times are weighted, and a client without a name is this application."""
    panel.tabs.setCurrentIndex(USAGE)
    usage = panel.usage
    assert [row.cells[0] for row in usage.table.rows] == ["llama3:8b", "gpt-4o"]
    assert usage.table.rows[1].cells[3:8] == ("20", "4", "200", "200", "$0.75")
    usage.group.show_value("client")
    usage.group.chosen.emit("client")
    assert [row.cells[2] for row in usage.table.rows] == ["editor", "this application"]
    assert usage.tokens.value.text == "1,600"
    assert usage.cost.value.text == "$0.75"


def test_usage_is_exported_row_by_row(panel, qtbot):
    """With numbers as they are."""
    panel.tabs.setCurrentIndex(USAGE)
    with qtbot.waitSignal(panel.export_requested) as exported:
        panel.usage.export_button.click()
    lines = exported.args[0].splitlines()
    assert lines[0].startswith("model,endpoint,client,requests")
    assert lines[1] == "llama3:8b,Ollama,editor,30,0,300,900,0.0,900.0,200.0,0,0"
    assert len(lines) == 4


def test_a_price_of_the_starter_list_becomes_the_users_own(panel, qtbot):
    """It goes before all others; one of the user's is changed in its place, or removed."""
    panel.tabs.setCurrentIndex(USAGE)
    prices = panel.usage.prices
    prices.table.select_id("1")
    assert not prices.remove_button.isEnabled()
    prices.edit_button.click()
    prices.fields["input_usd"].setText("25")
    with qtbot.waitSignal(panel.prices_saved) as saved:
        prices.save_button.click()
    assert saved.args == [(replace(STARTER, input_usd=25.0), OWN)]
    prices.table.select_id("0")
    prices.edit_button.click()
    prices.fields["output_usd"].setText("9")
    with qtbot.waitSignal(panel.prices_saved) as saved:
        prices.save_button.click()
    assert saved.args == [(Price("gpt-4o*", 2.0, 9.0),)]
    with qtbot.waitSignal(panel.prices_saved) as saved:
        prices.remove_button.click()
    assert saved.args == [()]


def test_a_price_without_a_number_is_not_saved(panel, qtbot):
    """The field is marked."""
    prices = panel.usage.prices
    prices.add_price()
    prices.fields["model"].setText("mine*")
    prices.fields["input_usd"].setText("cheap")
    with qtbot.assertNotEmitted(panel.prices_saved):
        prices.save_button.click()
    assert prices.fields["input_usd"].property("invalid")
    assert prices.fields["output_usd"].property("invalid")
    assert not prices.fields["cached_input_usd"].property("invalid")


def test_it_is_asked_who_would_answer_when_a_tier_is_opened(panel, qtbot):
    """And again only where something has changed, or the user asks."""
    asked = []
    panel.explain_wanted.connect(lambda tier: asked.append(tier.name))
    panel.tabs.setCurrentIndex(TIERS)
    assert asked == ["fast"]
    panel.show_snapshot(replace(WORLD, is_ready=True))
    assert asked == ["fast"]
    panel.tiers.table.select_id("mine")
    assert asked == ["fast", "mine"]
    panel.tiers.explain_button.click()
    assert asked == ["fast", "mine", "mine"]


def test_the_preferences_of_a_tier_tell_what_they_mean_now(panel, qtbot):
    """They are ordered by buttons, and saved with the rest."""
    panel.tabs.setCurrentIndex(TIERS)
    panel.tiers.table.select_id("mine")
    preferences = panel.tiers.form.preferences
    first, second = preferences.rows
    assert first.meaning.whole_text == "Now: gpt-4o"
    assert not first.up_button.isEnabled()
    second.up_button.click()
    assert preferences.patterns == ("llama3*", "gpt-4o*")
    first.pattern.setText("nobody*")
    first.pattern.textEdited.emit("nobody*")
    assert first.meaning.whole_text == "No model that is served now"
    second.remove_button.click()
    with qtbot.waitSignal(panel.tier_saved) as saved:
        panel.tiers.form.save_button.click()
    assert saved.args == [replace(MINE, models=("nobody*",))]


def test_a_tier_that_is_being_changed_is_left_alone(panel):
    """Until it is saved or taken back, whatever the file says meanwhile."""
    panel.tabs.setCurrentIndex(TIERS)
    form = panel.tiers.form
    form.label.setText("Fastest")
    form.label.textEdited.emit("Fastest")
    router = replace(WORLD.router, tiers=(replace(FAST, label="Quick"), MINE))
    panel.show_snapshot(replace(WORLD, router=router))
    assert form.label.text() == "Fastest"
    form.revert_button.click()
    panel.show_snapshot(replace(WORLD, router=router))
    assert form.label.text() == "Quick"


def test_a_new_tier_needs_a_name(panel, qtbot):
    """What clients write as their model."""
    panel.tabs.setCurrentIndex(TIERS)
    panel._add()
    form = panel.tiers.form
    with qtbot.assertNotEmitted(panel.tier_saved):
        form.save_button.click()
    form.name.setText("notes")
    form.numbers["most_input_usd"].setText("-1")
    with qtbot.assertNotEmitted(panel.tier_saved):
        form.save_button.click()
    form.numbers["most_input_usd"].setText("2")
    with qtbot.waitSignal(panel.tier_saved) as saved:
        form.save_button.click()
    tier = saved.args[0]
    assert (tier.name, tier.requires, tier.most_input_usd) == ("notes", ("chat",), 2.0)


@pytest.mark.parametrize("part", [SERVERS, CATALOGUE, TIERS, USAGE])
@pytest.mark.parametrize("width", [672, 1072])
def test_every_part_fits_the_smallest_and_the_usual_window(theme, qtbot, part, width):
    """Nothing that can be read or pressed is cut off at the right."""
    window = QWidget()
    qtbot.addWidget(window)
    panel = ModelsPanel(theme)
    panel.setParent(window)
    window.resize(1072, 800)
    panel.setGeometry(window.rect())
    window.show()
    panel.show_snapshot(WORLD)
    window.resize(width, 560)
    panel.setGeometry(window.rect())
    panel.tabs.setCurrentIndex(part)
    panel.show_snapshot(WORLD)
    QGuiApplication.processEvents()
    shown = [each for each in panel.findChildren(QWidget) if each.isVisible()]
    cut = [
        each.accessibleName() or type(each).__name__
        for each in shown
        if isinstance(each, QAbstractButton | QLabel | QLineEdit)
        and each.mapTo(panel, QPoint(each.width(), 0)).x() > width
    ]
    assert cut == []
