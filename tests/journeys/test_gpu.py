"""Cards, leases, processes, plans and exports on the GPU page, in the real window."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.gateway_client import OK, OpenGateway, open_gateway
from app.gpu_wiring import BY_HAND
from engine.folders import Folders
from tests.engine.gpu.gguf_files import LLAMA, written
from tests.journeys.desktop import Desktop
from tests.journeys.gpu_page import GpuPage
from tests.journeys.window import Window
from tests.live.listening import ROOT
from tests.live.nvml import build
from tests.live.programs import Program, wait_until

pytestmark = pytest.mark.live

PICTURES = ROOT / "tests" / ".output"
SETTINGS = (
    "[coordinator]\ndiscover = false\nembedded = false\n[gateway]\nport = 0\n"
    "[resources]\ngrace_s = 2.0\n"
)
CARDS = ("RTX 4090", "RTX 4090", "RTX A4000", "RTX 3060")
USED_MIB = (9_000, 7_000, 6_000, 5_000)
LEASED_MIB = 8_000
PATIENCE_S = 60.0
CLOSED_S = 30.0
SLACK_S = 15.0
"""What the first reading of a card may be younger than the first picture of it."""
CREATED = 201
PNG_ENTRY, CSV_ENTRY = 1, 2


@pytest.fixture
def only_ours(tmp_path: Path) -> None:
    """Let the window know no server of the machine, and take a free port."""
    file = Folders.under(tmp_path / "home").settings_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SETTINGS, encoding="utf-8")


@pytest.fixture
def users(tmp_path: Path) -> Iterator[list[Program]]:
    """Return programs of this user, one for each card."""
    programs = [
        Program(["sleep", "3600"], folder=tmp_path, name=f"user{number}")
        for number in range(len(CARDS))
    ]
    yield programs
    for each in programs:
        each.end()


@pytest.fixture
def played(tmp_path: Path, users: list[Program]) -> dict[str, str]:
    """Return the environment in which there are four cards, each used by one of the programs."""
    scenario = tmp_path / "scenario"
    lines = [f"gpus {len(CARDS)}"]
    for number, (name, used_mib, user) in enumerate(zip(CARDS, USED_MIB, users, strict=True)):
        lines += [
            f"gpu {number} name Played {name}",
            f"gpu {number} util {20 * number + 10}",
            f"proc gpu={number} pid={user.process_id} mem={used_mib} type=C sm=5",
        ]
    scenario.write_text("\n".join(lines) + "\n", encoding="utf-8")
    folder = tmp_path / "nvml"
    folder.mkdir()
    return {"LD_LIBRARY_PATH": str(build(folder)), "FAKE_NVML_SCENARIO": str(scenario)}


def gateway_of(window: Window, tmp_path: Path) -> OpenGateway:
    """Return the way to the leases of the application, once it is open."""
    folders = Folders.under(tmp_path / "home")
    return window.program.wait_for(
        lambda: open_gateway(folders), "the gateway", within_s=PATIENCE_S
    )


def closed_well(window: Window, desktop: Desktop) -> None:
    """Close the window, which must end in order."""
    desktop.focus(window.number)
    desktop.press("alt+F4")
    assert window.program.wait(within_s=CLOSED_S) == 0, window.program.err
    assert "Traceback" not in window.program.err + window.log()


@pytest.mark.usefixtures("only_ours")
def test_cards_history_and_export(
    desktop: Desktop,
    open_window: Callable[..., Window],
    played: dict[str, str],
    tmp_path: Path,
):
    """Four cards show; one click makes one large; the history goes on while the page is hidden;
    picture, history and an estimate for a model are had.
    """
    window = open_window(more=played)
    page = GpuPage(window, desktop)
    page.open()
    places = page.wait_for_bars(len(CARDS))
    seen_s = time.monotonic()
    desktop.save_picture(PICTURES / "gpu-cards.png")
    page.open_card(places[2])
    desktop.save_picture(PICTURES / "gpu-card.png")
    page.close_card(len(CARDS))

    chosen = page.choose_next_span()
    page.walk_away_and_back()
    page.wait_for_bars(len(CARDS))
    assert page.span_place() == chosen

    picture, history = tmp_path / "cards.png", tmp_path / "history.csv"
    page.export(picture, entry=PNG_ENTRY)
    wait_until(lambda: QImage(str(picture)).width() > 600, "a whole picture", within_s=PATIENCE_S)
    page.export(history, entry=CSV_ENTRY)
    watched_s = time.monotonic() - seen_s
    with history.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["card"].split(" (")[0] for row in rows} == {f"Played {name}" for name in CARDS}
    assert max(float(row["seconds_ago"]) for row in rows) > watched_s - SLACK_S

    page.show_next_tab()
    page.show_next_tab()
    page.plan(written(tmp_path / "small.gguf", LLAMA))
    desktop.save_picture(PICTURES / "gpu-plan.png")
    closed_well(window, desktop)


@pytest.mark.usefixtures("only_ours")
def test_a_lease_and_a_process_are_ended(
    desktop: Desktop,
    open_window: Callable[..., Window],
    played: dict[str, str],
    users: list[Program],
    tmp_path: Path,
):
    """A lease that a program asks for by HTTP shows, and is ended by its button; a process that
    belongs to no lease is ended only when that was confirmed.
    """
    window = open_window(more=played)
    page = GpuPage(window, desktop)
    page.open()
    page.wait_for_bars(len(CARDS))
    gateway = gateway_of(window, tmp_path)
    status, lease = gateway.call(
        "POST", "/leases", {"vram_mib": LEASED_MIB, "name": "journey", "wait": 30}, silence_s=60.0
    )
    assert status == CREATED, lease
    page.wait_for_holder(lease["id"])
    desktop.save_picture(PICTURES / "gpu-leased.png")

    page.show_next_tab()
    page.choose_first_row()
    page.press_button()

    def ended() -> str | None:
        found, told = gateway.call("GET", f"/leases/{lease['id']}")
        assert found == OK
        reason: str | None = told["reason"] if told["ended"] == "preempted" else None
        return reason

    assert BY_HAND in wait_until(ended, "the end of the lease", within_s=PATIENCE_S)
    desktop.save_picture(PICTURES / "gpu-ended.png")

    page.show_previous_tab()
    page.open_card(page.wait_for_bars(len(CARDS))[0])
    page.choose_first_row()
    desktop.press("Delete")
    page.cancel_question()
    assert users[0].is_running
    desktop.press("Delete")
    desktop.save_picture(PICTURES / "gpu-question.png")
    page.agree_to_question()
    wait_until(lambda: not users[0].is_running, "the end of the process", within_s=PATIENCE_S)
    assert all(each.is_running for each in users[1:])
    closed_well(window, desktop)


@pytest.mark.usefixtures("only_ours")
def test_without_a_card_it_is_told_what_is_missing(
    desktop: Desktop, open_window: Callable[..., Window], tmp_path: Path
):
    """On a machine without a card the page says so, and who asks for memory is told the same."""
    window = open_window()
    page = GpuPage(window, desktop)
    page.open()
    gateway = gateway_of(window, tmp_path)
    status, told = gateway.call(
        "POST", "/leases", {"vram_mib": LEASED_MIB, "wait": 30}, silence_s=60.0
    )
    if status != 409:
        pytest.skip("there is a graphics card in this machine")
    assert "graphics card" in told["error"]["message"]
    page.wait_for_strip("warn")
    desktop.save_picture(PICTURES / "gpu-none.png")
    closed_well(window, desktop)
