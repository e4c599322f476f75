from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from app.gpu_wiring import BY_HAND
from app.ui.gpu_panel import GpuPanel
from app.ui.gpu_values import PlanWish
from app.wiring import NOT_READY
from engine.errors import Refused
from engine.gpu.estimate import CacheType
from engine.gpu.history import Span
from tests.app.ui.gpu_worlds import CARD, gpu_view
from tests.engine.gpu.gguf_files import LLAMA, written


class FakeResources:
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.leases = SimpleNamespace(
            ask_to_leave=lambda *told: self.asked.append(("ask_to_leave", *told)),
            seen_share=self._seen_share,
        )

    async def _seen_share(self, model: str) -> float:
        self.asked.append(("seen_share", model))
        return 1.25

    def snapshot(self) -> Any:
        return gpu_view().resources

    def history(self, *told: Any) -> Any:
        return np.array([[999.0, 1.0, 2.0, 3.0]])

    async def end_process(self, pid: int, started_s: float) -> None:
        self.asked.append(("end_process", pid, started_s))
        if self.error:
            raise self.error


@pytest.fixture
def panel(wiring, engines, theme, qtbot):
    engines.resources = FakeResources()
    wiring.use(engines)
    wiring.started()
    panel = GpuPanel(theme)
    qtbot.addWidget(panel)
    wiring.add(panel)
    panel.show_snapshot(gpu_view())
    return panel


def test_a_lease_is_asked_to_leave(panel, engines, qtbot):
    """Who holds memory is asked to leave by its id, and told that the user wants it."""
    panel.end_lease_wanted.emit("l1")
    qtbot.waitUntil(lambda: engines.resources.asked == [("ask_to_leave", "l1", BY_HAND)])


def test_a_process_that_may_not_be_ended_is_told(panel, engines, qtbot):
    """What the system refuses stands on the page."""
    engines.resources.error = Refused("process 101 belongs to bob")
    panel.end_process_wanted.emit(101, 5.0)
    qtbot.waitUntil(lambda: "belongs to bob" in panel.strip.text)
    assert engines.resources.asked == [("end_process", 101, 5.0)]


def test_a_model_is_planned(panel, engines, tmp_path, qtbot):
    """A model file leads to a plan, corrected by what was seen of that model; others to why not."""
    panel.planner.path.setText(str(written(tmp_path / "llama.gguf", LLAMA)))
    panel.planner.ask()
    qtbot.waitUntil(lambda: panel.planner.plan is not None)
    assert engines.resources.asked == [("seen_share", "Llama 3.1 8B")]
    assert "125%" in panel.planner.plan.options[0].estimate.terms[3].why
    (tmp_path / "none.gguf").write_bytes(b"nothing")
    panel.planner.path.setText(str(tmp_path / "none.gguf"))
    panel.planner.ask()
    qtbot.waitUntil(lambda: "no whole GGUF file" in panel.planner.problem.text)


def test_the_history_and_the_picture_are_saved(panel, tmp_path: Path, qtbot):
    """CSV and PNG are written where the user says."""
    panel.history_wanted.emit((CARD.id,), Span.MINUTE)
    panel.picture_wanted.emit("gpu.png", panel)
    dialogs = panel.findChildren(QFileDialog)
    for dialog, name in zip(dialogs, ("a.csv", "a.png"), strict=True):
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.close()
    assert (tmp_path / "a.csv").read_text().startswith("card,gauge,")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_told(panel, tmp_path: Path):
    """A folder that is not there is named, with the remedy."""
    panel.picture_wanted.emit("gpu.png", panel)
    (dialog,) = panel.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "none" / "a.png"))
    dialog.close()
    assert "choose another folder" in panel.strip.text


def test_before_the_engines_work_the_user_is_told_to_wait(wiring, theme, qtbot):
    """Nothing is asked of engines that are not there; the planner needs none."""
    panel = GpuPanel(theme)
    qtbot.addWidget(panel)
    wiring.add(panel)
    panel.end_lease_wanted.emit("l1")
    assert panel.strip.text.startswith(NOT_READY)
    panel.plan_wanted.emit(PlanWish("/nothing/here.gguf", 8192, 1, CacheType.F16))
    qtbot.waitUntil(lambda: "is not there" in panel.planner.problem.text)
