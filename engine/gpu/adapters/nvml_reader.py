"""One NVIDIA card's fields, as NVML tells them."""

from __future__ import annotations

import sys
from typing import Any

from engine.gpu.adapters import nvml_words
from engine.gpu.cards import CardProcess, Group

MIB = 1024**2
KIB_A_MIB = 1024

DRIVER_GONE = {1, 9, 18}
"""Uninitialised, driver not loaded, driver newer than what is loaded."""
CARD_LOST = {15, 16, 28}
"""Lost, must be reset, not found."""
NEVER_TOLD = {3, 4, 13, 25}
"""Not supported, not permitted, not in this driver, another version: not worth asking again."""
NOTHING = {0, 6}
"""No entries. Not found, or a success that the Python library takes for an error."""

HIGHEST_PID = 2**22 if sys.platform == "linux" else 2**32 - 2
"""Drivers have been seen to make up process numbers (nvitop, issue 76)."""


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
        self._untold: set[str] = set()
        self._last_sample_us = 0
        self._memory_version: int | None = nvml.nvmlMemory_v2
        self._total_bytes = 2**63
        self._fields = {
            Group.MEMORY: self._memory,
            Group.LOAD: self._load,
            Group.HEAT: self._heat,
            Group.LINK: self._link,
            Group.PROCESSES: self._processes,
            Group.LIMITS: self._limits,
        }

    def read(self, groups: frozenset[Group]) -> dict[str, Any]:
        """Return the fields of a CardReading that `groups` hold. Raises DriverGone, CardLost."""
        found: dict[str, Any] = {}
        if Group.LIMITS in groups:
            self._untold.clear()  # what was not told at first may be later
        for group in groups:
            found |= self._fields[group]()
        return found

    def ask(self, name: str, *arguments: Any, nothing: Any = None) -> Any:
        """Return what the function `name` says; None where the card does not tell.

        nothing: returned where there are no entries. Raises DriverGone, CardLost.
        """
        if name in self._untold:
            return None
        try:
            return getattr(self._nvml, name)(self._handle, *arguments)
        except self._nvml.NVMLError as error:
            code = error.value
        if code in DRIVER_GONE:
            raise DriverGone(code)
        if code in CARD_LOST:
            raise CardLost
        if code in NEVER_TOLD:
            self._untold.add(name)
        return nothing if code in NOTHING else None

    def memory_total_mib(self) -> int | None:
        """Return how much memory the card has."""
        info = self._memory_info()
        return None if info is None else info.total // MIB

    def _memory_info(self) -> Any:
        # The first version counts what the driver reserves as used.
        if self._memory_version is not None:
            info = self.ask("nvmlDeviceGetMemoryInfo", self._memory_version)
            if info is not None or "nvmlDeviceGetMemoryInfo" not in self._untold:
                return info
            self._memory_version = None
            self._untold.discard("nvmlDeviceGetMemoryInfo")
        return self.ask("nvmlDeviceGetMemoryInfo")

    def _memory(self) -> dict[str, Any]:
        info = self._memory_info()
        if info is None:
            return {"memory_used_mib": None, "memory_reserved_mib": None}
        self._total_bytes = info.total
        has_reserved = self._memory_version is not None
        return {
            "memory_used_mib": info.used // MIB,
            "memory_reserved_mib": info.reserved // MIB if has_reserved else None,
        }

    def _load(self) -> dict[str, Any]:
        rates = self.ask("nvmlDeviceGetUtilizationRates")
        return {
            "busy_percent": None if rates is None else float(rates.gpu),
            "memory_busy_percent": None if rates is None else float(rates.memory),
        }

    def _heat(self) -> dict[str, Any]:
        nvml, bits = self._nvml, self.ask("nvmlDeviceGetCurrentClocksEventReasons")
        if bits is None:  # its name before driver 535
            bits = self.ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        return {
            "temperature_c": _float(self._temperature()),
            "power_w": _scaled(self.ask("nvmlDeviceGetPowerUsage"), 1000),
            "clock_mhz": self.ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
            "memory_clock_mhz": self.ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
            "throttled_by": None if bits is None else nvml_words.reasons(bits),
        }

    def _temperature(self) -> int | None:
        found: int | None = self.ask("nvmlDeviceGetTemperatureV", self._nvml.NVML_TEMPERATURE_GPU)
        if found is None:  # its name before driver 560
            found = self.ask("nvmlDeviceGetTemperature", self._nvml.NVML_TEMPERATURE_GPU)
        return found

    def _link(self) -> dict[str, Any]:
        nvml, throughput = self._nvml, "nvmlDeviceGetPcieThroughput"
        encoder = self.ask("nvmlDeviceGetEncoderUtilization")
        decoder = self.ask("nvmlDeviceGetDecoderUtilization")
        return {
            "fan_percent": _float(self.ask("nvmlDeviceGetFanSpeed")),
            "received_mib_s": _scaled(
                self.ask(throughput, nvml.NVML_PCIE_UTIL_RX_BYTES), KIB_A_MIB
            ),
            "sent_mib_s": _scaled(self.ask(throughput, nvml.NVML_PCIE_UTIL_TX_BYTES), KIB_A_MIB),
            "encoder_percent": None if encoder is None else float(encoder[0]),
            "decoder_percent": None if decoder is None else float(decoder[0]),
        }

    def _limits(self) -> dict[str, Any]:
        nvml = self._nvml
        slowdown = nvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN
        uncorrected, volatile = nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
        return {
            "power_limit_w": _scaled(self.ask("nvmlDeviceGetEnforcedPowerLimit"), 1000),
            "slowdown_c": _float(self.ask("nvmlDeviceGetTemperatureThreshold", slowdown)),
            "pcie_generation": self.ask("nvmlDeviceGetCurrPcieLinkGeneration"),
            "pcie_width": self.ask("nvmlDeviceGetCurrPcieLinkWidth"),
            "memory_errors": self.ask("nvmlDeviceGetTotalEccErrors", uncorrected, volatile),
        }

    def _processes(self) -> dict[str, Any]:
        compute = self.ask("nvmlDeviceGetComputeRunningProcesses")
        graphics = self.ask("nvmlDeviceGetGraphicsRunningProcesses")
        if compute is None and graphics is None:
            return {"processes": None}
        found: dict[int, CardProcess] = {}
        busy = self._busy() if compute or graphics else None
        for kind, listed in (("compute", compute or ()), ("graphics", graphics or ())):
            for each in listed:
                if not 0 < each.pid <= HIGHEST_PID:
                    continue
                used_mib, before = self._used_mib(each.usedGpuMemory), found.get(each.pid)
                if before is not None:  # both lists tell all that the process holds
                    kind_of, used_mib = "both", _larger(before.used_mib, used_mib)
                else:
                    kind_of = kind
                share = None if busy is None else busy.get(each.pid, 0.0)
                found[each.pid] = CardProcess(each.pid, used_mib, kind_of, share)
        return {"processes": tuple(found.values())}

    def _used_mib(self, used_bytes: int | None) -> int | None:
        """Return MiB; None where the driver gives no number, or an impossible one."""
        if used_bytes is None or used_bytes > self._total_bytes:
            return None
        return used_bytes // MIB

    def _busy(self) -> dict[int, float] | None:
        """Return the newest share of each process that did anything since the last call."""
        samples = self.ask("nvmlDeviceGetProcessUtilization", self._last_sample_us, nothing=())
        if samples is None:
            return None
        newest: dict[int, tuple[int, float]] = {}
        for each in samples:
            if each.smUtil <= 100 and each.timeStamp >= newest.get(each.pid, (0, 0.0))[0]:
                newest[each.pid] = (each.timeStamp, float(each.smUtil))
        self._last_sample_us = max(
            (at_us for at_us, _ in newest.values()), default=self._last_sample_us
        )
        return {pid: share for pid, (_, share) in newest.items()}


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)


def _scaled(value: int | None, divisor: float) -> float | None:
    return None if value is None else value / divisor


def _larger(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)
