"""The columns of the list of requests, and what each is sorted by."""

from __future__ import annotations

from PySide6.QtCore import Qt

from app.ui.widgets.table_model import Column
from engine.activity import Sort

TIME, MODEL, ENDPOINT, CLIENT, STATUS, CACHE, FIRST, TOTAL, TOKENS, COST = range(10)
COLUMNS = (
    Column("Time", 100, tooltip="When the request ended"),
    Column("Model", tooltip="What was asked for, the model that answered, and the question"),
    Column("Server", 100, tooltip="The model server that answered"),
    Column("Client", 92, tooltip="Name of the key with which it was asked"),
    Column("Status", 104, tooltip="What became of it"),
    Column("Cache", 72, tooltip="Whether the answer was one that had been given before"),
    Column("First token", 84, is_number=True, tooltip="Until the first piece of the answer"),
    Column("Total", 72, is_number=True, tooltip="Until the last piece of the answer"),
    Column("Tokens", 68, is_number=True, tooltip="Of question and answer together"),
    Column("Cost", 86, is_number=True, tooltip="By the price table"),
)
SORTS: dict[int, tuple[Sort, ...]] = {
    TIME: ("newest", "oldest"),
    MODEL: ("model",),
    FIRST: ("slowest_first_byte",),
    TOTAL: ("slowest",),
    TOKENS: ("most_tokens",),
    COST: ("costliest",),
}
"""What a click on a column's title sorts by, one after the other."""
RISING = ("oldest", "model")


def title_of(section: int, sort: Sort) -> str:
    """Return a column's title, with an arrow where the list is sorted by it."""
    arrow = ""
    if sort in SORTS.get(section, ()):
        arrow = " \N{UPWARDS ARROW}" if sort in RISING else " \N{DOWNWARDS ARROW}"
    return COLUMNS[section].title + arrow


def next_sort(section: int, sort: Sort) -> Sort | None:
    """Return what a click on a column sorts by; "newest" after the last, None where nothing."""
    offered = SORTS.get(section)
    if offered is None:
        return None
    if sort not in offered:
        return offered[0]
    place = offered.index(sort) + 1
    return offered[place] if place < len(offered) else "newest"


def alignment(section: int) -> Qt.AlignmentFlag:
    """Return where the texts of a column stand."""
    is_number = COLUMNS[section].is_number
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
