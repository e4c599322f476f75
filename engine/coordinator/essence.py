"""What is read of an answer on its way: tokens, why it ended, and whether it is an error."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from engine.errors import Damaged
from engine.exchange import Usage

LONGEST_WORDS = 300
"""Of what a server says about its error."""


Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
"""What may be a number of tokens: nobody reckons with another one."""


class _Details(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None


class Tokens(msgspec.Struct, gc=False):
    """A usage in the words of OpenAI and of Anthropic."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None

    def usage(self, before: Usage | None = None) -> Usage | None:
        """Return it as a usage; what it leaves out is as `before`. None where it says nothing.

        Anthropic counts what its cache read and wrote beside the input, OpenAI within it.
        """
        prompt, completion = self.prompt_tokens, self.completion_tokens
        details = self.prompt_tokens_details
        cached = details.cached_tokens if details is not None else None
        if self.input_tokens is not None and prompt is None:
            cached = self.cache_read_input_tokens or 0
            prompt = self.input_tokens + cached + (self.cache_creation_input_tokens or 0)
        if completion is None:
            completion = self.output_tokens
        if prompt is None and completion is None:
            return before
        old = before or Usage(0, 0)
        return Usage(
            old.prompt_tokens if prompt is None else prompt,
            old.completion_tokens if completion is None else completion,
            old.cached_tokens if cached is None else cached,
        )


class _Choice(msgspec.Struct, gc=False):
    finish_reason: str | None = None


class _Delta(msgspec.Struct, gc=False):
    stop_reason: str | None = None


class _Message(msgspec.Struct, gc=False):
    usage: Tokens | None = None


class Essence(msgspec.Struct, gc=False):
    """What counts in a whole answer or in one event; everything else is passed over."""

    choices: list[_Choice] | None = None
    data: msgspec.Raw = msgspec.Raw()
    """Of embeddings."""
    content: msgspec.Raw = msgspec.Raw()
    """Of Anthropic's answers."""
    usage: Tokens | None = None
    stop_reason: str | None = None
    delta: _Delta | None = None
    message: _Message | None = None
    error: msgspec.Raw = msgspec.Raw()

    @property
    def is_answer(self) -> bool:
        """Whether it has what only answers have."""
        return self.choices is not None or len(self.data) > 0 or len(self.content) > 0

    @property
    def is_usage(self) -> bool:
        """Whether it is the event of a stream that tells tokens and nothing else."""
        return self.usage is not None and self.choices == []

    @property
    def finish_reason(self) -> str:
        """Why it ended; "" where it does not say."""
        first = self.choices[0].finish_reason if self.choices else None
        found = first or self.stop_reason
        return found or (self.delta.stop_reason if self.delta is not None else None) or ""

    @property
    def problem(self) -> str:
        """What the server says went wrong; "" where nothing did."""
        said = bytes(self.error)
        return "" if said in (b"", b"null", b"false", b'""') else words_of(said)

    def counted(self, before: Usage | None = None) -> Usage | None:
        """Return the tokens it tells, completed by what was told `before`."""
        found = before
        for tokens in (self.message.usage if self.message is not None else None, self.usage):
            if tokens is not None:
                found = tokens.usage(found)
        return found


_essence = msgspec.json.Decoder(Essence)


def essence_of(body: bytes) -> Essence:
    """Return what counts in `body`. Raises Damaged where it is no JSON object."""
    try:
        try:
            return _essence.decode(body)
        except msgspec.ValidationError:
            return _lenient(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"this is no JSON: {shown(body)}") from error


def words_of(error: bytes) -> str:
    """Return what an error in JSON says, shortened; the JSON itself where it has no words."""
    try:
        found: Any = msgspec.json.decode(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return shown(error)
    for name in ("error", "message"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    return found[:LONGEST_WORDS] if isinstance(found, str) else shown(error)


def shown(body: bytes) -> str:
    """Return the beginning of `body` for a person to read."""
    text = body[:LONGEST_WORDS].decode(errors="replace")
    return " ".join(text[:80].split()) or "nothing"


def _lenient(body: bytes) -> Essence:
    """Return what can be read of an answer some fields of which are not what they should be."""
    found = msgspec.json.decode(body)
    if not isinstance(found, dict):
        raise Damaged(f"this is no JSON object: {shown(body)}")
    readable: dict[str, Any] = {}
    for field in msgspec.structs.fields(Essence):
        value = found.get(field.encode_name)
        if value is None:
            continue
        if field.type is msgspec.Raw:
            readable[field.name] = msgspec.Raw(msgspec.json.encode(value))
            continue
        try:
            readable[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            if field.name == "choices" and isinstance(value, list):
                readable[field.name] = []
    return Essence(**readable)
