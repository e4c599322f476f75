"""Which models that servers hold are idle, and on which card they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.gpu.cards import CardNow, CardProcess
from engine.gpu.leases import IdleModel

LIKENESS = 0.15
"""A process is taken for a model's where their sizes differ by no more than this share."""
SERVERS = ("ollama", "llama", "lm studio", "lms", "lm-studio")
"""In the names of the processes that hold models."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that a server on this machine holds in memory."""

    name: str
    server_url: str
    product: str
    """Which kind of server it is: what it is asked by differs."""
    instance: str
    """What the server calls it when it is to be unloaded."""
    used_mib: int | None = None
    """Graphics memory; None where the server does not tell."""
    used_mark: str = ""
    """Differs after each use where the server tells of uses."""


@dataclass(slots=True)
class _Use:
    mark: str
    last_s: float
    uses: int = 0


class IdleWatch:
    """Watches loaded models for signs of use.

    rest_s: who was not seen at work for so long is idle. is_busy: whether this application itself
    is waiting for an answer of that model, by server address and name.
    """

    def __init__(self, *, rest_s: float, is_busy: Callable[[str, str], bool]) -> None:
        self._rest_s = rest_s
        self._is_busy = is_busy
        self._seen: dict[tuple[str, str], _Use] = {}

    def idle(
        self, models: Sequence[LoadedModel], cards: Sequence[CardNow], now_s: float
    ) -> tuple[IdleModel, ...]:
        """Return the idle ones of `models`, as far as it is known where they lie."""
        here = {(each.server_url, each.instance) for each in models}
        self._seen = {key: use for key, use in self._seen.items() if key in here}
        found = []
        for model in models:
            use = self._noticed(model, now_s)
            if self.rests(model, now_s) and (place := placed(model, cards)):
                card_id, used_mib = place
                found.append(
                    IdleModel(
                        name=model.name,
                        card_id=card_id,
                        used_mib=used_mib,
                        source=model.server_url,
                        idle_since_s=use.last_s,
                        uses=use.uses,
                    )
                )
        return tuple(found)

    def rests(self, model: LoadedModel, now_s: float) -> bool:
        """Tell whether it is idle."""
        return now_s - self._noticed(model, now_s).last_s >= self._rest_s

    def _noticed(self, model: LoadedModel, now_s: float) -> _Use:
        use = self._seen.setdefault(
            (model.server_url, model.instance), _Use(model.used_mark, now_s)
        )
        if use.mark != model.used_mark:
            use.uses += 1
        if use.mark != model.used_mark or self._is_busy(model.server_url, model.name):
            use.mark, use.last_s = model.used_mark, now_s
        return use


def hold_models(cards: Sequence[CardNow]) -> bool:
    """Tell whether a process that holds models uses one of the cards."""
    return any(
        process.used_mib and _is_server(process)
        for card in cards
        for process in card.reading.processes or ()
    )


def placed(model: LoadedModel, cards: Sequence[CardNow]) -> tuple[str, int] | None:
    """Return the card that holds `model` and how many MiB it takes there; None if unknown.

    Servers do not tell on which card a model is: it lies where a process is as large. Where the
    server does not tell the size either, only a single process of such a server is told apart.
    """
    held = [
        (card.card.id, process.used_mib)
        for card in cards
        for process in card.reading.processes or ()
        if process.used_mib and _is_server(process)
    ]
    if model.used_mib is None:
        return held[0] if len(held) == 1 else None
    likely = [(abs(mib - model.used_mib), card_id, mib) for card_id, mib in held]
    if likely and min(likely)[0] <= LIKENESS * model.used_mib:
        _, card_id, used_mib = min(likely)
        return card_id, used_mib
    if len(cards) == 1 and model.used_mib > 0:
        return cards[0].card.id, model.used_mib
    return None


def _is_server(process: CardProcess) -> bool:
    name = (process.name or "").lower()
    return any(word in name for word in SERVERS)
