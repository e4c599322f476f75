"""A list of requests that answers pages at once or when a test wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from app.ui.activity_values import PageWish
from app.ui.widgets.activity_model import ActivityModel
from engine.activity import ActivityPage, ActivityQuery, ActivityRecord
from engine.exchange import Attempt

NOON_S = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
GOOD = ActivityRecord(
    id="req_good",
    at_s=NOON_S,
    kind="chat",
    client="default",
    asked="fast",
    model="qwen2.5:14b",
    endpoint="workstation",
    is_stream=True,
    prompt_tokens=9,
    completion_tokens=40,
    cost_usd=0.0,
    routed_ms=0.05,
    first_byte_ms=91.0,
    total_ms=640.0,
    attempts=(
        Attempt("attic", "qwen2.5:14b", 0.0, 0.02, "failed", reason="attic says 503"),
        Attempt("workstation", "qwen2.5:14b", 0.02, 0.64, "answered", 0.091),
    ),
    request={
        "model": "fast",
        "stream": True,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What's the capital of Portugal?"},
        ],
    },
    answer="Lisbon.",
    question="What's the capital of Portugal?",
)


class FakeList:
    """Requests by number, the oldest first; answers what a model asks for."""

    def __init__(self, count: int) -> None:
        self.ids = [f"r{number}" for number in range(count)]
        self.wishes: list[PageWish] = []
        self.answered = 0
        """Of `wishes`."""

    def listen(self, model: ActivityModel) -> None:
        """Keep what `model` asks for."""
        model.page_wanted.connect(self.wishes.append)

    def answer(self, model: ActivityModel) -> int:
        """Answer everything that `model` asked for since the last time; return how much."""
        open_wishes = self.wishes[self.answered :]
        self.answered = len(self.wishes)
        for wish in open_wishes:
            model.show_page(wish, self.page(wish))
        return len(open_wishes)

    def page(self, wish: PageWish) -> ActivityPage:
        """Return the rows that `wish` asks for, without what is newer than its cursor."""
        upto = self._number(self.ids[-1]) if wish.before is None and self.ids else wish.before or 0
        found = self.ids
        if found and self._number(found[-1]) > upto:
            found = [each for each in found if self._number(each) <= upto]
        if wish.query.text:
            found = [each for each in found if wish.query.text in each]
        if wish.query.sort == "newest":
            found = found[::-1]
        rows = found[wish.first : wish.first + wish.limit]
        records = tuple(replace(GOOD, id=each, question="") for each in rows)
        return ActivityPage(records, wish.first, len(found), upto)

    def add(self, count: int) -> None:
        """Add new requests."""
        begin = self._number(self.ids[-1]) + 1
        self.ids += [f"r{number}" for number in range(begin, begin + count)]

    def _number(self, id: str) -> int:
        return int(id[1:])


def looked(count: int, query: ActivityQuery | None = None) -> tuple[ActivityModel, FakeList]:
    """Return a model that shows `count` requests, and where they come from."""
    model, source = ActivityModel(), FakeList(count)
    source.listen(model)
    model.look_for(query or ActivityQuery())
    source.answer(model)
    return model, source
