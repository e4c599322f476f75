"""The bill of materials of a frozen application."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.packaging.frozen import ELF, LOCKED, Frozen

import sbom  # isort: skip - tests.packaging.frozen says where it is

BUILD = {
    "version": "0.1.0",
    "commit": "abc1234",
    "built_utc": "2026-11-23T18:40:00Z",
    "variant": "lite",
}


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    made = Frozen(tmp_path)
    made.bring("demo.libs/libopus-0123abcd.so.0", ELF + b"libopus 1.6.1\0")
    made.put("resources/models/base/model.bin", b"weights", source=None)
    return made


def text(frozen: Frozen, **changed: str) -> str:
    """Return the bill of `frozen`."""
    return JsonV1Dot6(sbom.bill(frozen.parts(), BUILD | changed)).output_as_string(indent=2)


def by_name(frozen: Frozen) -> dict[str, dict[str, Any]]:
    """Return the entries of the bill of `frozen`."""
    return {each["name"]: each for each in json.loads(text(frozen))["components"]}


def test_bill_keeps_to_the_schema(frozen: Frozen):
    """It is CycloneDX 1.6, to the letter."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text(frozen)) is None
    assert json.loads(text(frozen))["specVersion"] == "1.6"


def test_one_folder_gives_one_bill(frozen: Frozen):
    """The same build gives the same bytes; another commit another number."""
    first, again, other = text(frozen), text(frozen), text(frozen, commit="def5678")
    assert first == again
    assert json.loads(first)["serialNumber"] != json.loads(other)["serialNumber"]


def test_application_is_the_root(frozen: Frozen):
    """Its version, commit, variant and time are told, and it depends on what it brings."""
    bill = json.loads(text(frozen))
    root = bill["metadata"]["component"]
    assert (root["name"], root["version"], root["type"]) == (
        "universal-ai-tools",
        "0.1.0",
        "application",
    )
    assert bill["metadata"]["timestamp"].startswith("2026-11-23T18:40:00")
    told = {each["name"]: each["value"] for each in root["properties"]}
    assert told == {"universal-ai-tools:commit": "abc1234", "universal-ai-tools:variant": "lite"}
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    model = "model/Whisper base, converted for CTranslate2"
    assert sorted(needs["universal-ai-tools"]) == [model, "package/demo/1.0"]
    assert needs["package/demo/1.0"] == ["library/Opus/1.6.1/demo 1.0"]


def test_entries_say_what_is_known(frozen: Frozen):
    """A package has its address and sum; a library its file with its sum, and who brought it."""
    entries = by_name(frozen)
    assert entries["demo"]["purl"] == "pkg:pypi/demo@1.0"
    assert entries["demo"]["hashes"] == [{"alg": "SHA-256", "content": LOCKED}]
    opus = entries["Opus"]
    assert opus["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert [each["name"] for each in opus["components"]] == ["demo.libs/libopus-0123abcd.so.0"]
    assert {"name": "universal-ai-tools:brought-by", "value": "demo 1.0"} in opus["properties"]
    whisper = entries["Whisper base, converted for CTranslate2"]
    assert whisper["type"] == "machine-learning-model"


def test_of_several_locked_sums_none_is_claimed(frozen: Frozen):
    """Where the lock accepts archives for several platforms, all are told, none as the sum."""
    frozen.locked["demo"] = (LOCKED, "cd" * 32)
    entry = by_name(frozen)["demo"]
    assert "hashes" not in entry
    told = {each["name"]: each["value"] for each in entry["properties"]}
    assert told["universal-ai-tools:locked-sha256"] == f"{LOCKED} {'cd' * 32}"


def test_command_refuses_what_is_not_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """It writes no bill, says why on one line each, and exits with 1."""
    frozen = Frozen(tmp_path)
    frozen.modules = [("stray", "/nowhere/stray.py", "PYMODULE")]
    frozen.read()
    out = tmp_path / "bill.json"
    assert sbom.main([str(frozen.folder), str(frozen.build), str(out)]) == 1
    assert capsys.readouterr().err.startswith("sbom: /nowhere/stray.py: belongs to no")
    assert not out.exists()


def test_command_writes_the_bill(tmp_path: Path):
    """A folder without the work of others has a bill with its own name in it."""
    frozen, out = Frozen(tmp_path), tmp_path / "bill.json"
    frozen.modules = []
    frozen.read()
    assert sbom.main([str(frozen.folder), str(frozen.build), str(out)]) == 0
    assert json.loads(out.read_text())["metadata"]["component"]["version"] == "0.1.0"
    assert sbom.main([]) == 2
