"""Those that are measured: each a process of its own on the first core; callers have the second.

LiteLLM's proxy is measured where `litellm` is on the PATH, Portkey's gateway where PORTKEY_SERVER
names its start-server.js and `node` is there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.gateway.callers import Target
from tests.live.ports import free_port

SERVER_CORE, CALLER_CORE = 0, 1
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Party:
    """A running gateway."""

    name: str
    target: Target
    process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """Return the CPU seconds of the process and its children so far."""
        found = psutil.Process(self.process.pid)
        each = [found, *found.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in each)

    def memory_mib(self) -> float:
        """Return the resident memory of the process."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20


@contextmanager
def upstream(*words: str) -> Iterator[str]:
    """Run the mock upstream on the callers' core and yield its address with `/v1`."""
    command = [sys.executable, "-m", "tests.live.upstream", *words]
    with _running(command, core=CALLER_CORE) as process:
        yield _first_line(process)["url"] + "/v1"


@contextmanager
def ours(upstream_url: str, *, cache: bool = False) -> Iterator[Party]:
    """Run `serve` of a user who has one endpoint."""
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "config"
        config.mkdir()
        (config / "endpoints.toml").write_text(
            f'[[endpoint]]\nname = "mock"\nkind = "openai"\nurl = "{upstream_url}"\n'
            "slots = 64\nmost_in_flight = 256\n"
        )
        (config / "settings.toml").write_text(
            "[coordinator]\ndiscover = false\nembedded = false\n"
            f"[coordinator.cache]\nany_temperature = {str(cache).lower()}\n"
        )
        command = [sys.executable, "-m", "app", "serve", "--port", "0"]
        with _running(command, env={"UNIVERSAL_AI_TOOLS_HOME": home}) as process:
            told = _first_line(process)
            key = Path(told["key_file"]).read_text().strip()
            yield Party("here", Target(told["url"], key), process)


@contextmanager
def bare_relay(upstream_url: str) -> Iterator[Party]:
    """Run the limit."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.gateway.bare_relay", str(port), upstream_url]
    with _running(command) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield Party("bare relay", Target(f"http://127.0.0.1:{port}/v1"), process)


@contextmanager
def litellm(upstream_url: str) -> Iterator[Party | None]:
    """Run LiteLLM's proxy; None where it is not installed."""
    program = shutil.which("litellm")
    if program is None:
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(
            "model_list:\n- model_name: mock-small\n  litellm_params:\n"
            f"    model: openai/mock-small\n    api_base: {upstream_url}\n    api_key: sk-x\n"
            "general_settings:\n  master_key: sk-bench\n"
        )
        words = ["--config", str(config), "--port", str(port), "--host", "127.0.0.1"]
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        with _running([program, *words], env=env) as process:
            _await_port(port)
            yield Party("LiteLLM", Target(f"http://127.0.0.1:{port}/v1"), process)


@contextmanager
def portkey(upstream_url: str) -> Iterator[Party | None]:
    """Run Portkey's gateway; None where it is not installed."""
    server, node = os.environ.get("PORTKEY_SERVER"), shutil.which("node")
    if not server or node is None:
        yield None
        return
    port = free_port()
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": upstream_url}
    with _running([node, server, f"--port={port}", "--headless"]) as process:
        _await_port(port)
        yield Party("Portkey", Target(f"http://127.0.0.1:{port}/v1", headers=headers), process)


@contextmanager
def _running(
    command: list[str], *, env: dict[str, str] | None = None, core: int = SERVER_CORE
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {core % (os.cpu_count() or 1)})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    found: dict[str, str] = json.loads(process.stdout.readline())
    return found


def _await_port(port: int) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError(f"nobody listens on {port}")
