"""What the user wants of the cards, as calls to their engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.bridge import Bridge, Handle
from app.gpu_export import history_csv
from app.saving import save_picture, save_text
from app.ui.gpu_panel import GpuPanel
from app.ui.gpu_texts import card_names
from app.ui.gpu_values import Plan, PlanWish
from engine.gpu.estimate import Load
from engine.gpu.history import Span
from engine.gpu.model_file import read_model
from engine.gpu.model_shape import ModelShape
from engine.gpu.planner import CardRoom, options
from engine.gpu.planning import plan
from engine.gpu.snapshot import ResourceSnapshot

if TYPE_CHECKING:
    from engine.assembly import Engines
    from engine.gpu.service import VisionResourceManager

FILE_NAME = "gpu_history.csv"
BY_HAND = "asked to leave by the user"


class GpuWiring(QObject):
    """Connects the GPU page.

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
        self._plan: Handle | None = None

    def connect_panel(self, panel: GpuPanel) -> None:
        """Send what the user wants on `panel` to the engine."""
        panel.end_lease_wanted.connect(partial(self._end_lease, panel))
        panel.end_process_wanted.connect(partial(self._end_process, panel))
        panel.plan_wanted.connect(partial(self._make_plan, panel))
        panel.picture_wanted.connect(partial(_save_picture, panel))
        panel.history_wanted.connect(partial(self._save_history, panel))

    def _end_lease(self, panel: GpuPanel, lease_id: str) -> None:
        async def end(resources: VisionResourceManager) -> None:
            resources.leases.ask_to_leave(lease_id, BY_HAND)

        self._run(panel, end)

    def _end_process(self, panel: GpuPanel, pid: int, started_s: float) -> None:
        self._run(panel, lambda resources: resources.end_process(pid, started_s))

    def _make_plan(self, panel: GpuPanel, wish: PlanWish) -> None:
        if self._plan is not None:
            self._plan.cancel()
        self._plan = self._bridge.run(
            _planned(wish, self._engines()), panel.show_plan, panel.show_plan_problem
        )

    def _save_history(self, panel: GpuPanel, card_ids: tuple[str, ...], span: Span) -> None:
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return
        text = history_csv(engines.resources, card_ids, span)
        save_text(panel, FILE_NAME, text)

    def _run(
        self,
        panel: GpuPanel,
        work: Callable[[VisionResourceManager], Coroutine[Any, Any, Any]],
    ) -> None:
        """Run `work(resources)` and show on `panel` what went wrong."""
        engines = self._engines()
        if engines is None:
            panel.show_problem(self._not_ready)
            return
        self._bridge.run(_call(work, engines.resources), None, panel.show_problem)


async def _planned(wish: PlanWish, engines: Engines | None) -> Plan:
    """Return what the page shows for `wish`; the planner needs no engines, but learns from them.

    Raises Unreachable, Damaged; and Rejected where a figure makes no sense.
    """
    shape = await asyncio.to_thread(read_model, Path(wish.path))
    if engines is None:
        return plan_of(wish, shape, None)
    seen_share = await engines.resources.leases.seen_share(shape.name)
    return plan_of(wish, shape, engines.resources.snapshot(), seen_share)


def plan_of(
    wish: PlanWish,
    shape: ModelShape,
    snapshot: ResourceSnapshot | None,
    seen_share: float | None = None,
) -> Plan:
    """Return what a model would take, and where it would fit.

    Without a card: as on one without memory.

    seen_share: see `estimate`. Raises Rejected where a figure makes no sense.
    """
    load = Load(context_tokens=wish.context_tokens, slots=wish.slots, cache_type=wish.cache_type)
    cards = () if snapshot is None else snapshot.cards
    rooms = {} if snapshot is None else snapshot.leases.rooms
    found = plan(shape, load, cards, rooms, seen_share)
    names = card_names([each.card for each in cards if each.card.id in rooms])
    nowhere = [CardRoom(card_id="", name="", capacity_mib=0, free_mib=0)]
    there = found.options or options(shape, load, nowhere, seen_share=seen_share)
    return Plan(wish, shape, there, names)


def _save_picture(panel: GpuPanel, name: str, widget: QWidget) -> None:
    save_picture(panel, name, widget.grab())


async def _call(
    work: Callable[[VisionResourceManager], Coroutine[Any, Any, Any]],
    resources: VisionResourceManager,
) -> Any:
    """Return what `work(resources)` finds, asked on the engines' loop."""
    return await work(resources)
