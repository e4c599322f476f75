"""Finds who answers a path."""

from __future__ import annotations

from collections.abc import Mapping

from engine.gateway.ports import Handler

REST = "/*"
"""Ends a route that stands for every path below it."""


class Routes:
    """Handlers by path and method; a path of its own goes before one that ends in `/*`."""

    def __init__(self, handlers: Mapping[tuple[str, str], Handler]) -> None:
        self._exact: dict[str, dict[str, Handler]] = {}
        below: dict[str, dict[str, Handler]] = {}
        for (method, path), handler in handlers.items():
            table = below if path.endswith(REST) else self._exact
            table.setdefault(path, {})[method] = handler
        for methods in (*self._exact.values(), *below.values()):
            if "GET" in methods:
                methods.setdefault("HEAD", methods["GET"])
        # The longest first: the most exact one answers.
        self._below = sorted(below.items(), key=lambda each: -len(each[0]))

    def find(self, path: str) -> tuple[str, Mapping[str, Handler]] | None:
        """Return the route of `path` and its handlers by method, or None."""
        methods = self._exact.get(path)
        if methods is not None:
            return path, methods
        if path.endswith("/") and len(path) > 1:
            return self.find(path.rstrip("/") or "/")
        for route, handlers in self._below:
            if path.startswith(route[:-1]):
                return route, handlers
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Every route, for statistics."""
        return (*self._exact, *(route for route, _ in self._below))
