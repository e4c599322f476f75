"""The lanes to the nodes that the directory names, now and after every change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from engine.cache.lane import GOODBYE_LIMIT_S, Lane
from engine.cache.ports import Directory, Node
from engine.errors import Damaged, OutsideError, TimedOut, Unreachable

_log = logging.getLogger(__name__)

FINDING_LIMIT_S = 2.0
"""How long the directory may take."""

FINDING_PACE_S = 0.2
"""How long it is left alone after it was asked, at first."""

LONGEST_PACE_S = 1.0
"""The same while one suspicion follows the other, as with a server that is full. So often it is
asked unprompted, too, while it fails or a node does not answer."""

OpenLane = Callable[[Node, bool], Lane]
"""Makes a lane to a node; True where the node takes the place of others."""


class Lanes:
    """A lane to each node. Nodes that are not named any more lose theirs."""

    def __init__(
        self, *, directory: Directory, open_lane: OpenLane, changed: Callable[[], None]
    ) -> None:
        self.by_name: dict[str, Lane] = {}
        self.error: OutsideError | None = Unreachable(f"Redis at {directory.label} was not asked")
        """Why it is not known now which nodes there are."""
        self._directory = directory
        self._open_lane = open_lane
        self._changed = changed
        self._is_certain = False
        """Whether the directory has been asked since the last `search()`."""
        self._had_lanes = False
        self._leaving: list[Lane] = []
        self._wanted = asyncio.Event()
        self._urgent = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for nodes, and go on until `aclose()`."""
        self.search()
        self._life = asyncio.get_running_loop().create_task(self._live())

    async def aclose(self) -> None:
        """Close every lane and the directory. Never raises; may be called twice."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life}, timeout=GOODBYE_LIMIT_S)
        self.error = Unreachable(f"Redis at {self._directory.label} is not used any more")
        lanes = [*self._leaving, *self.sorted()]
        self.by_name.clear()
        await asyncio.gather(*[lane.aclose() for lane in lanes])
        with suppress(TimeoutError, OSError, OutsideError):
            async with asyncio.timeout(GOODBYE_LIMIT_S):
                await self._directory.close()
        self._changed()

    def sorted(self) -> list[Lane]:
        """Return the lanes by name; from any thread."""
        return [lane for _, lane in sorted(self.by_name.copy().items())]

    def suspect(self) -> None:
        """Look soon whether other nodes are in charge."""
        self._wanted.set()

    def search(self) -> None:
        """Look now for nodes; what does not work as it should is tried again at once."""
        self._is_certain = False
        for lane in self.sorted():
            lane.nudge()
        self._wanted.set()
        self._urgent.set()

    def have_settled(self) -> bool:
        """Tell whether it is known since the last `search()` which nodes answer."""
        return self._is_certain and all(lane.has_verdict for lane in self.by_name.values())

    async def _live(self) -> None:
        pace_s = 0.0
        while True:
            if await self._wait():
                pace_s = 0.0
            pace_s = min(max(2 * pace_s, FINDING_PACE_S), LONGEST_PACE_S)
            self._wanted.clear()
            self._urgent.clear()
            await self._find()
            self._is_certain = True
            self._changed()
            await _either(self._urgent, pace_s)

    async def _wait(self) -> bool:
        """Wait for a reason to look; return whether all had been well."""
        if self._wanted.is_set():
            return False
        is_well = self.error is None and all(lane.is_up for lane in self.by_name.values())
        await _either(self._wanted, None if is_well else LONGEST_PACE_S)
        return is_well

    async def _find(self) -> None:
        try:
            async with asyncio.timeout(FINDING_LIMIT_S):
                nodes = await self._directory.find()
            self._check(nodes)
            self.error = None
            await self._follow(nodes)
        except TimeoutError:
            self.error = TimedOut(
                f"{self._directory.label} did not say within {FINDING_LIMIT_S:g} s which "
                "servers there are: see that it runs and is not busy"
            )
        except OutsideError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - the outer loop of the search
            _log.exception("%s: its servers could not be found", self._directory.label)
            self.error = Damaged(f"{self._directory.label} could not be understood ({error})")

    def _check(self, nodes: Sequence[Node]) -> None:
        if not nodes:
            raise Unreachable(
                f"{self._directory.label} names no server that takes writes: see that one is left"
            )

    async def _follow(self, nodes: Sequence[Node]) -> None:
        """Open lanes to new nodes, then close those of nodes that are gone."""
        named = {node.name: node for node in nodes}
        self._leaving = [
            lane for name, lane in self.by_name.items() if named.get(name) is not lane.node
        ]
        for lane in self._leaving:
            del self.by_name[lane.node.name]
        is_stand_in = self._had_lanes
        for name, node in named.items():
            if name not in self.by_name:
                self.by_name[name] = lane = self._open_lane(node, is_stand_in)
                lane.start()
        self._had_lanes = True
        await asyncio.gather(*[lane.aclose() for lane in self._leaving])


async def _either(event: asyncio.Event, limit_s: float | None) -> None:
    """Wait for `event`, at most `limit_s`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
