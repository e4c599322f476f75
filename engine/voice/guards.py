"""What keeps a speech model from writing what nobody said."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from engine.voice.agreement import sounds_of, units_of
from engine.voice.ports import Hypothesis
from engine.voice.snapshot import Segment, Word

LONGEST_PHRASE = 24
"""Words of the longest repeated phrase looked for: whole sentences were seen to come twice."""
LEAST_ECHO_WORDS = 3
"""Shorter phrases are said twice in a row by people, and quickly."""
LEAST_WORD_S = 0.08
"""The fastest talkers stay below twelve words a second; a sentence that the model writes twice has
all words of its second time at one moment."""
MOST_COMPRESSION = 2.4
"""Whisper's own limit: text that compresses better repeats itself."""
LEAST_LOG_PROBABILITY = -0.8
"""Below this a quick decode is worth a second look (full window: WER 3.2 % against 3.6 %)."""
MOST_NO_SPEECH = 0.6
"""Whisper's own limit, used together with a low probability of the words."""
LEAST_SPEECH_MS = 96
"""Shorter bursts are clicks: the shortest spoken words last about 100 ms."""


def cut_repeats(words: list[str]) -> list[str]:
    """Return `words` up to the end of the first phrase that loops.

    A phrase of three or more words loops when said twice in a row, a shorter one when said
    three times: people do say "very very" and "no no".
    """
    for length in range(1, LONGEST_PHRASE + 1):
        for start in range(len(words) - 2 * length + 1):
            phrase = words[start : start + length]
            second = words[start + length : start + 2 * length]
            third = words[start + 2 * length : start + 3 * length]
            if phrase == second and (length >= LEAST_ECHO_WORDS or phrase == third):
                return words[: start + length]
    return words


def is_squeezed(words: Sequence[Word]) -> bool:
    """Tell whether nobody could say `words`, one or more, in the time that they are given."""
    return words[-1].end_s - words[0].start_s < LEAST_WORD_S * len(words)


def is_echo(segment: Segment, *, of: Segment) -> bool:
    """Tell whether `segment` is `of` written a second time, rather than said again.

    Where it has no timed words it may have been said.
    """
    sounds = sounds_of(segment.text)
    return (
        len(sounds) >= LEAST_ECHO_WORDS
        and sounds == sounds_of(of.text)
        and bool(segment.words)
        and is_squeezed(segment.words)
    )


def compression_ratio(text: str) -> float:
    """Return the length of `text` over its zlib length, in UTF-8 bytes; 0 for no text."""
    content = text.encode()
    return len(content) / len(zlib.compress(content)) if content else 0.0


def is_invented(hypothesis: Hypothesis, *, speech_ms: float) -> bool:
    """Tell whether nobody said this: too little speech, noise, or a loop."""
    is_noise = (
        hypothesis.no_speech_probability > MOST_NO_SPEECH
        and hypothesis.mean_log_probability < LEAST_LOG_PROBABILITY
    )
    is_loop = hypothesis.compression_ratio > MOST_COMPRESSION
    return speech_ms < LEAST_SPEECH_MS or is_noise or is_loop or not hypothesis.text


def needs_second_look(hypothesis: Hypothesis, *, shown_words: int) -> bool:
    """Tell whether a decode with the full window may hear more than this quick one.

    shown_words: how many `units_of` the last partial there were; losing some is a bad sign.
    """
    return (
        hypothesis.was_cut
        or not hypothesis.is_closed
        or hypothesis.mean_log_probability < LEAST_LOG_PROBABILITY
        or hypothesis.compression_ratio > MOST_COMPRESSION
        or len(units_of(hypothesis.text)) < shown_words - 1
    )
