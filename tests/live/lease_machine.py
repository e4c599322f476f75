"""A user's home on a machine with played NVIDIA cards, where programs hold leases."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.folders import Folders
from tests.live.nvml import environment
from tests.live.ports import free_port
from tests.live.programs import Program, wait_until
from tests.live.served import START_S, surroundings

SOON_S = 30.0
"""For what takes a second or two, on a busy machine."""
MODULE = (sys.executable, "-W", "error", "-m", "app")


@dataclass
class Machine:
    """A user's home, a played card, and what runs there."""

    folder: Path
    variables: Mapping[str, str]
    port: int
    programs: list[Program]
    scenario: str
    """What the cards play; see tests/doubles/nvml/scenario.c."""

    def start(self, name: str, *words: str | Path) -> Program:
        """Start the application's command line."""
        command = [*MODULE, *(str(word) for word in words)]
        program = Program(command, folder=self.folder, name=name, environment=self.variables)
        self.programs.append(program)
        return program

    def serve(self, name: str = "serve", command: Sequence[str] = (*MODULE, "serve")) -> Program:
        """Start the engines, and wait until they answer."""
        program = Program(command, folder=self.folder, name=name, environment=self.variables)
        self.programs.append(program)
        program.wait_for(lambda: program.out.partition("\n")[0], "an address", within_s=START_S)
        return program

    def run(self, name: str, script: str, *words: str) -> Program:
        """Start a shell script on a lease of 8,000 MiB; a second such has to wait."""
        options = ("--vram", "8000", "--name", name, *words)
        return self.start(name, "gpu", "run", *options, "--", "sh", "-c", script)

    @property
    def key(self) -> str:
        """The key of the gateway."""
        config = Folders.under(self.folder / "home").config
        return (config / "gateway.key").read_text().strip()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return what the gateway answers."""
        return self.send(method, path, None if body is None else json.dumps(body).encode())

    def send(self, method: str, path: str, content: bytes | None) -> tuple[int, Any]:
        """Return what the gateway answers to bytes of any kind."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SOON_S)
        try:
            connection.request(method, path, content, {"Authorization": f"Bearer {self.key}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def names(self, kind: str) -> list[str]:
        """Return the names of leases of one kind: leases, queue or ended."""
        return [each["name"] for each in self.ask("GET", "/leases")[1][kind]]

    def play(self, *lines: str) -> None:
        """From now on the scenario says what it said at first, and `lines`."""
        scenario = self.folder / "scenario"
        fresh = scenario.with_suffix(".new")
        fresh.write_text("\n".join((self.scenario, *lines, "")))
        fresh.replace(scenario)

    def lease(self, lease_id: str) -> dict[str, Any]:
        """Return how a lease stands."""
        status, told = self.ask("GET", f"/leases/{lease_id}")
        assert status == 200, told
        found: dict[str, Any] = told
        return found

    def until(self, lease_id: str, what: str, **wanted: object) -> dict[str, Any]:
        """Wait until a lease stands as wanted, and return it."""

        def look() -> dict[str, Any] | None:
            told = self.lease(lease_id)
            return told if all(told[name] == value for name, value in wanted.items()) else None

        found = wait_until(look, what, within_s=SOON_S)
        assert found is not None
        return found

    def cards(self) -> list[dict[str, Any]]:
        """Return the account of each card."""
        found: list[dict[str, Any]] = self.ask("GET", "/leases")[1]["cards"]
        return found

    def end(self) -> None:
        """End every program, the last one first."""
        self.play()  # a call that hangs returns
        for program in reversed(self.programs):
            program.end()
            assert "Traceback" not in program.err, program.err


@contextlib.contextmanager
def machine_with(
    library: Path, folder: Path, scenario: str, settings: str = ""
) -> Iterator[Machine]:
    """Return a machine whose programs are ended with the block.

    library: where the double of NVIDIA's library is. settings: further tables of the user's.
    """
    home, port = folder / "home", free_port()
    folders = Folders.under(home)
    folders.config.mkdir(parents=True)
    folders.settings_file.write_text(
        f"[gateway]\nport = {port}\n[coordinator]\ndiscover = false\n{settings}"
    )
    variables = environment(library, folder / "scenario") | surroundings(home)
    variables |= {"LD_LIBRARY_PATH": str(library), "FAKE_NVML_SCENARIO": str(folder / "scenario")}
    made = Machine(folder, variables, port, [], scenario)
    made.play()
    try:
        yield made
    finally:
        made.end()
