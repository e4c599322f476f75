"""Sends one request to one server after the other until one answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.coordinator.attempt import Attempts
from engine.coordinator.choosing import Choice
from engine.coordinator.hedging import Try, delay_s, faster
from engine.coordinator.link import Seat
from engine.coordinator.settings import CoordinatorSettings
from engine.coordinator.trial import Errand, Ground
from engine.errors import OutsideError, Overloaded, Rejected, TimedOut, Unreachable
from engine.exchange import Attempt, LlmRequest, Reply

NOT_HERE = 404


class Dispatch:
    """Tries servers in turn, a second one beside the first where that is slow.

    For the engines' loop.
    """

    def __init__(
        self,
        *,
        ground: Ground,
        choice: Choice,
        attempts: Attempts,
        settings: Callable[[], CoordinatorSettings],
    ) -> None:
        self._ground = ground
        self._choice = choice
        self._attempts = attempts
        self._settings = settings

    async def send(self, request: LlmRequest, model: str, trail: list[Attempt]) -> Reply:
        """Return the answer of whichever server of `model` gives one.

        Raises Rejected where nobody has the model or the request is wrong, Overloaded where all
        have too much to do, else what the last server failed with.
        """
        seats = self._seats(request, model)
        errand = Errand(request, model, trail, self._deadline_s(request))
        while True:
            seat = self._choice.next(errand, seats) or self._same_again(errand)
            if seat is None:
                raise self._choice.refusal(errand, seats)
            self._count_move(errand, seat)
            try:
                return await self._tried(seat, errand, seats)
            except Rejected as error:
                if error.status != NOT_HERE:
                    raise
                errand.error = error
            except (OutsideError, Overloaded) as error:
                errand.error = error
            self._check_another(errand)

    def _seats(self, request: LlmRequest, model: str) -> Sequence[Seat]:
        seats = self._ground.fleet.seats(model)
        if request.local_only:
            seats = tuple(seat for seat in seats if seat.link.endpoint.is_local)
        if not seats:
            where = "no server of your own" if request.local_only else "no server"
            raise Rejected(
                f"{where} has the model {model!r}: pull it, or add a server that has it",
                status=NOT_HERE,
                code="model_not_found",
                param="model",
            )
        return seats

    def _deadline_s(self, request: LlmRequest) -> float:
        longest_s = self._settings().deadline_s
        if request.deadline_s is not None:
            longest_s = min(longest_s, request.deadline_s)
        return request.came_s + longest_s

    async def _tried(self, seat: Seat, errand: Errand, seats: Sequence[Seat]) -> Reply:
        after_s = self._hedge_after_s(seat, errand, seats)
        errand.tried.append(seat)
        if after_s is None:
            return await self._attempts.at(seat, errand)
        reply = await faster(
            self._attempts.at(seat, errand),
            after_s,
            lambda: self._hedge(errand, seats),
            lambda unused: self._ground.accounts.note_unused(errand.request, unused),
        )
        self._ground.meters.counts["hedge_wins"] += reply.endpoint != seat.link.name
        return reply

    def _hedge_after_s(self, seat: Seat, errand: Errand, seats: Sequence[Seat]) -> float | None:
        settings = self._settings()
        if len(seats) < 2 or not settings.hedge or not errand.request.is_stream:
            return None
        if not _may_hedge(seat, settings) or errand.tried:
            return None
        return delay_s(seat.pace)

    def _hedge(self, errand: Errand, seats: Sequence[Seat]) -> Try | None:
        """Return the second try; None where nobody may make it."""
        settings, ground = self._settings(), self._ground
        others = [seat for seat in seats if _may_hedge(seat, settings)]
        budget = ground.budgets.of(errand.model)
        seat = self._choice.healthy(errand, others) if budget.may_retry() else None
        if seat is None:
            return None
        budget.note_failure()
        ground.meters.counts["hedges"] += 1
        errand.tried.append(seat)
        return self._attempts.at(seat, errand, is_hedge=True)

    def _same_again(self, errand: Errand) -> Seat | None:
        """Return the only server where its connection broke: once, it may have been an old one."""
        if len(errand.tried) != 1 or not isinstance(errand.error, Unreachable):
            return None
        seat = errand.tried[0]
        now_s = self._ground.clock.now()
        return seat if seat.link.is_open(now_s) and not seat.link.is_full else None

    def _check_another(self, errand: Errand) -> None:
        """Raise what went wrong where no further server may be tried."""
        error = errand.error
        assert error is not None
        if self._ground.clock.now() >= errand.deadline_s:
            reason = f"{errand.model!r} was not answered by its deadline ({error})"
            raise TimedOut(reason) from error
        if len(errand.tried) >= self._settings().most_attempts:
            raise error
        budget = self._ground.budgets.of(errand.model)
        if isinstance(error, OutsideError) and not budget.may_retry():
            raise error

    def _count_move(self, errand: Errand, seat: Seat) -> None:
        if errand.tried:
            self._ground.meters.counts["retries"] += 1
            self._ground.meters.counts["failovers"] += seat is not errand.tried[-1]


def _may_hedge(seat: Seat, settings: CoordinatorSettings) -> bool:
    """Tell whether `seat` may be asked although its answer may go unused."""
    endpoint = seat.link.endpoint
    if endpoint.may_hedge is not None:
        return endpoint.may_hedge
    return endpoint.is_local or settings.hedge_paid
