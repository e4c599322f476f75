"""A router's database for the time of one test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from engine.router.schema import ROUTER_MIGRATIONS
from engine.storage import Database

ResultT = TypeVar("ResultT")


def with_database(folder: Path, work: Callable[[Database], Awaitable[ResultT]]) -> ResultT:
    """Return what `work` returns of the database in `folder`."""

    async def inside() -> ResultT:
        database = Database(folder / "router.sqlite", migrations=ROUTER_MIGRATIONS)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.aclose()

    return asyncio.run(inside())
