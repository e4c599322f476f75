"""Where each page's snapshot comes from."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from app.about_facts import About
from app.chat_turns import ChatTurns
from app.chat_values import PlaygroundSnapshot
from app.problems import Problem, Problems
from app.theme import Theme
from app.ui.activity_panel import ActivityPanel
from app.ui.activity_values import ActivitySnapshot
from app.ui.cache_panel import CachePanel
from app.ui.gpu_panel import GpuPanel
from app.ui.gpu_values import GpuView
from app.ui.models_panel import ModelsPanel
from app.ui.models_summary import ModelsGlance, glance_of
from app.ui.models_values import ModelsSnapshot
from app.ui.overview_panel import OverviewPanel, OverviewSnapshot
from app.ui.panel import Panel
from app.ui.parameters_panel import ParametersPanel
from app.ui.parameters_values import ParametersView
from app.ui.playground_panel import PlaygroundPanel
from app.ui.playground_texts import tier_label
from app.ui.settings_address import ClientAddress
from app.ui.settings_panel import GROUPS, SettingsPanel, SettingsSnapshot
from engine.cache.snapshot import CacheSnapshot
from engine.folders import Folders
from engine.gpu.snapshot import ResourceSnapshot
from engine.router.snapshot import RouterSnapshot, Tier
from engine.updates.snapshot import UpdateView
from engine.voice.snapshot import VoiceSnapshot

if TYPE_CHECKING:
    from engine.assembly import Engines

Read = Callable[[], object]
SHOWN = 5
"""Problems that the overview lists."""
ROUTER_BEATS = 15
"""The models are looked at as often as this many beats of the Playground, not with each word."""
PARAMETER_BEATS = 4
"""What was learnt is looked at once a second: drawing it anew takes longer than a frame."""


class Sources:
    """Reads snapshots for pages; before the engines are there, of engines at rest.

    A page gets the very object it got before while nothing it is made of has changed.
    """

    def __init__(
        self,
        theme: Theme,
        folders: Folders,
        problems: Problems,
        turns: ChatTurns | None = None,
    ) -> None:
        self._theme = theme
        self._turns = turns or ChatTurns()
        self._router_seen = RouterSnapshot(taken_s=0.0)
        self._beats = 0
        self._is_started = False
        self._folders = (
            ("Settings", folders.config),
            ("History and recordings", folders.data),
            ("Models and cache", folders.cache),
            ("Log", folders.log),
        )
        self._problems = problems
        self._engines: Engines | None = None
        self._at_rest = (VoiceSnapshot(taken_s=0.0), ResourceSnapshot(taken_s=0.0))
        self._cache_at_rest = self._cache_seen = CacheSnapshot(taken_s=0.0)
        self._activity_seen = ActivitySnapshot()
        self._models_at_rest, self._models_seen = ModelsSnapshot(), ModelsGlance()
        self._address = ClientAddress()
        self._about, self._news_at_rest = About(), UpdateView()
        self._gpu_at_rest, self._user = GpuView(), getpass.getuser()
        self._parameters_at_rest = seen = ParametersView()
        self._parameters_seen = (seen.analytics, seen.settings)
        self._parameter_beats = 0
        self._defaults: dict[str, Any] = {name: kind() for name, kind in GROUPS.items()}
        self._last: dict[str, tuple[tuple[object, ...], object]] = {}
        self._recent: tuple[Problem, ...] = ()
        self._cursor = 0

    def use(self, engines: Engines) -> None:
        """Read from `engines` from now on."""
        self._engines = engines

    def started(self) -> None:
        """The engines work now, as far as they can: they may be asked."""
        self._is_started = True

    def of(self, panel: Panel) -> Read:
        """Return what reads the snapshot that `panel` draws."""
        if isinstance(panel, OverviewPanel):
            return self._overview
        if isinstance(panel, SettingsPanel):
            return self._settings
        if isinstance(panel, CachePanel):
            return self._cache
        if isinstance(panel, PlaygroundPanel):
            return self._playground
        if isinstance(panel, ActivityPanel):
            return self._activity
        if isinstance(panel, ModelsPanel):
            return self._models
        if isinstance(panel, GpuPanel):
            return partial(self._gpu, panel)
        if isinstance(panel, ParametersPanel):
            self._parameter_beats = 0  # a page that opens shows the newest
            return self._parameters
        return self._voice

    def _voice(self) -> VoiceSnapshot:
        return self._engines.voice.snapshot() if self._engines else self._at_rest[0]

    def _cache(self) -> CacheSnapshot:
        return self._engines.cache.snapshot() if self._engines else self._cache_at_rest

    def _playground(self) -> PlaygroundSnapshot:
        engines, is_ready = self._engines, self._engines is not None and self._is_started
        if is_ready:
            self._look_at_router()
        default = engines.settings.router.default_tier if engines else ""
        seen = self._router_seen
        parts = (self._turns.view(), seen.models, seen.tiers, default, is_ready)
        made: PlaygroundSnapshot = self._same(
            "playground", parts, lambda: PlaygroundSnapshot(*parts)
        )
        return made

    def _models(self) -> ModelsSnapshot:
        engines = self._engines
        if engines is None or not self._is_started:
            return self._models_at_rest
        return ModelsSnapshot(
            engines.coordinator.snapshot(),
            engines.router.snapshot(),
            engines.gateway.snapshot(),
            engines.settings.router.default_tier,
            is_ready=True,
        )

    def _gpu(self, panel: GpuPanel) -> GpuView:
        """Return the cards, with the histories that `panel` shows."""
        engines = self._engines
        if engines is None or not self._is_started:
            return self._gpu_at_rest
        wish, resources = panel.wish, engines.resources
        return GpuView(
            resources=resources.snapshot(),
            histories={
                (card_id, gauge): resources.history(card_id, gauge, wish.span)
                for card_id, gauge in wish.series
            },
            span=wish.span,
            user=self._user,
            is_ready=True,
        )

    def _parameters(self) -> ParametersView:
        engines = self._engines
        if engines is None or not self._is_started:
            return self._parameters_at_rest
        settings = engines.settings.analytics
        beats = self._parameter_beats
        # What nobody looked at is worked out only now: a page that opens waits for it.
        is_due = beats < PARAMETER_BEATS or beats % PARAMETER_BEATS == 0
        if is_due or settings is not self._parameters_seen[1]:
            self._parameters_seen = (engines.analytics.snapshot(), settings)
        self._parameter_beats += 1
        parts = self._parameters_seen
        made: ParametersView = self._same(
            "parameters", parts, lambda: ParametersView(*parts, time.time(), is_ready=True)
        )
        return made

    def _activity(self) -> ActivitySnapshot:
        if self._engines is None or not self._is_started:
            return self._activity_seen
        log, gateway = self._engines.activity, self._engines.gateway.snapshot()
        begun = log.begun.latest()
        found = ActivitySnapshot(
            version=log.version,
            is_ready=True,
            problem=log.problem or "",
            keeps_texts=log.keeps_texts,
            in_flight=gateway.in_flight,
            under_way=begun,
            now_s=time.time() if begun else 0.0,
            address=gateway.url or "",
            key_file=gateway.key_file,
        )
        if found != self._activity_seen:
            self._activity_seen = found
        return self._activity_seen

    def _look_at_router(self, *, always: bool = False) -> None:
        """Look which models and tiers there are, though not with each beat."""
        if self._engines is not None and (always or self._beats % ROUTER_BEATS == 0):
            found = self._engines.router.snapshot()
            kept = self._router_seen
            if (found.models, found.tiers) != (kept.models, kept.tiers):
                self._router_seen = found
        self._beats += 1

    def _overview(self) -> OverviewSnapshot:
        resources = self._engines.resources.snapshot() if self._engines else self._at_rest[1]
        problems, cache = self._recent_problems(), self._cache_glance()
        parts = (self._voice(), resources, problems, cache, self._models_glance(), self._news())
        found: OverviewSnapshot = self._same("overview", parts, lambda: OverviewSnapshot(*parts))
        return found

    def _models_glance(self) -> ModelsGlance:
        """Return gateway and servers; the very object as before while it tells the same."""
        engines = self._engines
        if engines is not None and self._is_started:
            found = glance_of(engines.coordinator.snapshot(), engines.gateway.snapshot())
            if found != self._models_seen:
                self._models_seen = found
        return self._models_seen

    def _cache_glance(self) -> CacheSnapshot:
        """Return the cache; the very object as before while nothing a glance tells has changed."""
        found, kept = self._cache(), self._cache_seen
        if _told(found) != _told(kept):
            self._cache_seen = found
        return self._cache_seen

    def _settings(self) -> SettingsSnapshot:
        engines = self._engines
        groups = self._defaults
        if engines is not None:
            groups = {name: getattr(engines.settings, name) for name in GROUPS}
        voice = self._voice()
        gateway = engines.gateway.snapshot() if engines and self._is_started else None
        if gateway is not None:
            found = ClientAddress(gateway.url or "", gateway.key_file, gateway.reason)
            self._address = found if found != self._address else self._address
            self._look_at_router(always=not self._router_seen.tiers)
        seen = self._router_seen.tiers
        parts = {
            **groups,
            "devices": voice.devices,
            "models": voice.models,
            "theme": self._theme.choice,
            "folders": self._folders,
            "address": self._address,
            "about": self._about.view(self._news()),
            "is_ready": gateway is not None,
        }
        made: SettingsSnapshot = self._same(
            "settings",
            (*parts.values(), seen),
            lambda: SettingsSnapshot(**parts, tiers=_named(seen)),
        )
        return made

    def _news(self) -> UpdateView:
        return self._engines.updates.snapshot() if self._engines else self._news_at_rest

    def _recent_problems(self) -> tuple[Problem, ...]:
        page = self._problems.journal.since(self._cursor)
        self._cursor = page.cursor
        if page.entries:
            self._recent = (*self._recent, *page.entries)[-SHOWN:]
        return self._recent

    def _same(self, name: str, parts: tuple[object, ...], make: Callable[[], object]) -> Any:
        found = self._last.get(name)
        if found and all(old is new for old, new in zip(found[0], parts, strict=True)):
            return found[1]
        self._last[name] = (parts, make())
        return self._last[name][1]


def _told(cache: CacheSnapshot) -> tuple[object, ...]:
    return cache.state, cache.reason, cache.address, cache.counts, cache.get


def _named(tiers: tuple[Tier, ...]) -> tuple[tuple[str, str], ...]:
    """Return the names of tiers that can chat, and what people call them."""
    chatting = (tier for tier in tiers if "embedding" not in tier.requires)
    return tuple((tier.name, tier_label(tier)) for tier in chatting)
