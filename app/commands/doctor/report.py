"""One finding of the doctor, and how findings are shown to people and programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.build import Build

State = Literal["ok", "warning", "missing"]

MARKS: dict[State, str] = {"ok": "ok      ", "warning": "warning ", "missing": "MISSING "}
"""The state is told by words, so that it reads without colour and by a screen reader."""


@dataclass(frozen=True, slots=True)
class Check:
    """What the doctor found out about one thing."""

    name: str
    state: State
    """"warning": something is less than it could be; "missing": a part does not work."""
    detail: str
    remedy: str | None = None
    """The command, or the act, that mends it; None where nothing needs mending."""


def is_healthy(checks: Sequence[Check]) -> bool:
    """Tell whether nothing is missing; warnings are fine."""
    return all(check.state != "missing" for check in checks)


def as_text(checks: Sequence[Check]) -> str:
    """Return the findings for people: a line each, and the remedy below it."""
    width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        lines.append(f"{MARKS[check.state]}{check.name:<{width}}  {check.detail}")
        if check.remedy:
            lines.append(f"{'':{len(MARKS['ok']) + width}}  -> {check.remedy}")
    missing = sum(check.state == "missing" for check in checks)
    warnings = sum(check.state == "warning" for check in checks)
    lines.append("")
    lines.append(_verdict(missing, warnings))
    return "\n".join(lines)


def as_json(checks: Sequence[Check], build: Build) -> str:
    """Return `{"healthy": bool, "build": {...}, "checks": [{"name", "state", ...}, ...]}`.

    A build is {"version", "commit", "built_utc", "variant"}, a check {"name", "state", "detail",
    "remedy"}.
    """
    found = [dataclasses.asdict(check) for check in checks]
    said = {"healthy": is_healthy(checks), "build": build.plain, "checks": found}
    return json.dumps(said, indent=2)


def _verdict(missing: int, warnings: int) -> str:
    if missing:
        return f"{missing} missing, {warnings} to look at: type the commands after the arrows."
    if warnings:
        return f"Everything that is needed is here; {warnings} to look at."
    return "Everything is here."
