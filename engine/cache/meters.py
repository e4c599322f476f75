"""How well the cache does: latency of the last calls, and shares over time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Protocol

import numpy as np

from engine.cache.snapshot import Quantiles
from engine.clock import Clock
from engine.telemetry import Ring, Series

Tally = defaultdict[str, int]
