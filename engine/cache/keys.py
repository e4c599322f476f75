"""What keys are called in Redis, and in which generation a namespace is.

A key is `uat:1:c:<namespace>.<generation>:<tenant>:<name>`: `uat` for this application, 1 for the
version of everything stored, `c` for cached values. Purging a namespace raises its generation: its
old keys are never asked for again, in any process, however many there are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

PREFIX = b"uat:1:"
VALUES = PREFIX + b"c:"
"""Under this every cached value lies."""
GENERATIONS = PREFIX + b"g:"
"""Under this the generation of each namespace lies."""
DATA_IDENTITY = PREFIX + b"identity"
"""A random word: gone or changed, the server has lost its data."""
DEFAULT_NAMESPACE = "default"
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.@/+-]{1,64}")


class Key(NamedTuple):
    """A key apart from the generation: the same before and after a purge."""

    namespace: str
    tail: bytes
    """tenant:name"""


def key_of(namespace: str, name: str, tenant: str = "") -> Key:
    """Return the key of `name`.

    A short name of usual characters stays readable, as `=name`; any other is hashed, as `#` and
    the BLAKE2b-128 of its UTF-8. Raises ValueError for a namespace or tenant that is not 1 to 64
    letters, digits, `_` and `-` (a tenant may be empty), TypeError for a name that is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"a key is text, not {type(name).__name__}")
    _check_place(namespace, tenant)
    if (name.isalnum() and name.isascii() and len(name) <= 64) or _PLAIN_NAME.fullmatch(name):
        return Key(namespace, b"%b:=%b" % (tenant.encode(), name.encode()))
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return Key(namespace, f"{tenant}:#{digest}".encode())


def generation_key(namespace: str) -> bytes:
    """Return the key under which the generation of `namespace` lies."""
    return GENERATIONS + namespace.encode()


def namespace_of(generation_key: bytes) -> str:
    """Return the namespace whose generation lies under `generation_key`."""
    return generation_key[len(GENERATIONS) :].decode("ascii", "replace")


def prefix_of(namespace: str, generation: int) -> bytes:
    """Return what the keys of one generation of `namespace` begin with."""
    return b"%b%b.%d:" % (VALUES, namespace.encode(), generation)


def parse_key(physical: bytes) -> tuple[Key, int] | None:
    """Return key and generation of a key in Redis; None for a key that is none of ours."""
    if not physical.startswith(VALUES):
        return None
    head, _, tail = physical[len(VALUES) :].partition(b":")
    namespace, _, generation = head.rpartition(b".")
    if not generation.isdigit() or not namespace or b":" not in tail:
        return None
    return Key(namespace.decode("ascii", "replace"), tail), int(generation)


@lru_cache(maxsize=1024)
def _check_place(namespace: str, tenant: str) -> None:
    _check_word("namespace", namespace)
    if tenant:
        _check_word("tenant", tenant)


def check_text(*words: str) -> None:
    """Raise ValueError where one of `words` has no UTF-8: it could never be sent to Redis."""
    for word in words:
        word.encode()


def _check_word(what: str, word: str) -> None:
    if not _WORD.fullmatch(word):
        raise ValueError(f'{what} "{word}": it must be 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
