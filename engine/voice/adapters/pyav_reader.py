"""Sound out of files of any kind, by FFmpeg's decoders in PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import Damaged, Refused, Unreachable
from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray
from engine.voice.resample import Resampler

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

BLOCK = SAMPLE_RATE_HZ
"""Samples that `blocks` yields at a time: a second."""

LEAST_GAP_S = 0.25
"""Smaller jumps in the time stamps are rounding and encoder delay, not missing sound."""

LARGEST_GAP_S = 3600.0
"""Larger jumps are broken time stamps, not silence."""

MOST_BAD_PACKETS = 500
"""This many undecodable packets in a row, some ten seconds of sound, end the file."""


class PyAvReader:
    """An AudioReader for WAV, FLAC, MP3, M4A, OGG, Opus, and the sound of videos."""

    @contextmanager
    def open(self, path: Path) -> Iterator[PyAvFile]:
        """Open `path`.

        Raises Unreachable where there is no such file, Refused where it may not be read or is
        no ordinary file, Damaged where it is empty, no sound file, or has no sound in it.
        """
        import av

        _check(path)
        # The file protocol alone: a playlist must not make FFmpeg fetch from the network.
        options = {"protocol_whitelist": "file"}
        try:
            container = av.open(
                f"file:{path.absolute()}", metadata_errors="ignore", options=options
            )
        except (av.error.FFmpegError, OSError) as error:
            raise Damaged(f"{path} is no sound or video file that can be read ({error})") from error
        with container:
            if not container.streams.audio:
                raise Damaged(f"{path} has no sound in it: choose a file with an audio track")
            yield PyAvFile(path, container)


class PyAvFile:
    """An AudioFile: the first audio track of an open container."""

    def __init__(self, path: Path, container: InputContainer) -> None:
        self._path = path
        self._container = container
        self._stream = container.streams.audio[0]

    @property
    def duration_s(self) -> float | None:
        """Length where the container tells, else None."""
        stream = self._stream
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return self._container.duration / 1e6 if self._container.duration else None

    def blocks(self) -> Iterator[FloatArray]:
        """Yield the sound in order, shape (n,), 16 kHz mono, a second each; memory is bounded.

        Silence is put in where the track begins late or has a hole, so that times fit the
        picture. Packets that cannot be decoded are left out. Raises Damaged where nothing
        can be decoded or nothing more after a bad stretch; what came before is good.
        """
        waiting: list[FloatArray] = []
        length = 0
        for sound in self._sound():
            waiting.append(sound)
            length += len(sound)
            if length >= BLOCK:
                whole = np.concatenate(waiting)
                for start in range(0, length - length % BLOCK, BLOCK):
                    yield whole[start : start + BLOCK]
                waiting = [whole[length - length % BLOCK :]]
                length %= BLOCK
        if length:
            yield np.concatenate(waiting)

    def _sound(self) -> Iterator[FloatArray]:
        mixer = _Mixer()
        began_s = (self._container.start_time or 0) / 1e6
        done = 0
        for frame in self._frames():
            at_s = None if frame.time is None else frame.time - began_s
            gap_s = 0.0 if at_s is None else at_s - done / SAMPLE_RATE_HZ - mixer.held_back_s
            if LEAST_GAP_S < gap_s < LARGEST_GAP_S:
                gap = np.zeros(round(gap_s * SAMPLE_RATE_HZ), np.float32)
                done += len(gap)
                yield gap
            sound = mixer.mix(frame)
            done += len(sound)
            yield sound
        yield mixer.flush()
        if not mixer.has_mixed:
            raise Damaged(f"{self._path} has an audio track without any sound that can be decoded")

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Yield decoded frames, leaving out packets that cannot be decoded."""
        import av

        bad = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, OSError) as error:
                bad += 1
                if bad > MOST_BAD_PACKETS:
                    raise Damaged(
                        f"{self._path} cannot be decoded any further ({error}): what came before "
                        "is transcribed"
                    ) from error
                continue
            bad = 0 if frames else bad
            yield from frames


class _Mixer:
    """Brings frames of any layout and rate, which may change on the way, to 16 kHz mono."""

    def __init__(self) -> None:
        self.has_mixed = False
        self.held_back_s = 0.0
        """Sound taken in and not yet given out."""
        self._kind: tuple[Any, ...] | None = None
        self._to_mono: Any = None
        self._resampler = Resampler(SAMPLE_RATE_HZ, 1)

    def mix(self, frame: av.AudioFrame) -> FloatArray:
        """Return what is ready after `frame`."""
        import av

        rest = np.zeros(0, np.float32)
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            rest = self.flush()
            self._kind = kind
            # FFmpeg weighs the channels of surround sound; the rate is left to `Resampler`,
            # which silences NaN before it filters.
            self._to_mono = av.AudioResampler(format="flt", layout="mono", rate=frame.sample_rate)
            self._resampler = Resampler(frame.sample_rate, 1)
        frame.pts = None
        mono = [part.to_ndarray()[0] for part in self._to_mono.resample(frame)]
        self.has_mixed = self.has_mixed or bool(mono)
        sound = [self._resampler.process(part) for part in mono]
        self.held_back_s += sum(map(len, mono)) / frame.sample_rate
        self.held_back_s -= sum(map(len, sound)) / SAMPLE_RATE_HZ
        return np.concatenate([rest, *sound])

    def flush(self) -> FloatArray:
        """Return the rest."""
        self.held_back_s = 0.0
        return self._resampler.flush()


def _check(path: Path) -> None:
    """Raise where `path` cannot be a sound file, before FFmpeg sees it."""
    try:
        if not path.exists():
            raise Unreachable(f"{path} is not there: check the name")
        if not path.is_file():
            raise Refused(f"{path} is no file: choose a sound or video file")
        if path.stat().st_size == 0:
            raise Damaged(f"{path} is empty: the recording or the download failed")
        with path.open("rb"):
            pass
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}): check its permissions") from error
