"""Results as a table: what was measured beside what must be reached."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. limit: the largest value that is good enough; None where there is none."""

    measure: str
    value: float | None
    unit: str
    limit: float | None = None
    peer: str = ""

    @property
    def verdict(self) -> str:
        """Return "ok", "over" or "" where there is no limit or no value."""
        if self.limit is None or self.value is None:
            return ""
        return "ok" if self.value <= self.limit else "OVER"


def show(area: str, rows: Sequence[Row]) -> None:
    """Print `rows` and add them to the results file of `area`."""
    head = f"{'measure':58} {'here':>9} {'limit':>9}       {'peer'}"
    print(f"\n{area} · {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{head}\n{'-' * len(head)}")
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.3g}"
        limit = "" if row.limit is None else f"{row.limit:.3g}"
        print(f"{f'{row.measure}, {row.unit}':58} {value:>9} {limit:>9} {row.verdict:5} {row.peer}")
    RESULTS.mkdir(exist_ok=True)
    record = {"at": datetime.now(UTC).isoformat(), "rows": [asdict(row) for row in rows]}
    with (RESULTS / f"{area}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
