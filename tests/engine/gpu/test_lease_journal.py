"""Leases on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from engine.gpu.lease_journal import SCHEMA, KeptLease, LeaseJournal
from engine.gpu.lease_processes import Root
from engine.gpu.leases import LeaseRequest, Priority
from engine.storage import Database

ResultT = TypeVar("ResultT")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE = KeptLease(
    request=LeaseRequest(
        id="a",
        name="training, ünïcode",
        vram_mib=4_096,
        priority=Priority.HIGH,
        duration_s=30.5,
        asked_s=0.0,
        cards=2,
        model="llama",
        is_preemptible=False,
        pid=77,
    ),
    root=Root(77, 1_700_000_000.25),
    estimate_mib=3_900,
    card_ids=("GPU-1", "GPU-2"),
    granted_at=NOW,
    expires_at=NOW + timedelta(seconds=30),
)


def with_journal(path: Path, work: Callable[[LeaseJournal], Awaitable[ResultT]]) -> ResultT:
    async def run() -> ResultT:
        database = Database(path, migrations=[SCHEMA])
        await database.open()
        try:
            return await work(LeaseJournal(database))
        finally:
            await database.aclose()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "lease",
    [
        LEASE,
        replace(
            LEASE,
            root=None,
            estimate_mib=None,
            request=replace(LEASE.request, pid=None, model=None),
        ),
    ],
)
def test_what_is_kept_comes_back_whole(tmp_path: Path, lease: KeptLease):
    """Every field, also after the file was closed."""
    with_journal(tmp_path / "gpu.sqlite", lambda journal: journal.keep(lease))
    assert with_journal(tmp_path / "gpu.sqlite", lambda journal: journal.load()) == (lease,)


def test_what_is_kept_again_is_known_once(tmp_path: Path):
    """The newer one counts; what is forgotten is gone."""

    async def work(journal: LeaseJournal) -> tuple[tuple[KeptLease, ...], tuple[KeptLease, ...]]:
        later = replace(LEASE, expires_at=NOW + timedelta(hours=1))
        await journal.keep(LEASE)
        await journal.keep(later)
        both = await journal.load()
        assert both == (later,)
        await journal.forget("a")
        return both, await journal.load()

    assert with_journal(tmp_path / "gpu.sqlite", work)[1] == ()


def test_one_process_at_a_time_keeps_the_journal(tmp_path: Path):
    """A second is told who does; one that has died, or gave up, is in nobody's way."""
    first, second = Root(1, 1.0), Root(2, 2.0)
    living = {first, second}

    async def work(journal: LeaseJournal) -> list[Root | None]:
        found = [
            await journal.claim(first, living.__contains__),
            await journal.claim(second, living.__contains__),
        ]
        living.discard(first)
        found.append(await journal.claim(second, living.__contains__))
        await journal.give_up(second)
        living.add(first)
        found.append(await journal.claim(first, living.__contains__))
        return found

    assert with_journal(tmp_path / "gpu.sqlite", work) == [None, first, None, None]
