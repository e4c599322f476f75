"""What is typed into the form of a server, and the Endpoint it makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import isfinite

from engine.coordinator.settings import EMBEDDED, Endpoint, EndpointKind


@dataclass(frozen=True, slots=True)
class Typed:
    """The texts of the form."""

    url: str
    name: str
    kind: str
    weight: str = "1"
    slots: str = "4"
    models: str = ""
    headers: str = ""
    is_local: bool = True


def problem_of(typed: Typed, taken: Collection[str]) -> tuple[str, str]:
    """Return the field that cannot be and what mends it; ("", "") where all can."""
    name = typed.name.strip()
    if not typed.url.startswith(("http://", "https://")) or not typed.url.partition("://")[2]:
        return "url", "Address: write it as http://host:port/v1"
    if not name:
        return "name", "Name: give the server a name"
    if name in taken or name == EMBEDDED:
        return "name", f"Name: there is a server called {name} already"
    if (weight := _number(typed.weight)) is None or not isfinite(weight) or weight < 0:
        return "weight", "Weight: a number, 0 or more"
    if (slots := _number(typed.slots)) is None or slots < 1 or slots % 1:
        return "slots", "Slots: a whole number, 1 or more"
    if any(":" not in part for part in _parts(typed.headers, ";")):
        return "headers", "Headers: write each as Name: value, with ; between"
    return "", ""


def endpoint_of(typed: Typed) -> Endpoint:
    """Return the server that was typed; only for what `problem_of` finds nothing wrong with."""
    headers = (part.partition(":") for part in _parts(typed.headers, ";"))
    return Endpoint(
        name=typed.name.strip(),
        kind=EndpointKind(typed.kind),
        url=typed.url.strip().rstrip("/"),
        weight=float(typed.weight or 1),
        slots=int(float(typed.slots or 4)),
        models=tuple(_parts(typed.models, ",")),
        is_local=typed.is_local,
        headers=tuple((name.strip(), value.strip()) for name, _, value in headers),
    )


def with_login(url: str, typed: str) -> str:
    """Return `url`, which was found at `typed`, with the login that was typed."""
    login, at, _ = typed.partition("://")[2].partition("/")[0].rpartition("@")
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{login}{at}{rest}"


def header_text(headers: Iterable[tuple[str, str]]) -> str:
    """Return headers as they are typed."""
    return "; ".join(f"{name}: {value}" for name, value in headers)


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
