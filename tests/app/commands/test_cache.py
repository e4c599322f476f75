"""`cache` shows and purges what Redis holds, and keeps its password in the keyring."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

import engine.keychain
import engine.outsides
from app.commands import cache
from engine.cache.service import RedisService
from engine.cache.settings import PASSWORD, CacheSettings
from engine.errors import Refused, SettingsError
from engine.folders import Folders
from tests.engine.cache.simulated_cache import HERE, Outside, Secrets, cache_on


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Return the servers that the command reaches."""
    outside = Outside()

    def cache_of_user(_: Folders, settings: CacheSettings) -> RedisService:
        return cache_on(outside, settings.url)

    monkeypatch.setattr(engine.outsides, "cache_of_user", cache_of_user)
    return outside


@pytest.fixture(autouse=True)
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the settings of this test alone, which name a Redis."""
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path))
    file = Folders.of_user().settings_file
    file.parent.mkdir(parents=True)
    file.write_text(f'[cache]\nurl = "{HERE}"\n', encoding="utf-8")
    return file


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """Return the keyring."""
    secrets = Secrets()
    monkeypatch.setattr(engine.keychain, "best_store", lambda _: secrets)
    return secrets


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cache.add_arguments(parser)
    return cache.run(parser.parse_args(words))


def fill(outside: Outside, **values: object) -> None:
    """Let another process keep `values`."""

    async def work() -> None:
        async with cache_on(outside) as other:
            await other.set_many(values)
            await other.set("elsewhere", 1, namespace="n")

    asyncio.run(work())


def test_stats(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """The state, each node and what each server says are lines of their own."""
    assert run("stats") == 0
    state, node, server = capsys.readouterr().out.splitlines()
    assert state.startswith("redis: Redis at here:6379 answers")
    assert node == "here:6379: answers, tells at once what others change"
    assert server.startswith("here:6379: Redis 7.0 (primary)")


def test_stats_for_programs(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the same is one object."""
    assert run("stats", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["address"]) == ("redis", "here:6379")
    assert told["nodes"][0]["name"] == told["servers"][0]["name"] == "here:6379"
    assert told["counts"]["writes"] == 0


def test_stats_without_an_answer(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Redis does not answer, that is what the state says."""
    outside.server().stop()
    assert run("stats") == 0
    out = capsys.readouterr().out
    assert out.startswith("memory: ")
    assert "here:6379" in out


def test_keys(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys are listed by name with time and size: all, of a namespace, or with a text."""
    fill(outside, page=1, other="x")
    assert run("keys") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "uat:1:c:default.0::=other",
        "uat:1:c:default.0::=page",
        "uat:1:c:n.0::=elsewhere",
    ]
    assert all(" s " in line and line.endswith(" B") for line in lines)
    assert run("keys", "n") == 0
    assert capsys.readouterr().out.split()[0] == "uat:1:c:n.0::=elsewhere"
    assert run("keys", "default", "--text", "PAG", "--json") == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["namespace"], row["name"], row["tier"]) == ("default", "page", "redis")


def test_more_keys(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there are more keys than are shown, that is told beside the list."""
    fill(outside, a=1, b=2, c=3)
    assert run("keys", "--limit", "2") == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert "--limit" in printed.err


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"answer": 42}, '{\n  "answer": 42\n}'),
        ("words", "words"),
        ("lone \ud800, bell \x07", "lone \ufffd\ufffd\ufffd, bell \ufffd"),
        (b"\x00\xff", "00000000  00 ff"),
    ],
)
def test_get(
    value: object, shown: str, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value is shown decoded, without what would harm a terminal; what it is goes to stderr."""
    fill(outside, page=value)
    assert run("get", "uat:1:c:default.0::=page") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(shown)
    assert "bytes" in printed.err
    assert "written" in printed.err


@pytest.mark.parametrize("key", ["uat:1:c:default.0::=absent", "nonsense"])
def test_get_what_is_not_there(
    key: str, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that is not there has an exit code of its own."""
    assert run("get", key) == 3
    assert "There is no" in capsys.readouterr().err


def test_purge(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """A namespace is purged for every process, and only that."""
    fill(outside, page=1)
    assert run("purge", "default") == 0
    assert "default is forgotten" in capsys.readouterr().out
    run("keys")
    assert capsys.readouterr().out.split()[0] == "uat:1:c:n.0::=elsewhere"


def test_purge_of_no_namespace(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that can be no namespace is refused, with what it must be."""
    assert run("purge", "a b") == 1
    assert '"a b"' in capsys.readouterr().err


def test_keys_of_no_namespace(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that can be no namespace has no keys to list, which is told as a mistake."""
    assert run("keys", "*") == 1
    assert '"*"' in capsys.readouterr().err


def test_purge_that_redis_did_not_take(
    outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    """A purge that Redis refuses is not told as done: this process ends and cannot make it up."""
    fill(outside, page=1)
    outside.server().refusal = Refused("the server is full: give it more memory")
    assert run("purge", "default") == 1
    printed = capsys.readouterr()
    assert "forgotten" not in printed.out
    assert "full" in printed.err


@pytest.mark.parametrize("words", [("keys",), ("get", "uat:1:c:n.0::=a"), ("purge", "n")])
def test_without_an_answer(
    words: tuple[str, ...], outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Redis nothing but the state can be told, and why."""
    outside.server().stop()
    assert run(*words) == 1
    assert "here:6379" in capsys.readouterr().err.lower()


@pytest.mark.parametrize("words", [("stats",), ("keys",), ("purge", "n")])
def test_without_an_address(
    words: tuple[str, ...],
    outside: Outside,
    settings_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without an address the command says where the cache is and how it is shared."""
    settings_file.write_text("", encoding="utf-8")
    assert run(*words) == 1
    err = capsys.readouterr().err
    assert "cache.url" in err
    assert str(settings_file) in err


def test_wrong_settings(
    outside: Outside, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong address is told by its name, without what may be a password in it."""
    settings_file.write_text('[cache]\nurl = "redis://me:secret@x"\n', encoding="utf-8")
    assert run("stats") == 1
    err = capsys.readouterr().err
    assert "cache.url" in err
    assert "secret" not in err


def test_what_cannot_be_opened(outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate that cannot be read is one line on stderr."""
    outside.fault = SettingsError('cache.tls.ca_file is "x": it cannot be read')
    assert run("stats") == 1
    assert capsys.readouterr().err.strip() == str(outside.fault)


@pytest.mark.parametrize("typed", ["correct horse\n", "correct horse"])
def test_password_from_a_pipe(
    typed: str,
    secrets: Secrets,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The password is read from standard input, kept in the keyring and printed nowhere."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert run("password") == 0
    assert secrets.kept == {PASSWORD: "correct horse"}
    printed = capsys.readouterr()
    assert "Kept in memory" in printed.out
    assert "horse" not in printed.out + printed.err


def test_password_is_removed(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty password removes the one that was kept."""
    secrets.kept[PASSWORD] = "old"
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert run("password") == 0
    assert secrets.kept == {}
    assert "Removed from memory" in capsys.readouterr().out


class Terminal(io.StringIO):
    """A standard input that a person types into."""

    def isatty(self) -> bool:
        return True


def test_password_from_a_person(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types is asked without an echo."""
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(cache.getpass, "getpass", lambda _: "typed")
    assert run("password") == 0
    assert secrets.kept == {PASSWORD: "typed"}


def test_password_that_cannot_be_kept(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A locked keyring is one line on stderr, without the password."""
    secrets.fault = Refused("the keyring is locked: unlock it")
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    assert run("password") == 1
    err = capsys.readouterr().err
    assert err.strip() == "the keyring is locked: unlock it"


@pytest.mark.parametrize("has_terminal", [True, False])
def test_interrupt_is_no_traceback(
    has_terminal: bool, secrets: Secrets, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C ends the command with the usual exit code."""

    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    if has_terminal:
        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(cache.getpass, "getpass", interrupt)
        assert run("password") == 130
    else:
        monkeypatch.setattr(RedisService, "refresh", interrupt)
        assert run("stats") == 130


@pytest.mark.parametrize("words", [(), ("get",), ("purge",), ("keys", "--limit", "x"), ("burn",)])
def test_wrong_usage_exits_with_two(words: tuple[str, ...]) -> None:
    """Missing and unknown words are told apart from failures."""
    with pytest.raises(SystemExit) as caught:
        run(*words)
    assert caught.value.code == 2


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_limit_of_nothing(limit: str, outside: Outside) -> None:
    """Fewer than one key cannot be asked for."""
    with pytest.raises(SystemExit) as caught:
        run("keys", "--limit", limit)
    assert caught.value.code == 2
