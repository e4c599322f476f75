"""What an answer costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.book import Book
from engine.coordinator.price_table import PriceTable, cost_usd, starter_prices
from engine.coordinator.settings import Endpoint, EndpointKind, Price
from engine.errors import SettingsError
from engine.exchange import Usage

CLOUD = Endpoint("cloud", EndpointKind.OPENAI, "https://x/v1", is_local=False)
HOME = Endpoint("home", EndpointKind.OLLAMA, "http://127.0.0.1:1")
STARTER = (Price("big*", 3, 15), Price("*", 1, 1, endpoint="other"))


@pytest.fixture
def table(tmp_path: Path) -> PriceTable:
    """Return a table of a user who has no prices yet."""
    return PriceTable(Book(tmp_path / "prices.toml", kind=Price, table="price"), STARTER)


def test_the_price_is_for_a_million_tokens():
    """Tokens the server had at hand have their own price, where there is one."""
    price = Price("m", 2.0, 10.0, cached_input_usd=0.5)
    assert cost_usd(price, Usage(1_000_000, 100_000)) == pytest.approx(3.0)
    assert cost_usd(price, Usage(1_000_000, 0, 600_000)) == pytest.approx(0.8 + 0.3)
    assert cost_usd(Price("m", 2.0, 10.0), Usage(1_000_000, 0, 600_000)) == pytest.approx(2.0)
    assert cost_usd(price, Usage(10, 0, 20)) == pytest.approx(10 * 0.5e-6)


def test_what_is_unknown_is_no_zero():
    """Without a price, or without tokens, there is no cost."""
    assert cost_usd(None, Usage(1, 1)) is None
    assert cost_usd(Price("m", 1, 1), None) is None


@pytest.mark.parametrize(
    ("model", "endpoint", "found"),
    [
        ("big-model-2", CLOUD, 3),
        ("BIG", CLOUD, 3),
        ("a-big", CLOUD, None),
        ("small", CLOUD, None),
        ("big", HOME, 0),
        ("anything", HOME, 0),
    ],
)
def test_the_first_pattern_that_matches_counts(
    table: PriceTable, model: str, endpoint: Endpoint, found: float | None
):
    """`*` stands for anything; at home everything is free."""
    price = table.price(model, endpoint)
    assert (price and price.input_usd) == found


def test_the_users_prices_go_first(table: PriceTable):
    """What the user says counts before the starter list, also at home, and from the next look."""
    assert table.price("big", CLOUD) == STARTER[0]
    table.replace((Price("big", 7, 7, endpoint="cloud"), Price("solar", 0.1, 0.1)))
    assert table.price("big", CLOUD) == Price("big", 7, 7, endpoint="cloud")
    assert table.price("big2", CLOUD) == STARTER[0]
    assert table.price("solar", HOME) == Price("solar", 0.1, 0.1)
    assert table.entries == (*table.own, *STARTER)


def test_what_is_no_pattern_is_a_name(table: PriceTable):
    """Only `*` is special: a dot is a dot and a bracket a bracket."""
    table.replace((Price("a.b[1]?", 1, 1),))
    assert table.price("a.b[1]?", CLOUD) is not None
    assert table.price("axb1c", CLOUD) is None


def test_a_wrong_file_leaves_the_old_prices(table: PriceTable, tmp_path: Path):
    """An edited file is noticed; one that cannot be read is told and changes nothing."""
    table.replace((Price("m", 1, 1),))
    assert not table.has_changed()
    (tmp_path / "prices.toml").write_text("[[price]]\nmodel = 3\n")
    assert table.has_changed()
    with pytest.raises(SettingsError, match=r"prices\.toml"):
        table.load()
    assert table.own == (Price("m", 1, 1),)
    (tmp_path / "prices.toml").write_text(
        '[[price]]\nmodel = "m"\ninput_usd = 5\noutput_usd = 6.5\n'
    )
    table.load()
    assert table.price("m", CLOUD) == Price("m", 5, 6.5)


def test_names_do_not_pile_up(table: PriceTable):
    """Clients may ask for any number of models: what is remembered is bounded."""
    for number in range(10_500):
        table.price(f"m{number}", CLOUD)
    assert len(table._found) <= 10_000


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("gpt-4o-mini-2024-07-18", 0.15),
        ("gpt-4o-2024-08-06", 2.5),
        ("claude-opus-4-20250514", 15),
        ("claude-opus-4-5-20251101", 5),
        ("claude-sonnet-4-20250514", 3),
        ("gpt-4o-realtime-preview", None),
        ("ft:gpt-4o-mini:me::1", None),
    ],
)
def test_the_starter_list_knows_models_by_all_their_names(
    tmp_path: Path, model: str, usd: float | None
):
    """A dated name has its model's price; what is priced otherwise has none rather than a wrong
    one.
    """
    book = Book(tmp_path / "prices.toml", kind=Price, table="price")
    price = PriceTable(book, starter_prices()).price(model, CLOUD)
    assert (price and price.input_usd) == usd


def test_the_starter_list_is_sound():
    """Every entry can be read, is cheap to match and costs something."""
    prices = starter_prices()
    assert prices
    for price in prices:
        assert 0 < price.input_usd <= 100
        assert price.input_usd <= price.output_usd <= 500 or "embedding" in price.model
        assert price.cached_input_usd is None or price.cached_input_usd < price.input_usd
    names = [(price.model, price.endpoint) for price in prices]
    assert len(set(names)) == len(names)
