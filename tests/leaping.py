"""A loop whose time leaps to the next deadline when there is nothing else to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


class LeapingLoop(asyncio.SelectorEventLoop):
    """Waits of any length take no time, and `time()` is exact. Nothing outside may be waited for.

    It is a Clock too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 1000.0
        self._look = self._selector.select
        self._selector.select = self._leap

    def time(self) -> float:
        return self._now_s

    now = time

    def wall(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=self._now_s)

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> Any:
        """Do at once what would block a thread: no test waits for one."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to who waits
            done.set_exception(error)
        return done

    def hold_up(self, seconds: float) -> None:
        """Let time pass as if something had kept the loop busy."""
        self._now_s += seconds

    def _leap(self, timeout_s: float | None = None) -> object:
        events = self._look(0)
        if not events and timeout_s is None:
            raise AssertionError("nothing will ever happen: the test waits for what does not come")
        if not events and timeout_s is not None:
            self._now_s += max(0.0, timeout_s)
        return events


def leap(work: Callable[[LeapingLoop], Awaitable[ResultT]]) -> ResultT:
    """Return what `work` returns on a leaping loop; fail where it leaves a task behind."""

    async def run() -> ResultT:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, LeapingLoop)
        result = await work(loop)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(run())
