"""Decide whether a licence expression lets a file be part of an installer."""

from __future__ import annotations

from dataclasses import dataclass

from license_expression import (
    AND,
    OR,
    ExpressionError,
    LicenseExpression,
    LicenseWithExceptionSymbol,
    Licensing,
)


@dataclass(frozen=True, slots=True)
class LicenceRules:
    """The SPDX identifiers that may be passed on with the application, and exceptions."""

    licences: frozenset[str]
    exceptions: frozenset[str]

    def choose(self, expression: str) -> tuple[str, ...] | None:
        """Return the identifiers under which a work under `expression` is passed on, or None.

        Of `A OR B` the first that is allowed is taken; all of `A AND B` must be allowed.
        """
        try:
            parsed = Licensing().parse(expression)
        except ExpressionError:
            return None
        return self._chosen(parsed) if parsed is not None else None

    def _chosen(self, parsed: LicenseExpression) -> tuple[str, ...] | None:
        if isinstance(parsed, OR):
            choices = (self._chosen(each) for each in parsed.args)
            return next((choice for choice in choices if choice), None)
        if isinstance(parsed, AND):
            parts = [self._chosen(each) for each in parsed.args]
            return tuple(name for part in parts for name in part or ()) if all(parts) else None
        if isinstance(parsed, LicenseWithExceptionSymbol):
            is_allowed = parsed.exception_symbol.key in self.exceptions
            return (str(parsed),) if is_allowed else None
        return (parsed.key,) if parsed.key in self.licences else None
