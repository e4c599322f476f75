"""`make bench AREA=ui`: start and smoothness of the window."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import numpy as np

from tests.bench.table import Row, show
from tests.bench.ui.start import first_paints

if TYPE_CHECKING:
    from tests.bench.ui.parameters import Drawn

BUDGET_MS = 4.0
"""Of the window's thread: what it works between two rests of its loop."""


def main() -> None:
    """Run every part, or those named: start, frames, requests, cards, parameters."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Qt's own loop says when it rests; with GLib's a change and its paint look like two frames.
    os.environ.setdefault("QT_NO_GLIB", "1")
    chosen = sys.argv[1:] or ["start", "frames", "requests", "cards", "parameters"]
    rows: list[Row] = []
    if "start" in chosen:
        rows += _start()
    if "frames" in chosen:
        rows += _frames()
    if "requests" in chosen:
        rows += _requests()
    if "cards" in chosen:
        rows += _cards()
    if "parameters" in chosen:
        rows += _parameters()
    show("ui", rows)


def _start() -> list[Row]:
    found = first_paints()
    bare = f"{1000 * found.bare_s:.0f} ms bare PySide6 window, same run"
    rows = [
        Row("first window against a bare one", found.source_s / found.bare_s, "ratio", 1.6, bare),
        Row("first window, warm", 1000 * found.source_s, "ms"),
    ]
    if found.frozen_s is not None:
        told = f"{1000 * found.frozen_s:.0f} ms what make package made, same run"
        ratio = found.frozen_s / found.source_s
        rows.append(Row("first window, frozen against source", ratio, "ratio", 1.3, told))
    return rows


def _frames() -> list[Row]:
    from app.__main__ import SWITCH_INTERVAL_S
    from tests.bench.ui.frames import measured_frames

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    idle = measured_frames(is_transcribing=False)
    frames = measured_frames(is_transcribing=True)
    busy, cpu_ms = frames.intervals_ms, frames.cpu_ms
    alone = f"{np.percentile(idle.intervals_ms, 99):.1f} ms while nothing is recorded, same run"
    p99_ms = float(np.percentile(busy, 99))
    return [
        Row("frame interval while transcribing, p99", p99_ms, "ms", 25, alone),
        Row("frame interval while transcribing, median", float(np.median(busy)), "ms"),
        Row("frame interval while transcribing, slowest", float(busy.max()), "ms"),
        Row("CPU of the window's thread a frame, mean", float(cpu_ms.mean()), "ms"),
        Row("CPU of the window's thread a frame, p99", float(np.percentile(cpu_ms, 99)), "ms"),
        Row("CPU of the window's thread a frame at rest", float(idle.cpu_ms.mean()), "ms"),
    ]  # fmt: skip


def _requests() -> list[Row]:
    from app.__main__ import SWITCH_INTERVAL_S
    from tests.bench.ui.requests import REQUESTS, measured_scrolling

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    rows: list[Row] = []
    for is_pulled, how in ((False, "wheeled"), (True, "pulled end to end")):
        found, what = measured_scrolling(is_pulled=is_pulled), f"{REQUESTS:,} requests {how}"
        p99_ms = float(np.percentile(found.intervals_ms, 99))
        blank = f"{100 * found.blank_share:.1f} % of the rows drawn had not come yet"
        rows += [
            Row(f"{what}: frame interval, p99", p99_ms, "ms", 25, blank),
            Row(f"{what}: slowest frame", float(found.intervals_ms.max()), "ms"),
            Row(f"{what}: CPU a frame, mean", float(found.cpu_ms.mean()), "ms"),
            Row(f"{what}: CPU a frame, p99", float(np.percentile(found.cpu_ms, 99)), "ms"),
        ]
    return rows


def _cards() -> list[Row]:
    from engine.gpu.history import Span
    from tests.bench.ui.cards import measured_cards

    rows: list[Row] = []
    for span in Span:
        found, what = measured_cards(span), f"GPU page, four cards, {span.value}"
        slowest = f"{found.max():.1f} ms the slowest frame, of two a second"
        rows.append(Row(f"{what}: CPU a frame, mean", float(found.mean()), "ms", 8, slowest))
    return rows


def _parameters() -> list[Row]:
    from app.ui.parameters_panel import CHOICES, TABS, TIME, TRADEOFFS
    from tests.bench.ui.parameters import OBSERVATIONS, measured_parameters
    from tests.bench.ui.plain_pyqtgraph import has_pyqtgraph, measured_pyqtgraph

    beside = "pyqtgraph is not installed here"
    peer = None
    if has_pyqtgraph():
        peer = measured_pyqtgraph()
        p99_ms, mean_ms = np.percentile(peer.frames_ms, 99), peer.changes_ms.mean()
        beside = f"{p99_ms:.1f} ms a frame, {mean_ms:.1f} a change: plain pyqtgraph, two plots"
    rows: list[Row] = []
    for tab in (CHOICES, TIME, TRADEOFFS):
        what = f"Parameters, {OBSERVATIONS:,} observations, {TABS[tab]}"
        calm = measured_parameters(tab, is_changing=False)
        busy = measured_parameters(tab, is_changing=True)
        worst_ms = float(np.percentile(busy.frames_ms, 99))
        slowest = f"{busy.frames_ms.max():.1f} ms the slowest of {len(busy.frames_ms)} frames"
        rows += [
            Row(f"{what}: frame at rest against 4 ms", _p99(calm) / BUDGET_MS, "ratio", 1.0),
            Row(f"{what}: frame of a change against 4 ms", worst_ms / BUDGET_MS, "ratio", 1.0,
                slowest),
            Row(f"{what}: until all is drawn, p99", float(np.percentile(busy.done_ms, 99)), "ms",
                500),
            Row(f"{what}: CPU of a change, all frames", float(busy.changes_ms.mean()), "ms",
                peer=beside),
        ]  # fmt: skip
        if peer is not None:
            against = worst_ms / _p99(peer)
            rows.append(Row(f"{what}: frame against pyqtgraph's", against, "ratio", 1.0))
    return rows


def _p99(found: Drawn) -> float:
    return float(np.percentile(found.frames_ms, 99))


if __name__ == "__main__":
    main()
