"""TOML: read into plain values, and changed with the user's comments kept."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import SettingsError

# tomlkit loads where a file is changed: reading does without it, and it takes 6 ms.


def parsed(text: str) -> dict[str, Any]:
    """Return the values of `text`. Raises SettingsError naming the line that is wrong."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error)) from error


def with_value(text: str, key: str, value: str | float | bool | None) -> str:
    """Return `text` with `key` ("voice.language") set, or removed for None.

    Groups on the way are made. Raises SettingsError where one of them is a value.
    """
    import tomlkit

    *groups, last = key.split(".")
    document = tomlkit.parse(text)
    table: Any = document
    for group in groups:
        if group not in table:
            table[group] = tomlkit.table()
        table = table[group]
        if not isinstance(table, Mapping):
            raise SettingsError(f"{key}: {group} is a setting, not a group of settings")
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value
    return tomlkit.dumps(document)


def with_entry(block: str, name: str, values: Mapping[str, Any], absent: Iterable[str]) -> str:
    """Return `block` with `values` in its first `[[name]]`, which is made where there is none.

    absent: the keys that must not stand there. What is as it was is not touched.
    """
    import tomlkit

    document = tomlkit.parse(block)
    if name not in document:
        document.add(name, tomlkit.aot())
        document[name].append(tomlkit.table())
    tables: Any = document[name]
    for key in absent:
        tables[0].pop(key, None)
    for key, value in values.items():
        if key not in tables[0] or tables[0][key] != value:
            tables[0][key] = value
    return tomlkit.dumps(document)
