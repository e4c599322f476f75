"""`cache stats|keys|get|purge|password`: what the cache that is shared through Redis holds."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.circuit_breaker import BreakerState
from engine.errors import EngineError, Refused, SettingsError
from engine.folders import Folders

if TYPE_CHECKING:
    from engine.cache.service import RedisService
    from engine.cache.snapshot import CacheSnapshot, KeyRow, NodeStatus, ServerFacts

DONE, FAILED, NOTHING, INTERRUPTED = 0, 1, 3, 130
"""NOTHING: there is no such value."""
MIB = 1024 * 1024
ALONE = (
    "No Redis is configured: the cache lives inside the running application, where its Cache page "
    "shows it. Set cache.url in {file}, or on that page, to share it."
)
COHERENCE = {
    "tracking": "tells at once what others change",
    "messages": "others tell by messages what they change",
    "none": "what others change is noticed late",
}
ROLES = {"master": "primary", "slave": "replica"}
"""As Redis calls a server, and as people do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    stats = actions.add_parser("stats", help="show the state and what Redis says of itself")
    stats.add_argument("--json", action="store_true", help="for programs")
    keys = actions.add_parser("keys", help="list keys")
    keys.add_argument("namespace", metavar="NAMESPACE", nargs="?", help="default: all")
    keys.add_argument("--text", default="", metavar="TEXT", help="only keys that contain TEXT")
    keys.add_argument("--limit", type=_count, default=200, metavar="N", help="at most N (200)")
    keys.add_argument("--json", action="store_true", help="one object a line, for programs")
    get = actions.add_parser("get", help="show a value, decoded")
    get.add_argument("key", metavar="KEY", help="as `cache keys` lists it")
    purge = actions.add_parser("purge", help="forget every value of a namespace, everywhere")
    purge.add_argument("namespace", metavar="NAMESPACE")
    actions.add_parser("password", help="keep the password of Redis in the keyring")


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen action and return the process's exit code."""
    actions: dict[str, Callable[[RedisService, argparse.Namespace], Awaitable[int]]] = {
        "stats": _stats,
        "keys": _keys,
        "get": _get,
        "purge": _purge,
    }
    try:
        if arguments.action == "password":
            return _keep_password()
        return asyncio.run(_with_cache(actions[arguments.action], arguments))
    except (EngineError, ValueError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _keep_password() -> int:
    from engine.cache.settings import PASSWORD
    from engine.keychain import best_store

    store = best_store(Folders.of_user().secrets_file)
    if sys.stdin.isatty():
        password = getpass.getpass("Password of Redis (empty removes it): ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if password:
        store.write(PASSWORD, password)
    else:
        store.remove(PASSWORD)
    print(f"{'Kept in' if password else 'Removed from'} {store.label}")
    return DONE


async def _with_cache(
    work: Callable[[RedisService, argparse.Namespace], Awaitable[int]],
    arguments: argparse.Namespace,
) -> int:
    from engine.assembly import Settings
    from engine.cache.snapshot import CacheState
    from engine.configuration import SettingsFile
    from engine.outsides import cache_of_user

    folders = Folders.of_user()
    settings = SettingsFile(folders.settings_file).read(Settings).cache
    if not settings.url:
        raise SettingsError(ALONE.format(file=folders.settings_file))
    async with cache_of_user(folders, settings) as cache:
        if cache.snapshot().state is CacheState.MEMORY:
            # A start waits for moments only; who types a command gives a slow network a second try.
            await cache.reconnect()
        snapshot = cache.snapshot()
        if snapshot.state is CacheState.MEMORY and arguments.action != "stats":
            raise Refused(snapshot.reason)
        return await work(cache, arguments)


async def _stats(cache: RedisService, arguments: argparse.Namespace) -> int:
    await cache.refresh()
    snapshot = cache.snapshot()
    if arguments.json:
        print(json.dumps(_plain(snapshot), indent=2, default=str))
        return DONE
    print(f"{snapshot.state}: {snapshot.reason}")
    for node in snapshot.nodes:
        print(f"{node.name}: {_how_it_is(node, snapshot.reason)}")
    for server in snapshot.servers:
        print(f"{server.name}: {_what_it_says(server)}")
    return DONE


async def _keys(cache: RedisService, arguments: argparse.Namespace) -> int:
    from engine.cache.keys import key_of

    if arguments.namespace is not None:
        key_of(arguments.namespace, "x")  # a wrong name is told rather than not found
    page = await cache.desk.keys(arguments.namespace, arguments.text, arguments.limit)
    for row in page.rows:
        print(json.dumps(asdict(row)) if arguments.json else _line(row))
    if not page.rows:
        print(f"No keys{' with that in their names' if arguments.text else ''}", file=sys.stderr)
    if not page.is_complete:
        print("There are more: see --text and --limit", file=sys.stderr)
    return DONE


async def _get(cache: RedisService, arguments: argparse.Namespace) -> int:
    preview = await cache.desk.preview(arguments.key)
    if preview.kind == "missing":
        print(
            f"There is no key {arguments.key}: `universal-ai-tools cache keys` lists what there is",
            file=sys.stderr,
        )
        return NOTHING
    written = "" if preview.written_at is None else f", written {_time(preview.written_at)}"
    ttl = "" if preview.ttl_s is None else f", {preview.ttl_s:.0f} s left"
    codec = f", {preview.codec}" if preview.codec else ""
    print(
        f"{preview.kind}: {preview.raw_bytes} bytes, {preview.framed_bytes} stored"
        f"{codec}{written}{ttl}{', cut' if preview.is_cut else ''}",
        file=sys.stderr,
    )
    print(preview.text)
    return DONE


async def _purge(cache: RedisService, arguments: argparse.Namespace) -> int:
    await cache.clear(arguments.namespace)
    if arguments.namespace in cache.desk.unpurged():
        raise Refused(f"{arguments.namespace} is not purged: {cache.snapshot().reason}")
    print(f"Every value of {arguments.namespace} is forgotten")
    return DONE


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _how_it_is(node: NodeStatus, reason: str) -> str:
    """Return whether the node is asked, and what is wrong unless `reason` says so already."""
    if node.breaker is BreakerState.CLOSED:
        words = f"answers, {COHERENCE[node.coherence]}"
    elif node.breaker is BreakerState.HALF_OPEN:
        words = "is being tried"
    else:
        words = "is away; it is tried again by itself"
    problem = (node.problem or "").rstrip(".")
    return f"{words}: {problem}" if problem and problem not in reason else words


def _what_it_says(server: ServerFacts) -> str:
    """Return what is known of the server; what it does not tell is left out."""
    limit = f" of {server.limit_bytes / MIB:,.1f}" if server.limit_bytes else ""
    parts = [
        f"Redis {server.version} ({ROLES.get(server.role, server.role)})",
        "" if server.keys is None else f"{server.keys:,} key{'s' * (server.keys != 1)}",
        "" if server.used_bytes is None else f"{server.used_bytes / MIB:,.1f}{limit} MiB",
        ""
        if server.clients is None
        else f"{server.clients:,} connection{'s' * (server.clients != 1)}",
    ]
    return ", ".join(filter(None, parts))


def _line(row: KeyRow) -> str:
    ttl = "-" if row.ttl_s is None else f"{row.ttl_s:.0f}"
    size = "-" if row.size_bytes is None else str(row.size_bytes)
    return f"{row.key}  {ttl:>8} s  {size:>9} B"


def _plain(snapshot: CacheSnapshot) -> dict[str, Any]:
    """Return what is worth telling once: the series of a process that just began are empty."""
    counts = asdict(snapshot.counts)
    return {
        "state": snapshot.state,
        "reason": snapshot.reason,
        "address": snapshot.address,
        "nodes": [asdict(node) for node in snapshot.nodes],
        "servers": [asdict(server) for server in snapshot.servers],
        "counts": counts,
    }


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
