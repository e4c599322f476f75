"""All the words of a long sentence: Whisper may stop in the middle of its last phrase."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from engine.voice.ports import SAMPLE_RATE_HZ, FloatArray, Hypothesis, SpeechDecoder

UNHEARD_S = 1.0
"""End times of a shortened window are off by up to half a second: less than this is no phrase."""
MOST_DECODES = 4


def decode_whole(
    decoder: SpeechDecoder,
    audio: FloatArray,
    *,
    speech_s: float,
    language: str | None,
    window: Literal["short", "full"],
) -> Hypothesis:
    """Return the words of `audio`, its last phrase decoded again where the model left it open.

    audio: shape (n,), 16 kHz mono, at most 30 s. speech_s: where in it speech ends. language,
    window: as for SpeechDecoder.decode.
    """
    heard = decoder.decode(audio, language=language, window=window)
    for _ in range(MOST_DECODES - 1):
        end_s = heard.end_s
        if not end_s or speech_s - end_s < UNHEARD_S:
            break
        rest = audio[int(end_s * SAMPLE_RATE_HZ) :]
        more = decoder.decode(rest, language=heard.language, window=window)
        if not more.text:
            break
        heard = _joined(heard, more, end_s)
    return heard


def _joined(first: Hypothesis, more: Hypothesis, offset_s: float) -> Hypothesis:
    """Return the finished phrases of `first`, and `more` from `offset_s` on."""
    words = len(first.ended_text.split()), len(more.text.split())
    log_probability = (
        first.mean_log_probability * words[0] + more.mean_log_probability * words[1]
    ) / max(1, sum(words))
    return replace(
        more,
        text=f"{first.ended_text} {more.text}",
        language=first.language,
        mean_log_probability=log_probability,
        no_speech_probability=min(first.no_speech_probability, more.no_speech_probability),
        compression_ratio=max(first.compression_ratio, more.compression_ratio),
        was_cut=first.was_cut or more.was_cut,
        end_s=None if more.end_s is None else offset_s + more.end_s,
        ended_text=f"{first.ended_text} {more.ended_text}".strip(),
    )
