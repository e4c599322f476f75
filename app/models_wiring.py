"""What the user wants of servers, models and tiers, as calls to the engines."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from app.bridge import Bridge, Handle
from app.saving import save_text
from app.ui.models_panel import ModelsPanel
from engine.coordinator.settings import Endpoint, Price
from engine.coordinator.snapshot import FoundServer
from engine.exchange import LlmRequest, Task
from engine.router.snapshot import ModelEntry, Tier

if TYPE_CHECKING:
    from engine.assembly import Engines

FILE_NAME = "usage.csv"
SAMPLE = "Explain in two sentences why the sky is blue."
"""A question of usual length, for which it is asked who would answer."""
Work = Callable[["Engines"], Coroutine[Any, Any, Any]]


class ModelsWiring(QObject):
    """Connects the Models page.

    engines: returns the engines, or None before they work; until then the user is told
    `not_ready`.
    """

    def __init__(
        self, bridge: Bridge, *, engines: Callable[[], Engines | None], not_ready: str
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._engines = engines
        self._not_ready = not_ready
        self._asked: dict[str, Handle] = {}
        """The last question of each kind that the page asks by itself."""

    def connect_panel(self, panel: ModelsPanel) -> None:
        """Send what the user wants on `panel` to the engines."""
        run = partial(self._run, panel)
        panel.look_requested.connect(lambda: run(lambda e: e.coordinator.look()))
        panel.probe_wanted.connect(partial(self._probe, panel))
        panel.test_requested.connect(partial(self._test, panel))
        panel.endpoint_saved.connect(partial(self._save_endpoint, panel))
        panel.endpoint_removed.connect(partial(self._remove_endpoint, panel))
        panel.enabled_toggled.connect(
            lambda name, on: run(lambda e: e.coordinator.set_enabled(name, on))
        )
        panel.weight_changed.connect(
            lambda name, weight: run(lambda e: e.coordinator.set_weight(name, weight))
        )
        panel.model_saved.connect(partial(self._save_model, panel))
        panel.model_removed.connect(partial(self._remove_model, panel))
        panel.tier_saved.connect(partial(self._save_tier, panel))
        panel.tier_removed.connect(partial(self._remove_tier, panel))
        panel.explain_wanted.connect(partial(self._explain, panel))
        panel.prices_saved.connect(partial(self._save_prices, panel))
        panel.export_requested.connect(lambda text: save_text(panel, FILE_NAME, text))

    # --- servers ---

    def _probe(self, panel: ModelsPanel, url: str, key: str) -> None:
        def failed(text: str, details: str) -> None:
            panel.show_found(url, FoundServer(url, ok=False, message=text))

        self._ask(
            "probe",
            panel,
            lambda e: e.coordinator.try_address(url, key),
            lambda found: panel.show_found(url, found),
            failed,
        )

    def _test(self, panel: ModelsPanel, name: str) -> None:
        def failed(text: str, details: str) -> None:
            panel.show_test(name, FoundServer("", ok=False, message=text))

        panel.show_testing(name)
        self._run(
            panel,
            lambda e: e.coordinator.test_endpoint(name),
            lambda found: panel.show_test(name, found),
            failed,
        )

    def _save_endpoint(self, panel: ModelsPanel, endpoint: Endpoint, key: str | None) -> None:
        self._run(
            panel,
            lambda e: e.coordinator.put_endpoint(endpoint, key),
            lambda _: _saved(panel),
        )

    def _remove_endpoint(self, panel: ModelsPanel, name: str) -> None:
        def done(endpoint: Endpoint) -> None:
            back = partial(self._run, panel, lambda e: e.coordinator.put_endpoint(endpoint))
            panel.show_undo(f"{name} was removed", back)

        self._run(panel, lambda e: e.coordinator.remove_endpoint(name), done)

    # --- models, tiers and prices ---

    def _save_model(self, panel: ModelsPanel, entry: ModelEntry) -> None:
        def done(before: ModelEntry | None) -> None:
            def back(engines: Engines) -> Coroutine[Any, Any, Any]:
                if before is not None and before.is_users:
                    return engines.router.put_model(before)
                return engines.router.remove_model(entry.name)

            _saved(panel)
            panel.show_undo(f"{entry.name} is saved", partial(self._run, panel, back))

        self._run(panel, lambda e: e.router.put_model(entry), done)

    def _remove_model(self, panel: ModelsPanel, name: str) -> None:
        def done(entry: ModelEntry) -> None:
            back = partial(self._run, panel, lambda e: e.router.put_model(entry))
            panel.show_undo(f"{name} was removed", back)

        self._run(panel, lambda e: e.router.remove_model(name), done)

    def _save_tier(self, panel: ModelsPanel, tier: Tier) -> None:
        def done(before: Tier | None) -> None:
            def back(engines: Engines) -> Coroutine[Any, Any, Any]:
                if before is not None and before.is_users:
                    return engines.router.put_tier(before)
                return engines.router.remove_tier(tier.name)

            _saved(panel)
            panel.show_undo(f"{tier.label or tier.name} is saved", partial(self._run, panel, back))

        self._run(panel, lambda e: e.router.put_tier(tier), done)

    def _remove_tier(self, panel: ModelsPanel, name: str) -> None:
        def done(tier: Tier) -> None:
            back = partial(self._run, panel, lambda e: e.router.put_tier(tier))
            panel.show_undo(f"{tier.label or name} was removed", back)

        self._run(panel, lambda e: e.router.remove_tier(name), done)

    def _explain(self, panel: ModelsPanel, tier: Tier) -> None:
        request = _sample(tier)
        # Nobody who can answer is an answer too: it stands in the decision.
        self._ask("explain", panel, lambda e: e.router.explain(request), panel.show_decision)

    def _save_prices(self, panel: ModelsPanel, prices: tuple[Price, ...]) -> None:
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return
        shown = engines.coordinator.snapshot()
        before = shown.prices[: shown.own_prices]

        def done(_: None) -> None:
            _saved(panel)
            back = partial(self._run, panel, lambda e: e.coordinator.set_prices(before))
            text = "A price was removed" if len(prices) < len(before) else "The price is saved"
            panel.show_undo(text, back)

        self._run(panel, lambda e: e.coordinator.set_prices(prices), done)

    # --- inside ---

    def _run(
        self,
        panel: ModelsPanel,
        work: Work,
        done: Callable[[Any], None] | None = None,
        failed: Callable[[str, str], None] | None = None,
    ) -> Handle | None:
        """Run `work(engines)` and show on `panel` what went wrong."""
        engines = self._engines()
        failed = failed or panel.show_problem
        if engines is None:
            failed(self._not_ready, "")
            return None
        return self._bridge.run(_call(work, engines), done, failed)

    def _ask(
        self,
        kind: str,
        panel: ModelsPanel,
        work: Work,
        done: Callable[[Any], None],
        failed: Callable[[str, str], None] | None = None,
    ) -> None:
        """Run a question that the page asks by itself, in place of the last of its kind."""
        if kind in self._asked:
            self._asked.pop(kind).cancel()
        if self._engines() is None and failed is None:
            return
        handle = self._run(panel, work, done, failed)
        if handle is not None:
            self._asked[kind] = handle


async def _call(work: Work, engines: Engines) -> Any:
    """Return what `work(engines)` finds, asked on the engines' loop, where they live."""
    return await work(engines)


def _saved(panel: ModelsPanel) -> None:
    panel.show_problem("")
    panel.show_saved()


def _sample(tier: Tier) -> LlmRequest:
    """Return a request that a client of `tier` might send."""
    if "embedding" in tier.requires:
        return LlmRequest(tier.name, {"input": SAMPLE}, task=Task.EMBEDDING)
    return LlmRequest(tier.name, {"messages": [{"role": "user", "content": SAMPLE}]})
