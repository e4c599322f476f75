"""A server is added, asked and found again in the list of requests, in the real window."""

from __future__ import annotations

import json
import sqlite3
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.playground_memory import PLAYGROUND_FILE
from engine.folders import Folders
from tests.journeys.desktop import Desktop
from tests.journeys.model_pages import ACTIVITY, MODELS, PLAYGROUND, ModelPages
from tests.journeys.window import Window
from tests.live.listening import ROOT
from tests.live.programs import wait_until
from tests.live.served import endpoint, upstream_thread
from tests.live.upstream import Seen, Upstream

pytestmark = pytest.mark.live

PICTURES = ROOT / "tests" / ".output"
ANSWERED_S = 30.0
CLOSED_S = 20.0
SETTINGS = "[coordinator]\ndiscover = false\nembedded = false\n[gateway]\nport = 0\n"
QUESTION = "Who wrote about the garden?"
QUESTIONS = 6
WRITTEN_S = 5.0
RATED = ("rewarded", 1.0)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Return a server that streams its answers."""
    with upstream_thread(Upstream(first_token_s=0.1, between_s=0.03, tokens=24)) as server:
        yield server


@pytest.fixture
def only_ours(tmp_path: Path) -> None:
    """Let the window know no server of the machine, and take a free port."""
    file = Folders.under(tmp_path / "home").settings_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SETTINGS, encoding="utf-8")


def chats(server: Upstream) -> list[Seen]:
    return [each for each in server.seen if each.path.endswith("/chat")]


def last_question(server: Upstream) -> str:
    asked = chats(server)
    return str(asked[-1].json()["messages"][-1]["content"]) if asked else ""


def answers(window: Window) -> list[tuple[str, str]]:
    """Return (model, text) of the answers that the Playground has kept."""
    path = window.data / "router.sqlite"
    sql = "SELECT model, content FROM message WHERE role = 'assistant' ORDER BY id"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return list(connection.execute(sql))


def remembered(window: Window) -> list[str]:
    """Return the conversations for which it is kept what was set."""
    kept = json.loads((window.data / PLAYGROUND_FILE).read_text(encoding="utf-8"))
    return [conversation for conversation in kept if conversation]


def ratings(window: Window) -> list[tuple[str, float | None]]:
    """Return (state, reward) of the suggestions whose answers are over."""
    path = window.data / "analytics.sqlite"
    sql = "SELECT state, reward FROM observations WHERE over_s IS NOT NULL"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return list(connection.execute(sql))


def written_soon(window: Window) -> bool:
    """Tell whether a suggestion is written down after a while; another question may bring one."""
    end = time.monotonic() + WRITTEN_S
    while not ratings(window) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(ratings(window))


def statuses(window: Window) -> list[int]:
    """Return how the requests in the list have ended."""
    path = window.data / "activity.sqlite"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return [status for (status,) in connection.execute("SELECT status FROM activity")]


@pytest.mark.usefixtures("only_ours")
def test_an_answer_is_stopped_and_its_question_sent_anew(
    desktop: Desktop, open_window: Callable[..., Window], upstream: Upstream, tmp_path: Path
):
    """Esc ends the answer at its server too; Up brings the question back, to be asked in place."""
    upstream.between_s, upstream.tokens = 0.5, 100
    entries = Folders.under(tmp_path / "home").config / "endpoints.toml"
    entries.write_text(endpoint("box", upstream.url, kind="ollama"), encoding="utf-8")
    window = open_window()
    pages = ModelPages(window, desktop)
    pages.open(MODELS)
    pages.wait_until_healthy()
    pages.open(PLAYGROUND)
    pages.ask(QUESTION)
    wait_until(lambda: chats(upstream), "a request", within_s=ANSWERED_S)
    desktop.press("Escape")
    wait_until(lambda: upstream.counts["aborted"], "an answer left", within_s=ANSWERED_S)
    # Written half a second after the end: by then the page knows of it too.
    wait_until(lambda: statuses(window), "the request in the list", within_s=ANSWERED_S)
    assert statuses(window) == [499]
    upstream.between_s, upstream.tokens = 0.0, 8
    pages.edit_last(" And when?")
    wait_until(lambda: len(chats(upstream)) > 1, "the new question", within_s=ANSWERED_S)
    said = [(each["role"], each["content"]) for each in chats(upstream)[-1].json()["messages"]]
    assert said == [("user", f"{QUESTION} And when?")]
    desktop.press("alt+F4")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert "Traceback" not in window.program.err + window.log()


@pytest.mark.usefixtures("only_ours")
def test_a_server_is_added_asked_and_found_again(
    desktop: Desktop, open_window: Callable[..., Window], upstream: Upstream, tmp_path: Path
):
    """By the keyboard alone: a healthy server, a streamed answer with its why, and its request."""
    window = open_window()
    pages = ModelPages(window, desktop)
    config = Folders.under(tmp_path / "home").config
    pages.open(MODELS)
    pages.add_server(upstream.url)
    desktop.save_picture(PICTURES / "models-found.png")
    pages.save_server()
    pages.wait_until_healthy()
    desktop.save_picture(PICTURES / "models-healthy.png")
    (saved,) = tomllib.loads((config / "endpoints.toml").read_text())["endpoint"]
    assert (saved["kind"], saved["url"]) == ("ollama", upstream.url)

    pages.open(PLAYGROUND)
    pages.ask(QUESTION)
    wait_until(lambda: answers(window), "an answer that is kept", within_s=ANSWERED_S)
    assert last_question(upstream) == QUESTION
    assert chats(upstream)[-1].json()["stream"] is True
    ((model, text),) = answers(window)
    assert model in upstream.models
    assert text.startswith("Hello")
    pages.show_why()
    desktop.save_picture(PICTURES / "playground-why.png")

    pages.open(ACTIVITY)
    pages.search("garden")
    desktop.save_picture(PICTURES / "activity-found.png")
    pages.copy_as_curl()
    pages.open(PLAYGROUND)
    pages.ask_what_was_copied()
    wait_until(
        lambda: last_question(upstream).startswith("curl http://127.0.0.1:"),
        "the command as a question",
        within_s=ANSWERED_S,
    )
    command = last_question(upstream)
    assert QUESTION in command
    assert "Bearer YOUR_KEY" in command
    assert (config / "gateway.key").read_text().strip() not in command
    wait_until(lambda: len(remembered(window)) == 2, "what was set", within_s=ANSWERED_S)
    desktop.press("alt+F4")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert "Traceback" not in window.program.err + window.log()


@pytest.mark.usefixtures("only_ours")
def test_a_thumb_teaches_which_parameters_work(
    desktop: Desktop, open_window: Callable[..., Window], upstream: Upstream, tmp_path: Path
):
    """Alt+Up rates the last answer and its suggestion is rewarded; pressed again it waits again."""
    upstream.models = upstream.models[:1]  # each model is learnt by itself
    folders = Folders.under(tmp_path / "home")
    settings = f'{SETTINGS}[analytics]\nmode = "automatic"\n'
    folders.settings_file.write_text(settings, encoding="utf-8")
    entries = folders.config / "endpoints.toml"
    entries.write_text(endpoint("box", upstream.url, kind="ollama"), encoding="utf-8")
    window = open_window()
    pages = ModelPages(window, desktop)
    pages.open(MODELS)
    pages.wait_until_healthy()
    pages.open(PLAYGROUND)
    # The first question to a model finds what was learnt of it still being read.
    for count in range(1, QUESTIONS + 1):
        pages.ask(f"{QUESTION} {count}")
        wait_until(
            lambda count=count: len(answers(window)) == count, "an answer", within_s=ANSWERED_S
        )
        if count > 1 and written_soon(window):
            break
    desktop.press("alt+Up")
    wait_until(lambda: RATED in ratings(window), "the thumb", within_s=ANSWERED_S)
    desktop.save_picture(PICTURES / "playground-thumb.png")
    desktop.press("alt+Up")
    wait_until(lambda: RATED not in ratings(window), "no thumb", within_s=ANSWERED_S)
    assert set(ratings(window)) == {("waiting", None)}
    desktop.press("alt+F4")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert "Traceback" not in window.program.err + window.log()
