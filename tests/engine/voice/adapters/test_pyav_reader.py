"""Files of any kind become 16 kHz mono, and broken ones say what is wrong with them."""

from __future__ import annotations

import os
import stat
import wave
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Damaged, Refused, Unreachable
from engine.voice.adapters.pyav_reader import PyAvReader

SECONDS = 2.5


def tone(rate_hz: int, seconds: float = SECONDS) -> np.ndarray:
    return 0.4 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)


def encode(
    path: Path, codec: str, rate_hz: int, layout: str = "stereo", delay_s: float = 0
) -> Path:
    """Write the tone with `codec` into `path`; the container follows from the suffix."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout=layout, rate=rate_hz
        )
        mono = (tone(rate_hz) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(mono[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = rate_hz
        frame.pts = 0
        fifo = av.AudioFifo()
        for part in resampler.resample(frame):
            part.pts = None
            fifo.write(part)
        done = 0
        while part := fifo.read(stream.codec_context.frame_size or 1024, partial=True):
            part.pts = done + int(delay_s * rate_hz)
            done += part.samples
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def read(path: Path) -> np.ndarray:
    with PyAvReader().open(path) as file:
        return np.concatenate(list(file.blocks()))


def loudest_hz(sound: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * 16000 / len(sound))


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "layout"),
    [
        ("a.wav", "pcm_s16le", 44100, "stereo"),
        ("a.wav", "pcm_s24le", 96000, "mono"),
        ("a.wav", "pcm_u8", 8000, "mono"),
        ("a.flac", "flac", 48000, "stereo"),
        ("a.mp3", "libmp3lame", 44100, "stereo"),
        ("a.m4a", "aac", 44100, "5.1"),
        ("a.mp4", "aac", 22050, "mono"),
        ("a.ogg", "libopus", 48000, "mono"),
        ("a.opus", "libopus", 48000, "stereo"),
        ("a.mkv", "flac", 16000, "mono"),
        ("a.aiff", "pcm_s16be", 11025, "mono"),
    ],
)
def test_every_format_becomes_16_khz_mono(
    tmp_path: Path, name: str, codec: str, rate_hz: int, layout: str
) -> None:
    """The tone arrives at its pitch and length, in blocks of a second, from every format."""
    path = encode(tmp_path / name, codec, rate_hz, layout)
    with PyAvReader().open(path) as file:
        blocks = list(file.blocks())
        assert file.duration_s == pytest.approx(SECONDS, abs=0.12)
    sound = np.concatenate(blocks)
    assert sound.dtype == np.float32
    assert [len(block) for block in blocks[:-1]] == [16000] * (len(blocks) - 1)
    assert len(sound) / 16000 == pytest.approx(SECONDS, abs=0.12)
    assert loudest_hz(sound) == pytest.approx(440, abs=2)
    assert 0.05 < np.abs(sound).max() < 0.6


def test_name_with_odd_characters(tmp_path: Path) -> None:
    """A name that looks like an address or a pattern is a name."""
    path = encode(tmp_path / "a.wav", "pcm_s16le", 16000, "mono")
    for name in ("http:%2F%2Fx y?#.wav", "pipe:0.wav", "frame%03d.wav", "-i.wav", "größe 天.wav"):
        other = path.rename(tmp_path / name)
        assert len(read(other)) == SECONDS * 16000
        path = other


def test_late_track_keeps_its_times(tmp_path: Path) -> None:
    """Where time stamps jump, silence fills the hole, so that subtitles fit the picture."""
    import av

    path = tmp_path / "hole.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=16000, layout="mono")
        for start_s in (0.0, 3.0):
            frame = av.AudioFrame.from_ndarray(
                (tone(16000, 1.0) * 32767).astype(np.int16)[np.newaxis], format="s16", layout="mono"
            )
            frame.sample_rate = 16000
            frame.pts = int(start_s * 16000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sound = read(path)
    assert len(sound) / 16000 == pytest.approx(4.0, abs=0.1)
    assert np.abs(sound[20000:44000]).max() == 0.0
    assert np.abs(sound[52000:]).max() > 0.3


def test_not_a_number_in_the_file_is_silence(tmp_path: Path) -> None:
    """A float file with NaN and samples beyond full scale comes out finite and clipped."""
    samples = np.full(44100, 0.25, "<f4")
    samples[100:200] = np.nan
    samples[300] = np.inf
    samples[20000:20100] = 9.0
    content = samples.tobytes()
    header = b"RIFF" + (36 + len(content)).to_bytes(4, "little") + b"WAVEfmt "
    header += b"\x10\0\0\0\x03\0\x01\0" + (44100).to_bytes(4, "little")
    header += (44100 * 4).to_bytes(4, "little") + b"\x04\0\x20\0data"
    path = tmp_path / "nan.wav"
    path.write_bytes(header + len(content).to_bytes(4, "little") + content)
    sound = read(path)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == 1.0
    assert sound[12000] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "libmp3lame"), ("a.flac", "flac")])
def test_damage_inside_loses_only_itself(tmp_path: Path, name: str, codec: str) -> None:
    """A stretch of rubbish in the middle costs that stretch; the rest is still heard."""
    path = encode(tmp_path / name, codec, 44100)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 600] = os.urandom(600)
    path.write_bytes(content)
    assert len(read(path)) / 16000 == pytest.approx(SECONDS, abs=0.5)


def test_cut_file_is_read_to_its_end(tmp_path: Path) -> None:
    """A recording that was cut off gives what it has."""
    path = encode(tmp_path / "a.wav", "pcm_s16le", 16000, "mono")
    path.write_bytes(path.read_bytes()[:40_044])
    assert len(read(path)) == pytest.approx(20_000, abs=100)


def test_length_of_zero_is_damaged(tmp_path: Path) -> None:
    """A sound file with a header and no samples says so."""
    path = tmp_path / "zero.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
    with pytest.raises(Damaged, match=r"zero\.wav"):
        read(path)


def test_missing_file_is_unreachable(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(Unreachable, match=r"gone\.wav is not there"):
        read(tmp_path / "gone.wav")


def test_folder_and_pipe_are_refused(tmp_path: Path) -> None:
    """What is no ordinary file is refused without being opened: a pipe would block for ever."""
    with pytest.raises(Refused, match="is no file"):
        read(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(Refused, match="is no file"):
        read(pipe)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_refused(tmp_path: Path) -> None:
    """A file without read permission is refused, with the reason."""
    path = tmp_path / "secret.wav"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(Refused, match="permissions"):
        read(path)


def test_unreadable_file_names_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says when a file cannot be opened reaches the user."""
    path = tmp_path / "secret.wav"
    path.write_bytes(b"x")

    def refuse(self: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Refused, match="Permission denied"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.mp3", b"", "is empty"),
        ("text.wav", b"Dear diary,\n" * 500, "no sound"),
        ("noise.mp3", bytes(np.random.default_rng(5).integers(0, 256, 40_000, np.uint8)), "noise"),
        ("page.html", b"<html><body>" + b"<p>hello</p>" * 100, "no sound"),
        ("program.exe", b"MZ" + bytes(5000), "no sound"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "list"),
        ("half.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom\0\0\x10\0mdat" + bytes(4000), "half"),
    ],
)
def test_what_is_no_sound_is_damaged(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """Empty files, text, random bytes, playlists and cut containers are told apart from sound."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Damaged, match=says) as caught:
        read(path)
    assert name in str(caught.value)


def test_picture_without_sound_is_damaged(tmp_path: Path) -> None:
    """A video without an audio track says that it has no sound."""
    import av

    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with pytest.raises(Damaged, match="has no sound in it"):
        read(path)


def test_huge_file_takes_little_memory(tmp_path: Path) -> None:
    """The first blocks of a sparse file of ten hours come without reading the rest."""
    path = tmp_path / "huge.wav"
    size = 36_000 * 32_000
    with path.open("wb") as file:
        file.write(b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0")
        file.write((16000).to_bytes(4, "little") + (32000).to_bytes(4, "little"))
        file.write(b"\x02\0\x10\0data" + size.to_bytes(4, "little"))
        file.truncate(44 + size)
    with PyAvReader().open(path) as opened:
        assert opened.duration_s == 36_000
        blocks = opened.blocks()
        assert [len(next(blocks)) for _ in range(3)] == [16000] * 3
