"""What the doctor looks at for graphics cards: the driver's library, and the cards behind it."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable

from app.commands.doctor.report import Check
from engine.errors import SettingsError
from engine.gpu.cards import CardNow, CardState, Vendor
from engine.gpu.snapshot import ResourceSnapshot
from engine.gpu.watch import NO_CARDS

LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
MIB_A_GIB = 1024
_command = re.compile(r"`([^`]+)`")


def library(load: Callable[[str], object] = ctypes.CDLL, name: str = LIBRARY) -> Check:
    """Check that NVIDIA's library loads; without such a card nobody needs it."""
    try:
        load(name)
    except OSError:
        return Check("nvidia library", "ok", f"{name} is not here: only cards of NVIDIA need it")
    return Check("nvidia library", "ok", f"{name} loads")


def cards(read: Callable[[], ResourceSnapshot]) -> Check:
    """Check that the graphics cards of this machine are read; none at all is fine."""
    try:
        snapshot = read()
    except SettingsError as error:
        return Check("graphics cards", "warning", f"not looked at: {error}", "mend the settings")
    problem = snapshot.cards_problem
    if not snapshot.cards:
        if problem is None or problem == NO_CARDS:
            return Check("graphics cards", "ok", problem or "none was found in time: look again")
        return Check("graphics cards", "warning", problem, _remedy(problem))
    detail = ", ".join(_card(each) for each in snapshot.cards)
    wrong = [each.reason for each in snapshot.cards if each.reason and _is_wrong(each)]
    told = " ".join(filter(None, (*wrong, problem)))
    if told:
        return Check("graphics cards", "warning", f"{detail}. {told}", _remedy(told))
    return Check("graphics cards", "ok", detail)


def _card(now: CardNow) -> str:
    card = now.card
    driver = f"driver {card.driver}" if card.driver else ""
    total = card.memory_total_mib
    size = "" if total is None else f"{total / MIB_A_GIB:.0f} GiB"
    about = ", ".join(filter(None, (size, driver, "" if not _is_wrong(now) else str(now.state))))
    maker = f"{card.vendor} " if card.vendor is Vendor.AMD and "AMD" not in card.name else ""
    return f"{maker}{card.name} ({about})" if about else card.name


def _is_wrong(now: CardNow) -> bool:
    return now.state in (CardState.LOST, CardState.SILENT)


def _remedy(problem: str) -> str:
    """Return the command that a problem names, else where to read on."""
    found = _command.search(problem)
    return found[1] if found else "do what is said above, then look again"
