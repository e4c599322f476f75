"""A redis-server of a test's own, on a free loopback port and with its own folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.live.ports import free_port
from tests.live.programs import Program, need

START_S = 15.0
ANSWER_S = 10.0


class RedisServer:
    """A redis-server that a test starts, freezes, kills and starts again.

    folder: the server's home; short, as a socket lies there and may have 107 characters.
    words: more of its configuration, such as "--maxmemory", "2mb".
    tls: a folder of `certificates()`; the port then speaks TLS only.
    """

    def __init__(
        self,
        folder: Path,
        *words: str,
        password: str | None = None,
        is_lasting: bool = False,
        tls: Path | None = None,
    ) -> None:
        self._folder = folder
        self._words = words
        self._is_lasting = is_lasting
        self._tls = tls
        self.password = password
        self.port = free_port()
        self.socket = folder / "socket"
        self._program: Program | None = None

    @property
    def name(self) -> str:
        """What its node is called."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What the setting cache.url must say."""
        return f"redis{'s' if self._tls else ''}://{self.name}/0"

    @property
    def process_id(self) -> int:
        """The number of its process."""
        return self._running.process_id

    def start(self) -> None:
        """Start it with what it kept, and return when it takes connections."""
        self._program = Program(
            [redis_program("redis-server", self._folder), *self._configuration()],
            folder=self._folder,
            name="redis",
        )
        program = self._program
        program.wait_for(
            lambda: "Ready to accept connections" in program.out, program.name, within_s=START_S
        )

    def kill(self) -> None:
        """End it at once, as the kernel would."""
        self._signal(signal.SIGKILL)
        self._running.wait()

    def stop(self) -> None:
        """End it in order; nothing happens where it does not run."""
        if self._program is not None and self._program.is_running:
            self.resume()
            self._program.end()

    def pause(self) -> None:
        """Freeze it: connections stay, answers do not come."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def restart(self, *, is_empty: bool = False) -> None:
        """End it and start it again, with its data where it is lasting and not to be empty."""
        self.stop()
        if is_empty:
            shutil.rmtree(self._folder / "appendonlydir", ignore_errors=True)
        self.start()

    def cli(self, *words: str) -> str:
        """Return what redis-cli prints for a command; fails where that is an error."""
        done = subprocess.run(
            ["redis-cli", "-e", "-s", str(self.socket), *words],
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
            env={**os.environ, **({"REDISCLI_AUTH": self.password} if self.password else {})},
        )
        assert done.returncode == 0, f"redis-cli {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    @property
    def _running(self) -> Program:
        assert self._program is not None, "the server was never started"
        return self._program

    def _signal(self, number: signal.Signals) -> None:
        self._running.signal(number)

    def _configuration(self) -> list[str]:
        words = ["--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        words += ["--unixsocket", str(self.socket)]
        words += ["--appendonly", "yes" if self._is_lasting else "no"]
        if self.password:
            words += ["--requirepass", self.password]
        if self._tls is None:
            return [*words, "--port", str(self.port), *self._words]
        return [
            *words,
            *("--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(self._tls / "server.pem")),
            *("--tls-key-file", str(self._tls / "server.key")),
            *("--tls-ca-cert-file", str(self._tls / "ca.pem")),
            *self._words,
        ]


def need_redis() -> None:
    """Skip where there is no Redis; fail where there must be one."""
    need("redis-check-rdb", "redis-cli")


def redis_program(name: str, folder: Path) -> Path:
    """Return the program `name`: "redis-server" or "redis-sentinel".

    All programs but redis-cli are one file that goes by what it is called. Debian's redis-tools has
    that file, and starts no service of the whole machine as its redis-server does; `folder` gets a
    link of the right name.
    """
    if found := shutil.which(name):
        return Path(found)
    link = folder / name
    if not link.exists():
        file = shutil.which("redis-check-rdb")
        assert file is not None, "Redis is not installed"
        link.symlink_to(file)
    return link
