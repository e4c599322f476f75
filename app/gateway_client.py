"""Asks the gateway of a running application: light, as everything heavy is loaded there."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from engine.configuration import settings_from
from engine.errors import Damaged, EngineError, Refused, Unreachable
from engine.folders import Folders
from engine.gateway.address import url_of
from engine.gateway.client_keys import proof_of
from engine.gateway.health import PRODUCT
from engine.gateway.ports import Bound
from engine.gateway.settings import GatewaySettings
from engine.gateway.whereabouts import Whereabouts

LOOK_S = 0.5
"""What a gateway on this machine may take to say that it is there."""
ANSWER_S = 600.0
"""Longest silence: a large model may have to be loaded first."""
CALL_S = 10.0
"""The same for what needs no model."""
OK = 200


@dataclass(frozen=True, slots=True)
class OpenGateway:
    """A gateway that has shown that it knows the user's key."""

    url: str
    key: str

    def stream(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the decoded chunks of a streamed chat.

        Raises Refused with the gateway's own words, Unreachable where it goes away meanwhile.
        """
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_S)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            content = json.dumps(body | {"stream": True}).encode()
            connection.request("POST", f"{address.path}/chat/completions", content, headers)
            answer = connection.getresponse()
            if answer.status != OK:
                raise Refused(_words(answer.read()))
            for line in answer:
                if line.startswith(b"data:") and line.strip() != b"data: [DONE]":
                    yield json.loads(line[5:])
        except (OSError, HTTPException) as error:
            raise Unreachable(
                f"{self.url} broke off ({type(error).__name__}): try again"
            ) from error
        except ValueError as error:
            raise Damaged(f"{self.url} sent no JSON: is it this application?") from error
        finally:
            connection.close()

    def call(
        self, method: str, path: str, body: object = None, *, silence_s: float = CALL_S
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object with which `path`, below the root, answers.

        silence_s: what the answer may take. Raises Unreachable where the gateway is not there any
        more, Damaged where it sends something else.
        """
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=silence_s)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{self.url} does not answer ({type(error).__name__})") from error
        except ValueError as error:
            raise Damaged(f"{self.url} sent no JSON: is it this application?") from error
        finally:
            connection.close()
        if not isinstance(told, dict):
            raise Damaged(f"{self.url} sent no JSON object: is it this application?")
        return answer.status, told


def words_of(told: dict[str, Any]) -> str:
    """Return what an error's body says to a person."""
    return _words(json.dumps(told).encode())


def open_gateway(folders: Folders) -> OpenGateway | None:
    """Return the gateway of the application that runs for this user, or None.

    The key is told only to who proves to know it: anybody could listen at the port.
    """
    try:
        key = (folders.config / "gateway.key").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    places = dict.fromkeys((Whereabouts(folders.data).read(), _usual(folders)))
    found = (url for url in places if key and url and _is_ours(url, key))
    url = next(found, None)
    return None if url is None else OpenGateway(url, key)


def _is_ours(url: str, key: str) -> bool:
    """Tell whether the gateway at `url` knows `key`, and says that it listens there."""
    challenge = secrets.token_hex(16)
    told = _health(url, challenge)
    wanted = proof_of(hashlib.sha256(key.encode()).hexdigest(), f"{url} {challenge}")
    if told.get("product") != PRODUCT or told.get("status") != "ok":
        return False
    return hmac.compare_digest(str(told.get("proof")).encode(), wanted.encode())


def _usual(folders: Folders) -> str:
    """Return the address that the settings name; "" where they name none."""
    try:
        settings = _settings(folders)
    except (EngineError, OSError, ValueError):
        return ""
    is_known = settings.is_enabled and settings.port
    return url_of(Bound(settings.host, settings.port)) if is_known else ""


def _settings(folders: Folders) -> GatewaySettings:
    """Return the gateway's part of the settings alone: all of them would load every engine."""
    try:
        document = tomllib.loads(folders.settings_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = {}
    return settings_from(GatewaySettings, document.get("gateway", {}))


def _health(url: str, challenge: str) -> dict[str, Any]:
    with contextlib.suppress(OSError, HTTPException, ValueError):
        address = urlsplit(url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=LOOK_S)
        with contextlib.closing(connection):
            connection.request("GET", f"/health?challenge={challenge}")
            told = json.loads(connection.getresponse().read(4096))
            if isinstance(told, dict):
                return told
    return {}


def _words(body: bytes) -> str:
    """Return what an error's body says to a person."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(body)["error"]["message"])
    return "the gateway refused without a reason: see the log of the application"
