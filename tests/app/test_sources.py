from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.sources import ROUTER_BEATS, Sources
from app.ui.activity_panel import ActivityPanel
from app.ui.cache_panel import CachePanel
from app.ui.gpu_panel import GpuPanel
from app.ui.models_panel import ModelsPanel
from app.ui.overview_panel import OverviewPanel
from app.ui.playground_panel import PlaygroundPanel
from app.ui.settings_panel import SettingsPanel
from app.ui.voice_panel import VoicePanel
from engine.cache.snapshot import CacheCounts, CacheSnapshot
from engine.voice.snapshot import VoiceState
from tests.app.chat_router import FakeRouter
from tests.app.ui.model_worlds import COORDINATOR, GATEWAY

PANELS = (
    OverviewPanel,
    VoicePanel,
    PlaygroundPanel,
    ModelsPanel,
    GpuPanel,
    ActivityPanel,
    CachePanel,
    SettingsPanel,
)


@pytest.fixture
def sources(theme, folders, problems):
    return Sources(theme, folders, problems)


@pytest.mark.parametrize("kind", PANELS)
def test_every_page_can_be_drawn_before_the_engines_are_there(sources, theme, qtbot, kind):
    """Each page gets a snapshot of its own kind from the first moment on."""
    panel = kind(theme)
    qtbot.addWidget(panel)
    panel.show_snapshot(sources.of(panel)())


def test_the_same_engines_give_the_same_snapshot(sources, theme, engines, qtbot, problems):
    """While nothing changed the overview gets the very object it had; then another."""
    panel = OverviewPanel(theme)
    qtbot.addWidget(panel)
    resources = engines.resources.snapshot()
    engines.resources.snapshot = lambda: resources
    sources.use(engines)
    read = sources.of(panel)
    first = read()
    assert read() is first
    engines.voice.shown = replace(engines.voice.shown, state=VoiceState.RECORDING)
    second = read()
    assert second is not first
    assert second.voice.state is VoiceState.RECORDING
    problems.report("The disk is full")
    assert [problem.text for problem in read().problems] == ["The disk is full"]


def test_the_settings_page_sees_the_theme_and_the_folders(sources, theme, qtbot, folders):
    """The snapshot of the settings holds what is not the engines' to know."""
    panel = SettingsPanel(theme)
    qtbot.addWidget(panel)
    snapshot = sources.of(panel)()
    assert snapshot.theme == theme.choice
    assert folders.log in [path for _, path in snapshot.folders]


def test_a_cache_at_work_changes_the_overview_and_one_at_rest_does_not(
    sources, theme, engines, qtbot
):
    """Another sample of an idle cache is no reason to draw; a read is."""
    panel = OverviewPanel(theme)
    qtbot.addWidget(panel)
    resources = engines.resources.snapshot()
    engines.resources.snapshot = lambda: resources
    taken_s, counts = iter(range(100)), CacheCounts()
    engines.cache.snapshot = lambda: CacheSnapshot(taken_s=next(taken_s), counts=counts)
    sources.use(engines)
    read = sources.of(panel)
    first = read()
    assert read() is first
    counts = CacheCounts(first_hits=1)
    assert read().cache.counts.first_hits == 1


def test_the_cache_pages_see_the_cache_of_the_engines(sources, theme, engines, qtbot):
    """The Cache page draws the engine's own snapshot, the settings page its settings."""
    panel, settings = CachePanel(theme), SettingsPanel(theme)
    for each in (panel, settings):
        qtbot.addWidget(each)
    shown = CacheSnapshot(taken_s=7.0)
    engines.cache.snapshot = lambda: shown
    sources.use(engines)
    assert sources.of(panel)() is shown
    assert sources.of(settings)().cache is engines.settings.cache


def test_the_playground_is_told_of_models_and_words(sources, theme, engines, qtbot):
    """Its snapshot is the same object until a word comes or a model does."""
    engines.router = FakeRouter()
    sources.use(engines)
    panel = PlaygroundPanel(theme)
    qtbot.addWidget(panel)
    read = sources.of(panel)
    assert not read().is_ready
    sources.started()
    first = read()
    assert [model.name for model in first.models] == ["qwen:7b", "opus"]
    assert first.is_ready
    assert read() is first
    engines.router.shown = replace(engines.router.shown, models=())
    seen = [read() for _ in range(ROUTER_BEATS + 1)]
    assert seen[-1].models == ()


def test_the_models_page_and_the_overview_see_the_way_to_the_models(sources, theme, engines, qtbot):
    """The page gets what the engines say; the overview the same glance while it tells the same."""
    engines.coordinator = SimpleNamespace(snapshot=lambda: COORDINATOR)
    engines.gateway = SimpleNamespace(snapshot=lambda: GATEWAY)
    engines.router = FakeRouter()
    engines.settings.router = SimpleNamespace(default_tier="fast")
    panel, overview = ModelsPanel(theme), OverviewPanel(theme)
    for each in (panel, overview):
        qtbot.addWidget(each)
    sources.use(engines)
    assert not sources.of(panel)().is_ready
    sources.started()
    seen = sources.of(panel)()
    assert (seen.coordinator, seen.gateway, seen.default_tier) == (COORDINATOR, GATEWAY, "fast")
    glance = sources.of(overview)().models
    assert glance.url == GATEWAY.url
    assert sources.of(overview)().models is glance
