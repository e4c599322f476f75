"""One server: the way to it, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from engine.circuit_breaker import BreakerLimits, BreakerState, CircuitBreaker
from engine.clock import Clock
from engine.coordinator.endpoint_secrets import lacks_secrets
from engine.coordinator.pace import Pace
from engine.coordinator.ports import Provider
from engine.coordinator.rate_limits import RateLimits
from engine.coordinator.readings import Readings
from engine.coordinator.secrecy import secrets_of, shown, without
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import EndpointState
from engine.exchange import ServedModel

BREAKER = BreakerLimits(
    failures=4,
    share=0.5,
    window_s=30.0,
    least_calls=10,
    first_cooldown_s=5.0,
    longest_cooldown_s=120.0,
)
"""Envoy leaves a host alone after five failures in a row, for 30 s times the number of times. A
person notices every one of them: one fewer here, and a first look after 5 s."""
USABLE = frozenset(
    {
        EndpointState.UNKNOWN,
        EndpointState.READY,
        EndpointState.BUSY,
        EndpointState.ASLEEP,
        EndpointState.STARTING,
    }
)


WITHOUT_SECRETS = "its password or a header is not known: unlock the keychain, or type them anew"


class Seat:
    """One model at one server; what is balanced and limited."""

    __slots__ = ("limits", "link", "model", "pace")

    def __init__(self, *, link: Link, model: str, clock: Clock) -> None:
        self.link = link
        self.model = model
        """What the server calls it."""
        self.pace = Pace()
        self.limits = RateLimits(clock=clock)


class Link:
    """One server. For the engines' loop; a snapshot may read its numbers from any thread."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        provider: Provider,
        key: Callable[[], str],
        clock: Clock,
        random: Random,
    ) -> None:
        self.endpoint, self.shown, self._secrets = endpoint, shown(endpoint), secrets_of(endpoint)
        self.name = endpoint.name
        self.provider = provider
        self.breaker = CircuitBreaker(clock=clock, random=random, limits=BREAKER)
        self.pace = Pace()
        self.seats: dict[str, Seat] = {}
        self.models: tuple[ServedModel, ...] = ()
        self.models_at_s: float | None = None
        self.in_flight = 0
        self.requests = self.answered = self.failures = self.busy_answers = self.hedges = 0
        self.last_error = ""
        self.last_error_s: float | None = None
        self.has_key = True
        """Its key is known, or known not to be; False while the keychain is asked."""
        self.down_reason = ""
        """Why the last look found nobody; "" where somebody was there."""
        self.list_after_s = 0.0
        """Clock time before which it is not asked for its models again by itself."""
        self.state, self.reason = EndpointState.UNKNOWN, ""
        self.since_s = clock.now()
        self.readings = Readings(endpoint.name)
        self.when_idle: Callable[[], None] | None = None
        """Called when the last request under way has ended."""
        self._key = key
        self._clock = clock
        self._listed: tuple[ServedModel, ...] = ()

    @property
    def is_embedded(self) -> bool:
        """Whether it is the application's own model."""
        return self.endpoint.kind is EndpointKind.EMBEDDED

    def use(self, endpoint: Endpoint) -> None:
        """Take over what the user changed; `shown` is that without its secrets, for snapshots."""
        self.endpoint, self.shown, self._secrets = endpoint, shown(endpoint), secrets_of(endpoint)
        self._seat()

    def list(self, models: Iterable[ServedModel]) -> None:
        """Take in what the server lists."""
        self._listed = tuple(models)
        self.models_at_s = self._clock.now()
        self.down_reason, self.list_after_s = "", 0.0
        self._seat()

    def be_down(self, reason: str) -> None:
        """Note that a look found nobody, or nobody who would say what there is."""
        self.down_reason = self.cleaned(reason)
        self.note_error(self.down_reason)

    def inherit(self, old: Link) -> None:
        """Go on with the numbers of `old`, which was the way to the same server before."""
        self.requests, self.answered, self.failures = old.requests, old.answered, old.failures
        self.busy_answers, self.hedges = old.busy_answers, old.hedges
        self.readings, self.pace = old.readings, old.pace
        self._listed, self.models_at_s = old._listed, old.models_at_s
        self._seat()

    def is_open(self, now_s: float) -> bool:
        """Tell whether a request may go, as far as illness is concerned."""
        if self.down_reason:
            return False
        breaker = self.breaker
        if breaker.state is BreakerState.CLOSED:
            return True
        return breaker.state is BreakerState.OPEN and now_s >= breaker.retry_at_s

    def admit(self) -> bool:
        """Let a request go; True where it is the probe that decides about an ill server."""
        breaker = self.breaker
        if breaker.state is BreakerState.CLOSED:
            return False
        if not breaker.allow():
            breaker.probe()
        return True

    @property
    def lacks_secrets(self) -> bool:
        """Whether it must be sent something in secret that is not known."""
        return lacks_secrets(self.endpoint)

    @property
    def may_be_asked(self) -> bool:
        """Whether it is switched on, and all that it must be sent is known."""
        return self.endpoint.is_enabled and self.has_key and not self.lacks_secrets

    @property
    def is_full(self) -> bool:
        """Whether as much is under way as the user allows."""
        return self.in_flight >= self.endpoint.most_in_flight

    def is_usable(self, now_s: float) -> bool:
        """Tell whether it may be asked: enabled, and not known to be down."""
        return self.state in USABLE or (self.state is EndpointState.ILL and self.is_open(now_s))

    def cleaned(self, words: str) -> str:
        """Return what the server said without its key and what else it was sent in secret."""
        key = self._key()
        return without(self._secrets, words.replace(key, "[key]") if key else words)

    def note_error(self, reason: str) -> None:
        """Remember what went wrong last."""
        self.last_error, self.last_error_s = reason, self._clock.now()

    def refresh(self, now_s: float) -> bool:
        """Find out how it stands; True where that has changed."""
        state, reason = self._standing(now_s)
        if (state, reason) == (self.state, self.reason):
            return False
        if state is not self.state:
            self.since_s = now_s
        self.state, self.reason = state, reason
        return True

    def _standing(self, now_s: float) -> tuple[EndpointState, str]:
        if not self.endpoint.is_enabled:
            return EndpointState.DISABLED, "switched off"
        if (told := self.provider.state) is not None:
            return told
        if self.breaker.state is not BreakerState.CLOSED:
            return EndpointState.ILL, self.last_error
        if self.down_reason:
            return EndpointState.DOWN, self.down_reason
        paused = [seat for seat in self.seats.values() if seat.limits.paused_until_s > now_s]
        if paused:
            return EndpointState.BUSY, f"it asked for a pause ({paused[0].model})"
        if self.is_full:
            return EndpointState.BUSY, f"{self.in_flight} requests are under way"
        if not self.has_key:
            return EndpointState.UNKNOWN, "its key is being looked up"
        if self.lacks_secrets:
            return EndpointState.DOWN, WITHOUT_SECRETS
        if self.models_at_s is None and not self.answered:
            return EndpointState.UNKNOWN, ""
        return EndpointState.READY, ""

    def _seat(self) -> None:
        chosen, listed = self.endpoint.models, self._listed
        if chosen:
            by_name = {model.name: model for model in listed}
            listed = tuple(by_name.get(name, ServedModel(name)) for name in dict.fromkeys(chosen))
        self.models = listed
        self.seats = {
            model.name: self.seats.get(model.name)
            or Seat(link=self, model=model.name, clock=self._clock)
            for model in listed
        }
