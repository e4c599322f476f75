"""The recipe of the container, read without an engine that could build it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from engine.gateway.door import OPEN_PATHS
from engine.gateway.settings import DEFAULT_PORT

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging/container"
RECIPE = FOLDER / "Containerfile"
WINDOW = {"pyside6-essentials", "shiboken6", "qasync"}


def instructions() -> list[tuple[str, str]]:
    """Return each instruction of the recipe with what follows it, continued lines joined."""
    lines = [
        line for line in RECIPE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word, rest) for word, _, rest in found]


def last_stage() -> list[tuple[str, str]]:
    """Return the instructions of the stage that becomes the image."""
    found = instructions()
    at = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[at:]


def the(word: str) -> str:
    """Return what the only instruction `word` of the last stage says."""
    (found,) = [rest for each, rest in last_stage() if each == word]
    return found


def test_the_base_is_debian_by_its_version():
    """Both stages begin at one slim Debian with a tag that means one version."""
    bases = [rest.partition("=")[2] for word, rest in instructions() if rest.startswith("BASE=")]
    assert bases == ["debian:12-slim"]
    froms = [rest.partition(" AS ")[0] for word, rest in instructions() if word == "FROM"]
    assert froms == ["${BASE}", "${BASE}"]
    assert "latest" not in RECIPE.read_text(encoding="utf-8")


def test_nothing_is_fetched_behind_the_locks_back():
    """There is no ADD, no download by hand, and every library comes by its hash."""
    assert "ADD" not in {word for word, _ in instructions()}
    runs = " ".join(rest for word, rest in instructions() if word == "RUN")
    assert re.findall(r"\b(?:curl|wget|git clone)\b|https?://", runs) == []
    installs = [rest for word, rest in instructions() if "pip install" in rest]
    assert len(installs) == 1
    assert all("--require-hashes --only-binary :all: --no-deps" in each for each in installs)


def test_no_compiler_reaches_the_image():
    """What the image installs runs programs, and makes none."""
    (installed,) = [rest for word, rest in last_stage() if "apt-get install" in rest]
    packages = installed.partition("--no-install-recommends ")[2].partition(" &&")[0].split()
    assert packages == ["ca-certificates", "libportaudio2", "python3"]
    assert "rm -rf /var/lib/apt/lists" in installed


def test_encoders_that_may_not_be_passed_on_are_left_behind():
    """After the libraries are there, and before they are copied, stand-ins take their place."""
    runs = [rest for word, rest in instructions() if word == "RUN"]
    at = next(index for index, rest in enumerate(runs) if "stand_ins.py .venv/lib" in rest)
    assert any("pip install" in rest for rest in runs[:at])
    assert "gcc" in runs[0]


def test_it_is_nobody_in_particular():
    """It runs as a user without rights, whom the image makes, and not by a name that may lack."""
    uid, _, gid = the("USER").partition(":")
    assert int(uid) == int(gid) > 1000
    assert f"useradd --uid {uid} " in " ".join(rest for _, rest in last_stage())
    words = [word for word, _ in last_stage()]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert not any(word == "RUN" for word in words[words.index("USER") :])


def test_what_people_make_outlives_the_container():
    """Settings, keys, history and models lie in the volume."""
    assert f"UNIVERSAL_AI_TOOLS_HOME={the('VOLUME')} " in the("ENV") + " "


def test_its_health_is_asked_where_it_listens():
    """The check asks the path that needs no key, on the port that `serve` is given."""
    asked = the("HEALTHCHECK")
    words = json.loads(asked.partition("CMD ")[2])
    assert words[:2] == ["python", "-c"]
    ast.parse(words[2])
    (address,) = re.findall(r"http://[^']+", words[2])
    assert address == f"http://127.0.0.1:{DEFAULT_PORT}/health"
    assert "/health" in OPEN_PATHS
    assert json.loads(the("CMD")) == ["serve", "--host", "0.0.0.0", "--port", the("EXPOSE")]
    timeout_s, waits_s = re.search(r"--timeout=(\d+)s", asked), re.search(r"timeout=(\d)\)", asked)
    assert timeout_s is not None
    assert waits_s is not None
    assert int(waits_s[1]) < int(timeout_s[1])


def test_it_ends_in_order():
    """The engine's SIGTERM reaches Python itself: no shell stands between."""
    assert the("STOPSIGNAL") == "SIGTERM"
    assert json.loads(the("ENTRYPOINT")) == ["python", "-m", "app"]


def test_all_that_is_copied_exists_and_is_sent():
    """Each path of the recipe lies in the checkout, and the list of exceptions lets it through."""
    sent = (FOLDER / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert sent[1] == "*"
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for path in rest.split()[:-1]:
                assert (ROOT / path).exists()
                assert f"!{path}" in sent
    assert {"resources/models", "resources/build.toml"} <= set(sent)


def test_the_build_says_what_every_package_says():
    """`resources/build.toml` has the names that the other packages give."""
    (run,) = [rest for word, rest in instructions() if "resources/build.toml" in rest]
    text = re.search(r"printf '([^']*)'", run)
    assert text is not None
    values = iter(["0.1.0", "abc1234", "2026-11-23T18:40:00Z", "lite"])
    filled = re.sub("%s", lambda _: next(values), text[1].replace("\\n", "\n"))
    assert tomllib.loads(filled).keys() == {"version", "commit", "built_utc", "variant"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ("ARG", f"VERSION={project['version']}") in instructions()


def test_the_windows_libraries_are_left_out_and_nothing_else():
    """The lock of the image is the lock for users without Qt, with every hash."""
    lock = ROOT / "packaging/requirements.lock"
    words = [sys.executable, FOLDER / "headless_lock.py", lock]
    kept = subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def requirements(text: str) -> dict[str, str]:
        return {each.partition("==")[0]: each for each in re.split(r"\n(?=[a-z])", text.strip())}

    whole = requirements(lock.read_text(encoding="utf-8"))
    assert whole.keys() >= WINDOW
    assert requirements(kept) == {k: v for k, v in whole.items() if k not in WINDOW}


def test_serve_needs_nothing_that_was_left_out():
    """What `serve` loads before it listens imports without Qt being there."""
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['PySide6', 'shiboken6', 'qasync']));"
        "import app.__main__, app.commands.serve, engine.assembly, engine.llm_path"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
