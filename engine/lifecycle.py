"""The one shape of every engine: started, read and closed the same way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

SnapshotT = TypeVar("SnapshotT", covariant=True)


class Engine(Protocol):
    """What all that lives with the engines has in common."""

    async def start(self) -> None:
        """Begin to work. Raises EngineError where it cannot."""
        ...

    async def change_settings(self, settings: Any) -> None:
        """Use `settings` from now on. Raises EngineError where they cannot be used."""
        ...

    async def aclose(self) -> None:
        """Finish what was begun. Never raises; may be called twice."""
        ...


class Service(ABC, Generic[SnapshotT]):
    """An engine: `start()` once, `snapshot()` at any time from any thread, `aclose()` once."""

    @abstractmethod
    async def start(self) -> None:
        """Begin to work. Raises EngineError where it cannot; `aclose()` is then still safe."""

    @abstractmethod
    async def aclose(self) -> None:
        """Finish what was begun, free everything. Never raises; may be called twice."""

    @abstractmethod
    def snapshot(self) -> SnapshotT:
        """Return what the world may see now: frozen, complete and cheap, from any thread."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.aclose)
            await self.start()
            undo.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
