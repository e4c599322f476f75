"""What was learnt is switched on, shown, exported, forgotten and paused, in the real window."""

from __future__ import annotations

import csv
import sqlite3
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.folders import Folders
from tests.journeys.desktop import Desktop
from tests.journeys.gpu_page import GpuPage
from tests.journeys.model_pages import MODELS, PLAYGROUND, ModelPages
from tests.journeys.parameters_page import PARAMETERS, ParametersPage
from tests.journeys.window import Window
from tests.live.listening import ROOT
from tests.live.programs import wait_until
from tests.live.served import endpoint, upstream_thread
from tests.live.upstream import Upstream

pytestmark = pytest.mark.live

PICTURES = ROOT / "tests" / ".output"
SETTINGS = "[coordinator]\ndiscover = false\nembedded = false\n[gateway]\nport = 0\n"
QUESTION = "Who wrote about the garden?"
RATED, MOST_QUESTIONS = 3, 10
"""How many answers are rated; the first question finds what was learnt before still being read."""
CHOICES = 4
PATIENCE_S = 120.0
WRITTEN_S = 5.0
CLOSED_S = 60.0
CSV_ENTRY = 2
TABS = 8


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    """Return a server with one model, the only one that the window knows."""
    with upstream_thread(Upstream(models=("mock-small",), tokens=8)) as server:
        folders = Folders.under(tmp_path / "home")
        folders.config.mkdir(parents=True, exist_ok=True)
        folders.settings_file.write_text(SETTINGS, encoding="utf-8")
        entry = endpoint("box", server.url, kind="ollama")
        (folders.config / "endpoints.toml").write_text(entry, encoding="utf-8")
        yield server


def learning(window: Window) -> dict[str, Any]:
    """Return what the user's settings say of parameters."""
    found: dict[str, Any] = tomllib.loads(window.settings_file.read_text(encoding="utf-8"))
    return dict(found.get("analytics", {}))


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return what `sql` finds in a database of the window's; nothing before there is one."""
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return list(connection.execute(sql))
    except sqlite3.OperationalError:
        return []  # it is just being made


def observed(window: Window) -> list[tuple[str, float | None]]:
    """Return choice and reward of the answers that count."""
    sql = "SELECT arm, reward FROM observations WHERE over_s IS NOT NULL AND forgotten = ''"
    return rows(window.data / "analytics.sqlite", sql)


def answered(window: Window) -> int:
    """Return how many answers the Playground has kept."""
    sql = "SELECT id FROM message WHERE role = 'assistant'"
    return len(rows(window.data / "router.sqlite", sql))


def rated(window: Window) -> int:
    """Return how many answers have a reward."""
    return len([reward for _, reward in observed(window) if reward is not None])


def ask_and_rate(window: Window, desktop: Desktop, pages: ModelPages) -> None:
    """Ask in the Playground until enough answers have a thumb."""
    for number in range(1, MOST_QUESTIONS + 1):
        seen, liked = len(observed(window)), rated(window)
        pages.ask(f"{QUESTION} {number}")
        wait_until(lambda n=number: answered(window) == n, "an answer", within_s=PATIENCE_S)
        end = time.monotonic() + WRITTEN_S
        while len(observed(window)) == seen and time.monotonic() < end:
            time.sleep(0.05)
        if len(observed(window)) == seen:
            continue  # nothing was suggested for this one
        desktop.press("alt+Up")
        wait_until(lambda n=liked: rated(window) > n, "the thumb", within_s=PATIENCE_S)
        if rated(window) == RATED:
            return
    pytest.fail(f"{rated(window)} of {MOST_QUESTIONS} answers were rated")


def test_what_was_learnt_is_shown_exported_and_forgotten(
    desktop: Desktop, open_window: Callable[..., Window], upstream: Upstream, tmp_path: Path
):
    """Automatic is chosen on the page; answers with thumbs become a study with its choices; what if
    is told of one; the observations are exported, forgotten and brought back; learning pauses.
    """
    window = open_window()
    pages, page = ModelPages(window, desktop), ParametersPage(window, desktop)
    tabs = GpuPage(window, desktop)  # both pages have tabs and an export of the same form
    pages.open(MODELS)
    pages.wait_until_healthy()
    pages.open(PARAMETERS)
    page.choose_automatic()
    wait_until(lambda: learning(window).get("mode") == "automatic", "the mode", within_s=PATIENCE_S)
    page.wait_for_sign("ok")
    pages.open(PLAYGROUND)
    ask_and_rate(window, desktop, pages)
    pages.open(PARAMETERS)
    choices = page.wait_for_choices(CHOICES)
    desktop.save_picture(PICTURES / "parameters-learnt.png")
    page.ask_what_if(choices[1])
    desktop.save_picture(PICTURES / "parameters-what-if.png")
    exported = tmp_path / "observations.csv"
    tabs.export(exported, entry=CSV_ENTRY)
    with exported.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert Counter(row["choice"] for row in found) == Counter(arm for arm, _ in observed(window))
    assert len([row for row in found if float(row["reward"] or "nan") == 1.0]) == RATED

    for _ in range(TABS - 1):
        tabs.show_next_tab()
    page.forget()
    wait_until(lambda: not observed(window), "nothing that counts", within_s=PATIENCE_S)
    desktop.save_picture(PICTURES / "parameters-forgotten.png")
    page.undo()
    wait_until(lambda: rated(window) == RATED, "what was forgotten", within_s=PATIENCE_S)
    page.pause()
    wait_until(lambda: learning(window).get("is_paused"), "the pause", within_s=PATIENCE_S)
    page.wait_for_sign("warn")
    desktop.save_picture(PICTURES / "parameters-paused.png")
    desktop.focus(window.number)
    desktop.press("alt+F4")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert "Traceback" not in window.program.err + window.log()
