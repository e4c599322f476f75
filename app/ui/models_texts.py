"""Servers, their states and their figures in words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.ui.quantity_texts import (
    MINUTE_S,
    count_text,
    counted,
    duration_text,
    latency_words,
    usd_text,
)
from engine.circuit_breaker import BreakerState
from engine.coordinator.settings import EndpointKind
from engine.coordinator.snapshot import CoordinatorSnapshot, EndpointState, EndpointView
from engine.exchange import ServedModel
from engine.gateway.snapshot import GatewaySnapshot, GatewayState

DOT = " \N{MIDDLE DOT} "
DASH = "\N{EM DASH}"
SECOND_MS = 1000
RECENT_S = 5 * MINUTE_S
"""An error older than this is told in the details alone."""
SPANS_S = (60.0, 120.0, 300.0)
LONG_S = SPANS_S[-1]
BUILT_IN = "Tiny built-in model"
WHAT_STARTING_MEANS = (
    "It starts with the first request, or with Test: in a process of its own on this machine, "
    "without a server and without a key. It stops when nobody uses it."
)
STATES = {
    EndpointState.UNKNOWN: ("Not asked yet", "mute"),
    EndpointState.READY: ("Ready", "ok"),
    EndpointState.BUSY: ("Busy", "warn"),
    EndpointState.ILL: ("Failing", "bad"),
    EndpointState.DOWN: ("Down", "bad"),
    EndpointState.DISABLED: ("Switched off", "mute"),
    EndpointState.ASLEEP: ("Asleep", "accent"),
    EndpointState.STARTING: ("Starting", "accent"),
    EndpointState.FAILED: ("Cannot run", "bad"),
}
KINDS = {
    EndpointKind.OPENAI: "OpenAI-compatible",
    EndpointKind.OLLAMA: "Ollama",
    EndpointKind.ANTHROPIC: "Anthropic",
    EndpointKind.EMBEDDED: "Part of this application",
}
BREAKERS = {
    BreakerState.CLOSED: ("Closed: requests go through", "Too many failures would let it rest"),
    BreakerState.HALF_OPEN: ("Half open: one request tries it", "Its answer decides"),
    BreakerState.OPEN: (
        "Open: left alone for a while",
        "It failed too often; one request tries it then",
    ),
}
GATEWAY_STATES = {
    GatewayState.OFF: ("Closed", "mute"),
    GatewayState.OPEN: ("Open", "ok"),
    GatewayState.DRAINING: ("Finishing", "warn"),
    GatewayState.FAILED: ("Not open", "bad"),
}
HEALTHY = frozenset({EndpointState.READY, EndpointState.BUSY, EndpointState.ASLEEP})


def is_built_in(view: EndpointView) -> bool:
    """Tell whether `view` is the application's own model."""
    return view.endpoint.kind is EndpointKind.EMBEDDED


def title_of(view: EndpointView) -> str:
    """Return what people call the server."""
    return BUILT_IN if is_built_in(view) else view.name


def state_look(view: EndpointView) -> tuple[str, str]:
    """Return the state in a few words, and its token."""
    return STATES[view.state]


def where_text(view: EndpointView) -> str:
    """Return what the server is, where, and what it has."""
    endpoint = view.endpoint
    if is_built_in(view):
        return f"135 M parameters{DOT}for trying things out"
    parts = [KINDS[endpoint.kind], endpoint.url.partition("://")[2].removesuffix("/v1")]
    if view.models_at_s is not None:
        parts.append(models_text(view.models))
    return DOT.join(parts)


def models_text(models: Sequence[ServedModel]) -> str:
    """Return how many models there are, and how many are in memory where that is told."""
    told = [each for each in models if each.is_loaded is not None]
    text = counted(len(models), "model", "models")
    loaded = sum(each.is_loaded is True for each in told)
    return f"{text}, {loaded} loaded" if told else text


def note_of(view: EndpointView, now_s: float) -> tuple[str, str]:
    """Return what the user should know of the server now, and its token; ("", ...) for nothing."""
    state, again = view.state, retry_text(view)
    if state is EndpointState.ASLEEP:
        return WHAT_STARTING_MEANS, "mute"
    if state in (EndpointState.ILL, EndpointState.DOWN, EndpointState.FAILED):
        reason = sentence(plain_reason(view, view.reason or view.last_error))
        return " ".join(part for part in (reason, again) if part), "bad"
    if state is EndpointState.BUSY:
        return " ".join(part for part in (sentence(view.reason), again) if part), "warn"
    if state is not EndpointState.DISABLED and view.last_error and view.last_error_s is not None:
        ago_s = now_s - view.last_error_s
        if ago_s < RECENT_S:
            return f"{duration_text(ago_s)} ago: {plain_reason(view, view.last_error)}", "mute"
    return "", "mute"


def plain_reason(view: EndpointView, words: str) -> str:
    """Return `words` without the name and the address they begin with: both stand above them."""
    prefix = f"{view.name} ({view.endpoint.url})"
    while words.startswith(prefix):
        words = words[len(prefix) :].lstrip(": ")
    return f"it {words}" if words.startswith("says ") else words


def retry_text(view: EndpointView) -> str:
    """Return when the server is tried again; "" where nothing keeps requests from it."""
    if view.retry_in_s is not None:
        return f"Tried again in {duration_text(max(1.0, view.retry_in_s))}."
    if view.breaker is BreakerState.OPEN:
        return "Tried again with the next request."
    return ""


def sentence(words: str) -> str:
    """Return `words` as a sentence: a capital first, a full stop last."""
    words = words.strip()
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words[-1] in ".!?:" else ".")


def span_text(ms: float | None) -> str:
    """Return a time such as "212 ms" or "3.4 s"; a dash where it is unknown."""
    if ms is None or ms < SECOND_MS:
        return latency_words(ms)
    return f"{ms / SECOND_MS:.1f} s"


def chart_span_s(now_s: float, *series: NDArray[np.float64]) -> float:
    """Return how far a chart looks back: so far that it is not mostly empty."""
    recent = [points[points[:, 0] > now_s - LONG_S] for points in series]
    oldest_s = min((float(points[0, 0]) for points in recent if len(points)), default=now_s)
    return next(span_s for span_s in SPANS_S if oldest_s >= now_s - span_s)


def speed_of(view: EndpointView) -> str:
    """Return tokens a second; a dash where they are unknown."""
    return DASH if not view.token_ms else per_second(SECOND_MS / view.token_ms)


def per_second(value: float | None) -> str:
    """Return a rate of tokens; a dash where it is unknown."""
    if value is None:
        return DASH
    return f"{value:,.0f} tok/s" if value >= 10 else f"{value:.1f} tok/s"


def health_of(view: EndpointView, now_s: float, span_s: float) -> float | None:
    """Return the share of seconds' answers that were good within `span_s`; None for no answer."""
    points = readings(view.health)
    recent = points[points[:, 0] > now_s - span_s]
    return float(recent[:, 1].mean()) if len(recent) else None


def readings(series: object) -> NDArray[np.float64]:
    """Return what a Series holds, shape (n, 2): seconds, value; nothing for None."""
    found: NDArray[np.float64] = (
        np.zeros((0, 2)) if series is None else series.latest()  # type: ignore[attr-defined]
    )
    return found


def healthy_text(snapshot: CoordinatorSnapshot) -> tuple[str, str]:
    """Return how many of the servers that are switched on can be asked, and a token."""
    on = [each for each in snapshot.endpoints if each.state is not EndpointState.DISABLED]
    good = sum(each.state in HEALTHY for each in on)
    if not on:
        return "No server", "mute"
    if good == len(on):
        return ("1 server ready" if good == 1 else f"All {good} servers ready"), "ok"
    return f"{good} of {len(on)} servers ready", "warn" if good else "bad"


def looked_text(snapshot: CoordinatorSnapshot) -> str:
    """Return how many servers are known and when it was looked for others."""
    parts = [counted(len(snapshot.endpoints), "server", "servers")]
    if snapshot.is_looking:
        parts.append("looking for others")
    elif snapshot.looked_s is not None:
        ago = duration_text(max(0.0, snapshot.taken_s - snapshot.looked_s))
        parts.append(f"looked for others {ago} ago")
    return DOT.join(parts)


def rate_of(series: object, now_s: float, span_s: float = 5.0) -> float | None:
    """Return the mean of the last few readings; None where there are none."""
    points = readings(series)
    recent = points[points[:, 0] > now_s - span_s]
    return float(recent[:, 1].mean()) if len(recent) else None


def cost_text(usd: float | None) -> str:
    """Return an amount such as "$0.0042"; a dash where it is unknown."""
    if usd is None:
        return DASH
    if usd == 0:
        return "$0"
    return usd_text(usd)


def path_text(path: Path) -> str:
    """Return `path` with ~ for the user's home."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except ValueError:
        return str(path)


def curl_text(gateway: GatewaySnapshot) -> str:
    """Return a command that asks the gateway something; "" where it is not open."""
    if gateway.url is None or gateway.key_file is None:
        return ""
    key = shlex.quote(str(gateway.key_file))
    return (
        f"curl {gateway.url}/chat/completions \\\n"
        f'  -H "Authorization: Bearer $(cat {key})" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"model": "auto", "messages": [{"role": "user", "content": "Say hello"}]}\''
    )


def tokens_text(count: int | None) -> str:
    """Return a context such as "128 K"; a dash where it is unknown.

    Makers count in tens or in twos: 131,072 is 128 K, and so is 128,000.
    """
    if count is None:
        return DASH
    for unit, ten, two in (("M", 1_000_000, 1 << 20), ("K", 1_000, 1 << 10)):
        if count >= ten:
            size = count / (two if count % 1_000 else ten)
            return f"{size:.0f} {unit}" if size >= 10 else f"{size:.2g} {unit}"
    return count_text(count)
