"""Graphics cards as lines for a terminal."""

from __future__ import annotations

from engine.gpu.cards import CardNow, CardProcess, CardReading, CardState
from engine.gpu.snapshot import HostReading, ResourceSnapshot

UNKNOWN = "–"
MIB_A_GIB = 1024
BAR = 20
"""Characters of a bar."""
MOST_PROCESSES = 12
"""Of a card, those that hold most."""
USER, NAME = 12, 28


def lines_of(snapshot: ResourceSnapshot) -> list[str]:
    """Return what is known of the machine, a few lines for each card."""
    lines = [_host_line(snapshot.host)]
    lines += [snapshot.problem] if snapshot.problem else []
    for card in snapshot.cards:
        lines += ["", *_card_lines(card)]
    lines += ["", snapshot.cards_problem] if snapshot.cards_problem else []
    return lines


def _host_line(host: HostReading | None) -> str:
    if host is None:
        return "Host: not read yet"
    cores = f" of {host.cpu_cores} cores" if host.cpu_cores else ""
    memory = f"{_gib(host.memory_used_mib)} of {_gib(host.memory_total_mib)} GiB"
    disk = UNKNOWN if host.disk_free_gib is None else f"{host.disk_free_gib:.0f}"
    return f"Host: {_number(host.cpu_percent)} %{cores}, memory {memory}, disk {disk} GiB free"


def _card_lines(now: CardNow) -> list[str]:
    index = "" if now.card.index is None else f"{now.card.index}  "
    lines = [f"{index}{now.card.name}{_about(now)}"]
    if now.state is not CardState.READY:
        age = "" if now.age_s is None else f" ({now.age_s:.0f} s old)"
        lines.append(f"   {now.state}{age}: {now.reason}")
    if now.age_s is None:
        return lines
    lines += [f"   {_memory(now)}", f"   {_gauges(now.reading)}"]
    more = _more(now.reading)
    lines += [f"   {more}"] if more else []
    return lines + _process_lines(now.reading.processes)


def _about(now: CardNow) -> str:
    parts = [now.card.vendor.value if now.card.vendor else "", now.card.pci_address or ""]
    parts.append(f"driver {now.card.driver}" if now.card.driver else "")
    return f"  ({', '.join(part for part in parts if part)})"


def _memory(now: CardNow) -> str:
    used, total = now.reading.memory_used_mib, now.card.memory_total_mib
    text = f"memory {_gib(used)} of {_gib(total)} GiB"
    if used is None or not total:
        return text
    full = min(BAR, round(BAR * used / total))
    return f"[{'#' * full}{'.' * (BAR - full)}] {text}, {100 * used / total:.0f} %"


def _gauges(reading: CardReading) -> str:
    limit = "" if reading.power_limit_w is None else f" of {reading.power_limit_w:.0f}"
    return (
        f"load {_number(reading.busy_percent)} %, {_number(reading.temperature_c)} °C, "
        f"{_number(reading.power_w)}{limit} W, {_number(reading.clock_mhz)} MHz, "
        f"fan {_number(reading.fan_percent)} %"
    )


def _more(reading: CardReading) -> str:
    """Return what is worth a word only where there is something."""
    parts = []
    if reading.pcie_generation and reading.pcie_width:
        parts.append(f"PCIe {reading.pcie_generation} x{reading.pcie_width}")
    if reading.received_mib_s is not None and reading.sent_mib_s is not None:
        parts.append(f"in {reading.received_mib_s:.0f}, out {reading.sent_mib_s:.0f} MiB/s")
    if reading.throttled_by:
        parts.append(f"held back by {' and '.join(reading.throttled_by)}")
    if reading.memory_errors:
        parts.append(f"{reading.memory_errors} memory errors")
    if reading.last_xid is not None:
        parts.append(f"last fault: Xid {reading.last_xid}")
    return ", ".join(parts)


def _process_lines(processes: tuple[CardProcess, ...] | None) -> list[str]:
    if not processes:
        return []
    ordered = sorted(processes, key=lambda each: -(each.used_mib or 0))
    lines = [_process_line(each) for each in ordered[:MOST_PROCESSES]]
    left = len(ordered) - MOST_PROCESSES
    return [*lines, f"   and {left} more"] if left > 0 else lines


def _process_line(process: CardProcess) -> str:
    user, name = (process.user or UNKNOWN)[:USER], (process.name or UNKNOWN)[:NAME]
    return (
        f"   {process.pid:>8}  {user:{USER}}  {name:{NAME}}  {_gib(process.used_mib):>5} GiB"
        f"  {_number(process.busy_percent):>3} %  {process.kind}"
    )


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


def _gib(mib: int | None) -> str:
    return UNKNOWN if mib is None else f"{mib / MIB_A_GIB:.1f}"
