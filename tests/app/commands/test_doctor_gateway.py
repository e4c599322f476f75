from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.commands.doctor import gateway
from app.commands.doctor.report import Check
from app.gateway_client import OpenGateway
from engine.folders import Folders
from engine.gateway.settings import GatewaySettings
from tests.live.ports import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port at which somebody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def checked(
    folders: Folders, settings: GatewaySettings, url: str = "", who: str = "nginx (process 5)"
) -> Check:
    found = OpenGateway(url, "secret-key") if url else None
    return gateway.address(settings, folders, find=lambda _: found, who=lambda port: who)


def test_a_running_application_is_named_by_its_address(folders: Folders):
    """Who listens is this application; where its usual port was taken, that is told."""
    settings = GatewaySettings(port=11480)
    usual = checked(folders, settings, "http://127.0.0.1:11480/v1")
    assert (usual.state, usual.detail) == (
        "ok",
        "this application listens at http://127.0.0.1:11480/v1",
    )
    moved = checked(folders, settings, "http://127.0.0.1:5555/v1")
    assert moved.detail.endswith("5555/v1, as http://127.0.0.1:11480/v1 was taken")
    assert "secret-key" not in usual.detail + moved.detail


def test_a_free_port_is_told(folders: Folders):
    """Before it runs, it is said that it could listen there."""
    check = checked(folders, GatewaySettings(port=free_port()))
    assert check.state == "ok"
    assert "is free" in check.detail
    assert "a free port" in checked(folders, GatewaySettings(port=0)).detail


@pytest.mark.parametrize(
    ("who", "words"), [("nginx (process 5)", "nginx (process 5)"), ("", "another program")]
)
def test_a_taken_port_names_who_has_it(folders: Folders, taken: int, who: str, words: str):
    """A stranger at the port is named where the system tells, with what helps."""
    check = checked(folders, GatewaySettings(port=taken), who=who)
    assert check.state == "warning"
    assert f"port {taken} is taken by {words}" in check.detail
    assert check.remedy


def test_an_address_that_is_not_of_this_machine_is_missing(folders: Folders):
    """Nothing can be listened at on an address of somebody else, and the system says why."""
    check = checked(folders, GatewaySettings(host="192.0.2.1", port=free_port()))
    assert check.state == "missing"
    assert "192.0.2.1" in check.detail
    assert check.remedy


def test_a_port_that_may_not_be_used_is_missing(folders: Folders, monkeypatch: pytest.MonkeyPatch):
    """Low ports need rights that the user may not have."""
    monkeypatch.setattr(gateway, "_why_not", lambda host, port: errno.EACCES)
    assert "Permission denied" in checked(folders, GatewaySettings(port=80)).detail


def test_what_is_switched_off_is_told(folders: Folders):
    """Without a gateway no client is answered: worth a word."""
    check = checked(folders, GatewaySettings(is_enabled=False))
    assert (check.state, bool(check.remedy)) == ("warning", True)
