"""`serve` in a process of its own, over the mock model server in another thread or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from engine.folders import Folders
from tests.live.ports import free_port
from tests.live.programs import Program
from tests.live.upstream import Upstream

START_S = 60.0
"""For a process that starts on a busy machine."""
ANSWER_S = 120.0
"""For one answer of the built-in model on a busy machine."""
BUILT_IN = "smollm2-135m-instruct"
PROVIDER_KEY = "sk-provider-0123456789abcdef"
"""What the mock server asks for, where it asks for a key."""


@dataclass
class Served:
    """A running `serve`."""

    program: Program
    home: Path
    url: str
    """Base address, with `/v1`."""
    key_file: Path

    @property
    def base(self) -> str:
        """The address without `/v1`."""
        return self.url.removesuffix("/v1")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.base.rpartition(":")[2])

    @property
    def key(self) -> str:
        """The key that opens it."""
        return self.key_file.read_text(encoding="utf-8").strip()

    @property
    def said(self) -> str:
        """What it has written so far, and what it keeps on the disk as plain text."""
        logs = Folders.under(self.home).log
        kept = [each.read_text("utf-8", "replace") for each in logs.rglob("*") if each.is_file()]
        return "".join((self.program.out, self.program.err, *kept))

    def get(self, path: str) -> str:
        """Return what a GET of `path`, below the base address, finds."""
        request = Request(self.base + path, headers={"Authorization": f"Bearer {self.key}"})
        with urlopen(request, timeout=START_S) as answer:
            return str(answer.read().decode())

    def models(self) -> set[str]:
        """Return the names that it lists."""
        return {each["id"] for each in json.loads(self.get("/v1/models"))["data"]}

    def metric(self, name: str, label: str = "") -> float:
        """Return the sum of the metric `name`, of those with `label` such as `kind="requests"`."""
        lines = [line for line in self.get("/metrics").splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in lines if label in line)


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment of a user who lives at `home` and has no keyring."""
    return os.environ | {
        "UNIVERSAL_AI_TOOLS_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@contextlib.contextmanager
def serving(
    folder: Path,
    *,
    endpoints: str = "",
    gateway: str = "",
    settings: str = "",
    keys: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Return `serve` with a home in `folder`, ended by SIGTERM, which must end it well.

    endpoints: the user's `endpoints.toml`. gateway: further settings of its table.
    settings: further settings of the coordinator, and further tables.
    keys: of endpoints, by their names. environment: further variables of the process.
    """
    home = folder / "home"
    folders = Folders.under(home)
    folders.config.mkdir(parents=True)
    text = (
        f"[gateway]\nport = {free_port()}\n{gateway}\n[coordinator]\ndiscover = false\n{settings}"
    )
    folders.settings_file.write_text(text, encoding="utf-8")
    (folders.config / "endpoints.toml").write_text(endpoints, encoding="utf-8")
    if keys:
        secrets = {f"endpoint.{name}": key for name, key in keys.items()}
        folders.secrets_file.write_text(json.dumps(secrets), encoding="utf-8")
        folders.secrets_file.chmod(0o600)
    with at_home(home, name="serve", environment=environment) as served:
        yield served


@contextlib.contextmanager
def at_home(
    home: Path, *, name: str, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Return `serve` for the user who lives at `home`, ended by SIGTERM, which must end it well.

    name: of the files beside `home` that keep what it says.
    """
    command = [sys.executable, "-W", "error", "-m", "app", "serve"]
    variables = {**surroundings(home), **(environment or {})}
    program = Program(command, folder=home.parent, name=name, environment=variables)
    try:
        line = program.wait_for(
            lambda: program.out.partition("\n")[0], "a first line", within_s=START_S
        )
        told = json.loads(line)
        yield Served(program, home, told["url"], Path(told["key_file"]))
        program.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert "Traceback" not in program.err, program.err
    finally:
        program.end()


@contextlib.contextmanager
def upstream_thread(server: Upstream) -> Iterator[Upstream]:
    """Let `server` listen in a thread with a loop of its own."""
    started, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with server:
            started.set()
            await over.wait()

    def run() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(serve())

    thread = threading.Thread(target=run, name="upstream")
    thread.start()
    try:
        assert started.wait(START_S)
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(START_S)


def endpoint(name: str, url: str, **values: object) -> str:
    """Return an entry of `endpoints.toml`."""
    fields = {"name": name, "kind": "openai", "url": url} | values
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join(["[[endpoint]]", *lines, ""])


def at_upstream(server: Upstream, *faulty: str) -> str:
    """Return the `endpoints.toml` of somebody who uses `server`.

    "mock" has its first models and speaks OpenAI's API, "claude" speaks Anthropic's; each model of
    `faulty` has an endpoint of its own, so that what goes wrong there hurts no other.
    """
    url = f"{server.url}/v1"
    good = [each for each in server.models if each not in faulty and each != "claude-mock"]
    entries = [endpoint("mock", url, models=good)]
    entries.append(endpoint("claude", server.url, kind="anthropic", models=["claude-mock"]))
    entries += [endpoint(each, url, models=[each]) for each in faulty]
    return "\n".join(entries)
