"""`keys list|add|revoke`: the keys with which clients call the gateway."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from engine.clock import SystemClock
from engine.errors import EngineError
from engine.folders import Folders
from engine.gateway.client_keys import DEFAULT, ClientKeys

DONE, FAILED = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show the names of the keys")
    add = actions.add_parser("add", help="make a key and print it, this once")
    add.add_argument("name", metavar="NAME", help="what the activity list calls it")
    revoke = actions.add_parser("revoke", help="let a key open nothing more, at once")
    revoke.add_argument("name", metavar="NAME", help=f"{DEFAULT}: a new one is made for the file")


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen action and return the process's exit code."""
    actions: dict[str, Callable[[ClientKeys, argparse.Namespace], None]] = {
        "list": _list,
        "add": _add,
        "revoke": _revoke,
    }
    try:
        keys = ClientKeys(Folders.of_user().config, clock=SystemClock())
        keys.load()
        actions[arguments.action](keys, arguments)
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED
    return DONE


def _list(keys: ClientKeys, arguments: argparse.Namespace) -> None:
    for entry in keys.entries():
        made = datetime.fromtimestamp(entry.created_at_s, UTC).astimezone()
        where = f"  in {keys.key_file}" if entry.is_default else ""
        print(f"{entry.name:24} {made:%Y-%m-%d %H:%M}{where}")


def _add(keys: ClientKeys, arguments: argparse.Namespace) -> None:
    print(keys.add(arguments.name))
    print("Keep it now: only its hash is kept here.", file=sys.stderr)


def _revoke(keys: ClientKeys, arguments: argparse.Namespace) -> None:
    keys.revoke(arguments.name)
    if arguments.name == DEFAULT:
        print(f"The key in {keys.key_file} is a new one: the old opens nothing more")
    else:
        print(f"{arguments.name} opens nothing more")
