from __future__ import annotations

import asyncio
import csv
from dataclasses import replace

import pytest

from app.activity_export import BATCH, COLUMNS, write_csv
from engine.errors import Refused
from tests.app.ui.requests import GOOD


async def some(count, **changes):
    for number in range(count):
        yield replace(GOOD, id=f"r{number}", **changes)


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_request_is_a_row(tmp_path):
    """The file has a title and a row for each; unknown figures are empty."""
    path = tmp_path / "requests.csv"
    count = asyncio.run(write_csv(path, some(2 * BATCH + 3, cost_usd=None)))
    rows = read(path)
    assert count == len(rows) == 2 * BATCH + 3
    assert list(rows[0]) == list(COLUMNS)
    assert rows[-1]["id"] == f"r{2 * BATCH + 2}"
    assert (rows[0]["cost_usd"], rows[0]["first_token_ms"], rows[0]["attempts"]) == (
        "",
        "91.0",
        "2",
    )
    assert rows[0]["time"] == "2026-03-01T12:00:00.000+00:00"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_nothing_is_calculated(tmp_path, text):
    """What a client writes is no formula of a spreadsheet."""
    path = tmp_path / "requests.csv"
    asyncio.run(write_csv(path, some(1, question=text, problem=text)))
    assert read(path)[0]["question"] == f"'{text}"
    assert read(path)[0]["problem"] == f"'{text}"


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    """The message names the file and the remedy."""
    with pytest.raises(Refused, match="choose another folder"):
        asyncio.run(write_csv(tmp_path / "gone" / "requests.csv", some(1)))


def test_a_cancelled_export_leaves_the_old_file(tmp_path):
    """The file is there whole or not at all."""
    path = tmp_path / "requests.csv"
    path.write_text("before")
    under_way = asyncio.Event()

    async def endless():
        async for record in some(10):
            yield record
        under_way.set()
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(write_csv(path, endless()))
        await under_way.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_that_is_cancelled_at_once_leaves_nothing(tmp_path):
    """Also while the file is being opened."""

    async def main():
        task = asyncio.create_task(write_csv(tmp_path / "requests.csv", some(5)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


def test_estimates_are_marked(tmp_path):
    """Who adds tokens up elsewhere sees which of them the server did not tell."""
    path = tmp_path / "requests.csv"
    asyncio.run(write_csv(path, some(1, is_estimated=True)))
    assert read(path)[0]["tokens_estimated"] == "1"
