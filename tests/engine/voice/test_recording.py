"""A recording survives whatever happens to the process that makes it."""

from __future__ import annotations

import errno
import resource
import signal
import subprocess
import sys
import threading
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Refused, Unreachable
from engine.voice.recording import (
    Recording,
    discard,
    find_unfinished,
    finish_unfinished,
    mend,
    purge,
)

ROOT = Path(__file__).parents[3]


class FixedClock:
    def now(self) -> float:
        return 0.0

    def wall(self) -> datetime:
        return datetime(2026, 3, 1, 12, 30, 0, 5, tzinfo=UTC)


@pytest.fixture
def sound() -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, 40_000).astype(np.float32)


def killed_after(folder: Path, samples: int, ending: str) -> None:
    """Record `samples` in another process, which then ends by `ending`."""
    script = (
        "import os, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from engine.clock import SystemClock\n"
        "from engine.voice.recording import Recording\n"
        f"made = Recording(Path({str(folder)!r}), clock=SystemClock())\n"
        f"sound = np.linspace(-0.5, 0.5, {samples}, dtype=np.float32)\n"
        "for block in np.array_split(sound, 25): made.write(block)\n"
        f"while made.path.stat().st_size < 44 + 2 * {samples}: assert made._problem is None\n"
        "print('ready', flush=True)\n"
        f"{ending}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.wait(timeout=20)


def test_kept_recording_is_a_plain_wav_file(tmp_path: Path, sound: np.ndarray) -> None:
    """A finished recording holds every sample as 16-bit mono WAV at 16 kHz."""
    recording = Recording(tmp_path, clock=FixedClock())
    for block in np.array_split(sound, 80):
        recording.write(block)
    assert recording.duration_s == 2.5
    path = recording.finish(keep=True)
    assert path is not None
    assert path.name == "20260301T123000.000005Z.wav"
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (1, 2, 16_000, 40_000)
        got = np.frombuffer(file.readframes(40_000), "<i2") / 32767
    np.testing.assert_allclose(got, sound, atol=1 / 32767)
    assert list(tmp_path.iterdir()) == [path]


def test_unwanted_recording_leaves_nothing(tmp_path: Path, sound: np.ndarray) -> None:
    """A recording that is not to be kept leaves no file behind."""
    recording = Recording(tmp_path, clock=FixedClock())
    recording.write(sound)
    assert recording.finish(keep=False) is None
    assert list(tmp_path.iterdir()) == []


def test_running_recording_can_be_played(tmp_path: Path) -> None:
    """The header is renewed each second, so other programs can open the file meanwhile."""
    recording = Recording(tmp_path, clock=FixedClock())
    recording.write(np.zeros(20_000, np.float32))
    recording._blocks.put(None)
    recording._thread.join()
    with wave.open(str(recording.path)) as file:
        assert file.getnframes() == 20_000
    recording.finish(keep=False)


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)"])
def test_killed_recording_is_found_whole(tmp_path: Path, ending: str) -> None:
    """After SIGKILL the recording is offered, with its start and every sample written."""
    before = datetime.now(UTC)
    killed_after(tmp_path, 24_001, ending)
    (found,) = find_unfinished(tmp_path)
    assert before <= found.started_at <= datetime.now(UTC)
    assert found.duration_s == 24_001 / 16_000
    expected = np.linspace(-0.5, 0.5, 24_001, dtype=np.float32)
    with wave.open(str(mend(tmp_path, found.name))) as file:
        got = np.frombuffer(file.readframes(24_001), "<i2") / 32767
    np.testing.assert_allclose(got, expected, atol=1 / 32767)


def test_mended_recording_opens_anywhere(tmp_path: Path) -> None:
    """After `mend` the header counts every sample, also those after its last renewal."""
    killed_after(tmp_path, 24_001, "os.kill(os.getpid(), signal.SIGKILL)")
    (found,) = find_unfinished(tmp_path)
    with wave.open(str(mend(tmp_path, found.name))) as file:
        assert file.getnframes() == 24_001


def test_running_recording_is_not_offered(tmp_path: Path, sound: np.ndarray) -> None:
    """A recording that a living process still makes is nobody's to recover."""
    recording = Recording(tmp_path, clock=FixedClock())
    recording.write(sound)
    assert find_unfinished(tmp_path) == ()
    recording.finish(keep=True)
    assert find_unfinished(tmp_path) == ()


def test_recording_of_another_living_process_is_not_offered(tmp_path: Path) -> None:
    """The lock is seen across processes, not only within one."""
    script = (
        "import sys, time\nfrom pathlib import Path\nimport numpy as np\n"
        "from engine.clock import SystemClock\nfrom engine.voice.recording import Recording\n"
        f"r = Recording(Path({str(tmp_path)!r}), clock=SystemClock())\n"
        "r.write(np.ones(9000, np.float32))\n"
        "while r.path.stat().st_size < 18_044: assert r._problem is None\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert find_unfinished(tmp_path) == ()
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)
    assert len(find_unfinished(tmp_path)) == 1


def test_discarded_recording_is_gone(tmp_path: Path) -> None:
    """What the user does not want back is deleted, lock and all, and twice is no error."""
    killed_after(tmp_path, 16_000, "os._exit(1)")
    (found,) = find_unfinished(tmp_path)
    discard(tmp_path, found.name)
    discard(tmp_path, found.name)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Unreachable, match="not there any more"):
        finish_unfinished(tmp_path, found.name)


def test_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    """A name with a path in it reaches nothing outside the folder of recordings."""
    outside = tmp_path / "precious.partial.wav"
    outside.write_bytes(b"x" * 100)
    folder = tmp_path / "recordings"
    folder.mkdir()
    discard(folder, "../precious")
    assert outside.exists()
    with pytest.raises(Unreachable):
        finish_unfinished(folder, "../precious")


def test_strangers_and_empty_files_are_not_offered(tmp_path: Path) -> None:
    """Files with other names, and recordings that ended before any sound, are left out."""
    (tmp_path / "holiday.partial.wav").write_bytes(bytes(10_000))
    (tmp_path / "20260301T123000.000005Z.partial.wav").write_bytes(bytes(44))
    assert find_unfinished(tmp_path) == ()
    assert find_unfinished(tmp_path / "absent") == ()


def test_full_disk_is_reported_once(tmp_path: Path, sound: np.ndarray) -> None:
    """A full disk raises Refused once, later writes pass, and what was written is good."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_044, before[1]))
    try:
        recording = Recording(tmp_path, clock=FixedClock())
        recording.write(sound)
        while recording._problem is None:
            assert recording._thread.is_alive()
        with pytest.raises(Refused, match="stops here"):
            recording.write(sound)
        recording.write(sound)
        assert recording.duration_s == 7.5
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    path = recording.finish(keep=True)
    assert path is not None
    assert path.stat().st_size == 30_044


def test_stalled_disk_blocks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk does not keep up, the caller is told instead of made to wait."""
    monkeypatch.setattr("engine.voice.recording.LONGEST_BACKLOG", 2)
    monkeypatch.setattr(Recording, "_write_all", lambda self: None)
    recording = Recording(tmp_path, clock=FixedClock())
    block = np.zeros(512, np.float32)
    recording.write(block)
    recording.write(block)
    with pytest.raises(Refused, match="too slow"):
        recording.write(block)
    recording._thread.join()
    recording.finish(keep=False)


def test_unwritable_folder_is_named(tmp_path: Path) -> None:
    """Where no file can be made, Refused names the file."""
    (tmp_path / "recordings").write_text("a file, not a folder")
    with pytest.raises(Refused, match="cannot be begun"):
        Recording(tmp_path / "recordings", clock=FixedClock())


def test_write_error_names_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own reason appears in the message."""

    def fail(self: Recording, block: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Recording, "_write", fail)
    recording = Recording(tmp_path, clock=FixedClock())
    recording.write(np.zeros(512, np.float32))
    while recording._problem is None:
        assert recording._thread.is_alive()
    with pytest.raises(Refused, match="No space left on device"):
        recording.write(np.zeros(512, np.float32))
    recording.finish(keep=False)


def test_stalled_disk_loses_nothing_that_was_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited for a disk that stalled is written once it goes on."""
    monkeypatch.setattr("engine.voice.recording.LONGEST_BACKLOG", 3)
    goes_on = threading.Event()
    write_all = Recording._write_all

    def stalled(self: Recording) -> None:
        assert goes_on.wait(10)
        write_all(self)

    monkeypatch.setattr(Recording, "_write_all", stalled)
    recording = Recording(tmp_path, clock=FixedClock())
    block = np.full(512, 0.5, np.float32)
    for _ in range(3):
        recording.write(block)
    with pytest.raises(Refused, match="too slow"):
        recording.write(block)
    goes_on.set()
    path = recording.finish(keep=True)
    assert path is not None
    with wave.open(str(path)) as file:
        assert file.getnframes() == 3 * 512


def test_disk_that_fills_at_the_very_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the last block cannot be written and nobody heard of it, the finish says so."""

    def fail(self: Recording, block: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Recording, "_write", fail)
    recording = Recording(tmp_path, clock=FixedClock())
    recording.write(np.zeros(512, np.float32))
    with pytest.raises(Refused, match="No space left on device"):
        recording.finish(keep=True)
    assert [path.name for path in tmp_path.iterdir()] == ["20260301T123000.000005Z.wav"]


def test_recording_that_cannot_begin_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk no empty file and no lock stays behind."""

    def full(size_bytes: int) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.voice.recording._header", full)
    with pytest.raises(Refused, match="No space left"):
        Recording(tmp_path, clock=FixedClock())
    assert list(tmp_path.iterdir()) == []


def test_recovered_recording_can_be_kept(tmp_path: Path) -> None:
    """A recording that was cut off can stay as a finished one, and is offered no more."""
    killed_after(tmp_path, 16_000, "os._exit(1)")
    (found,) = find_unfinished(tmp_path)
    mend(tmp_path, found.name)
    finish_unfinished(tmp_path, found.name)
    assert find_unfinished(tmp_path) == ()
    (path,) = tmp_path.iterdir()
    assert path.name == f"{found.name}.wav"
    with wave.open(str(path)) as file:
        assert file.getnframes() == 16_000


def test_only_old_finished_recordings_are_purged(tmp_path: Path) -> None:
    """What was kept leaves when it is old; what was cut off, and what is not ours, stays."""
    old, new = "20260101T000000.000000Z", "20260301T000000.000000Z"
    names = {f"{old}.wav", f"{new}.wav", f"{old}.partial.wav", "song.wav", "notes.txt"}
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert purge(tmp_path, before=datetime(2026, 2, 1, tzinfo=UTC)) == 1
    assert {path.name for path in tmp_path.iterdir()} == names - {f"{old}.wav"}
    assert purge(tmp_path / "absent", before=datetime(2026, 2, 1, tzinfo=UTC)) == 0
