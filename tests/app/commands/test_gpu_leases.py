"""Where a program's lease is held."""

from __future__ import annotations

from typing import Any

import pytest

from app.commands import gpu_leases
from app.commands.gpu_leases import ALONE, TRIES, GatewayLease, OwnLease, Wanted, lease_for
from engine.errors import Refused, Unreachable
from engine.folders import Folders
from engine.gateway.whereabouts import Whereabouts

WANTED = Wanted(8_000, "low", 1, "train", 600.0, None)
Answer = tuple[int, dict[str, Any]] | Exception


def told(**values: Any) -> dict[str, Any]:
    """Return a lease as the gateway tells of it."""
    usual = {"id": "a", "state": "active", "ended": None, "reason": None, "position": None}
    usual |= {"environment": {"CUDA_VISIBLE_DEVICES": "1"}, "expires_in_ms": 500_000}
    return usual | {"leave_within_ms": None} | values


class FakeGateway:
    """Answers what a test wants, in this order."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answers = list(answers)

    def call(
        self, method: str, path: str, body: object = None, *, silence_s: float = 0.0
    ) -> tuple[int, dict[str, Any]]:
        self.asked.append((method, path.partition("?")[0]))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def held(*answers: Answer) -> tuple[GatewayLease, FakeGateway]:
    """Return a lease at a gateway that answers so; a restarted one is the same."""
    gateway = FakeGateway(*answers)
    return GatewayLease(WANTED, gateway, lambda: gateway), gateway  # type: ignore[arg-type]


def no_one(words: str) -> None:
    """Hear nothing."""


def test_a_slow_gateway_is_asked_again(folders: Folders, monkeypatch: pytest.MonkeyPatch):
    """Going alone would use memory that it has promised to somebody else."""
    answers = iter([None, None, "found"])
    monkeypatch.setattr(gpu_leases, "open_gateway", lambda folders: next(answers))
    Whereabouts(folders.data).tell("http://127.0.0.1:1")
    assert isinstance(lease_for(WANTED, folders, no_one), GatewayLease)


@pytest.mark.parametrize("is_told", [False, True])
def test_without_a_gateway_the_lease_is_ones_own(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, is_told: bool
):
    """It is said that others cannot see it, and what nobody is asked for."""
    asked: list[int] = []
    monkeypatch.setattr(gpu_leases, "open_gateway", lambda folders: asked.append(1))
    if is_told:
        Whereabouts(folders.data).tell("http://127.0.0.1:1")
    words: list[str] = []
    assert isinstance(lease_for(WANTED, folders, words.append), OwnLease)
    assert words == [ALONE]
    assert len(asked) == (1 + TRIES if is_told else 1)


def test_who_wants_leases_shared_hears_that_they_are_not(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
):
    """Without the application no other host is asked, whatever the settings say."""
    monkeypatch.setattr(gpu_leases, "open_gateway", lambda folders: None)
    folders.settings_file.parent.mkdir(parents=True, exist_ok=True)
    folders.settings_file.write_text("[resources]\nshare_leases = true\n", encoding="utf-8")
    words: list[str] = []
    lease_for(WANTED, folders, words.append)
    assert "other hosts may promise the same memory" in words[1]


def test_who_waits_asks_until_it_is_granted():
    """A gateway that was restarted meanwhile is asked anew."""
    queued = told(state="queued", position=1)
    lease, gateway = held(
        (202, queued),
        Unreachable("it restarts"),
        (404, {"error": {"message": "no such lease"}}),
        (202, queued),
        (200, told()),
    )
    words: list[str] = []
    assert lease.wait(words.append) == {"CUDA_VISIBLE_DEVICES": "1"}
    assert [method for method, _ in gateway.asked] == ["POST", "GET", "GET", "POST", "GET"]
    assert words == ["number 1 in the queue"] * 2


@pytest.mark.parametrize(
    "answers",
    [
        [(409, {"error": {"message": "it can never fit"}})],
        [
            (202, told(state="queued")),
            (200, told(state="ended", ended="x", reason="it can never fit")),
        ],
    ],
)
def test_what_is_refused_says_why(answers: list[Answer]):
    """In the gateway's own words."""
    lease, _ = held(*answers)
    with pytest.raises(Refused, match="it can never fit"):
        lease.wait(no_one)


def granted(*answers: Answer) -> tuple[GatewayLease, FakeGateway]:
    """Return a lease that is held at a gateway that then answers so."""
    lease, gateway = held((201, told()), *answers)
    lease.wait(no_one)
    return lease, gateway


def test_more_time_is_asked_for_when_half_is_left():
    """The program may take as long as it wants."""
    lease, gateway = granted((200, told(expires_in_ms=299_000)), (200, told()))
    assert lease.beat().is_held
    assert gateway.asked[-1] == ("POST", "/leases/a/renew")


def test_who_must_leave_hears_by_when():
    """No more time is asked for then."""
    late = told(expires_in_ms=1_000, leave_within_ms=9_000, reason="asked to leave for x")
    lease, gateway = granted((200, late))
    standing = lease.beat()
    assert (standing.leave_within_s, standing.words) == (9.0, "asked to leave for x")
    assert gateway.asked[-1] == ("POST", "/leases/a/heartbeat")


def test_a_lease_that_is_over_tells_how_it_ended():
    """Preempted, lost, or forgotten by a gateway that lost its data."""
    refusal = {"error": {"message": "the lease is over"}}
    lease, _ = granted((409, refusal), (200, told(ended="preempted", reason="others need it")))
    assert lease.beat().was_preempted
    lease, _ = granted((404, refusal))
    standing = lease.beat()
    assert (standing.is_held, standing.was_preempted) == (False, False)


def test_it_is_given_back_once():
    """Also where the gateway is gone."""
    lease, gateway = granted(Unreachable("gone"), Unreachable("gone"))
    lease.release()
    lease.release()
    assert gateway.asked[1:] == [("DELETE", "/leases/a")] * 2
