"""`cache` in a process of its own, on a real Redis with a password.

Needs redis-server and redis-cli.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cache.settings import PASSWORD
from engine.folders import Folders
from tests.live.cache import Secrets, cache_at
from tests.live.redis import RedisServer
from tests.live.redis_fixtures import MakeRedis

pytestmark = pytest.mark.live

SECRET = "correct horse battery"
LIMIT_S = 60


@pytest.fixture
def server(make_redis: MakeRedis) -> RedisServer:
    """Return a server that wants a password, with some values."""
    server = make_redis(password=SECRET)

    async def fill() -> None:
        async with cache_at(server.url, secrets=Secrets(**{PASSWORD: SECRET})) as cache:
            await cache.set("page", {"answer": 42})
            await cache.set("note", "words", namespace="notes")

    asyncio.run(fill())
    return server


@pytest.fixture
def home(tmp_path: Path, server: RedisServer) -> Path:
    """Return the home of a user whose settings name that server."""
    file = Folders.under(tmp_path).settings_file
    file.parent.mkdir(parents=True)
    # A busy machine: this test is not about deadlines.
    file.write_text(
        f'[cache]\nurl = "{server.url}"\nloopback_deadline_ms = 2000\n', encoding="utf-8"
    )
    return tmp_path


def run(home: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command; there is no keyring, so secrets are in the user's file."""
    surroundings = {
        "UNIVERSAL_AI_TOOLS_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "app", "cache", *words],
        env=os.environ | surroundings,
        input=typed,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_from_the_password_to_the_purge(home: Path, server: RedisServer):
    """The password is asked for, kept and used; then all can be seen, and purged."""
    refused = run(home, "keys")
    assert refused.returncode == 1
    assert "password" in refused.stderr
    kept = run(home, "password", typed=f"{SECRET}\n")
    assert kept.returncode == 0, kept.stderr
    stats = run(home, "stats", "--json")
    assert stats.returncode == 0, stats.stderr
    told = json.loads(stats.stdout)
    assert told["state"] == "redis"
    assert told["servers"][0]["version"]
    keys = run(home, "keys")
    assert [line.split()[0] for line in keys.stdout.splitlines()] == [
        "uat:1:c:default.0::=page",
        "uat:1:c:notes.0::=note",
    ]
    assert run(home, "get", "uat:1:c:default.0::=page").stdout == '{\n  "answer": 42\n}\n'
    assert run(home, "get", "uat:1:c:default.0::=absent").returncode == 3
    purged = run(home, "purge", "notes")
    assert purged.returncode == 0, purged.stderr
    assert run(home, "keys").stdout.split()[0] == "uat:1:c:default.0::=page"
    assert "note" not in run(home, "keys").stdout
    everything = [refused, kept, stats, keys, purged]
    assert SECRET not in "".join(each.stdout + each.stderr for each in everything)


def test_without_a_server(home: Path, server: RedisServer):
    """Without the server the state is told, soon, and nothing else is possible."""
    run(home, "password", typed=f"{SECRET}\n")
    server.kill()
    stats = run(home, "stats")
    assert stats.returncode == 0
    assert stats.stdout.startswith("memory: ")
    assert server.name in stats.stdout
    purge = run(home, "purge", "notes")
    assert purge.returncode == 1
    assert "Traceback" not in purge.stderr
