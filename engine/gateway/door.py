"""Lets requests in or turns them away, and answers those that are in."""

from __future__ import annotations

import itertools
import logging
import secrets
import traceback
from collections.abc import Mapping

from engine.activity import ActivityRecord
from engine.clock import Clock
from engine.errors import EngineError, Rejected
from engine.gateway.asking import Malformed
from engine.gateway.client_keys import ClientKeys
from engine.gateway.dispatching import Routes
from engine.gateway.error_bodies import Full, error_result, mistake_result
from engine.gateway.ports import Activities, Call, Handler, Head, Limits, Result, Visit
from engine.gateway.security import Callers, origin_headers, preflight_headers, presented_key
from engine.gateway.settings import GatewaySettings
from engine.gateway.traffic import Traffic

_log = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/health"})
"""What needs no key."""
MIB = 1024 * 1024
CONNECTIONS_PER_REQUEST = 2
SPARE_CONNECTIONS = 64
"""Clients keep connections for their next request; beyond these they open a new one for each."""
WAIT_S = 1.0
"""When to try again where all places are taken."""
KINDS = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
    "/v1/messages": "messages",
    "/v1/responses": "responses",
    "/v1/audio/transcriptions": "transcription",
    "/v1/audio/translations": "translation",
}
"""Routes whose calls stand in the activity list, and what they are called there."""
SOUND = frozenset({"/v1/audio/transcriptions", "/v1/audio/translations"})
"""Routes that take forms with files; elsewhere a form is no larger than any other body."""


class FrontDoor:
    """The gateway's side of every request: a `Door`."""

    def __init__(
        self,
        *,
        settings: GatewaySettings,
        routes: Routes,
        keys: ClientKeys,
        traffic: Traffic,
        clock: Clock,
        activity: Activities | None = None,
    ) -> None:
        self.is_draining = False
        self._routes = routes
        self._keys = keys
        self._traffic = traffic
        self._clock = clock
        self._activity = activity
        self._prefix = f"req_{secrets.token_hex(6)}"
        self._numbers = itertools.count(1)
        self.use(settings)

    def use(self, settings: GatewaySettings) -> None:
        """Use `settings` for the requests that come from now on."""
        self._callers = Callers(settings)
        self._most_requests = settings.most_requests
        self._largest_body_bytes = settings.largest_body_mib * MIB
        self._largest_form_bytes = settings.largest_audio_mib * MIB
        self._limits = Limits(
            head_timeout_s=settings.head_timeout_s,
            body_timeout_s=settings.body_timeout_s,
            most_connections=settings.most_requests * CONNECTIONS_PER_REQUEST + SPARE_CONNECTIONS,
            most_held_bytes=settings.most_held_mib * MIB,
        )

    @property
    def limits(self) -> Limits:
        """What counts now."""
        return self._limits

    def admit(self, head: Head) -> tuple[Visit, Result | None]:
        """Return the visit, and what to answer at once where nobody may answer it."""
        visit = Visit(
            head,
            f"{self._prefix}{next(self._numbers):06x}",
            self._clock.now(),
            largest_body_bytes=self._largest_body_bytes,
            largest_form_bytes=self._largest_form_bytes,
        )
        visit.headers["x-request-id"] = visit.id
        try:
            result = self._let_in(visit)
        except EngineError as error:
            self._traffic.refuse()
            return visit, self._turn_away(visit, error)
        if result is None:
            visit.is_admitted = True
            self._traffic.come(visit.client, visit.at_s)
        return visit, result

    async def answer(self, visit: Visit, call: Call) -> Result:
        """Return the answer to an admitted call; errors come as such, in the client's dialect."""
        assert visit.handler is not None
        try:
            return await visit.handler(call)
        except EngineError as error:
            return self.refuse(visit, error)
        except RecursionError:
            return self.refuse(visit, Malformed("the body is nested too deeply: flatten it"))
        except Exception as error:  # noqa: BLE001 - the outer loop
            # Without the error's words, which may hold what the client sent.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error("%s in %s:\n%s", type(error).__name__, visit.route, frames)
            return mistake_result(visit.head.path)

    def refuse(self, visit: Visit, error: EngineError) -> Result:
        """Return `error` in the client's dialect."""
        result = error_result(error, visit.head.path)
        if isinstance(error, Malformed):
            self._record(visit, result.status, str(error))
        return result

    def leave(self, visit: Visit, status: int) -> None:
        """Note that the last byte of an answer went out."""
        if visit.is_admitted:
            visit.is_admitted = False
            self._traffic.leave(visit.route, status, visit.at_s)

    def _let_in(self, visit: Visit) -> Result | None:
        head = visit.head
        headers = head.headers
        self._callers.check_host(headers.get("host"))
        origin = headers.get("origin")
        if origin is not None:
            self._callers.check_origin(origin)
            visit.headers |= origin_headers(origin)
            if head.method == "OPTIONS" and "access-control-request-method" in headers:
                return Result(status=204, headers=preflight_headers(headers))
        if head.path not in OPEN_PATHS:
            visit.client = self._client(headers)
        return self._find(visit)

    def _client(self, headers: Mapping[str, str]) -> str:
        key = presented_key(headers)
        name = self._keys.name_of(key) if key else None
        if name is None:
            what = "this key is not (or no longer) known here" if key else "there is no key"
            raise Rejected(
                f"{what}: send the one in {self._keys.key_file.name}, as Authorization: Bearer KEY",
                status=401,
                code="invalid_api_key",
            )
        return name

    def _find(self, visit: Visit) -> Result | None:
        head = visit.head
        found = self._routes.find(head.path)
        if found is None:
            raise Rejected(
                f"there is nothing at {head.path[:100]}: see /v1/models, /v1/chat/completions, "
                "/v1/embeddings, /v1/messages, /v1/responses, /v1/audio/transcriptions, "
                "/v1/feedback",
                status=404,
                code="unknown_url",
            )
        visit.route, methods = found
        if visit.route not in SOUND:
            visit.largest_form_bytes = visit.largest_body_bytes
        if head.method == "OPTIONS":
            return Result(status=204, headers={"allow": _allowed(methods)})
        visit.handler = methods.get(head.method)
        if visit.handler is None:
            visit.headers["allow"] = _allowed(methods)
            raise Rejected(
                f"{visit.route} takes {_allowed(methods)}", status=405, code="method_not_allowed"
            )
        if self.is_draining:
            raise Full("the application is closing: ask again when it runs", retry_after_s=WAIT_S)
        if self._traffic.in_flight >= self._most_requests and head.path not in OPEN_PATHS:
            raise Full(
                f"{self._most_requests} requests are under way, the most that "
                "gateway.most_requests allows: try again soon",
                retry_after_s=WAIT_S,
            )
        return None

    def _turn_away(self, visit: Visit, error: EngineError) -> Result:
        result = error_result(error, visit.head.path)
        if result.status == 401:
            visit.headers["www-authenticate"] = "Bearer"
        return result

    def _record(self, visit: Visit, status: int, problem: str) -> None:
        """Show in the activity list what no engine has seen."""
        kind = KINDS.get(visit.route)
        if kind is not None and self._activity is not None:
            wall_s = self._clock.wall().timestamp()
            took_s = self._clock.now() - visit.at_s
            self._activity.add(
                ActivityRecord(
                    id=visit.id,
                    at_s=wall_s - took_s,
                    kind=kind,
                    client=visit.client,
                    asked="",
                    status=status,
                    problem=problem,
                    total_ms=took_s * 1000,
                )
            )


def _allowed(methods: Mapping[str, Handler]) -> str:
    return ", ".join(sorted({*methods, "OPTIONS"}))
