"""Shell scripts of the packages, read without being run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
OF_DEBIAN = [PACKAGING / "linux" / name for name in ("postinst", "postrm", "prerm")]
SCRIPTS = [*sorted(PACKAGING.rglob("*.sh")), PACKAGING / "linux/universal-ai-tools.bash"]


@pytest.mark.parametrize("script", [*OF_DEBIAN, *SCRIPTS], ids=lambda path: path.name)
def test_scripts_can_be_read(script: Path):
    """A shell takes each script as a whole, before it is run."""
    shell = "sh" if script in OF_DEBIAN else "bash"
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_scripts_are_clean():
    """Shellcheck finds nothing in what a package runs as root, nor in what makes packages."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", *OF_DEBIAN, *SCRIPTS], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
