from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as some

from engine.gpu.placement import Place, best_place, equal_places, to_unload
from tests.engine.gpu.lease_requests import idle


def place(card: str, available_mib: int, idle_mib: int = 0, warm_mib: int = 0) -> Place:
    return Place(card, available_mib, idle_mib, warm_mib)


def test_a_loaded_model_decides():
    """The card that holds the model already goes before a tighter fit."""
    places = [place("a", 5000), place("b", 9000, 4000, 4000)]
    assert best_place(places, 5000).card_id == "b"


def test_least_is_pushed_out():
    """Without one, the card where least idle memory must go."""
    places = [place("a", 6000, 6000), place("b", 9000, 5000)]
    assert best_place(places, 5000).card_id == "b"


def test_then_the_fit_is_tight():
    """Else the card whose room is least, so that large room stays whole."""
    assert best_place([place("a", 9000), place("b", 6000)], 5000).card_id == "b"


def test_a_split_goes_over_cards_of_equal_room():
    """Over several cards, those whose free room differs least are taken."""
    places = [place("a", 24_000), place("b", 12_000), place("c", 11_900), place("d", 5000)]
    chosen = equal_places(places, 4000, 2)
    assert chosen is not None
    assert {each.card_id for each in chosen} == {"b", "c"}
    assert equal_places(places, 4000, 5) is None


def test_the_model_missed_least_unloads_first():
    """Uses per idle second decide: what was seldom used and long ago goes."""
    rare = idle("rare", 1000, uses=1)
    frequent = idle("frequent", 1000, uses=50)
    assert to_unload([frequent, rare], 500, 100.0) == [rare]
    assert to_unload([frequent, rare], 0, 100.0) == []
    assert to_unload([rare], 500, 100.0, keep=rare) == []


def test_nobody_unloads_in_vain():
    """Where the last model makes the room alone, those chosen before it stay."""
    small, large = idle("small", 100, uses=1), idle("large", 5000, uses=9)
    assert to_unload([small, large], 4000, 10.0) == [large]


@given(some.lists(some.integers(1, 50), max_size=6), some.integers(1, 200))
def test_what_unloads_is_enough_and_no_more(sizes: list[int], need_mib: int):
    """The models make the room where all of them could, and none of them could stay."""
    models = [idle(str(at), mib, uses=at) for at, mib in enumerate(sizes)]
    chosen = to_unload(models, need_mib, 1.0)
    made_mib = sum(model.used_mib for model in chosen)
    assert made_mib >= need_mib or len(chosen) == len(models)
    if made_mib >= need_mib:
        assert all(made_mib - model.used_mib < need_mib for model in chosen)


@given(some.lists(some.integers(1, 50), min_size=2, max_size=6), some.integers(2, 3))
def test_equal_rooms_are_the_most_equal(rooms: list[int], count: int):
    """No other cards of that number have rooms that differ less (checked against all)."""
    chosen = equal_places([place(str(at), mib) for at, mib in enumerate(rooms)], 1, count)
    if len(rooms) < count:
        assert chosen is None
        return
    assert chosen is not None
    got = [each.available_mib for each in chosen]
    least = min(max(some_) - min(some_) for some_ in itertools.combinations(rooms, count))
    assert max(got) - min(got) == least
