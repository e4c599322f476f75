"""Suggestions that wait for what their answers earn, found by their id or their request."""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import islice
from random import Random

from engine.analytics.observations import Observation
from engine.errors import Rejected

MOST_WAITING = 20_000
"""In memory; older ones are found in the database."""
MARK = "sug_"
"""Begins every id."""
LONGEST_ID = 200


class Suggestions:
    """The last suggestions, newest last. For one thread."""

    def __init__(self, random: Random, *, most: int = MOST_WAITING) -> None:
        self._random = random
        self._most = most
        self._by_id: OrderedDict[str, Observation] = OrderedDict()
        self._by_request: dict[str, str] = {}
        self._over: deque[tuple[float, str]] = deque()
        """When answers were over that nobody has rated yet."""

    def __len__(self) -> int:
        return len(self._by_id)

    def new_id(self) -> str:
        """Return an id that nobody has."""
        return f"{MARK}{self._random.getrandbits(96):024x}"

    def add(self, found: Observation) -> None:
        """Keep `found`; the oldest leaves."""
        self._by_id[found.id] = found
        if found.request_id:
            self._by_request[found.request_id] = found.id
        if len(self._by_id) > self._most:
            _, oldest = self._by_id.popitem(last=False)
            self._forget_request(oldest)

    def find(self, id: str) -> Observation | None:
        """Return the suggestion `id`, or None."""
        return self._by_id.get(id)

    def of_request(self, request_id: str) -> Observation | None:
        """Return the suggestion that was made for a request, or None."""
        return self._by_id.get(self._by_request.get(request_id, ""))

    def recalled(self, found: Observation | None) -> Observation | None:
        """Return `found`, which was read from the database, or what is known of it here by now."""
        if found is None or found.origin:
            return found
        known = self._by_id.get(found.id)
        if known is None:
            self.add(found)
        return known or found

    def remove(self, id: str) -> None:
        """Forget the suggestion `id`, where it is there."""
        found = self._by_id.pop(id, None)
        if found is not None:
            self._forget_request(found)

    def over(self, found: Observation) -> None:
        """Note that the answer of `found` is over; `due` will tell when nobody rated it."""
        if found.over_s is not None:
            self._over.append((found.over_s, found.id))
            if len(self._over) > self._most:
                self._over.popleft()

    def due(self, before_s: float) -> list[Observation]:
        """Return those whose answer was over before `before_s`, each once, if still uncounted."""
        found = []
        while self._over and self._over[0][0] <= before_s:
            each = self._by_id.get(self._over.popleft()[1])
            if each is not None and each.counted_s is None and each.state == "waiting":
                found.append(each)
        return found

    def latest(self, count: int) -> list[Observation]:
        """Return the last `count`, newest first."""
        return list(islice(reversed(self._by_id.values()), count))

    def _forget_request(self, found: Observation) -> None:
        if self._by_request.get(found.request_id) == found.id:
            del self._by_request[found.request_id]


def check_age(found: Observation, now_s: float, lifetime_s: float) -> None:
    """Raise Rejected where `found` is too old to be rated."""
    if now_s - found.made_s > lifetime_s:
        raise Rejected(
            f"the suggestion {found.id} was made {(now_s - found.made_s) / 3600:.0f} hours ago, "
            f"and can be rated for {lifetime_s / 3600:g}: see analytics.suggestion_hours in the "
            "settings",
            status=410,
            code="suggestion_expired",
            param="suggestion_id",
        )


def unknown(name: str, id: str) -> Rejected:
    """Return the error for an id that belongs to no suggestion. name: the field it came in."""
    return Rejected(
        f"{name} {id[:LONGEST_ID]!r} belongs to no suggestion: take it from the header "
        "x-suggestion-id of an answer, which is there where the tier's parameters are suggested or "
        "automatic",
        status=404,
        code="suggestion_not_found",
        param=name,
    )
