"""`make bench AREA=gpu`: everything about graphics cards that has a number.

nvitop is measured beside it where it is on the PATH.
"""

from __future__ import annotations

import sys

from tests.bench.gpu import grants, policies, sampling
from tests.bench.table import show

PARTS = {
    "sampling": sampling.rows,
    "grants": grants.rows,
    "policies": policies.rows,
}


def main() -> None:
    """Run all parts, or those named."""
    for name in sys.argv[1:] or PARTS:
        show("gpu", PARTS[name]())


main()
