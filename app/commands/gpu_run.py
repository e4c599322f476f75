"""`gpu run`: waits for graphics memory, runs a program on it, and gives it back."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import PurePath
from types import FrameType

from app.commands.gpu_child import DIED_OF, Child
from app.commands.gpu_leases import BEAT_S, HeldLease, Standing, Wanted, lease_for
from engine.errors import EngineError, Unreachable
from engine.folders import Folders
from engine.gpu.asking import LONGEST_NAME, LONGEST_S, MOST_CARDS, MOST_MIB, is_name

COULD_NOT_BEGIN = 125
"""125 as with `timeout` and `docker run`; 2 where an option makes no sense, as with every command:
all other codes are those of the program."""
ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
AFTER_GRACE_S = 0.2
"""It is over by then."""
WITHOUT = (
    "Where the application does not run (nor `universal-ai-tools serve`), this command holds the "
    "lease alone: it heeds what it sees of other programs, but asks no idle model to unload and no "
    "other host, and nobody else knows of it."
)
PRIORITIES = ("low", "normal", "high", "urgent")
S_PER_MINUTE = 60.0
LEAST_MINUTES = 0.01
"""Less than a sign of life takes is no time to run a program."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    parser.add_argument(
        "--vram", type=_mib, required=True, metavar="MB", help="memory it needs on each card, MiB"
    )
    parser.add_argument("--priority", choices=PRIORITIES, default="normal", help="default: normal")
    parser.add_argument(
        "--gpus", type=_cards, default=1, metavar="N", help="cards it is split over (1)"
    )
    parser.add_argument(
        "--name", type=_name, metavar="X", help="what others see; default: the program's name"
    )
    parser.add_argument("--model", metavar="M", help="model it loads: an idle one is taken over")
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=60.0,
        metavar="N",
        help="how long it may take: short ones may overtake (60); it runs on if it takes longer",
    )
    parser.add_argument(
        "--on-preempt",
        choices=("tell", "term", "never"),
        default="tell",
        help="when others need the memory: only tell (the default), or end the program by SIGTERM "
        "after the time of grace; never: do not ask it",
    )
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="-- CMD...", help="to run")


def _mib(text: str) -> int:
    return _whole(text, MOST_MIB, "MiB")


def _cards(text: str) -> int:
    return _whole(text, MOST_CARDS, "cards")


def _whole(text: str, most: int, unit: str) -> int:
    with contextlib.suppress(ValueError):
        if 1 <= (number := int(text)) <= most:
            return number
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to {most} {unit}")


def _minutes(text: str) -> float:
    most = LONGEST_S / S_PER_MINUTE
    with contextlib.suppress(ValueError):
        if LEAST_MINUTES <= (number := float(text)) <= most:  # which NaN is not
            return number
    raise argparse.ArgumentTypeError(
        f"{text[:40]!r} is not a number of minutes from {LEAST_MINUTES:g} to {most:.0f}"
    )


def _name(text: str) -> str:
    if is_name(text):
        return text
    raise argparse.ArgumentTypeError(
        f"it must have 1 to {LONGEST_NAME} characters, all of which can be shown"
    )


def _name_of(program: str) -> str:
    """Return what others see of a program that was given no name."""
    name = PurePath(program).name or program
    return "".join(each if each.isprintable() else "?" for each in name[:LONGEST_NAME])


def run(arguments: argparse.Namespace) -> int:
    """Run the program on a lease and return its exit code."""
    command = arguments.program[1:] if arguments.program[:1] == ["--"] else arguments.program
    if not command:
        _tell("there is no program: write it after --")
        return COULD_NOT_BEGIN
    wanted = Wanted(
        vram_mib=arguments.vram,
        priority=arguments.priority,
        gpus=arguments.gpus,
        name=arguments.name or _name_of(command[0]),
        duration_s=arguments.minutes * S_PER_MINUTE,
        model=arguments.model,
        is_preemptible=arguments.on_preempt != "never",
    )
    lease = lease_for(wanted, Folders.of_user(), _tell)
    with _ended_by_signals():
        try:
            environment = lease.wait(_Once(_tell))
            return _run_on(lease, Child(command, environment), ends=arguments.on_preempt == "term")
        except EngineError as error:
            _tell(str(error))
            return COULD_NOT_BEGIN
        except _Ended as end:
            return DIED_OF + end.number
        finally:
            lease.release()


class _Ended(BaseException):
    """A signal ended the wait."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Raise _Ended when a signal comes while no program runs that it could go to."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _Ended(number)

    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_on(lease: HeldLease, child: Child, *, ends: bool) -> int:
    keeper = LeaseKeeper(lease, tell=_tell, leave=child.end if ends else lambda: None)
    with keeper:
        return child.run()


class LeaseKeeper:
    """Gives signs of life from a thread while the program runs, and tells how the lease stands.

    leave: called when the lease is over because others needed the memory.
    """

    def __init__(
        self, lease: HeldLease, *, tell: Callable[[str], None], leave: Callable[[], None]
    ) -> None:
        self._lease = lease
        self._tell = _Once(tell)
        self._leave = leave
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_over, name="lease", daemon=True)

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._lease.release()  # which ends a beat that is under way
        self._thread.join()

    def beat(self) -> float:
        """Give one sign of life and return the seconds until the next, beside what it took."""
        try:
            standing = self._lease.beat()
        except Unreachable as error:
            self._tell(f"{error}: the lease may be lost, the program runs on")
            return BEAT_S
        except EngineError as error:
            self._tell(str(error))
            return BEAT_S
        return 0.0 if self._over.is_set() else self._heed(standing)

    def _heed(self, standing: Standing) -> float:
        if not standing.is_held:
            self._tell(f"the lease is over, the program has none: {standing.words}")
            if standing.was_preempted:
                self._leave()
            return BEAT_S
        if standing.leave_within_s is None:
            return 0.0
        words = standing.words or "others need the memory"
        self._tell(f"{words}: please free the memory within {standing.leave_within_s:.0f} s")
        return standing.leave_within_s + AFTER_GRACE_S

    def _beat_until_over(self) -> None:
        wait_s = 0.0
        while not self._over.wait(wait_s):
            wait_s = self.beat()


class _Once:
    """Tells what is new, and not again what was told last but for its numbers."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._last = ""

    def __call__(self, words: str) -> None:
        bare = "".join(each for each in words if not each.isdigit())
        if bare != self._last:
            self._last = bare
            self._tell(words)


def _tell(words: str) -> None:
    print(f"universal-ai-tools: {words}", file=sys.stderr, flush=True)
