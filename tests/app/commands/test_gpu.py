"""`gpu` shows the cards, or says why there are none."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.commands import gpu
from app.commands.gpu_table import lines_of
from engine.gpu.cards import Card, CardNow, CardProcess, CardReading, CardState, Vendor
from engine.gpu.snapshot import HostReading, ResourceSnapshot

CARD = Card("GPU-1", "RTX 4090", Vendor.NVIDIA, 0, "0000:01:00.0", 24_576, "570")
HOST = HostReading(12.0, 16, 8192, 65_536, 400.0, 900.0, 1.0, 100)
READING = CardReading(
    memory_used_mib=6144,
    busy_percent=62.4,
    temperature_c=71.0,
    power_w=310.0,
    power_limit_w=450.0,
    clock_mhz=2520,
    throttled_by=("power limit", "heat (hardware)"),
    last_xid=79,
    processes=(
        CardProcess(11, 100, "graphics", name="Xorg", user="root"),
        CardProcess(12, 5120, "compute", 60.0, "train.py", "ada"),
    ),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of this test alone."""
    monkeypatch.setenv("UNIVERSAL_AI_TOOLS_HOME", str(tmp_path))
    return tmp_path


def ran(*words: str) -> int:
    """Return the exit code of `gpu` with these words."""
    parser = argparse.ArgumentParser()
    gpu.add_arguments(parser)
    return gpu.run(parser.parse_args(words))


def shown(now: CardNow, problem: str | None = None) -> str:
    """Return what is printed of one card."""
    snapshot = ResourceSnapshot(0.0, host=HOST, cards=(now,), cards_problem=problem)
    return "\n".join(lines_of(snapshot))


def test_demo_is_shown(capsys: pytest.CaptureFixture[str]):
    """The table names every card and who uses it."""
    assert ran("--demo") == gpu.DONE
    out = capsys.readouterr().out
    assert "Simulated RTX 4090" in out
    assert "Simulated RTX A4000" in out
    assert "llama-server" in out


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]):
    """Programs get every field, None where a card does not tell."""
    assert ran("--demo", "--json") == gpu.DONE
    told = json.loads(capsys.readouterr().out)
    card = told["cards"][0]
    assert card["card"]["name"] == "Simulated RTX 4090"
    assert card["state"] == "ready"
    assert card["reading"]["memory_used_mib"] > 0
    assert card["reading"]["last_xid"] is None
    assert told["host"]["cpu_cores"] == 16


def test_card_in_lines():
    """Memory, load, heat, power, what holds it back, and processes, the largest first."""
    out = shown(CardNow(CARD, READING, age_s=0.1))
    assert "[#####...............] memory 6.0 of 24.0 GiB, 25 %" in out
    assert "load 62 %, 71 °C, 310 of 450 W, 2520 MHz, fan – %" in out
    assert "held back by power limit and heat (hardware)" in out
    assert "Xid 79" in out
    assert out.index("train.py") < out.index("Xorg")


def test_lost_card_says_what_helps():
    """A card that cannot be read is told with its state, how old its figures are, and why."""
    now = CardNow(CARD, READING, CardState.LOST, "pulled out", age_s=42.0)
    assert "lost (42 s old): pulled out" in shown(now)


def test_many_processes_are_cut():
    """A card with many processes shows those that hold most, and how many are left out."""
    many = tuple(CardProcess(pid, pid) for pid in range(1, 31))
    out = shown(CardNow(CARD, replace(READING, processes=many), age_s=0.1))
    assert "and 18 more" in out
    assert "\n         30  " in out


def test_what_is_missing_is_said():
    """The sentence on what is missing stands below what works."""
    assert shown(CardNow(CARD, READING, age_s=0.1), "install it").endswith("\n\ninstall it")


def test_machine_without_cards(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Without a card, a sentence says so, and the exit code."""
    monkeypatch.setattr("engine.outsides.NvmlCards", NoCards)
    monkeypatch.setattr("engine.outsides.AmdCards", NoCards)
    monkeypatch.setattr("engine.outsides.IntelCards", NoCards)
    assert ran() == gpu.NO_CARDS
    assert "No graphics card" in capsys.readouterr().out


class NoCards:
    """A vendor without cards."""

    vendor = Vendor.AMD

    def open(self) -> None:
        pass

    def cards(self) -> tuple[Card, ...]:
        return ()

    def close(self) -> None:
        pass


def test_without_the_application_it_is_said_who_knows_of_leases(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Leases and other hosts are not silently missing, for people and for programs."""
    from engine.gpu.settings import ResourceSettings
    from engine.outsides import demo_machine

    settings = ResourceSettings(sample_period_s=gpu.HOST_PERIOD_S)
    monkeypatch.setattr(gpu, "_manager", lambda is_demo: demo_machine(settings))
    assert ran() == gpu.DONE
    assert gpu.NOBODY_TELLS in capsys.readouterr().out
    assert ran("--json") == gpu.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["leases"], told["leases_problem"]) == (None, gpu.NOBODY_TELLS)
    assert ran("--demo") == gpu.DONE
    assert "not known" not in capsys.readouterr().out


def test_help_says_what_needs_the_application(capsys: pytest.CaptureFixture[str]):
    """Both commands tell in their help what they cannot do alone."""
    for words in (["--help"], ["run", "--help"]):
        with pytest.raises(SystemExit):
            ran(*words)
        assert "universal-ai-tools serve" in " ".join(capsys.readouterr().out.split())
