"""Which of the system's packages owns a library."""

from __future__ import annotations

from pathlib import Path

import pytest

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested

import system_packages  # isort: skip

DPKG = """#!/bin/sh
case $1 in
--search)
    echo "diversion by one from: /usr/lib/libz.so.1"
    echo "zlib1g:amd64: /usr/lib/libz.so.1"
    echo "dpkg-query: no path found matching pattern /opt/libown.so" >&2
    exit 1 ;;
--show) printf 'zlib1g:amd64\\tzlib1g\\t1:1.2.13+b1\\tamd64\\n' ;;
esac
"""


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian with one package."""
    program = tmp_path / "dpkg-query"
    program.write_text(DPKG)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(system_packages, "DOCUMENTS", tmp_path / "doc")
    return tmp_path


def test_owner_is_found_under_either_name(system: Path):
    """Where /lib is /usr/lib, a library named by the one is found under the other."""
    library = Path("/lib/libz.so.1")
    (system / "doc/zlib1g").mkdir(parents=True)
    (system / "doc/zlib1g/copyright").write_text("zlib")
    package = system_packages.owners_on_system([library])[library]
    assert (package.name, package.version) == ("zlib1g", "1:1.2.13+b1")
    assert package.purl.endswith("/zlib1g@1%3A1.2.13%2Bb1?arch=amd64")
    assert package.copyright_text == system / "doc/zlib1g/copyright"


def test_library_of_no_package_is_left_out(system: Path):
    """One that somebody put there by hand has no owner."""
    assert system_packages.owners_on_system([Path("/opt/libown.so")]) == {}


def test_system_without_dpkg_has_no_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Elsewhere nothing is asked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert system_packages.owners_on_system([Path("/lib/libz.so.1")]) == {}
