"""Models as panels and clients see them."""

from __future__ import annotations

from engine.exchange import ServedModel
from engine.router import views
from engine.router.snapshot import ModelEntry
from tests.engine.router.world import board, server


def test_served_and_unserved(clock):
    """Served models come with where they run; of the catalogue what nobody serves is left."""
    entries = (ModelEntry("a*", capabilities=("chat",)), ModelEntry("b*", context_tokens=9))
    model = ServedModel("a1", 4_096, is_loaded=True, details="8.0B")
    found = board(
        server("s", model, token_ms=20.0),
        server("t", "a1", is_usable=False),
        clock=clock,
        entries=entries,
    )
    (one,) = views.served(found.rows.values())
    assert (one.name, one.endpoints, one.entry) == ("a1", ("s", "t"), entries[0])
    assert (one.is_loaded, one.details, one.tokens_per_s) == (True, "8.0B", 50.0)
    assert one.health > 0
    (other,) = views.unserved(entries, found.rows.values())
    assert (other.name, other.endpoints, other.context_tokens) == ("b*", (), 9)


def test_model_that_is_down(clock):
    """A model whose servers are all down has no health."""
    found = board(server("s", "a", is_usable=False), clock=clock)
    (one,) = views.served(found.rows.values())
    assert one.health == 0.0
