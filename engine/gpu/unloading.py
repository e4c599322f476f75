"""Asks models that nobody uses to leave the graphics memory, and remembers which do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.clock import Clock
from engine.errors import EngineError
from engine.gpu.cards import CardNow
from engine.gpu.leases import IdleModel
from engine.gpu.loaded_models import IdleWatch, LoadedModel
from engine.gpu.ports import ModelServers

GONE_WITHIN_S = 10.0
"""A model that is still loaded so long after its server agreed to unload it does not leave."""

PARDON_S = 120.0
"""How long a model that did not leave is not asked again."""

Name = tuple[str, str]
"""Server address and model."""


@dataclass(slots=True)
class _Asked:
    at_s: float
    refusal: str | None = None


class Unloading:
    """What model servers hold, and asking them to let go. Used on the engines' loop."""

    def __init__(
        self,
        *,
        servers: ModelServers,
        clock: Clock,
        rest_s: float,
        is_busy: Callable[[str, str], bool] = lambda url, name: False,
    ) -> None:
        self._servers = servers
        self._clock = clock
        self._watch = IdleWatch(rest_s=rest_s, is_busy=is_busy)
        self._loaded: dict[Name, LoadedModel] = {}
        self._asked: dict[Name, _Asked] = {}

    async def idle(self, cards: Sequence[CardNow]) -> tuple[IdleModel, ...]:
        """Return the models that could be asked to leave now; never raises."""
        models = await self._servers.loaded()
        now_s = self._clock.now()
        self._loaded = {(each.server_url, each.name): each for each in models}
        self._asked = {
            name: asked for name, asked in self._asked.items() if now_s - asked.at_s < PARDON_S
        }
        found = self._watch.idle(models, cards, now_s)
        return tuple(each for each in found if (each.source, each.name) not in self._asked)

    async def unload(self, model: IdleModel) -> bool:
        """Ask for `model` to be unloaded; tell whether its server agreed.

        It is looked at once more: whoever began to use it meanwhile is not disturbed.
        """
        name = (model.source, model.name)
        asked = self._asked[name] = _Asked(self._clock.now())
        models = {(each.server_url, each.name): each for each in await self._servers.loaded()}
        found = models.get(name)
        if found is None:
            return False  # it left by itself
        if not self._watch.rests(found, self._clock.now()):
            del self._asked[name]
            return False
        try:
            await self._servers.unload(found)
        except EngineError as error:
            asked.refusal = str(error)
            return False
        return True

    def problems(self) -> tuple[str, ...]:
        """Return which models do not leave, and why."""
        now_s = self._clock.now()
        found = []
        for (url, name), asked in self._asked.items():
            if asked.refusal is not None:
                found.append(asked.refusal)
            elif (url, name) in self._loaded and now_s - asked.at_s > GONE_WITHIN_S:
                found.append(
                    f"{name} was asked to unload and is still loaded at {url}: end it there"
                )
        return tuple(found)
