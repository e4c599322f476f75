"""One NVIDIA card's fields, as NVML tells them.

Each field is a question that knows which function of NVML answers it, and which one older drivers
have. So a full sample costs little more than the calls themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from operator import attrgetter
from typing import Any

from engine.gpu.adapters import nvml_words
from engine.gpu.adapters.nvml_processes import ProcessLists
from engine.gpu.cards import CardReading, Group

MIB = 1024**2
KIB_A_MIB = 1024

DRIVER_GONE = {1, 9, 18}
"""Uninitialised, driver not loaded, driver newer than what is loaded."""
CARD_LOST = {15, 16, 28}
"""Lost, must be reset, not found."""
NEVER_TOLD = {3, 4, 13, 25}
"""Not supported, not permitted, not in this driver, another version: not worth asking again."""

Call = tuple[str, tuple[Any, ...], Callable[[Any], Any]]
"""A function of NVML, its arguments after the card, and what makes a value of its answer."""

_NAMES = tuple(each.name for each in fields(CardReading))
_PLACE_OF = {name: place for place, name in enumerate(_NAMES)}
_values_of = attrgetter(*_NAMES)


class DriverGone(Exception):
    """The driver was unloaded, or is not the library's. code: of NVML."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class CardLost(Exception):
    """The card does not answer any more."""


class NvmlReader:
    """Reads one card. nvml: the module pynvml. handle: what NVML calls the card."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle
        self._processes = ProcessLists(nvml, handle)
        self._questions = {
            group: [_Question(nvml, handle, names, calls) for names, *calls in asked]
            for group, asked in _asked(nvml).items()
        }
        lists = _Question(nvml, handle, "processes", [])
        lists.function, lists.convert = self._processes.read, _same
        self._questions[Group.PROCESSES] = [lists]
        self._plans: dict[frozenset[Group], list[_Question]] = {}
        self._has_given_up = False

    def read(self, groups: frozenset[Group], before: CardReading, xid: int | None) -> CardReading:
        """Return `before` with what `groups` hold read anew. Raises DriverGone, CardLost."""
        if Group.LIMITS in groups:
            self._ask_all_again()
        values = list(_values_of(before))
        for question in self._plan(groups):
            try:
                answer = question.function()
            except self._nvml.NVMLError as error:
                answer = self._answer_otherwise(question, error.value)
            if answer is None:
                for place in question.places:
                    values[place] = None
            elif question.place is not None:
                values[question.place] = question.convert(answer)
            else:
                for place, value in zip(question.places, question.convert(answer), strict=True):
                    values[place] = value
        values[_PLACE_OF["last_xid"]] = xid
        # All values in their order: half of what dataclasses.replace takes.
        return CardReading(*values)

    def _plan(self, groups: frozenset[Group]) -> list[_Question]:
        """Return the questions of `groups`; there are few sets of groups, and they come often."""
        found = self._plans.get(groups)
        if found is None:
            found = [question for group in groups for question in self._questions[group]]
            self._plans[groups] = found
        return found

    def ask(self, name: str) -> Any:
        """Return what the function `name` says of the card; None where it does not tell.

        Raises DriverGone, CardLost.
        """
        return self._told(partial(getattr(self._nvml, name), self._handle))

    def memory_total_mib(self) -> int | None:
        """Return how much memory the card has."""
        info = self.ask("nvmlDeviceGetMemoryInfo")
        return None if info is None else int(info.total) // MIB

    def _told(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except self._nvml.NVMLError as error:
            _raise_if_gone(error.value)
            return None

    def _answer_otherwise(self, question: _Question, code: int) -> Any:
        """Return what the functions of older drivers say after the first failed; or None."""
        _raise_if_gone(code)
        self._has_given_up = True
        while code in NEVER_TOLD and question.go_on():
            try:
                return question.function()
            except self._nvml.NVMLError as error:
                code = error.value
            _raise_if_gone(code)
        return None

    def _ask_all_again(self) -> None:
        """What was not told at first may be later."""
        self._processes.ask_all_again()
        if not self._has_given_up:
            return
        self._has_given_up = False
        for questions in self._questions.values():
            for question in questions:
                question.begin()


class _Question:
    """What is asked for some fields: the first of `calls` that the driver answers."""

    __slots__ = ("_calls", "_left", "convert", "function", "place", "places")

    def __init__(self, nvml: Any, handle: Any, names: str, calls: list[Call]) -> None:
        self.places = [_PLACE_OF[name] for name in names.split()]
        self.place = self.places[0] if len(self.places) == 1 else None
        self._calls = [
            (partial(getattr(nvml, name), handle, *arguments), convert)
            for name, arguments, convert in calls
        ]
        self.begin()

    def begin(self) -> None:
        """Ask the first function."""
        self.function: Callable[[], Any]
        self._left = list(self._calls)
        if self._left:
            self.function, self.convert = self._left.pop(0)

    def go_on(self) -> bool:
        """Ask the next function from now on, and tell whether there is one."""
        has_more = bool(self._left)
        self.function, self.convert = self._left.pop(0) if has_more else (_nothing, _same)
        return has_more


def _nothing() -> None:
    """Return nothing, for a function that this driver does not have."""


def _same(answer: Any) -> Any:
    return answer


def _raise_if_gone(code: int) -> None:
    if code in DRIVER_GONE:
        raise DriverGone(code)
    if code in CARD_LOST:
        raise CardLost


def _asked(nvml: Any) -> dict[Group, list[tuple[Any, ...]]]:
    """Return the questions of each group: fields, then calls, the newest driver's first."""
    return {
        Group.MEMORY: [
            (
                "memory_used_mib memory_reserved_mib",
                ("nvmlDeviceGetMemoryInfo", (nvml.nvmlMemory_v2,), _memory),
                ("nvmlDeviceGetMemoryInfo", (), _memory_of_old),
            )
        ],
        Group.LOAD: [
            ("busy_percent memory_busy_percent", ("nvmlDeviceGetUtilizationRates", (), _load))
        ],
        Group.HEAT: _heat(nvml),
        Group.LINK: _link(nvml),
        Group.LIMITS: _limits(nvml),
    }


def _heat(nvml: Any) -> list[tuple[Any, ...]]:
    sensor = (nvml.NVML_TEMPERATURE_GPU,)
    return [
        (
            "temperature_c",
            ("nvmlDeviceGetTemperatureV", sensor, float),
            ("nvmlDeviceGetTemperature", sensor, float),
        ),
        ("power_w", ("nvmlDeviceGetPowerUsage", (), _thousandth)),
        ("clock_mhz", ("nvmlDeviceGetClockInfo", (nvml.NVML_CLOCK_SM,), int)),
        ("memory_clock_mhz", ("nvmlDeviceGetClockInfo", (nvml.NVML_CLOCK_MEM,), int)),
        (
            "throttled_by",
            ("nvmlDeviceGetCurrentClocksEventReasons", (), nvml_words.reasons),
            ("nvmlDeviceGetCurrentClocksThrottleReasons", (), nvml_words.reasons),
        ),
    ]


def _link(nvml: Any) -> list[tuple[Any, ...]]:
    received, sent = (nvml.NVML_PCIE_UTIL_RX_BYTES,), (nvml.NVML_PCIE_UTIL_TX_BYTES,)
    return [
        ("fan_percent", ("nvmlDeviceGetFanSpeed", (), float)),
        ("received_mib_s", ("nvmlDeviceGetPcieThroughput", received, _mib)),
        ("sent_mib_s", ("nvmlDeviceGetPcieThroughput", sent, _mib)),
        ("encoder_percent", ("nvmlDeviceGetEncoderUtilization", (), _first)),
        ("decoder_percent", ("nvmlDeviceGetDecoderUtilization", (), _first)),
    ]


def _limits(nvml: Any) -> list[tuple[Any, ...]]:
    slowdown = (nvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN,)
    errors = (nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC)
    return [
        ("power_limit_w", ("nvmlDeviceGetEnforcedPowerLimit", (), _thousandth)),
        ("slowdown_c", ("nvmlDeviceGetTemperatureThreshold", slowdown, float)),
        ("pcie_generation", ("nvmlDeviceGetCurrPcieLinkGeneration", (), int)),
        ("pcie_width", ("nvmlDeviceGetCurrPcieLinkWidth", (), int)),
        ("memory_errors", ("nvmlDeviceGetTotalEccErrors", errors, int)),
    ]


# --- what makes a value of an answer ---


def _memory(info: Any) -> tuple[int, int]:
    return info.used // MIB, info.reserved // MIB


def _memory_of_old(info: Any) -> tuple[int, None]:
    return info.used // MIB, None  # what the driver reserves is part of what is used


def _load(rates: Any) -> tuple[float, float]:
    return float(rates.gpu), float(rates.memory)


def _first(answer: Any) -> float:
    return float(answer[0])


def _thousandth(value: int) -> float:
    return value / 1000


def _mib(kib: int) -> float:
    return kib / KIB_A_MIB
