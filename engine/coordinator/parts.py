"""The parts of the coordinator and how they stand on each other."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from engine.book import Book
from engine.clock import Clock
from engine.coordinator.accounts import Accounts
from engine.coordinator.affinity import Affinity
from engine.coordinator.attempt import Attempts
from engine.coordinator.balancer import Balancer
from engine.coordinator.choosing import Choice
from engine.coordinator.desk import Desk
from engine.coordinator.dispatch import Dispatch
from engine.coordinator.endpoint_book import EndpointBook
from engine.coordinator.fleet import Fleet
from engine.coordinator.lookout import Lookout
from engine.coordinator.meters import Meters
from engine.coordinator.ports import AnswerStore, ProviderFactory, ServerProber
from engine.coordinator.price_table import PriceTable
from engine.coordinator.response_cache import ResponseCache
from engine.coordinator.retry_budget import RetryBudgets
from engine.coordinator.roster import Roster
from engine.coordinator.settings import CoordinatorSettings, Endpoint
from engine.coordinator.trial import Ground
from engine.coordinator.watch import Watch

if TYPE_CHECKING:
    from engine.keychain import SecretStore


class Parts:
    """Everything the coordinator is made of, wired; nothing is begun yet."""

    def __init__(
        self,
        *,
        settings: Callable[[], CoordinatorSettings],
        book: Book[Endpoint],
        prices: PriceTable,
        providers: ProviderFactory,
        prober: ServerProber,
        answers: AnswerStore | None,
        secrets: SecretStore,
        clock: Clock,
        random: Random,
    ) -> None:
        self.accounts = Accounts()
        self.meters = Meters(clock=clock)
        self.fleet = Fleet(clock=clock)
        self.book = EndpointBook(book=book, secrets=secrets)
        self.prices = prices
        self._settings, self._clock, self._prober = settings, clock, prober
        self._budgets = RetryBudgets(share=settings().retry_share, clock=clock)
        self._balancer = Balancer(random=random, affinity=Affinity())
        self.roster = Roster(
            fleet=self.fleet,
            providers=providers,
            key=self.book.key,
            settings=settings,
            clock=clock,
            random=random,
        )
        self.lookout = Lookout(fleet=self.fleet, roster=self.roster, prober=prober, clock=clock)
        self.desk = self._desk()
        self.watch = self._watch()
        self.dispatch = self._dispatch()
        self.cache = None if answers is None else self._cache(answers)
        self.use(settings())

    def use(self, settings: CoordinatorSettings) -> None:
        """Take over `settings` where they are not asked for each time."""
        self._budgets.use(settings.retry_share)
        self._balancer.has_affinity = settings.affinity

    def _cache(self, answers: AnswerStore) -> ResponseCache:
        return ResponseCache(
            store=answers, settings=lambda: self._settings().cache, clock=self._clock
        )

    def _desk(self) -> Desk:
        return Desk(
            book=self.book,
            fleet=self.fleet,
            roster=self.roster,
            lookout=self.lookout,
            prober=self._prober,
            offers_embedded=lambda: self._settings().embedded,
            clock=self._clock,
        )

    def _watch(self) -> Watch:
        return Watch(
            desk=self.desk,
            book=self.book,
            prices=self.prices,
            fleet=self.fleet,
            lookout=self.lookout,
            meters=self.meters,
            settings=self._settings,
            clock=self._clock,
        )

    def _dispatch(self) -> Dispatch:
        ground = Ground(
            fleet=self.fleet,
            budgets=self._budgets,
            prices=self.prices,
            meters=self.meters,
            accounts=self.accounts,
            clock=self._clock,
        )
        return Dispatch(
            ground=ground,
            choice=Choice(balancer=self._balancer, clock=self._clock),
            attempts=Attempts(ground=ground, settings=self._settings),
            settings=self._settings,
        )
