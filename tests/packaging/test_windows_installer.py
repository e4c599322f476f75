"""What the Windows installer is made from, as far as it can be read without Windows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WINDOWS = Path(__file__).resolve().parents[2] / "packaging/windows"
NAME = "universal-ai-tools"


def sections() -> dict[str, list[str]]:
    """Return the lines of each section of the installer's script, without comments."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in (WINDOWS / "installer.iss").read_text(encoding="utf-8").splitlines():
        header = re.fullmatch(r"\[(\w+)\]", line)
        if header:
            name = header[1]
            assert name not in found, f"{name} stands twice"
            found[name] = []
        elif line.strip() and not line.startswith(";"):
            found[name].append(line)
    return found


def setup() -> dict[str, str]:
    """Return what [Setup] says."""
    return dict(line.split("=", 1) for line in sections()["Setup"] if not line.startswith("#"))


def test_the_version_is_given_from_outside():
    """Without a version nothing is compiled, and the installer's name tells it."""
    text = "\n".join(sections()[""])
    assert "#ifndef AppVersion\n  #error" in text
    assert setup()["AppVersion"] == "{#AppVersion}"
    assert setup()["OutputBaseFilename"] == "{#Title}"


def test_an_upgrade_finds_what_it_replaces():
    """The identity is a GUID that never changes, and the libraries of before are wiped."""
    assert setup()["AppId"] == "{{0DA8E52D-465E-5AF9-9FA8-24CD4BF37ACB}"
    assert sections()["InstallDelete"] == ['Type: filesandordirs; Name: "{app}\\_internal"']


def test_nobody_needs_an_administrator():
    """It installs for one user, or for all where somebody chooses that."""
    assert setup()["PrivilegesRequired"] == "lowest"
    assert setup()["PrivilegesRequiredOverridesAllowed"] == "dialog commandline"


def test_what_runs_is_closed_first():
    """Programs and libraries in use are closed, never by force, before they are replaced."""
    assert setup()["CloseApplications"] == "yes"
    assert "*.dll" in setup()["CloseApplicationsFilter"]


def test_the_path_is_a_choice_and_is_taken_back():
    """The PATH changes only where the task is chosen, and the uninstaller undoes it."""
    (task,) = [line for line in sections()["Tasks"] if 'Name: "path"' in line]
    assert task.endswith("Flags: unchecked")
    code = "\n".join(sections()["Code"])
    assert "WritePath(WizardIsTaskSelected('path'))" in code
    assert "if CurUninstallStep = usUninstall then\n    WritePath(False)" in code


def test_data_go_only_where_somebody_says_yes():
    """The question's usual answer is no, and who is not asked loses nothing."""
    code = "\n".join(sections()["Code"])
    before, _, after = code.partition("DelTree(Data")
    assert "if UninstallSilent or not DirExists(Data) then\n    exit" in before
    assert "MB_YESNO or MB_DEFBUTTON2, IDNO) = IDYES then" in before
    assert "DelTree" not in before
    assert "DelTree" not in after


def test_blocks_of_the_code_are_closed():
    """Each begin has its end, and each condition of the preprocessor too."""
    lines = [line for each in sections().values() for line in each]
    opened = sum(line.startswith(("#ifdef", "#ifndef")) for line in lines)
    assert opened == sum(line.startswith("#endif") for line in lines)
    code = re.sub(r"'[^']*'|\{[^}]*\}", "", "\n".join(sections()["Code"]))
    assert len(re.findall(r"\bbegin\b", code)) == len(re.findall(r"\bend;", code))


def test_files_that_are_named_exist():
    """What the script takes from the repository is there."""
    lines = [f"LicenseFile={setup()['LicenseFile']}", *sections()["Files"]]
    named = re.findall(r"\.\.[\\\w.]+", "\n".join(lines))
    assert len(named) == 2
    assert [each for each in named if not (WINDOWS / each.replace("\\", "/")).is_file()] == []
    assert (WINDOWS / f"{NAME}.cmd").read_text().strip() == f'@"%~dp0..\\{NAME}-cli.exe" %*'


@pytest.mark.parametrize(
    "word", ["AppVersion", "Title", "SourceDir", "OutputDir", "Icon", "Signed"]
)
def test_both_scripts_speak_of_the_same(word: str):
    """What package.ps1 defines is what installer.iss reads."""
    assert f'"/D{word}' in (WINDOWS / "package.ps1").read_text(encoding="utf-8")
    assert re.search(rf"#ifn?def {word}\b", (WINDOWS / "installer.iss").read_text(encoding="utf-8"))


def test_the_application_is_run_before_and_after_it_is_signed():
    """package.ps1 tries the frozen application first, and the signed one again."""
    text = (WINDOWS / "package.ps1").read_text(encoding="utf-8")
    body = text.partition("\nTest-Application\n")[2]
    assert body.index("    Test-Application") < body.index("& (Find-Compiler)")
    assert "--version" in text
    assert "doctor --json" in text
    assert "UAT_SIGN_COMMAND is not set" in text
