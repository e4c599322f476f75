"""Measures in the process that has the double loaded; see sampling.py."""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable

import pynvml

from engine.clock import SystemClock
from engine.gpu.adapters.nvml_cards import NvmlCards
from engine.gpu.adapters.processes import PsutilBook
from engine.gpu.cards import CardNow, Group
from engine.gpu.rates import Rates
from engine.gpu.sampler import ATTENTION_S, Sampler

ROUNDS, SLOW_ROUNDS = 300, 5
WATCH_S = 8.0
LOOK_S = 0.5


def main() -> None:
    """Print what was asked for."""
    print(json.dumps({"full": full, "slow": slow, "rates": rates}[sys.argv[1]]()))


def full() -> dict[str, float]:
    """Return microseconds of a full sample, and of the names of 16 processes."""
    book = PsutilBook()

    def names() -> None:
        for _ in range(16):
            book.facts(1)

    return samples(ROUNDS) | {"names_us": statistics.median(taken_us(names) for _ in range(50))}


def slow() -> dict[str, float]:
    """Return microseconds of a full sample from a driver that takes its time."""
    return samples(SLOW_ROUNDS)


def samples(rounds: int) -> dict[str, float]:
    """Return microseconds of one full sample of all cards, bare and ours, taken in turn."""
    pynvml.nvmlInit()
    handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    cards, groups = NvmlCards(), frozenset(Group)
    cards.open()
    now = [CardNow(card) for card in cards.cards()]

    def ours() -> None:
        now[:] = [cards.read(each, groups) for each in now]

    def raw() -> None:
        for handle in handles:
            bare_sample(handle)

    pairs = [(taken_us(raw), taken_us(ours)) for _ in range(rounds)]
    raw_us, ours_us = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {"raw_us": raw_us, "ours_us": ours_us}


def bare_sample(handle: object) -> tuple[object, ...]:
    """Ask NVIDIA's module for every field that a CardReading has."""
    nvml = pynvml
    return (
        nvml.nvmlDeviceGetMemoryInfo(handle, nvml.nvmlMemory_v2),
        nvml.nvmlDeviceGetUtilizationRates(handle),
        nvml.nvmlDeviceGetCurrentClocksEventReasons(handle),
        nvml.nvmlDeviceGetTemperatureV(handle, nvml.NVML_TEMPERATURE_GPU),
        nvml.nvmlDeviceGetPowerUsage(handle),
        nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
        nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
        nvml.nvmlDeviceGetFanSpeed(handle),
        nvml.nvmlDeviceGetPcieThroughput(handle, nvml.NVML_PCIE_UTIL_RX_BYTES),
        nvml.nvmlDeviceGetPcieThroughput(handle, nvml.NVML_PCIE_UTIL_TX_BYTES),
        nvml.nvmlDeviceGetEncoderUtilization(handle),
        nvml.nvmlDeviceGetDecoderUtilization(handle),
        nvml.nvmlDeviceGetEnforcedPowerLimit(handle),
        nvml.nvmlDeviceGetTemperatureThreshold(handle, nvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN),
        nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle),
        nvml.nvmlDeviceGetCurrPcieLinkWidth(handle),
        nvml.nvmlDeviceGetTotalEccErrors(
            handle, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
        ),
        nvml.nvmlDeviceGetComputeRunningProcesses(handle),
        nvml.nvmlDeviceGetGraphicsRunningProcesses(handle),
        nvml.nvmlDeviceGetProcessUtilization(handle, 0),
    )


def taken_us(work: Callable[[], None]) -> float:
    """Return how long `work` takes."""
    begin_s = time.perf_counter()
    work()
    return (time.perf_counter() - begin_s) * 1e6


def rates() -> dict[str, float]:
    """Return the share of a core, in percent, that each pace takes; the double's own time in it."""
    return {
        "watched": share(lambda sampler: sampler.cards()),
        "hurried": share(lambda sampler: (sampler.cards(), sampler.hurry(ATTENTION_S))),
        "resting": share(lambda sampler: None),
    }


def share(look: Callable[[Sampler], object]) -> float:
    """Return the processor's share of a sampler that is looked at so."""
    clock = SystemClock()
    sampler = Sampler(backend=NvmlCards(), book=PsutilBook(), rates=Rates(), clock=clock)
    sampler.round()  # what happens once is not counted
    sampler._looked_s = clock.now() - ATTENTION_S - 1
    thread = threading.Thread(target=sampler.run)
    thread.start()
    begin_s, cpu_s = time.monotonic(), time.process_time()
    while time.monotonic() < begin_s + WATCH_S:
        look(sampler)
        time.sleep(LOOK_S)
    used = (time.process_time() - cpu_s) / (time.monotonic() - begin_s)
    sampler.close()
    thread.join()
    return used * 100


main()
