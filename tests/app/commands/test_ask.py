"""`ask`, over a gateway that runs and without one."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from app.__main__ import main
from app.commands import ask
from app.gateway_client import OpenGateway
from engine.errors import Refused, Unreachable


def chunk(words: str, **fields: Any) -> dict[str, Any]:
    """Return a chunk that says `words`."""
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": words}}]} | fields


class Gateway:
    """A gateway that says what a test wants."""

    def __init__(self, *chunks: dict[str, Any], error: Exception | None = None) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._chunks = chunks
        self._error = error

    def stream(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the chunks, then raise the error if there is one."""
        self.bodies.append(body)
        yield from self._chunks
        if self._error is not None:
            raise self._error


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Return an open gateway that answers in three pieces."""
    made = Gateway({"choices": []}, chunk("Hel"), chunk("lo"), chunk("", choices=[{"delta": {}}]))
    monkeypatch.setattr(ask, "open_gateway", lambda folders: made)
    return made


def test_words_come_as_they_are(gateway: Gateway, capsys: pytest.CaptureFixture[str]):
    """The answer's words alone go to the standard output, with a line end."""
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr().out == "Hello\n"
    assert gateway.bodies == [{"model": "", "messages": [{"role": "user", "content": "Hi"}]}]


def test_wishes(gateway: Gateway):
    """Tier, system prompt and parameters go along."""
    words = ["--tier", "fast", "--system", "Be brief", "--temperature", "0", "--max-tokens", "9"]
    assert main(["ask", *words, "Hi"]) == 0
    assert gateway.bodies == [
        {
            "model": "fast",
            "messages": [
                {"role": "system", "content": "Be brief"},
                {"role": "user", "content": "Hi"},
            ],
            "temperature": 0.0,
            "max_tokens": 9,
        }
    ]


@pytest.mark.parametrize(
    ("prompt", "is_piped", "asked"),
    [
        ("-", False, "from elsewhere"),
        ("Translate:", True, "Translate:\n\nfrom elsewhere"),
        ("Translate:", False, "Translate:"),
        (None, True, "from elsewhere"),
    ],
)
def test_standard_input(
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    prompt: str | None,
    is_piped: bool,
    asked: str,
):
    """What is piped in follows the prompt; - takes it from there alone."""
    monkeypatch.setattr("sys.stdin", io.StringIO("from elsewhere\n"))
    monkeypatch.setattr(ask, "_is_piped", lambda: is_piped)
    assert main(["ask", "--model", "m", *filter(None, (prompt,))]) == 0
    assert gateway.bodies[0]["messages"][0]["content"] == asked


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        *(
            ("--temperature", each, f"{each} is no temperature: write 0 to 2, as in 0.7")
            for each in ("nan", "inf", "-1", "2.1", "abc", "")
        ),
        *(("--max-tokens", each, f"{each} is no number from 1 on") for each in ("0", "-3", "x")),
    ],
)
def test_wishes_that_cannot_be(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], option: str, value: str, said: str
):
    """A number that no server takes is refused in words, and nothing is sent."""
    with pytest.raises(SystemExit):
        main(["ask", option, value, "hi"])
    assert said in " ".join(capsys.readouterr().err.split())
    assert gateway.bodies == []


def test_no_question(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Nothing asked is nothing sent."""
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    assert main(["ask", "-"]) == 1
    assert "no question" in capsys.readouterr().err


@pytest.mark.parametrize(
    "made",
    [
        Gateway(chunk("Hel"), {"error": {"message": "it broke off"}}),
        Gateway(error=Refused("it broke off")),
        Gateway(chunk("Hel"), error=Unreachable("it broke off")),
    ],
    ids=["in the stream", "at once", "connection"],
)
def test_errors(made: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What goes wrong is told, and the exit status says so."""
    monkeypatch.setattr(ask, "open_gateway", lambda folders: made)
    assert main(["ask", "Hi"]) == 1
    assert "it broke off" in capsys.readouterr().err


def test_answer_without_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """An answer without words is no success."""
    monkeypatch.setattr(ask, "open_gateway", lambda folders: Gateway(chunk("")))
    assert main(["ask", "Hi"]) == 1
    assert "without words" in capsys.readouterr().err


def test_without_a_gateway(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Where no application runs the engines of this process answer."""
    asked = []

    async def answer(engines: object, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        asked.append(body)
        yield chunk("Here")

    monkeypatch.setattr("engine.assembly.build_engines", lambda folders: object())
    monkeypatch.setattr(ask, "_answer", answer)
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr().out == "Here\n"
    assert asked[0]["messages"][0]["content"] == "Hi"


def test_nobody_listens():
    """A port at which nobody listens is told as such."""
    with pytest.raises(Unreachable, match="try again"):
        list(OpenGateway("http://127.0.0.1:1/v1", "key").stream({}))
