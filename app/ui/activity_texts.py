"""Requests in words: what a row of the list says, and what the figures mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.ui.playground_texts import cost_text, span_text
from app.ui.quantity_texts import MINUTE_S, count_text, duration_text
from engine.activity import ActivityRecord, UnderWay

DASH = "\N{EM DASH}"
ARROW = " \N{RIGHTWARDS ARROW} "
ABOUT_EQUAL = "\N{ALMOST EQUAL TO} "
KINDS = {
    "chat": "Chat",
    "completion": "Completion",
    "embedding": "Embedding",
    "messages": "Messages (Anthropic)",
    "responses": "Responses",
    "transcription": "Transcription",
    "translation": "Translation",
    "playground": "Playground",
    "ask": "Command line",
    "library": "Library",
}
"""By which door a request came."""
OUTCOMES = (("ok", "Answered"), ("failed", "Failed"), ("cached", "From the cache"))
CACHED = {"hit": "Cached", "stale": "Old copy", "joined": "Shared"}
CACHED_MEANS = {
    "hit": "The answer was in the response cache",
    "stale": "No server answered: an older answer was given again",
    "joined": "The same was asked at the same time: one answer served both",
}
STATUSES = {
    400: "Refused",
    401: "No key",
    403: "Refused",
    404: "Not found",
    408: "Too slow",
    413: "Too large",
    429: "Busy",
    499: "Client left",
    502: "Bad answer",
    503: "No server",
    504: "Timed out",
}
GOOD, BAD = 200, 400


@dataclass(frozen=True, slots=True)
class Run:
    """Some words of a cell and their colour."""

    text: str
    token: str = "text"


@dataclass(frozen=True, slots=True)
class CellText:
    """What stands in one cell."""

    runs: tuple[Run, ...]
    dot: str = ""
    """Colour of a dot in front of it; "" for none."""

    @property
    def text(self) -> str:
        """All of its words."""
        return "".join(run.text for run in self.runs)


def kind_text(kind: str) -> str:
    """Return what people call the door `kind`."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def time_text(at_s: float, today: date) -> str:
    """Return the time on the user's clock, to the second; with the day unless that is `today`."""
    local = datetime.fromtimestamp(at_s).astimezone()
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local.day} {local:%b} {local:%H:%M}"


def ended_s(record: ActivityRecord) -> float:
    """Return when a request ended, seconds since 1970: by that the list is ordered."""
    return record.at_s + (record.total_ms or 0.0) / 1e3


def exact_time(at_s: float) -> str:
    """Return day and time to the millisecond."""
    local = datetime.fromtimestamp(at_s).astimezone()
    return f"{local.day} {local:%B %Y, %H:%M:%S}.{local.microsecond // 1000:03d}"


def status_look(record: ActivityRecord) -> tuple[str, str]:
    """Return (what became of a request in a word or two, its colour)."""
    if record.status < BAD:
        return ("Broken off", "warn") if record.problem else ("Answered", "ok")
    text = STATUSES.get(record.status, "Failed")
    return text, {429: "warn", 499: "mute"}.get(record.status, "bad")


def tokens_of(record: ActivityRecord) -> int | None:
    """Return the tokens of question and answer; None where the server did not count."""
    if record.prompt_tokens is None and record.completion_tokens is None:
        return None
    return (record.prompt_tokens or 0) + (record.completion_tokens or 0)


def about(record: ActivityRecord, number: str) -> str:
    """Return `number`, with "about" before it where the server did not come to tell it."""
    is_number = any(map(str.isdigit, number))  # neither a dash nor "free"
    return f"about {number}" if record.is_estimated and is_number else number


def ms_text(ms: float | None) -> str:
    """Return a time such as "212 ms" or "3.4 s"; a dash where it is unknown."""
    return DASH if ms is None else span_text(ms)


def usd_text(usd: float | None) -> str:
    """Return a price such as "$0.0042"; a dash where it is unknown."""
    return DASH if usd is None else cost_text(usd)


def cells_of(record: ActivityRecord, today: date) -> tuple[CellText, ...]:
    """Return the cells of a row in the order of the list's columns."""
    status, token = status_look(record)
    return (
        _cell(time_text(ended_s(record), today), "dim"),
        CellText(_model_runs(record)),
        _cell(record.endpoint or DASH, "text" if record.endpoint else "mute"),
        _cell(record.client or DASH, "dim" if record.client else "mute"),
        CellText((Run(status, token),), dot=token),
        _cell(CACHED.get(record.cached, record.cached), "violet"),
        _number(ms_text(record.first_byte_ms)),
        _number(ms_text(record.total_ms)),
        _number(_near(record, count_text(tokens_of(record)))),
        _number(_near(record, usd_text(record.cost_usd))),
    )


def sentence(text: str) -> str:
    """Return `text` with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def row_tip(record: ActivityRecord) -> str:
    """Return what a row has no room for."""
    parts = [
        f"Came {exact_time(record.at_s)}",
        record.question,
        record.problem,
        tokens_tip(record),
        CACHED_MEANS.get(record.cached, ""),
    ]
    return "\n".join(part for part in parts if part)


def _near(record: ActivityRecord, number: str) -> str:
    """Return the same as `about()` for a column that has little room."""
    return about(record, number).replace("about ", ABOUT_EQUAL)


def tokens_tip(record: ActivityRecord) -> str:
    """Return the tokens of question and answer apart; "" where nobody counted."""
    if tokens_of(record) is None:
        return ""
    asked, answered = count_text(record.prompt_tokens), count_text(record.completion_tokens)
    return about(record, f"{asked} tokens asked, {answered} answered")


def under_way_text(request: UnderWay) -> str:
    """Return who was asked and who answers."""
    asked = request.asked or "no model"
    return f"{asked}{ARROW}{request.model}" if request.model not in ("", asked) else asked


def elapsed_text(request: UnderWay, now_s: float) -> str:
    """Return for how long a request has been under way at `now_s`, seconds since 1970."""
    elapsed_s = max(0.0, now_s - request.at_s)
    return f"{elapsed_s:.1f} s" if elapsed_s < MINUTE_S else duration_text(elapsed_s)


def under_way_tip(request: UnderWay) -> str:
    """Return what a sign of a request under way has no room for."""
    where = f"{request.endpoint} answers" if request.endpoint else "No server answers yet"
    parts = (f"Came {exact_time(request.at_s)}", f"Client: {request.client or 'unknown'}")
    return "\n".join((f"{kind_text(request.kind)}: {under_way_text(request)}", where, *parts))


def _model_runs(record: ActivityRecord) -> tuple[Run, ...]:
    runs = []
    if record.asked and record.asked != record.model:
        runs.append(Run(f"{record.asked}{ARROW if record.model else ''}", "dim"))
    if record.model or not record.asked:
        runs.append(Run(record.model or DASH))
    if record.question:
        runs.append(Run(f"   {' '.join(record.question.split())}", "mute"))
    return tuple(runs)


def _cell(text: str, token: str) -> CellText:
    return CellText((Run(text, token),))


def _number(text: str) -> CellText:
    return _cell(text, "mute" if text == DASH else "text")
