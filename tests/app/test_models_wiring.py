from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from app.bridge import Bridge
from app.models_wiring import SAMPLE, ModelsWiring
from app.ui.models_panel import ModelsPanel
from app.ui.models_servers import FORM
from engine.coordinator.settings import Price
from engine.coordinator.snapshot import FoundServer
from engine.errors import Refused, SettingsError
from engine.exchange import Task
from engine.loop import BackgroundLoop
from engine.router.snapshot import Tier
from tests.app.ui.model_worlds import CLOUD, COORDINATOR, FAST, LLAMA, MINE, OWN, STARTER, WORLD

OTHER = Price("mine*", 1.0, 2.0)


class FakeEngine:
    """Remembers what was asked of it and answers from a table."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers = answers
        self.error: Exception | None = None

    def snapshot(self) -> Any:
        return COORDINATOR

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        async def answer(*values: Any) -> Any:
            self.asked.append((name, *values))
            if self.error:
                raise self.error
            return self.answers.get(name)

        return answer


@pytest.fixture
def bridge(qapp, problems):
    loop = BackgroundLoop(on_error=problems.on_error)
    loop.start()
    bridge = Bridge(loop, problems)
    yield bridge
    bridge.close()
    assert loop.stop()


@pytest.fixture
def engines():
    coordinator = FakeEngine(
        try_address=FoundServer("http://here:1", True, "", "ollama", "Ollama"),
        test_endpoint=FoundServer("http://here:1", True, "", "ollama", "Ollama"),
        remove_endpoint=CLOUD.endpoint,
    )
    router = FakeEngine(remove_model=LLAMA, remove_tier=MINE)
    return SimpleNamespace(coordinator=coordinator, router=router)


@pytest.fixture
def panel(theme, qtbot, bridge, engines):
    panel = ModelsPanel(theme)
    qtbot.addWidget(panel)
    panel.wiring = ModelsWiring(bridge, engines=lambda: engines, not_ready="Wait")
    panel.wiring.connect_panel(panel)
    panel.show_snapshot(WORLD)
    return panel


def was_asked(engine, *what):
    return lambda: what in engine.asked


def test_what_is_done_with_a_server_reaches_the_coordinator(panel, engines, qtbot):
    """Look, switch, weigh and save."""
    coordinator = engines.coordinator
    panel.look_requested.emit()
    panel.enabled_toggled.emit("Cloud", False)
    panel.weight_changed.emit("Cloud", 2.0)
    panel.servers.add_server()
    panel.endpoint_saved.emit(CLOUD.endpoint, "secret")
    qtbot.waitUntil(lambda: len(coordinator.asked) == 4)
    assert coordinator.asked == [
        ("look",),
        ("set_enabled", "Cloud", False),
        ("set_weight", "Cloud", 2.0),
        ("put_endpoint", CLOUD.endpoint, "secret"),
    ]
    qtbot.waitUntil(lambda: panel.servers.pages.currentIndex() != FORM)


def test_a_server_that_was_removed_comes_back(panel, engines, qtbot):
    """With what the coordinator kept of it."""
    panel.endpoint_removed.emit("Cloud")
    qtbot.waitUntil(lambda: panel.undo.text == "Cloud was removed")
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(was_asked(engines.coordinator, "put_endpoint", CLOUD.endpoint))


def test_an_address_is_tried_with_its_key(panel, engines, qtbot):
    """What cannot be tried is told where the address stands."""
    panel.servers.add_server()
    panel.servers.form.fields.url.setText("http://here:1")
    panel.probe_wanted.emit("http://here:1", "key")
    qtbot.waitUntil(lambda: panel.servers.form.fields.found.head.text() == "Ollama answers.")
    assert engines.coordinator.asked == [("try_address", "http://here:1", "key")]
    engines.coordinator.error = Refused("no more")
    panel.probe_wanted.emit("http://here:1", "")
    qtbot.waitUntil(lambda: panel.servers.form.fields.found.head.text() == "No more.")


def test_a_test_that_fails_ends_too(panel, engines, qtbot):
    """The button can be pressed again, and the details say why."""
    engines.coordinator.error = SettingsError("there is no server 'Cloud'")
    panel.test_requested.emit("Cloud")
    assert panel.servers.list.rows["Cloud"].test_button.text() == "Testing…"
    found = panel.servers.detail.found
    qtbot.waitUntil(lambda: found.head.text() == "There is no server 'Cloud'.")
    assert panel.servers.list.rows["Cloud"].test_button.text() == "Test"


def test_a_changed_entry_goes_back_to_what_it_was(panel, engines, qtbot):
    """To the user's own entry, or else to that of the application."""
    router = engines.router
    router.answers["put_model"] = LLAMA
    panel.model_saved.emit(LLAMA)
    qtbot.waitUntil(lambda: bool(panel.undo.text))
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(was_asked(router, "remove_model", LLAMA.name))
    own = replace(LLAMA, label="Mine", is_users=True)
    router.answers["put_model"] = own
    panel.model_saved.emit(LLAMA)
    qtbot.waitUntil(lambda: bool(panel.undo.text))
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(was_asked(router, "put_model", own))


def test_a_removed_tier_comes_back(panel, engines, qtbot):
    """And a new one can be taken back."""
    panel.tier_removed.emit("mine")
    qtbot.waitUntil(lambda: panel.undo.text == "Mine was removed")
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(was_asked(engines.router, "put_tier", MINE))
    panel.tier_saved.emit(FAST)
    qtbot.waitUntil(lambda: panel.undo.text == "Fast is saved")
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(was_asked(engines.router, "remove_tier", "fast"))


def test_prices_go_back_to_those_of_before(panel, engines, qtbot):
    """Only the user's own are written: the starter list is none of them."""
    panel.prices_saved.emit((OTHER, OWN))
    qtbot.waitUntil(lambda: bool(panel.undo.text))
    panel.undo.buttons["Undo"].click()
    qtbot.waitUntil(was_asked(engines.coordinator, "set_prices", (OWN,)))
    assert all(STARTER not in asked[1] for asked in engines.coordinator.asked)


def test_it_is_asked_who_would_answer_in_the_way_a_client_asks(panel, engines, qtbot):
    """A tier for vectors is asked for vectors."""
    panel.explain_wanted.emit(FAST)
    qtbot.waitUntil(lambda: len(engines.router.asked) == 1)
    request = engines.router.asked[0][1]
    assert (request.model, request.task) == ("fast", Task.CHAT)
    panel.explain_wanted.emit(Tier("vectors", requires=("embedding",)))
    qtbot.waitUntil(lambda: len(engines.router.asked) == 2)
    request = engines.router.asked[1][1]
    assert (request.task, request.body) == (Task.EMBEDDING, {"input": SAMPLE})


def test_what_goes_wrong_is_told_on_the_page(panel, engines, qtbot):
    """And the form stays open with what was typed."""
    engines.coordinator.error = Refused("the disk is full")
    panel.servers.add_server()
    panel.endpoint_saved.emit(CLOUD.endpoint, None)
    qtbot.waitUntil(lambda: panel.strip.text == "the disk is full")
    assert panel.servers.pages.currentIndex() == FORM


def test_before_the_engines_work_the_user_is_told_to_wait(theme, qtbot, bridge):
    """Questions that the page asks by itself stay silent."""
    panel = ModelsPanel(theme)
    qtbot.addWidget(panel)
    wiring = ModelsWiring(bridge, engines=lambda: None, not_ready="Wait")
    wiring.connect_panel(panel)
    panel.explain_wanted.emit(FAST)
    assert panel.strip.text == ""
    panel.look_requested.emit()
    assert panel.strip.text == "Wait"
    panel.show_problem("")
    panel.prices_saved.emit(())
    assert panel.strip.text == "Wait"
