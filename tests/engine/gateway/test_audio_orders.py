"""A form says what is wanted of a sound file, and is refused where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.gateway.asking import Malformed
from engine.gateway.audio_orders import LONGEST_PROMPT, AudioOrder, audio_order, model_name
from engine.gateway.ports import Call, Form, Upload
from engine.voice.ports import SpeechTask

FILE = Upload("a.wav", "audio/wav", Path("/nowhere/0"), 4)


def order(task: SpeechTask = "transcribe", **fields: str | tuple[str, ...]) -> AudioOrder:
    """Return what a form with `fields` asks for."""
    several = {name: each if isinstance(each, tuple) else (each,) for name, each in fields.items()}
    form = Form(several, {"file": FILE})
    return audio_order(Call("POST", "/", "1", "anna", form=form), task)


def test_a_file_is_enough():
    """Everything else has a usual value."""
    wanted = order()
    assert (wanted.upload, wanted.format, wanted.is_stream) == (FILE, "json", False)
    assert (wanted.order.model, wanted.order.language, wanted.order.is_kept) == ("", None, False)
    assert wanted.granularities == {"segment"}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("", ""),
        ("whisper-1", ""),
        ("gpt-4o-mini-transcribe", ""),
        ("base", "base"),
        ("Systran/faster-whisper-large-v3", "large-v3"),
        ("openai/whisper-large-v3-turbo", "large-v3-turbo"),
        ("whisper-tiny.en", "tiny.en"),
        ("nonsense", "nonsense"),
    ],
)
def test_models_by_their_usual_names(asked: str, name: str):
    """The names of OpenAI and of the hub lead to our models; others are left to be refused."""
    assert model_name(asked) == name


def test_all_that_can_be_asked_for():
    """Language, prompt, stream, times and keeping are read."""
    wanted = order(
        language="German",
        prompt="Ada",
        response_format="verbose_json",
        stream="true",
        temperature="0.2",
        keep="1",
        **{"timestamp_granularities[]": ("word", "segment")},
    )
    assert wanted.order.language == "de"
    assert (wanted.task, wanted.order.manner.prompt) == ("transcribe", "Ada")
    assert (wanted.is_stream, wanted.order.is_kept) == (True, True)
    assert wanted.granularities == {"word", "segment"}


def test_a_translation_finds_the_language_itself():
    """The language of a translation is what is spoken: it is detected."""
    wanted = order("translate", language="en")
    assert (wanted.task, wanted.order.language) == ("translate", None)


def test_the_end_of_a_long_prompt_counts():
    """Of a long prompt the last words matter, as for the model."""
    prompt = order(prompt="x" * 5000 + "end").order.manner.prompt
    assert (len(prompt), prompt[-3:]) == (LONGEST_PROMPT, "end")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_format", "diarized_json"),
        ("language", "klingon"),
        ("temperature", "hot"),
        ("temperature", "nan"),
        ("temperature", "2"),
        ("stream", "maybe"),
        ("timestamp_granularities", "letter"),
    ],
)
def test_wrong_values_are_told(field: str, value: str):
    """A value that means nothing is refused by the name of its field."""
    with pytest.raises(Malformed) as caught:
        order(**{field: value})
    assert caught.value.param == field


def test_subtitles_are_not_streamed():
    """A format that has to be whole is refused as a stream."""
    with pytest.raises(Malformed, match="come whole"):
        order(response_format="srt", stream="true")


@pytest.mark.parametrize("form", [None, Form({"file": ("text",)}, {})])
def test_without_a_file_there_is_nothing_to_do(form: Form | None):
    """A body that is no form, and a form without a file, are refused."""
    with pytest.raises(Malformed):
        audio_order(Call("POST", "/", "1", "anna", form=form), "transcribe")
