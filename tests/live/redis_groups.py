"""Several redis-servers that belong together: watched by Sentinels, or a Cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.live.ports import free_port
from tests.live.programs import Program, wait_until
from tests.live.redis import RedisServer, redis_program

SERVICE = "pair"
GROUP_S = 60.0
"""What servers may take to find each other on a busy machine."""
AT_ONCE = ("--repl-diskless-sync-delay", "0")
"""A replica gets its data without the 5 s in which Redis waits for further replicas."""
SENTINEL = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {service} 127.0.0.1 {watched} 2
sentinel down-after-milliseconds {service} 300
sentinel failover-timeout {service} 2000
"""


class Sentinels:
    """A server, a replica of it, and three Sentinels that put the replica in its place."""

    def __init__(self, folder: Path) -> None:
        self.first = RedisServer(_made(folder / "first"), *AT_ONCE)
        replica_of = ("--replicaof", "127.0.0.1", str(self.first.port))
        self.second = RedisServer(_made(folder / "second"), *AT_ONCE, *replica_of)
        self._folder = folder
        self._ports = [free_port() for _ in range(3)]
        self._programs: list[Program] = []

    @property
    def url(self) -> str:
        """What the setting cache.url must say."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self._ports)}/{SERVICE}"

    def start(self) -> None:
        """Return once all know each other."""
        self.first.start()
        self.second.start()
        self._wait(lambda: "state=online" in self.first.cli("INFO", "replication"))
        for number, port in enumerate(self._ports):
            folder = _made(self._folder / f"sentinel{number}")
            path = folder / "sentinel.conf"
            words = {"port": port, "folder": folder, "watched": self.first.port}
            path.write_text(SENTINEL.format(service=SERVICE, **words), encoding="utf-8")
            program = Program(
                [redis_program("redis-sentinel", folder), path], folder=folder, name="sentinel"
            )
            self._programs.append(program)
        self._wait(lambda: all(self._is_ready(port) for port in self._ports))

    def stop(self) -> None:
        """End all of them."""
        for program in self._programs:
            program.end()
        self.second.stop()
        self.first.stop()

    def _is_ready(self, port: int) -> bool:
        words = _asked(port, "SENTINEL", "MASTER", SERVICE).split()
        facts = dict(zip(words[::2], words[1::2], strict=False))
        return facts.get("num-slaves") == "1" and facts.get("num-other-sentinels") == "2"

    def _wait(self, look: object) -> None:
        wait_until(look, "the Sentinels know each other", within_s=GROUP_S)  # type: ignore[arg-type]


class RedisCluster:
    """Three servers that share the keys."""

    def __init__(self, folder: Path) -> None:
        words = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
        self.servers = [RedisServer(_made(folder / str(number)), *words) for number in range(3)]

    @property
    def url(self) -> str:
        """What the setting cache.url must say: one server, which knows the others."""
        return f"redis+cluster://{self.servers[1].name}"

    def start(self) -> None:
        """Return once each knows who has which key."""
        for server in self.servers:
            server.start()
        names = [server.name for server in self.servers]
        subprocess.run(
            ["redis-cli", "--cluster", "create", *names, "--cluster-yes"],
            check=True,
            capture_output=True,
            timeout=GROUP_S,
        )
        wait_until(self._is_whole, "the Cluster is whole", within_s=GROUP_S)

    def stop(self) -> None:
        """End all of them."""
        for server in self.servers:
            server.stop()

    def move_slot(self, slot: int, source: RedisServer, target: RedisServer) -> None:
        """Give an empty slot of `source` to `target`."""
        name = target.cli("CLUSTER", "MYID")
        for server in (target, source):
            server.cli("CLUSTER", "SETSLOT", str(slot), "NODE", name)

    def _is_whole(self) -> bool:
        return all("cluster_state:ok" in one.cli("CLUSTER", "INFO") for one in self.servers)


def _asked(port: int, *words: str) -> str:
    done = subprocess.run(
        ["redis-cli", "-p", str(port), *words], capture_output=True, text=True, timeout=GROUP_S
    )
    return done.stdout


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
