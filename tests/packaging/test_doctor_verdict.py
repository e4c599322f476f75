"""What a frozen application's doctor must find before it is packed."""

from __future__ import annotations

import io
import json

import pytest

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import doctor_verdict  # isort: skip

WHOLE = dict.fromkeys(doctor_verdict.VARIANTS["standard"], "ok")


def checks(states: dict[str, str]) -> list[dict[str, str | None]]:
    """Return the checks of a report."""
    return [
        {"name": name, "state": state, "detail": f"{name} it is"} for name, state in states.items()
    ]


def test_a_whole_package_has_no_faults():
    """Everything that the variant brings is in order; what the machine lacks does not count."""
    found = checks({**WHOLE, "display": "warning", "microphones": "missing"})
    assert doctor_verdict.faults(found, "standard") == []


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("state", ["missing", "warning", ""])
def test_each_part_counts(name: str, state: str):
    """Whatever is not in order, or not in the report, is named."""
    states = {each: found for each, found in WHOLE.items() if each != name}
    if state:
        states[name] = state
    (line,) = doctor_verdict.faults(checks(states), "standard")
    assert line.startswith(f"{name}: ")


def test_lite_needs_no_models():
    """Without models, lite is whole and standard is not."""
    states = {name: "missing" if "model" in name else state for name, state in WHOLE.items()}
    assert doctor_verdict.faults(checks(states), "lite") == []
    assert len(doctor_verdict.faults(checks(states), "standard")) == 2


def test_the_command_fails_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The report is read from stdin; a fault is a line and an exit code."""
    report = {"checks": checks({**WHOLE, "libraries": "missing"})}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(report)))
    assert doctor_verdict.main(["standard"]) == 1
    assert "libraries: missing: libraries it is" in capsys.readouterr().err
    assert doctor_verdict.main(["other"]) == 2
