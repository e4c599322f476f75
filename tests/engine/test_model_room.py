"""Room for models where nobody shares out the cards."""

from __future__ import annotations

import asyncio

from engine.model_room import OwnStay, UnsharedRoom
from tests.engine.model_tenants import WISH, FakeTenant


def test_a_program_by_itself_takes_what_it_needs():
    """No card is named, nobody is asked to leave, and nothing is to be given back."""

    async def work() -> None:
        tenant = FakeTenant()
        stay = await UnsharedRoom().hold(WISH, tenant)
        assert isinstance(stay, OwnStay)
        assert stay.card is None
        stay.release()
        stay.release()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert tenant.left == []

    asyncio.run(work())
