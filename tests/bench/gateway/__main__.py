"""`make bench AREA=gateway`: everything between a client and a model server that has a number.

LiteLLM's proxy and Portkey's gateway are measured beside it where they are installed: see
`parties.py`.
"""

from __future__ import annotations

import sys

from tests.bench.gateway import answers, inside, leaving, proxying
from tests.bench.table import show

PARTS = {
    "inside": inside.rows,
    "proxying": proxying.rows,
    "hits": answers.hits,
    "memory": answers.memory,
    "leaving": leaving.rows,
}


def main() -> None:
    """Run all parts, or those named."""
    for name in sys.argv[1:] or PARTS:
        show("gateway", PARTS[name]())


main()
