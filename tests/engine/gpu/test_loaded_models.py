"""Which models that servers hold are idle, and on which card they lie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.gpu.cards import Card, CardNow, CardProcess, CardReading, Vendor
from engine.gpu.loaded_models import IdleWatch, LoadedModel, placed

QWEN = LoadedModel("qwen3:8b", "http://127.0.0.1:11434", "Ollama", "qwen3:8b", 6000, "12:00")


def card(name: str, *processes: CardProcess) -> CardNow:
    """Return a card with these processes."""
    return CardNow(Card(name, name, Vendor.NVIDIA), CardReading(processes=processes))


def runner(used_mib: int | None, name: str = "ollama") -> CardProcess:
    """Return a process of a model server."""
    return CardProcess(pid=7, used_mib=used_mib, name=name)


CARDS = (card("a", runner(9000)), card("b", runner(6300), runner(6000, "blender")))


def test_rest_makes_idle():
    """A model is idle when nobody was seen using it for a while, and not before."""
    watch = IdleWatch(rest_s=30, is_busy=lambda server, name: False)
    assert watch.idle([QWEN], CARDS, 100) == ()
    assert watch.idle([QWEN], CARDS, 129) == ()
    [found] = watch.idle([QWEN], CARDS, 130)
    assert (found.name, found.card_id, found.used_mib) == ("qwen3:8b", "b", 6300)
    assert (found.source, found.idle_since_s, found.uses) == (QWEN.server_url, 100, 0)


def test_uses_are_noticed():
    """A use that the server tells of begins the rest anew, and is counted."""
    watch = IdleWatch(rest_s=30, is_busy=lambda server, name: False)
    watch.idle([QWEN], CARDS, 100)
    used = replace(QWEN, used_mark="12:05")
    assert watch.idle([used], CARDS, 135) == ()
    [found] = watch.idle([used], CARDS, 165)
    assert (found.idle_since_s, found.uses) == (135, 1)


def test_busy_models_are_not_idle():
    """A model that this application waits for is at work, whatever its server tells."""
    busy = {("http://127.0.0.1:11434", "qwen3:8b")}
    watch = IdleWatch(rest_s=30, is_busy=lambda server, name: (server, name) in busy)
    watch.idle([QWEN], CARDS, 100)
    assert watch.idle([QWEN], CARDS, 200) == ()
    busy.clear()
    assert watch.idle([QWEN], CARDS, 229) == ()
    assert len(watch.idle([QWEN], CARDS, 231)) == 1


def test_models_that_went_are_forgotten():
    """A model that was unloaded and loaded again rests from then."""
    watch = IdleWatch(rest_s=30, is_busy=lambda server, name: False)
    watch.idle([QWEN], CARDS, 100)
    watch.idle([], CARDS, 110)
    assert watch.idle([QWEN], CARDS, 135) == ()


@pytest.mark.parametrize(
    ("used_mib", "cards", "expected"),
    [
        (6000, CARDS, ("b", 6300)),
        (3000, CARDS, None),
        (None, CARDS, None),
        (None, (card("a", runner(5000)),), ("a", 5000)),
        (None, (card("a"),), None),
        (3000, (card("a", runner(9000)),), ("a", 3000)),
        (3000, (card("a", runner(None)), card("b")), None),
        (3000, (), None),
        (0, (card("a"),), None),
    ],
)
def test_where_models_lie(
    used_mib: int | None, cards: tuple[CardNow, ...], expected: tuple[str, int] | None
):
    """A model is where a server's process is as large; on a single card it is there."""
    assert placed(replace(QWEN, used_mib=used_mib), cards) == expected


def test_cards_that_tell_no_processes():
    """Where a card does not tell its processes, nothing is assumed."""
    silent = CardNow(Card("a", "a", Vendor.AMD), CardReading(processes=None))
    assert placed(QWEN, (silent, silent)) is None
