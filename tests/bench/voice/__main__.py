"""`make bench AREA=voice`: everything of the voice engine that has a number."""

from __future__ import annotations

import sys

import numpy as np

from engine.voice.ports import SAMPLE_RATE_HZ
from tests.bench.table import Row, show
from tests.bench.voice import offline
from tests.bench.voice.clips import Clip, clip, clips
from tests.bench.voice.files import compare
from tests.bench.voice.peers import peers, run_peer
from tests.bench.voice.scoring import score
from tests.bench.voice.stream import LiveBench

SILENCE_S = 20.0


def main() -> None:
    """Run all parts, or those named: stream, noise, silence, files, offline."""
    chosen = sys.argv[1:] or ["stream", "noise", "silence", "files", "offline"]
    rows: list[Row] = []
    if {"stream", "noise", "silence"} & set(chosen):
        bench = LiveBench()
        try:
            if "stream" in chosen:
                rows += _stream(bench, clip("stream_en"))
                rows += _stream(bench, clip("stream_en_noisy"), has_limits=False)
                rows += _peers(clip("stream_en"))
            if "noise" in chosen:
                rows.append(_invented(bench))
            if "silence" in chosen:
                rows.append(_silence(bench))
        finally:
            bench.close()
    if "files" in chosen:
        rows += _files()
    if "offline" in chosen:
        rows += offline.rows()
    show("voice", rows)


def _stream(bench: LiveBench, source: Clip, *, has_limits: bool = True) -> list[Row]:
    run = bench.run(source.sound())
    found = score(source, run.told)
    name = source.id
    peer = "RealtimeSTT 1.1.2, quiet machine"

    def limit(value: float) -> float | None:
        return value if has_limits else None

    return [
        Row(f"{name}: speech end to final, median", found.final_median_s(), "s", limit(0.75),
            f"2.25 {peer}" if has_limits else ""),
        Row(f"{name}: speech end to final, slowest", max(found.final_s, default=None), "s"),
        Row(f"{name}: word end to shown, median", found.word_median_s(), "s", limit(0.4),
            f"1.37 {peer}" if has_limits else ""),
        Row(f"{name}: word end to shown, 90th percentile", found.word_p90_s(), "s"),
        Row(f"{name}: WER of finals", found.wer_percent, "%", limit(1.5),
            f"0.6 {peer}" if has_limits else ""),
        Row(f"{name}: WER after second looks", found.revised_wer_percent, "%"),
        Row(f"{name}: sentences a second look changed", found.revised, "count"),
        Row(f"{name}: stable words taken back", found.taken_back, "count", limit(0),
            "25-53 of 100 shown words" if has_limits else ""),
        Row(f"{name}: CPU while speaking", run.cpu_s_per_s, "s per s", limit(0.65),
            f"1.63 {peer}" if has_limits else ""),
        Row(f"{name}: refreshes left out", run.dropped_partials, "count"),
    ]  # fmt: skip


def _peers(source: Clip) -> list[Row]:
    rows = []
    for name, python in peers().items():
        run = run_peer(name, python, source)
        found = score(source, run.told)
        label = f"{source.id}, {name}"
        rows += [
            Row(f"{label}: speech end to final, median", found.final_median_s(), "s"),
            Row(f"{label}: word end to shown, median", found.word_median_s(), "s"),
            Row(f"{label}: WER of finals", found.wer_percent, "%"),
            Row(f"{label}: CPU while speaking", run.cpu_s_per_s, "s per s"),
        ]
    return rows


def _invented(bench: LiveBench) -> Row:
    count = 0
    for source in clips():
        if source.kind == "nonspeech":
            told = bench.run(source.sound()).told
            count += sum(one.event.event == "final" for one in told)
            for one in told:
                print(f"  {source.id}: {one.event.event} {one.event.text!r}")
    return Row("invented sentences in all non-speech clips", count, "count", 0)


def _silence(bench: LiveBench) -> Row:
    rng = np.random.default_rng(1)
    hiss = rng.normal(0, 3e-4, int(SILENCE_S * SAMPLE_RATE_HZ)).astype(np.float32)
    return Row("CPU while nobody speaks", bench.run(hiss).cpu_s_per_s, "s per s", 0.02)


def _files() -> list[Row]:
    mine, theirs = compare()
    return [
        Row("files: WER", mine.wer_percent, "%", theirs.wer_percent,
            f"{theirs.wer_percent:.2f} raw faster-whisper, same run"),
        Row("files: CPU against raw faster-whisper", mine.cpu_s / theirs.cpu_s, "ratio", 1.1,
            f"{theirs.cpu_s:.1f} s raw faster-whisper, same run"),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
