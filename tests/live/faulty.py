"""`serve` among servers that fail in every way, each way at a server of its own."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import httpx

from engine.folders import Folders
from tests.live.certificates import make_certificates
from tests.live.ports import free_port
from tests.live.served import Served, endpoint, serving, upstream_thread
from tests.live.upstream import Upstream

PATIENCE_S = 60.0
"""For an answer on a busy machine."""
AWAY = ("dns", "tls", "nobody")
"""Servers that cannot be reached: no such name, a certificate nobody vouches for, no program."""
WITHIN = ("cut", "cut-utf8", "stall", "no-end", "bad-later", "error-later")
"""What goes wrong after the first byte."""
BEFORE = (
    *("500", "503", "401", "429", "close", "html", "empty", "bad-json", "bad-stream"),
    *("error-event", "error-body", "silent", "redirect", "tells-key"),
)
SETTINGS = """embedded = false
hedge = false
retry_share = 1.0
connect_timeout_s = 2.0
first_byte_timeout_s = 2.0
stall_timeout_s = 1.0
deadline_s = 4.0
"""
LATE_S = 1.2
"""The first token of the slow server: within `first_byte_timeout_s`, and past a short deadline."""
STORM, DOWN = "storm", "down"
"""Models at several servers."""
HELLO = [{"role": "user", "content": "Hello"}]
NAMES = ("secrets.json", "gateway.key")
"""The files where keys belong."""


@dataclass
class Heard:
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return it decoded."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The words of an error; fails where it has none."""
        return str(self.json()["error"]["message"])

    def events(self) -> list[bytes]:
        """Return what the events of a stream carry, in order; all of it must be events."""
        parts = self.body.decode().encode().split(b"\n\n")  # decoded: no character is cut
        assert parts.pop() == b"", self.body
        return [part.partition(b"data: ")[2] for part in parts]


@dataclass
class Faulty(Served):
    """A running `serve` of a user whose servers fail."""

    bad: Upstream
    good: Upstream
    keys: dict[str, str]
    """Of the servers, by their names."""
    heard: list[Heard] = field(default_factory=list)

    def ask(
        self,
        model: str,
        path: str = "/chat/completions",
        *,
        is_stream: bool = False,
        headers: dict[str, str] | None = None,
        **fields: object,
    ) -> Heard:
        """Return what `model` answers, or what is said instead."""
        asked = {"model": model, "messages": HELLO, "stream": is_stream, "max_tokens": 9}
        if path == "/responses":
            asked = {"model": model, "input": "Hello", "stream": is_stream}
        return self.post(json.dumps(asked | fields).encode(), path, headers)

    def post(self, body: bytes, path: str, headers: dict[str, str] | None = None) -> Heard:
        """Return what is answered to `body`."""
        shown = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        sent = shown | (headers or {})
        answer = httpx.post(self.url + path, content=body, headers=sent, timeout=PATIENCE_S)
        self.heard.append(Heard(answer.status_code, dict(answer.headers), answer.content))
        return self.heard[-1]

    def address(self, name: str) -> str:
        """Return where the server `name` is."""
        text = Folders.under(self.home).config.joinpath("endpoints.toml").read_text("utf-8")
        entry = text.partition(f'name = "{name}"')[2]
        return entry.partition('url = "')[2].partition('"')[0]

    def posts(self, model: str) -> int:
        """Return how many requests for `model` have come to any server."""
        seen = [each for each in (*self.bad.seen, *self.good.seen) if each.method == "POST"]
        return sum(each.json()["model"] == model for each in seen)

    def secrets(self) -> set[str]:
        """Return every key there is."""
        return {self.key, *self.keys.values()}

    def places_that_tell(self) -> list[str]:
        """Return where a key can be read that does not belong there; none, it is to be hoped."""
        told = {str(path): path.read_bytes() for path in _files(self.home)}
        told |= {"stdout": self.program.out.encode(), "stderr": self.program.err.encode()}
        told |= {f"answer {n}": each.body for n, each in enumerate(self.heard)}
        told |= {f"head {n}": str(each.headers).encode() for n, each in enumerate(self.heard)}
        told |= {path: self.get(path).encode() for path in ("/metrics", "/v1/models", "/health")}
        keys = [key.encode() for key in self.secrets()]
        return [place for place, text in told.items() if any(key in text for key in keys)]


@contextlib.contextmanager
def among_faults(folder: Path) -> Iterator[Faulty]:
    """Return `serve` whose servers fail.

    For each fault there is a model `m-FAULT` at two servers: `bad-FAULT`, which is asked first,
    and `good-FAULT`, which answers; and a model `only-FAULT` at one that fails. "slow" takes its
    time, STORM is at two servers, DOWN at three where nobody is.
    """
    faults = (*BEFORE, *WITHIN)
    bad = Upstream(
        models=("slow", STORM, *_models(faults)),
        of_model={name: repeat(fault) for fault in faults for name in _models([fault])},
        retry_after="7",
        between_s=0.02,  # what comes later is not to come with the first byte
    )
    good = Upstream(models=("plain-model", STORM, *_models((*faults, *AWAY))), retry_after="2")
    slow = Upstream(models=("slow",), first_token_s=LATE_S)
    hidden = Upstream(models=_models(["tls"]), tls=_tls(folder))
    with contextlib.ExitStack() as stack:
        for server in (bad, good, slow, hidden):
            stack.enter_context(upstream_thread(server))
        urls = {"dns": "http://no-such-server.invalid", "tls": hidden.url}
        urls |= {"nobody": f"http://127.0.0.1:{free_port()}"}
        urls |= dict.fromkeys(faults, bad.url)
        servers = dict(_servers(urls, good.url))
        servers |= {"slow": (slow.url, "slow"), "plain": (good.url, "plain-model")}
        servers |= {f"down-{n}": (f"http://127.0.0.1:{free_port()}", DOWN) for n in (1, 2, 3)}
        servers |= {"storm-a": (bad.url, STORM), "storm-b": (good.url, STORM)}
        keys = {name: f"sk-{name}-0123456789abcdef" for name in servers}
        entries = [
            endpoint(name, f"{url}/v1", models=[model], weight=0.0 if "good" in name else 1.0)
            for name, (url, model) in servers.items()
        ]
        served = stack.enter_context(
            serving(
                folder,
                endpoints="\n".join(entries),
                gateway="head_timeout_s = 1.0\nbody_timeout_s = 1.0\nlargest_body_mib = 8\n",
                settings=SETTINGS,
                keys=keys,
            )
        )
        yield Faulty(served.program, served.home, served.url, served.key_file, bad, good, keys)


def _servers(urls: dict[str, str], good: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield names of servers with their addresses and models."""
    for fault, url in urls.items():
        yield f"bad-{fault}", (url, f"m-{fault}")
        yield f"good-{fault}", (good, f"m-{fault}")
        yield f"only-{fault}", (url, f"only-{fault}")


def _models(faults: object) -> tuple[str, ...]:
    return tuple(chain.from_iterable((f"m-{each}", f"only-{each}") for each in faults))  # type: ignore[attr-defined]


def _tls(folder: Path) -> ssl.SSLContext:
    made = make_certificates(folder)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made / "server.pem", made / "server.key")
    return tls


def _files(home: Path) -> Iterator[Path]:
    """Yield every file of the user but those where keys belong."""
    assert Folders.under(home).data.is_dir()
    for path in home.rglob("*"):
        if path.is_file() and path.name not in NAMES:
            yield path
