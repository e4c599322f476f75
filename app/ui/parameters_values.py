"""What the Parameters page shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.analytics.settings import AnalyticsSettings
from engine.analytics.snapshot import AnalyticsSnapshot, ArmView, StudyView

ARM_TOKENS = ("dim", "accent", "violet", "ok", "warn", "bad")
"""Colours of arms in the order of a study; the first leaves everything as it came."""
NO_ARM = "mute"


@dataclass(frozen=True, slots=True)
class ParametersView:
    """Everything the page shows."""

    analytics: AnalyticsSnapshot = field(default_factory=lambda: AnalyticsSnapshot(taken_s=0.0))
    settings: AnalyticsSettings = AnalyticsSettings()
    now_s: float = 0.0
    """Seconds since 1970."""
    is_ready: bool = False
    """Whether the engines work."""


def study_id(study: StudyView) -> str:
    """Return what tells a study from the others."""
    return f"{study.model}\n{study.task_type}"


def is_removed(arm: ArmView) -> bool:
    """Tell whether an arm was taken out: what it earned still shows, and nothing is believed."""
    return not arm.is_allowed and arm.density is None


def arm_token(number: int) -> str:
    """Return the colour of the arm `number`; -1 is none."""
    return NO_ARM if number < 0 else ARM_TOKENS[number % len(ARM_TOKENS)]
