"""The release workflow, read without GitHub."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.updates.release import release_in

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github/workflows/release.yml"
TEXT = WORKFLOW.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    """Return the workflow as YAML has it."""
    return dict(yaml.safe_load(TEXT))


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every step of every job."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def test_three_systems_make_their_packages(workflow: dict[str, Any]):
    """Linux comes from the oldest Ubuntu, so that what it needs is there on later ones."""
    systems = workflow["jobs"]["package"]["strategy"]["matrix"]["os"]
    assert [each.partition("-")[0] for each in systems] == ["ubuntu", "windows", "macos"]
    assert "ubuntu-22.04" in systems


def test_it_does_what_a_person_would_type(workflow: dict[str, Any]):
    """The steps call the project's own target and scripts."""
    runs = " ".join(step.get("run", "") for step in steps(workflow))
    assert "make package" in runs
    assert "bash packaging/package.sh" in runs
    assert "packaging/smoke.sh" in runs


def test_rights_are_no_more_than_needed(workflow: dict[str, Any]):
    """Everything reads; only the job that drafts the release writes, and only there."""
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]
    assert {name: job.get("permissions") for name, job in jobs.items()} == {
        "package": None,
        "publish": {"contents": "write"},
    }
    checkouts = [step for step in steps(workflow) if "checkout" in step.get("uses", "")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False, False]


def test_a_release_is_a_draft_of_a_tag(workflow: dict[str, Any]):
    """No push publishes: a tag makes a draft with all files and their sums."""
    # YAML 1.1 reads the word `on` as a truth value.
    assert workflow[True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
    publish = workflow["jobs"]["publish"]
    assert publish["if"] == "github.ref_type == 'tag'"
    assert publish["needs"] == "package"
    (create,) = [step for step in publish["steps"] if "gh release create" in step.get("run", "")]
    assert "--draft --verify-tag" in create["run"]
    assert any("checksums.py dist" in step.get("run", "") for step in publish["steps"])


def test_a_release_says_which_version_is_out(workflow: dict[str, Any]):
    """Packages ask for the file that the release brings, and it says what they understand."""
    make, say = (
        next(step for step in steps(workflow) if word in step.get("env", {}))
        for word in ("UAT_UPDATES_URL", "PAGE")
    )
    assert make["env"]["UAT_UPDATES_URL"].endswith("/releases/latest/download/newest.json")
    text = say["run"].replace("dist/newest.json", "/dev/stdout").partition("python ")[0]
    page = "https://example.org/me/it/releases/tag/v1.2.3"
    done = subprocess.run(
        ["bash", "-c", text],
        env={"PATH": os.environ["PATH"], "TAG": "v1.2.3", "PAGE": page},
        capture_output=True,
    )
    told = release_in(done.stdout, "the release")
    assert (told.version, told.page, told.released is not None) == ("1.2.3", page, True)


@pytest.mark.parametrize(("tag", "status"), [("v{}", 0), ("v{}.1", 1), ("{}", 1)])
def test_a_tag_that_is_not_the_version_makes_nothing(
    workflow: dict[str, Any], tag: str, status: int
):
    """What a release is called is what the application says of itself."""
    (hold,) = [step for step in steps(workflow) if "pyproject.toml" in step.get("run", "")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = subprocess.run(
        ["bash", "-c", hold["run"]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TAG": tag.format(project["version"])},
        capture_output=True,
    )
    assert done.returncode == status


def test_actions_are_githubs_own_by_version(workflow: dict[str, Any]):
    """Each action comes from GitHub itself and names its version."""
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [each for each in used if not re.fullmatch(r"actions/[\w-]+@v\d+", each)] == []


def test_what_others_choose_is_no_code(workflow: dict[str, Any]):
    """Names of tags and secrets reach a shell through its environment, never through its text."""
    chosen = re.compile(r"\$\{\{[^}]*(github\.(ref|event|head)|secrets\.)")
    assert [step["run"] for step in steps(workflow) if chosen.search(step.get("run", ""))] == []


def test_each_shell_step_can_be_read(workflow: dict[str, Any]):
    """Bash takes every step as a whole; words that GitHub fills in stand as they are."""
    for step in steps(workflow):
        text = re.sub(r"\$\{\{.*?\}\}", "filled", step.get("run", ""))
        done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_every_job_has_an_end(workflow: dict[str, Any]):
    """A job that hangs is ended, and what is missing is an error."""
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    (upload,) = [each for each in steps(workflow) if "upload-artifact" in each.get("uses", "")]
    assert upload["with"]["if-no-files-found"] == "error"


def test_what_signs_is_forgotten(workflow: dict[str, Any]):
    """Keys that were written to the disk go again, also when a step failed."""
    names = re.findall(r"\$RUNNER_TEMP/([\w.]+)", TEXT)
    (cleaning,) = [each for each in steps(workflow) if str(each.get("if", "")).startswith("always")]
    assert set(names) == set(re.findall(r"\$RUNNER_TEMP/([\w.]+)", cleaning["run"]))


def test_the_scripts_and_the_workflow_agree_on_names():
    """Each variable that a script reads to sign is one that the workflow gives."""
    scripts = [ROOT / "packaging/macos/package.sh", ROOT / "packaging/windows/package.ps1"]
    read = {
        name
        for script in scripts
        for name in re.findall(r"\bUAT_(?:CODESIGN|NOTARY|SIGN)_\w+", script.read_text("utf-8"))
    }
    assert {name for name in read if name not in TEXT} == {"UAT_NOTARY_PROFILE"}
