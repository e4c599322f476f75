"""What a form of OpenAI's audio endpoints asks for."""

from __future__ import annotations

from dataclasses import dataclass

from engine.gateway.asking import Malformed
from engine.gateway.audio_formats import FORMATS
from engine.gateway.languages import CODES, NAMES
from engine.gateway.ports import Call, Form, Upload
from engine.voice.files import Manner
from engine.voice.ports import SpeechTask
from engine.voice.uploads import UploadOrder

USUAL_MODELS = frozenset(
    {"whisper", "whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"}
)
"""Names by which clients of OpenAI ask; they get the model of the settings."""

PREFIXES = ("systran/faster-", "openai/", "whisper-", "faster-whisper-")
"""In front of a model's name elsewhere; the longest names have two of them."""

LONGEST_PROMPT = 2000
"""Characters: the model takes 224 tokens of it."""

STREAMED = ("json", "text", "verbose_json")
_YES, _NO = ("true", "1"), ("false", "0", "")


@dataclass(frozen=True, slots=True)
class AudioOrder:
    """One request for a transcript."""

    upload: Upload
    asked: str
    """The model as it was asked for."""
    order: UploadOrder
    format: str
    granularities: frozenset[str]
    is_stream: bool

    @property
    def task(self) -> SpeechTask:
        """What is done with the speech."""
        return self.order.manner.task


def audio_order(call: Call, task: SpeechTask) -> AudioOrder:
    """Return what `call` asks for. Raises Malformed naming the field that is missing or wrong."""
    form = call.form
    if form is None:
        raise Malformed("a form with a sound file is needed: send multipart/form-data")
    upload = form.files.get("file")
    if upload is None:
        raise Malformed("'file' is required: the sound file, with its name", param="file")
    asked = form.first("model").strip()
    form_wanted = form.first("response_format") or "json"
    if form_wanted not in FORMATS:
        raise Malformed(
            f"'response_format' must be one of {', '.join(FORMATS)}", param="response_format"
        )
    is_stream = _flag(form, "stream")
    if is_stream and form_wanted not in STREAMED:
        raise Malformed(
            f"'stream' goes with {' and '.join(STREAMED[:2])}: subtitles come whole",
            param="stream",
        )
    _check_temperature(form)
    order = UploadOrder(
        model=model_name(asked),
        language=_language(form) if task == "transcribe" else None,
        manner=Manner(task, form.first("prompt")[-LONGEST_PROMPT:]),
        is_kept=_flag(form, "keep"),
    )
    return AudioOrder(upload, asked, order, form_wanted, _granularities(form), is_stream)


def model_name(asked: str) -> str:
    """Return what the voice engine calls the model `asked`; "" for the one of the settings."""
    name = asked.lower()
    if name in USUAL_MODELS:
        return ""
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _language(form: Form) -> str | None:
    asked = form.first("language").strip().lower()
    code = CODES.get(asked, asked)
    if not code or code == "auto":
        return None
    if code not in NAMES:
        raise Malformed(f"'language' must be a code such as en, not '{asked}'", param="language")
    return code


def _flag(form: Form, name: str) -> bool:
    value = form.first(name).lower()
    if value not in (*_YES, *_NO):
        raise Malformed(f"'{name}' must be true or false", param=name)
    return value in _YES


def _check_temperature(form: Form) -> None:
    """Raise Malformed for what is no temperature; a right one changes nothing, see below.

    Passages are decoded greedily: each word the likeliest, as at temperature 0.
    """
    try:
        is_right = 0 <= float(form.first("temperature") or 0) <= 1
    except ValueError:
        is_right = False
    if not is_right:
        raise Malformed("'temperature' must be a number from 0 to 1", param="temperature")


def _granularities(form: Form) -> frozenset[str]:
    name = "timestamp_granularities"
    found = frozenset((*form.fields.get(f"{name}[]", ()), *form.fields.get(name, ())))
    if not found <= {"word", "segment"}:
        raise Malformed(f"'{name}' must be word or segment", param=name)
    return found or frozenset({"segment"})
