"""`make bench AREA=ui`: start and smoothness of the window."""

from __future__ import annotations

import os
import sys

import numpy as np

from tests.bench.table import Row, show
from tests.bench.ui.start import first_paints_s


def main() -> None:
    """Run every part, or those named: start, frames, requests, cards, parameters."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    chosen = sys.argv[1:] or ["start", "frames", "requests", "cards", "parameters"]
    rows: list[Row] = []
    if "start" in chosen:
        ours_s, bare_s = first_paints_s()
        bare = f"{1000 * bare_s:.0f} ms bare PySide6 window, same run"
        rows.append(Row("first window against a bare one", ours_s / bare_s, "ratio", 1.6, bare))
        rows.append(Row("first window, warm", 1000 * ours_s, "ms"))
    if "frames" in chosen:
        rows += _frames()
    if "requests" in chosen:
        rows += _requests()
    if "cards" in chosen:
        rows += _cards()
    if "parameters" in chosen:
        rows += _parameters()
    show("ui", rows)


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

    rows: list[Row] = []
    for tab in (CHOICES, TIME, TRADEOFFS):
        what = f"Parameters page, {OBSERVATIONS:,} observations, {TABS[tab]}"
        calm = measured_parameters(tab, is_changing=False)
        busy = measured_parameters(tab, is_changing=True)
        slowest = f"{busy.max():.1f} ms the slowest frame, of one a second"
        rows += [
            Row(f"{what}: CPU a frame at rest, p99", float(np.percentile(calm, 99)), "ms", 4),
            Row(
                f"{what}: CPU a frame with one more, mean", float(busy.mean()), "ms", 16.7, slowest
            ),
        ]
    return rows


if __name__ == "__main__":
    main()
