"""`make bench AREA=cache`: everything of the cache that has a number.

Peers that are installed in the environment are measured beside it: cashews, theine, cachetools.
"""

from __future__ import annotations

import sys

from tests.bench.cache import codecs, faults, first_tier, gets, hit_ratio, staleness
from tests.bench.table import show

PARTS = {
    "first": first_tier.rows,
    "ratio": hit_ratio.rows,
    "codecs": codecs.rows,
    "gets": gets.rows,
    "staleness": staleness.rows,
    "faults": faults.rows,
}


def main() -> None:
    """Run all parts, or those named."""
    for name in sys.argv[1:] or PARTS:
        show("cache", PARTS[name]())


main()
