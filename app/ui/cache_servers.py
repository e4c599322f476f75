"""The card of the Cache page with the Redis servers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.theme import Theme
from app.ui.cache_texts import node_facts, node_row
from app.ui.widgets.card import Card
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.fact_grid import FactGrid
from app.ui.widgets.table import Table, height_of
from app.ui.widgets.table_model import Column
from engine.cache.snapshot import CacheSnapshot

MOST_ROWS = 3
"""Servers shown at once; others are scrolled to."""
COLUMNS = (
    Column("Server"),
    Column("State", 104),
    Column("Slowest 1 %", 92, is_number=True, tooltip="99 of 100 answers come sooner"),
)


class CacheServers(Card):
    """Every server with its state, and what the chosen one, else the first, says of itself.

    connection_wanted: there is none, and the user wants to set one up.
    """

    connection_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__("Redis servers")
        self._snapshot = CacheSnapshot(taken_s=0.0)
        self.table = Table(theme, "Redis servers", COLUMNS)
        self.facts = FactGrid("What the server says of itself")
        self.empty = EmptyState(theme, "server")
        self.connect_button = QPushButton("Set up a connection")
        self.connect_button.setToolTip("Say where Redis is")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._build_empty())
        self._pages.addWidget(self._build_servers())
        self.body.addWidget(self._pages, 1)
        self.table.picked.connect(self._show_facts)
        self.connect_button.clicked.connect(self.connection_wanted)

    def show_cache(self, snapshot: CacheSnapshot) -> None:
        """Draw the servers of `snapshot`; where there are none, say why."""
        self._snapshot = snapshot
        self._pages.setCurrentIndex(1 if snapshot.nodes else 0)
        self.connect_button.setVisible(not snapshot.address)
        if snapshot.address:
            self.empty.show_text(
                "No server was reached yet", "It is looked for again every few seconds."
            )
        else:
            self.empty.show_text(
                "No Redis is set up",
                "Values are kept in this application alone and go when it ends. "
                "A Redis keeps them and shares them between programs.",
            )
        self.table.show_rows([node_row(each) for each in snapshot.nodes])
        self.table.setFixedHeight(height_of(min(max(1, len(snapshot.nodes)), MOST_ROWS)))
        self._show_facts()

    def _show_facts(self) -> None:
        nodes, chosen = self._snapshot.nodes, self.table.selected()
        node = next((each for each in nodes if each.name in chosen), nodes[0] if nodes else None)
        if node is not None:
            servers = self._snapshot.servers
            said = next((each for each in servers if each.name == node.name), None)
            self.facts.show_facts(node_facts(node, said))

    def _build_servers(self) -> QWidget:
        box, column = _column()
        column.addWidget(self.table)
        column.addWidget(self.facts)
        column.addStretch(1)
        return box

    def _build_empty(self) -> QWidget:
        box, column = _column()
        column.addWidget(self.empty, 1)
        column.addWidget(self.connect_button, 0, Qt.AlignmentFlag.AlignHCenter)
        return box


def _column() -> tuple[QWidget, QVBoxLayout]:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    return box, column
