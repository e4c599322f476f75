"""Groups that repeat in a TOML file, `[[name]]`: changed with the user's comments kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import SettingsError
from engine.toml_text import parsed

# tomlkit loads where a file is changed: reading does without it, and it takes 6 ms.

HEADER = re.compile(r"^[ \t]*(\[\[?)([^\[\]#\n]*)\]\]?[ \t]*(#.*)?$")
COMMENT = re.compile(r"^[ \t]*#")

Table = Mapping[str, Any]
Likeness = Callable[[Table, Table], bool]
"""Tells whether two groups say the same, perhaps in other words."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of a file, from the comments above a header to those above the next."""

    lines: tuple[str, ...]
    is_own: bool = False
    """Whether it is one of the groups, its groups within included."""


def with_tables(
    text: str, key: str, tables: Sequence[Table], is_same: Likeness | None = None
) -> str:
    """Return `text` with just these `[[key]]`, in this order.

    What says the same stays letter by letter; of one that was changed, its other lines and its
    comments do. Raises SettingsError where the file is written in a way that cannot be changed.
    """
    before = _tables_of(parsed(text), key)
    same = is_same or _is_exact
    parts = _parts(text, key)
    own = [place for place, part in enumerate(parts) if part.is_own]
    if len(own) != len(before):
        raise _unreadable(key)
    sources = _sources(before, tables, same)
    written = []
    for table, source in zip(tables, sources, strict=True):
        if source is None:
            written.append(_fresh(key, table))
        elif same(before[source], table):
            written.append("\n".join(parts[own[source]].lines))
        else:
            written.append(_changed("\n".join(parts[own[source]].lines), key, table))
    changed = _joined(parts, own, written, sources)
    found = parsed(changed)
    kept = _tables_of(found, key)
    is_right = len(kept) == len(tables) and all(map(same, kept, tables))
    if not is_right or _without(found, key) != _without(parsed(text), key):
        raise _unreadable(key)
    return changed


def _parts(text: str, key: str) -> list[_Part]:
    """Return the lines of `text`, each group with the comments right above it."""
    parts: list[tuple[list[str], bool]] = [([], False)]
    for line in text.split("\n"):
        header = HEADER.match(line)
        name = "" if header is None else re.sub(r"[\s\"']", "", header.group(2))
        is_inside = parts[-1][1] and name.startswith(f"{key}.")
        if header is None or is_inside:
            parts[-1][0].append(line)
            continue
        above: list[str] = []
        is_head = len(parts) == 1 and all(map(COMMENT.match, parts[0][0]))  # of the whole file
        while not is_head and parts[-1][0] and COMMENT.match(parts[-1][0][-1]):
            above.insert(0, parts[-1][0].pop())
        parts.append(([*above, line], name == key and header.group(1) == "[["))
    return [_Part(tuple(lines), is_own) for lines, is_own in parts]


def _sources(before: Sequence[Table], after: Sequence[Table], same: Likeness) -> list[int | None]:
    """Return from which of the groups before each one is made; None for a new one."""
    free = list(range(len(before)))
    found: list[int | None] = []
    for table in after:
        source = next((each for each in free if same(before[each], table)), None)
        if source is not None:
            free.remove(source)
        found.append(source)
    for place, table in enumerate(after):
        named = [e for e in free if "name" in table and before[e].get("name") == table["name"]]
        if found[place] is None and named:
            found[place] = named[0]
            free.remove(named[0])
    if len(before) == len(after):  # what is left was renamed
        for place, source in enumerate(found):
            if source is None:
                found[place] = free.pop(0)
    return found


def _joined(
    parts: Sequence[_Part], own: Sequence[int], written: Sequence[str], sources: list[int | None]
) -> str:
    """Return the whole text: each group where its source was, a new one before the next."""
    known = [source for source in sources if source is not None]
    is_in_order = known == sorted(known)
    slot = own[-1] + 1 if own else len(parts)
    at: dict[int, list[tuple[str, bool]]] = {}
    for text, source in reversed(list(zip(written, sources, strict=True))):
        stays = source is not None and is_in_order
        if source is not None and stays:
            slot = own[source]
        at.setdefault(slot, []).insert(0, (text, stays))
    blocks: list[str] = []
    for place in range(len(parts) + 1):
        for text, stays in at.get(place, ()):
            blocks.append(text if stays or _is_apart(blocks) else f"\n{text}")
        if place < len(parts) and not parts[place].is_own:
            lines = "\n".join(parts[place].lines)
            needs_room = not is_in_order and lines and not _is_apart(blocks)
            blocks.append(f"\n{lines}" if needs_room else lines)
    return "\n".join(blocks).strip("\n") + "\n"


def _is_apart(blocks: Sequence[str]) -> bool:
    """Tell whether what comes after `blocks` has an empty line above it, or needs none."""
    return not "".join(blocks).strip() or blocks[-1].endswith("\n") or not blocks[-1]


def _changed(block: str, key: str, table: Table) -> str:
    """Return the lines of a group with other values."""
    import tomlkit

    document = tomlkit.parse(block)
    found: Any = document
    for name in key.split("."):
        found = found[name]
    for name in [each for each in found[0] if each not in table]:
        found[0].remove(name)
    for name, value in table.items():
        is_there = name in found[0] and _is_exact(found[0][name], value)
        if name in found[0] and not is_there and isinstance(value, Mapping):
            found[0].remove(name)
        if not is_there:
            found[0][name] = _item(value)
    changed = tomlkit.dumps(document)
    try:
        is_right = _is_exact(_tables_of(parsed(changed), key), [table])
    except SettingsError:
        is_right = False
    if is_right:
        return changed
    above = [line for line in block.split("\n") if COMMENT.match(line)]
    return "\n".join([*above, _fresh(key, table)])


def _fresh(key: str, table: Table) -> str:
    import tomlkit

    document = tomlkit.document()
    for name, value in table.items():
        document[name] = _item(value)
    return f"[[{key}]]\n{tomlkit.dumps(document)}"


def _is_exact(one: object, other: object) -> bool:
    """Tell whether both are one value of one kind: 1, 1.0 and true are three."""
    return _told(one) == _told(other)


def _told(value: Any) -> str:
    plain = value.unwrap() if hasattr(value, "unwrap") else value
    if isinstance(plain, Mapping):
        return repr(sorted((name, _told(each)) for name, each in plain.items()))
    if isinstance(plain, list | tuple):
        return repr([_told(each) for each in plain])
    return repr(plain)


def _item(value: Any) -> Any:
    """Return `value` as TOML has it in one line."""
    import tomlkit

    if not isinstance(value, Mapping):
        return tomlkit.item(value)
    found = tomlkit.inline_table()
    found.update({name: _item(each) for name, each in value.items()})
    return found


def _tables_of(document: Mapping[str, Any], key: str) -> list[Table]:
    found: Any = document
    for name in key.split("."):
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return list(found) if isinstance(found, list) else []


def _without(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return everything else, without groups that hold nothing."""
    first, _, rest = key.partition(".")
    kept = {name: each for name, each in document.items() if name != first}
    if rest and isinstance(document.get(first), Mapping):
        inside = _without(document[first], rest)
        return {**kept, first: inside} if inside else kept
    return kept


def _unreadable(key: str) -> SettingsError:
    return SettingsError(
        f"{key} is written in a way that cannot be changed here: write each as a group of its own, "
        f"under [[{key}]]"
    )
