"""The application's own models hold leases beside other programs, on a played NVIDIA card.

CUDA itself is not there: Whisper is a stand-in that notes where it was loaded, and llama.cpp one
that takes itself for a build with CUDA. Leases, queue, card and programs are real.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.coordinator.embedded_model import MODEL
from engine.model_store.store import shipped_models
from tests.live.lease_machine import SOON_S, Machine, machine_with
from tests.live.nvml import build
from tests.live.programs import Program, wait_until
from tests.live.served import ANSWER_S, START_S

pytestmark = pytest.mark.live

CARD = "gpus 1\ngpu 0 mem_total 12000\ngpu 0 mem_used 500\ngpu 0 mem_reserved 0\n"
SETTINGS = "embedded_gpu_layers = 99\n[resources]\nidle_after_s = 1\n"
WHISPER, LLAMA = "Whisper base", "Built-in model"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the double of NVIDIA's library."""
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def machine(tmp_path: Path, library: Path) -> Iterator[Machine]:
    """Return a machine whose programs are ended with the test."""
    if not (shipped_models() / "base" / "model.bin").exists():
        pytest.skip(f"{shipped_models()} holds no speech model: `make test` fetches it")
    with machine_with(library, tmp_path, CARD, SETTINGS) as made:
        yield made


def serve(machine: Machine) -> Program:
    """Start the engines on a machine with CUDA, as far as they know."""
    words = ("-m", "tests.live.card_models", str(machine.folder / "note"), "serve")
    program = machine.serve(command=(sys.executable, "-W", "error", *words))
    wait_until(lambda: loads(machine), "Whisper is loaded", within_s=START_S)
    return program


def loads(machine: Machine) -> list[str]:
    """Return where models were loaded, and which are gone, in order."""
    note = machine.folder / "note"
    return note.read_text().splitlines() if note.exists() else []


def held(machine: Machine, name: str) -> dict[str, Any] | None:
    """Return the lease of that name; None where nobody holds one."""
    leases = machine.ask("GET", "/leases")[1]["leases"]
    return next((each for each in leases if each["name"] == name), None)


def send_sound(machine: Machine) -> None:
    """Let a program send some seconds of sound, and be answered."""
    edge = uuid.uuid4().hex
    sound = b"\0\x40\0\xc0" * 12_000
    riff = b"RIFF" + (36 + len(sound)).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0"
    riff += (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0data"
    riff += len(sound).to_bytes(4, "little") + sound
    parts = f'--{edge}\r\nContent-Disposition: form-data; name="model"\r\n\r\nbase\r\n'
    parts += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    body = parts.encode() + riff + f"\r\n--{edge}--\r\n".encode()
    connection = HTTPConnection("127.0.0.1", machine.port, timeout=ANSWER_S)
    headers = {
        "Authorization": f"Bearer {machine.key}",
        "Content-Type": f"multipart/form-data; boundary={edge}",
    }
    try:
        connection.request("POST", "/v1/audio/transcriptions", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    assert answer.status == 200, content


def test_whisper_is_seen_by_name_and_makes_room_when_it_rests(machine: Machine):
    """It is loaded onto the card that gave room; idle, it leaves for a program of low priority."""
    serve(machine)
    assert loads(machine) == ["loaded base cuda 0000:01:00.0"]
    lease = held(machine, WHISPER)
    assert lease is not None
    assert (lease["priority"], lease["vram_mib"], lease["state"]) == ("high", 850, "active")
    shown = machine.start("shown", "gpu", "--json")
    assert shown.wait(within_s=SOON_S) == 0
    assert WHISPER in shown.out
    go = machine.folder / "go"
    script = f"until [ -e {go} ]; do sleep 0.1; done"
    options = ("--vram", "11000", "--priority", "low", "--name", "training")
    training = machine.start("training", "gpu", "run", *options, "--", "sh", "-c", script)
    wait_until(lambda: held(machine, "training"), "the training runs", within_s=SOON_S)
    assert loads(machine)[-1] == "closed base cuda"
    assert held(machine, WHISPER) is None
    go.touch()
    assert training.wait(within_s=SOON_S) == 0


def test_without_room_words_are_written_down_on_the_cpu(machine: Machine):
    """Who holds the card with a higher priority keeps it; the answer comes all the same."""
    serve(machine)
    go = machine.folder / "go"
    script = f"until [ -e {go} ]; do sleep 0.1; done"
    options = ("--vram", "11000", "--priority", "urgent", "--name", "urgent")
    urgent = machine.start("urgent", "gpu", "run", *options, "--", "sh", "-c", script)
    wait_until(lambda: held(machine, "urgent"), "the urgent one runs", within_s=SOON_S)
    send_sound(machine)
    at_first = ["loaded base cpu None", "closed base cpu"]
    wait_until(lambda: loads(machine)[2:] == at_first, "the CPU was used", within_s=SOON_S)
    go.touch()
    assert urgent.wait(within_s=SOON_S) == 0
    wait_until(lambda: held(machine, "urgent") is None, "it was given back", within_s=SOON_S)
    send_sound(machine)
    then = ["loaded base cuda 0000:01:00.0", "closed base cuda"]
    wait_until(lambda: loads(machine)[4:] == then, "the card was used", within_s=SOON_S)


def test_the_built_in_model_holds_a_lease_for_its_own_process(machine: Machine):
    """As large as its header and context say; what the process uses counts as the lease's."""
    if not (shipped_models() / MODEL).exists():
        pytest.skip(f"{shipped_models()} holds no language model: `make test` fetches it")
    program = serve(machine)
    question = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "temperature": 0,
        "max_tokens": 8,
    }
    connection = HTTPConnection("127.0.0.1", machine.port, timeout=ANSWER_S)
    headers = {"Authorization": f"Bearer {machine.key}"}
    connection.request("POST", "/v1/chat/completions", json.dumps(question), headers)
    answer = connection.getresponse()
    assert "Paris" in answer.read().decode()
    connection.close()
    lease = held(machine, LLAMA)
    assert lease is not None
    child = psutil.Process(lease["pid"])
    assert child.ppid() == program.process_id
    assert any("llama_child.py" in word for word in child.cmdline())
    assert 500 < lease["vram_mib"] < 2_000
    child.kill()
    wait_until(lambda: held(machine, LLAMA) is None, "it was given back", within_s=SOON_S)
