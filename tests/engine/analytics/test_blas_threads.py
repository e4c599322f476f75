"""One thread for linear algebra."""

from __future__ import annotations

import subprocess
import sys

from engine.analytics.optimiser import Optimiser
from engine.analytics.space import FloatParameter, Space


def test_an_optimiser_computes_on_one_thread():
    """Whatever was set before: in a process that began with two, it is one for each library."""
    program = (
        "from engine.analytics import blas_threads as b; "
        "from engine.analytics.optimiser import Optimiser; "
        "from engine.analytics.space import FloatParameter, Space; "
        "before = b.thread_counts(); "
        "Optimiser(Space([FloatParameter('x', 0, 1)]), seed=0); "
        "print(before, b.thread_counts(), b.use_one_thread())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    count = found.stdout.count("2,") + found.stdout.count("2]")
    assert found.stdout.strip() == f"{[2] * count} {[1] * count} {count}"


def test_it_is_no_matter_where_there_is_none(monkeypatch):
    """With another BLAS nothing is set, and nothing fails."""
    from engine.analytics import blas_threads

    monkeypatch.setattr(blas_threads, "_libraries", lambda: iter([object()]))
    assert blas_threads.use_one_thread() == 0
    assert blas_threads.thread_counts() == []
    assert Optimiser(Space([FloatParameter("x", 0, 1)]), seed=0).count == 0
