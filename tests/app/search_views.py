"""What a search believes, for tests and pictures of the Parameters page."""

from __future__ import annotations

import numpy as np

from engine.analytics.search_view import CalibrationView, ContourView, SearchView, SliceView
from engine.analytics.snapshot import Estimate, Value
from tests.app.analytics_snapshots import MODEL, TASK


def slice_view(points: tuple[Value, ...], next: Value | None, peak: float = 0.4) -> SliceView:
    """Return a bell about the part `peak` of the points; the last quarter misses the limits."""
    part = np.linspace(0, 1, len(points))
    mean = 0.4 + 0.4 * np.exp(-(((part - peak) / 0.3) ** 2))
    return SliceView(
        points=points,
        mean=mean,
        low=mean - 0.1,
        high=mean + 0.1,
        acquisition=np.exp(-(((part - peak - 0.1) / 0.1) ** 2)),
        feasible=np.where(part > 0.75, 0.2, 0.9),
        next=next,
    )


TEMPERATURES = tuple(np.linspace(0.1, 1.2, 41).tolist())
TOP_PS = tuple(np.linspace(0.5, 1.0, 25).tolist())
LENGTHS = tuple(round(each) for each in np.geomspace(256, 4096, 25))


def contour_view(x_name: str = "temperature", y_name: str = "top_p") -> ContourView:
    """Return a hill over two parameters."""
    across, up = np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 25))
    mean = 0.8 - 0.4 * (across - 0.3) ** 2 - 0.5 * (up - 0.7) ** 2
    axes = {
        "temperature": tuple(np.linspace(0.1, 1.2, 25).tolist()),
        "top_p": TOP_PS,
        "max_tokens": LENGTHS,
    }
    return ContourView(
        x_name, y_name, axes[x_name], axes[y_name], mean, np.where(across > 0.7, 0.1, 1.0)
    )


def calibration_view(count: int = 60) -> CalibrationView:
    """Return predictions, the last of which is far off."""
    rng = np.random.default_rng(4)
    predicted = rng.uniform(0.3, 0.8, count)
    observed = predicted + rng.uniform(-0.06, 0.06, count)
    observed[-1] = predicted[-1] - 0.3
    return CalibrationView(observed, predicted, np.full(count, 0.05))


def search_view(**told: object) -> SearchView:
    """Return a search over three parameters, unless `told` otherwise."""
    usual: dict[str, object] = {
        "observations": 60,
        "slices": {
            "temperature": slice_view(TEMPERATURES, 0.5),
            "top_p": slice_view(TOP_PS, 0.9),
            "max_tokens": slice_view(LENGTHS, 1024),
        },
        "contour": contour_view(),
        "importances": {"temperature": 0.7, "top_p": 0.25, "max_tokens": 0.05},
        "calibration": calibration_view(),
        "best": {"temperature": 0.43, "top_p": 0.85, "max_tokens": 900},
        "best_reward": Estimate(0.8, 0.78, 0.82),
        "next": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 1024},
    }
    return SearchView(1.0, MODEL, TASK, **(usual | told))  # type: ignore[arg-type]
