"""What the doctor looks at for the address that clients use: who listens there."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from contextlib import closing

from app.commands.doctor.report import Check
from app.gateway_client import OpenGateway, open_gateway
from engine.folders import Folders
from engine.gateway.address import url_of
from engine.gateway.ports import Bound
from engine.gateway.settings import GatewaySettings
from engine.gpu.adapters.processes import program_at

NAME = "gateway"
START = "universal-ai-tools serve"


def address(
    settings: GatewaySettings,
    folders: Folders,
    *,
    find: Callable[[Folders], OpenGateway | None] = open_gateway,
    who: Callable[[int], str] = program_at,
) -> Check:
    """Check that clients find this application, or could once it runs.

    who: names the program that listens at a port, "" where that is not told.
    """
    if not settings.is_enabled:
        detail = "switched off: no client can ask anything"
        return Check(NAME, "warning", detail, "switch it on under Settings, Language models")
    usual = url_of(Bound(settings.host, settings.port))
    running = find(folders)
    if running is not None:
        moved = "" if running.url == usual or not settings.port else f", as {usual} was taken"
        return Check(NAME, "ok", f"this application listens at {running.url}{moved}")
    if not settings.port:
        return Check(
            NAME, "ok", f"a free port of {settings.host}, once `{START}` or the window runs"
        )
    problem = _why_not(settings.host, settings.port)
    if problem is None:
        return Check(NAME, "ok", f"{usual} is free; `{START}` or the window listens there")
    if problem == errno.EADDRINUSE:
        name = who(settings.port) or "another program, which the system does not name"
        detail = f"port {settings.port} is taken by {name}: this application takes a free one"
        return Check(
            NAME, "warning", detail, "end that program, or choose another port in Settings"
        )
    words = f"{settings.host} port {settings.port} cannot be used ({os.strerror(problem)})"
    remedy = "choose 127.0.0.1 and a port above 1023 under Settings, Language models"
    return Check(NAME, "missing", words, remedy)


def _why_not(host: str, port: int) -> int | None:
    """Return the error of listening there, as the system numbers it; None where it works."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as tried:
            # As servers do: what was closed a moment ago does not count as taken.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            tried.listen(1)
    except OSError as error:
        return error.errno or errno.EINVAL
    return None
