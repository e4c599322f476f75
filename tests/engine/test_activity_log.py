"""Every request is in the activity list, in any order and found by its words, whatever the disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.activity import ActivityQuery, ActivityRecord, ActivitySettings
from engine.activity_log import RECENT, ActivityLog
from engine.activity_table import ActivityTable
from engine.errors import Refused
from engine.exchange import Attempt
from tests.conftest import FakeClock
from tests.leaping import LeapingLoop, leap

ResultT = TypeVar("ResultT")
AT_S = 1_772_366_400.0


def asked(number: int, question: str = "", **fields: object) -> ActivityRecord:
    """Return a request that came `number` seconds after the first."""
    body = {"messages": [{"role": "user", "content": question}]} if question else None
    record = ActivityRecord(
        id=f"r{number}", at_s=AT_S + number, kind="chat", client="me", asked="fast", request=body
    )
    return replace(record, **fields)  # type: ignore[arg-type]


def with_log(
    folder: Path,
    work: Callable[[ActivityLog], Awaitable[ResultT]],
    chosen: ActivitySettings | None = None,
) -> ResultT:
    """Return what `work` returns of a log in `folder`."""

    async def inside() -> ResultT:
        path = folder / "activity.sqlite"
        log = ActivityLog(path=path, settings=chosen or ActivitySettings(), clock=FakeClock())
        await log.start()
        try:
            return await work(log)
        finally:
            await log.aclose()

    return asyncio.run(inside())


def ids_found(folder: Path, records: list[ActivityRecord], query: ActivityQuery) -> list[str]:
    """Return the ids that `query` finds among `records`."""

    async def work(log: ActivityLog) -> list[str]:
        for each in records:
            log.add(each)
        return [row.id for row in (await log.page(query)).rows]

    return with_log(folder, work)


def test_a_request_comes_back_as_it_was(tmp_path: Path) -> None:
    """What was asked and answered, the tries and the decision are kept whole."""
    attempt = Attempt("local", "tiny", 0.0, 0.4, "failed", reason="it was down")
    record = asked(
        1,
        "why?",
        model="tiny",
        endpoint="local",
        status=502,
        problem="cut off",
        cached="",
        is_stream=True,
        prompt_tokens=9,
        completion_tokens=0,
        cost_usd=0.25,
        routed_ms=0.5,
        first_byte_ms=None,
        total_ms=400.0,
        attempts=(attempt,),
        answer="because",
        decision={"plan": ["tiny"]},
    )

    async def work(log: ActivityLog) -> ActivityRecord | None:
        log.add(record)
        return await log.record("r1")

    assert with_log(tmp_path, work) == replace(record, question="why?")


def test_a_page_leaves_out_the_texts(tmp_path: Path) -> None:
    """A row shows the beginning of the question, and carries neither texts nor decision."""

    async def work(log: ActivityLog) -> ActivityRecord:
        log.add(asked(1, "word " * 100, answer="long", decision={"plan": []}))
        return (await log.page()).rows[0]

    row = with_log(tmp_path, work)
    assert (row.request, row.answer, row.decision) == (None, "", None)
    assert row.question == ("word " * 40)


def test_requests_survive_a_restart(tmp_path: Path) -> None:
    """What was added just before the end is there after the next start, and numbers go on."""

    async def add(log: ActivityLog) -> int:
        log.add(asked(1))
        return (await log.page()).cursor

    async def add_unread(log: ActivityLog) -> None:
        log.add(asked(2))

    async def read(log: ActivityLog) -> list[str]:
        return [row.id for row in (await log.page()).rows]

    first = with_log(tmp_path, add)
    with_log(tmp_path, add_unread)
    assert with_log(tmp_path, read) == ["r2", "r1"]
    assert with_log(tmp_path, add) > first


def test_rows_stay_where_they_are_while_new_ones_come(tmp_path: Path) -> None:
    """With an earlier page's cursor every sort shows the list of then."""

    async def work(log: ActivityLog) -> None:
        for number in range(10):
            log.add(asked(number, total_ms=float(number)))
        before = {}
        for sort in ("newest", "oldest", "slowest", "model"):
            before[sort] = await log.page(ActivityQuery(sort=sort), first=3, limit=3)
        for number in range(10, 20):
            log.add(asked(number, total_ms=float(number)))
        for sort, page in before.items():
            query = ActivityQuery(sort=sort)  # type: ignore[arg-type]
            again = await log.page(query, first=3, limit=3, before=page.cursor)
            assert again == page, sort
            assert (await log.page(query, first=3, limit=3)).total == 20

    with_log(tmp_path, work)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 12), st.integers(0, 7)), min_size=1, max_size=6
    ),
    sort=st.sampled_from(["newest", "oldest", "slowest", "costliest", "most_tokens", "model"]),
    model=st.sampled_from(["", "a"]),
)
def test_pages_agree_with_a_sorted_list(
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[tuple[int, int, int]],
    sort: str,
    model: str,
) -> None:
    """Every page is the slice of the whole list, sorted and filtered the slow way."""
    query = ActivityQuery(model=model, sort=sort)  # type: ignore[arg-type]
    keys: dict[str, Callable[[ActivityRecord], object]] = {
        "newest": lambda each: -int(each.id[1:]),
        "oldest": lambda each: int(each.id[1:]),
        "slowest": lambda each: (-(each.total_ms or -1.0), -int(each.id[1:])),
        "costliest": lambda each: (-(each.cost_usd or -1.0), -int(each.id[1:])),
        "most_tokens": lambda each: (-(each.prompt_tokens or 0), -int(each.id[1:])),
        "model": lambda each: (each.model, -int(each.id[1:])),
    }

    async def work(log: ActivityLog) -> None:
        kept: list[ActivityRecord] = []
        for more, first, limit in rounds:
            for _ in range(more):
                number = len(kept)
                record = asked(
                    number,
                    model="ab"[number % 2],
                    total_ms=None if number % 5 == 0 else float(number * 7 % 4 + 1),
                    cost_usd=None if number % 3 == 0 else float(number * 5 % 3 + 1),
                    prompt_tokens=number * 3 % 4 or None,
                )
                kept.append(record)
                log.add(record)
            slow = sorted((each for each in kept if model in ("", each.model)), key=keys[sort])
            page = await log.page(query, first=first, limit=limit)
            assert [row.id for row in page.rows] == [
                each.id for each in slow[first : first + limit]
            ]
            assert page.total == len(slow)

    with_log(tmp_path_factory.mktemp("log"), work)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ActivityQuery(text="capital france"), ["r1"]),
        (ActivityQuery(text="CAPITAL fra"), ["r1"]),
        (ActivityQuery(text="geneve"), ["r2"]),
        (ActivityQuery(text="東京"), ["r3"]),
        (ActivityQuery(text="llama3.2:3"), ["r2"]),
        (ActivityQuery(text="🏔"), ["r2"]),
        (ActivityQuery(text="%"), []),
        (ActivityQuery(text='"'), []),
        (ActivityQuery(text="lost"), ["r3"]),
        (ActivityQuery(kind="embedding"), ["r3"]),
        (ActivityQuery(endpoint="cloud"), ["r2"]),
        (ActivityQuery(client="you"), ["r1"]),
        (ActivityQuery(outcome="ok"), ["r2", "r1"]),
        (ActivityQuery(outcome="failed"), ["r3"]),
        (ActivityQuery(outcome="cached"), ["r2"]),
        (ActivityQuery(since_s=AT_S + 2), ["r3", "r2"]),
        (ActivityQuery(until_s=AT_S + 1), ["r1"]),
        (ActivityQuery(text="capital", endpoint="cloud"), []),
    ],
)
def test_what_is_looked_for_is_found(
    tmp_path: Path, query: ActivityQuery, found: list[str]
) -> None:
    """Each filter leaves what it says; words match in any case, unaccented and unfinished."""
    records = [
        asked(1, "What is the capital of France?", client="you", answer="Paris"),
        asked(2, "hello", model="llama3.2:3b", endpoint="cloud", cached="hit", answer="Genève 🏔"),
        asked(3, "我在東京", kind="embedding", status=503, problem="The server is lost"),
    ]
    assert ids_found(tmp_path, records, query) == found


def test_a_search_finds_what_came_after_it(tmp_path: Path) -> None:
    """The same search, asked again, also has what was added meanwhile."""

    async def work(log: ActivityLog) -> None:
        query = ActivityQuery(text="needle")
        for number in range(3):
            log.add(asked(number, "a needle"))
            assert await log.count(query) == number + 1
            log.add(asked(100 + number, "hay"))

    with_log(tmp_path, work)


def test_texts_are_not_kept_where_nobody_wants_them(tmp_path: Path) -> None:
    """Without keep_texts neither question nor answer is in the file; the decision is."""

    async def work(log: ActivityLog) -> None:
        log.add(asked(1, "my secret plan", answer="a secret answer", decision={"plan": ["x"]}))
        record = await log.record("r1")
        assert record is not None
        assert (record.request, record.answer, record.question) == (None, "", "")
        assert record.decision == {"plan": ["x"]}
        assert await log.count(ActivityQuery(text="secret")) == 0

    with_log(tmp_path, work, ActivitySettings(keep_texts=False))
    for file in tmp_path.iterdir():
        assert b"secret" not in file.read_bytes()


def test_long_texts_are_cut(tmp_path: Path) -> None:
    """A picture of a megabyte leaves its beginning and its length, and the rest as it was."""
    picture = {"type": "image_url", "image_url": {"url": "data:" + "A" * 1_000_000}}
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, picture]}]}

    async def work(log: ActivityLog) -> ActivityRecord | None:
        log.add(asked(1, request=body, answer="b" * 100_000))
        return await log.record("r1")

    record = with_log(tmp_path, work)
    assert record is not None
    url = record.request["messages"][0]["content"][1]["image_url"]["url"]
    assert len(url) < 5_000
    assert url.endswith("(996,005 more characters)")
    assert record.question == "see"
    assert len(record.answer) < 33_000


def test_old_requests_go(tmp_path: Path) -> None:
    """What is older than keep_days leaves list and search; the rest keeps its rows."""

    async def work(log: ActivityLog) -> None:
        now_s = FakeClock().wall().timestamp()
        for number in range(6):
            at_s = now_s - (40 if number % 2 else 1) * 86_400
            log.add(asked(number, "needle", at_s=at_s))
        query = ActivityQuery(text="needle")
        assert await log.count(query) == 6
        await log.change_settings(ActivitySettings(keep_days=30))
        assert [row.id for row in (await log.page()).rows] == ["r4", "r2", "r0"]
        assert await log.count(query) == 3

    with_log(tmp_path, work, ActivitySettings(keep_days=0))


def test_everything_can_be_forgotten(tmp_path: Path) -> None:
    """After clear nothing is listed or found; what comes then is."""

    async def work(log: ActivityLog) -> None:
        log.add(asked(1, "needle"))
        cursor = (await log.page(ActivityQuery(text="needle"))).cursor
        await log.clear()
        assert log.clears == 1
        assert await log.count() == await log.count(ActivityQuery(text="needle")) == 0
        assert log.latest() == ()
        log.add(asked(2, "needle"))
        assert await log.count(ActivityQuery(text="needle")) == 1
        assert (await log.page()).cursor > cursor
        await log.clear()

    with_log(tmp_path, work)
    for file in tmp_path.iterdir():
        assert b"needle" not in file.read_bytes()


def test_everything_is_exported_whole(tmp_path: Path) -> None:
    """An export yields every record with its texts, newest first, without what comes meanwhile."""

    async def work(log: ActivityLog) -> list[str]:
        for number in range(450):
            log.add(asked(number, f"question {number}"))
        found = []
        async for record in log.export():
            log.add(asked(10_000))
            found.append(record.request["messages"][0]["content"])
        return found

    expected = [f"question {number}" for number in reversed(range(450))]
    assert with_log(tmp_path, work) == expected


def test_the_names_to_filter_by(tmp_path: Path) -> None:
    """Every model, endpoint, client and kind is named once; "" is none."""

    async def work(log: ActivityLog) -> object:
        log.add(asked(1, model="b", endpoint="local"))
        log.add(asked(2, model="a", endpoint="local"))
        log.add(asked(3))
        return await log.names()

    names = {"kind": ("chat",), "model": ("a", "b"), "endpoint": ("local",), "client": ("me",)}
    assert with_log(tmp_path, work) == names


def test_the_latest_are_at_hand(tmp_path: Path) -> None:
    """The newest come first, without the disk, and the version moves with each."""

    async def work(log: ActivityLog) -> None:
        for number in range(RECENT + 5):
            log.add(asked(number))
        assert [each.id for each in log.latest(2)] == [f"r{RECENT + 4}", f"r{RECENT + 3}"]
        assert len(log.latest()) == RECENT
        assert log.version == RECENT + 5

    with_log(tmp_path, work)


def test_any_thread_may_add(tmp_path: Path) -> None:
    """Requests that several threads add at once are all there, each once."""

    async def work(log: ActivityLog) -> int:
        def add(begin: int) -> None:
            for number in range(begin, begin + 500):
                log.add(asked(number))

        threads = [threading.Thread(target=add, args=(begin,)) for begin in (0, 500, 1000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        return len({row.id for row in (await log.page(limit=5000)).rows})

    assert with_log(tmp_path, work) == 1500


def test_a_file_that_is_no_database_is_a_problem_not_an_error(tmp_path: Path) -> None:
    """Adding and the latest go on beside a damaged file; the problem names it."""
    (tmp_path / "activity.sqlite").write_bytes(b"this is no database " * 500)

    async def work(log: ActivityLog) -> None:
        log.add(asked(1))
        await log.flush()
        assert [each.id for each in log.latest()] == ["r1"]
        assert log.problem is not None
        assert "activity.sqlite" in log.problem

    with_log(tmp_path, work)


def test_requests_wait_for_a_disk_with_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a full disk refused is written once there is room, in its order."""

    async def work(log: ActivityLog) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise Refused("the disk is full")

        with monkeypatch.context() as full:
            full.setattr(ActivityTable, "add", refuse)
            log.add(asked(1, "question"))
            log.add(asked(2))
            await log.flush()
            assert log.problem is not None
        log.add(asked(3))
        assert [row.id for row in (await log.page()).rows] == ["r3", "r2", "r1"]
        assert log.problem is None

    with_log(tmp_path, work)


def test_absurd_figures_are_kept_as_far_as_they_can_be(tmp_path: Path) -> None:
    """Tokens beyond what SQLite holds, and half a character, lose neither their row nor another."""

    async def work(log: ActivityLog) -> list[tuple[str, str, int | None]]:
        log.add(asked(1))
        log.add(asked(2, "half \ud800", model="\ud800", prompt_tokens=10**30, answer="\udfff"))
        await log.flush()
        assert log.problem is None
        assert await log.record("r2") is not None
        return [(row.id, row.model, row.prompt_tokens) for row in (await log.page()).rows]

    assert with_log(tmp_path, work)[0] == ("r2", "?", 2**63 - 1)


def test_an_odd_record_does_not_end_the_list(tmp_path: Path) -> None:
    """A record that cannot be written is named as a problem; those that follow are kept."""

    async def work(log: ActivityLog) -> list[str]:
        log.add(asked(1, model=object()))
        await log.flush()
        assert log.problem is not None
        log.add(asked(2))
        return [row.id for row in (await log.page()).rows]

    assert with_log(tmp_path, work) == ["r2"]


def test_texts_are_indexed_in_a_silence(tmp_path: Path) -> None:
    """After a while without requests a search finds everything indexed already."""

    async def work(log: ActivityLog) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("engine.activity_log.IDLE_S", 0.0)
            patch.setattr("engine.activity_log.WRITE_EVERY_S", 0.0)
            is_done = asyncio.Event()
            index_some = log._table.index_some

            def note(connection: sqlite3.Connection) -> bool:
                is_behind = index_some(connection)
                if connection.execute("SELECT seq FROM activity_indexed").fetchone() == (250,):
                    loop.call_soon_threadsafe(is_done.set)
                return is_behind

            loop = asyncio.get_running_loop()
            patch.setattr(log._table, "index_some", note)
            for number in range(250):
                log.add(asked(number, "needle"))
            async with asyncio.timeout(30):
                await is_done.wait()
            return await log._database.run(index_some)

    assert with_log(tmp_path, work) is False


def test_what_is_written_is_at_hand_without_its_texts(tmp_path: Path) -> None:
    """The latest of before and after a flush are one list; memory holds no texts for long."""

    async def work(log: ActivityLog) -> None:
        log.add(asked(1, "question", answer="answer", decision={"plan": []}))
        await log.flush()
        log.add(asked(2, "question"))
        newest, older = log.latest()
        assert (newest.id, older.id) == ("r2", "r1")
        assert (older.request, older.answer, older.decision) == (None, "", None)

    with_log(tmp_path, work)


def test_a_reader_who_leaves_loses_nothing(tmp_path: Path) -> None:
    """A page whose caller goes away while requests are written leaves all of them in the list."""

    async def work(log: ActivityLog) -> list[str]:
        for round_ in range(20):
            log.add(asked(round_))
            # Something else keeps the database's thread, so that the writing has not begun.
            slow = asyncio.ensure_future(log._database.run(lambda _: time.sleep(0.002)))
            reader = asyncio.ensure_future(log.page())
            for _ in range(round_ % 5):
                await asyncio.sleep(0)
            reader.cancel()
            await asyncio.wait([reader, slow])
        return [row.id for row in (await log.page()).rows]

    assert with_log(tmp_path, work) == [f"r{number}" for number in reversed(range(20))]


def test_a_disk_without_room_costs_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing can be written, what waits and what comes is kept without texts."""

    async def work(log: ActivityLog) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise Refused("the disk is full")

        monkeypatch.setattr(ActivityTable, "add", refuse)
        log.add(asked(1, "question", answer="long"))
        await log.flush()
        log.add(asked(2, "question", answer="long"))
        assert [(each.request, each.answer) for each in log.latest()] == [(None, "")] * 2

    with_log(tmp_path, work)


def delete_all(folder: Path) -> None:
    for each in folder.glob("*.sqlite*"):
        each.unlink()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps files that are in use")
def test_a_deleted_file_is_made_anew(tmp_path: Path) -> None:
    """Who deletes the list while it is open finds in it what came since."""

    async def work(log: ActivityLog) -> list[str]:
        for number in range(1, 4):
            log.add(asked(number))
        assert (await log.page()).total == 3
        delete_all(tmp_path)
        log.add(asked(4))
        assert log.problem is None
        return [row.id for row in (await log.page()).rows]

    assert with_log(tmp_path, work) == ["r4"]


def test_old_requests_go_while_nobody_asks(tmp_path: Path) -> None:
    """A list to which nothing is added for days keeps nothing longer than it should."""

    async def work(loop: LeapingLoop) -> None:
        kept = ActivitySettings(keep_days=1)
        log = ActivityLog(path=tmp_path / "a.sqlite", settings=kept, clock=loop)
        await log.start()
        log.add(asked(1, at_s=loop.wall().timestamp()))
        assert await log.count() == 1
        await asyncio.sleep(90_000)
        assert await log.count() == 0
        await log.aclose()

    leap(work)
