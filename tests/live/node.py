"""Programs for Node that `make test` installs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.live.programs import need

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
LIMIT_S = 300


def run_node(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script of tests/clients, or of a package there; skips where they are not installed."""
    need("node")
    if not (CLIENTS / "node_modules").is_dir():
        reason = f"{CLIENTS / 'node_modules'} is not there: `make test` installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(
        ["node", *words],
        cwd=CLIENTS,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
