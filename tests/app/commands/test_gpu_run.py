"""`gpu run`: a program on a lease."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import pytest

from app.__main__ import main
from app.commands import gpu_run
from app.commands.gpu_leases import Standing, Wanted
from app.commands.gpu_run import COULD_NOT_BEGIN, LeaseKeeper
from engine.errors import EngineError, Refused, Unreachable

PYTHON = sys.executable


class FakeLease:
    """A lease that stands as a test wants."""

    def __init__(self, *standings: Standing | EngineError, refusal: EngineError | None = None):
        self.wanted: Wanted | None = None
        self.released = 0
        self._standings = list(standings)
        self._refusal = refusal

    def wait(self, tell: Callable[[str], None]) -> Mapping[str, str]:
        tell("number 2 in the queue")
        tell("number 1 in the queue")
        if self._refusal is not None:
            raise self._refusal
        return {"CUDA_VISIBLE_DEVICES": "3"}

    def beat(self) -> Standing:
        found = self._standings.pop(0) if self._standings else Standing(True)
        if isinstance(found, EngineError):
            raise found
        return found

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def lease(monkeypatch: pytest.MonkeyPatch) -> FakeLease:
    """Return the lease that every run gets."""
    made = FakeLease()

    def give(wanted: Wanted, *_: object) -> FakeLease:
        made.wanted = wanted
        return made

    monkeypatch.setattr(gpu_run, "lease_for", give)
    monkeypatch.setattr(LeaseKeeper, "_beat_until_over", lambda self: None)
    return made


def test_the_programs_code_is_ours(lease: FakeLease, capfd: pytest.CaptureFixture[str]):
    """It sees the lease's cards alone, and the lease is given back."""
    script = "import os; print(os.environ['CUDA_VISIBLE_DEVICES']); raise SystemExit(7)"
    assert main(["gpu", "run", "--vram", "8000", "--", PYTHON, "-c", script]) == 7
    out, err = capfd.readouterr()
    assert out == "3\n"
    assert "number 2 in the queue" in err
    assert "number 1" not in err  # it is told once, not with every number
    assert lease.released
    assert lease.wanted == Wanted(8000, "normal", 1, PYTHON.rpartition("/")[2], 3600.0, None)


def test_wishes_go_along(lease: FakeLease):
    """Everything that can be said of a lease."""
    words = ["--priority", "low", "--gpus", "2", "--name", "train", "--model", "llama"]
    words += ["--minutes", "5", "--on-preempt", "never"]
    assert main(["gpu", "run", "--vram", "1", *words, "--", "true", "--vram", "9"]) == 0
    assert lease.wanted == Wanted(1, "low", 2, "train", 300.0, "llama", is_preemptible=False)


def test_what_is_refused_runs_nothing(lease: FakeLease, capfd: pytest.CaptureFixture[str]):
    """125, and the reason."""
    lease._refusal = Refused("the largest that can ever fit is 5 MiB")
    assert main(["gpu", "run", "--vram", "8000", "--", "echo", "ran"]) == COULD_NOT_BEGIN
    out, err = capfd.readouterr()
    assert (out, lease.released) == ("", 1)
    assert "the largest that can ever fit is 5 MiB" in err


@pytest.mark.parametrize(
    "words",
    [
        *(["--vram", each] for each in ("0", "-5", "1e3", "nan", "8GB", "9" * 30, "9" * 5000, "")),
        *(["--gpus", each] for each in ("0", "-1", "2.5", "1000")),
        *(["--minutes", each] for each in ("0", "-1", "nan", "inf", "1e300", "soon")),
        *(["--priority", each] for each in ("", "HIGHEST", "3")),
        *(["--name", each] for each in ("", "x" * 201, "a\x1b[2J")),
    ],
    ids=lambda words: "=".join(words)[:24],
)
def test_what_makes_no_sense_is_told_by_its_option(
    lease: FakeLease, words: list[str], capfd: pytest.CaptureFixture[str]
):
    """2, with the option and a sentence; nothing is asked for, and nothing runs."""
    with pytest.raises(SystemExit, match="2"):
        main(["gpu", "run", "--vram", "1", *words, "--", "echo", "ran"])
    out, err = capfd.readouterr()
    assert (out, lease.wanted) == ("", None)
    told = err.splitlines()[-1]
    assert f"argument {words[0]}: " in told
    assert len(told) < 200


@pytest.mark.parametrize(
    ("program", "name"), [("x" * 300, "x" * 200), ("/bin/a\x1b[2J\udcff", "a?[2J?")]
)
def test_a_program_may_be_called_anything(lease: FakeLease, program: str, name: str):
    """A lease's name has 200 characters at most, and all of them can be shown."""
    main(["gpu", "run", "--vram", "1", "--", program])
    assert lease.wanted is not None
    assert lease.wanted.name == name


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--", "/nonexistent/program"], 127), (["--", "/"], 126), (["--"], 125), ([], 125)],
)
def test_what_cannot_be_run_is_told_as_shells_do(lease: FakeLease, words: list[str], code: int):
    """127 where it is not there, 126 where it cannot be run, 125 where there is none."""
    assert main(["gpu", "run", "--vram", "1", *words]) == code


class Kept:
    """A keeper over a lease that stands as wanted, and what it said and did."""

    def __init__(self, *standings: Standing | EngineError) -> None:
        self.told: list[str] = []
        self.left = 0
        self.keeper = LeaseKeeper(FakeLease(*standings), tell=self.told.append, leave=self._leave)

    def _leave(self) -> None:
        self.left += 1


def test_who_is_asked_to_leave_hears_of_it_once_and_the_program_ends_after_the_grace():
    """Until then it runs on."""
    kept = Kept(
        Standing(True, leave_within_s=10.0, words="asked to leave for train"),
        Standing(False, was_preempted=True, words="it did not leave"),
    )
    assert kept.keeper.beat() > 10.0
    assert (len(kept.told), kept.left) == (1, 0)
    assert "asked to leave for train" in kept.told[0]
    kept.keeper.beat()
    assert kept.left == 1


def test_a_gateway_that_is_gone_ends_no_program():
    """It is told once, however long that lasts."""
    gone = Unreachable("the gateway does not answer")
    kept = Kept(gone, gone, Standing(True))
    assert [kept.keeper.beat() > 0 for _ in range(3)] == [True, True, False]
    assert (len(kept.told), kept.left) == (1, 0)


def test_a_lease_that_was_lost_is_told_and_the_program_runs_on():
    """Only who was asked to leave is ended."""
    kept = Kept(Standing(False, words="the lease is over"))
    kept.keeper.beat()
    assert (len(kept.told), kept.left) == (1, 0)
