from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.ui.widgets.activity_model import KEPT_PAGES, MOST_UNDER_WAY, PAGE
from engine.activity import ActivityQuery
from tests.app.ui.requests import looked

MANY = 100_000


def settle(model, source):
    """Ask and answer until nothing is missed any more."""
    for _ in range(20):
        model._ask()
        if not source.answer(model):
            return


def test_a_long_list_is_there_with_its_first_page():
    """100,000 rows are known by number at once; of their contents one page is fetched."""
    model, source = looked(MANY)
    assert model.rowCount() == MANY
    assert len(source.wishes) == 1
    assert model.known == PAGE
    assert model.record(0).id == f"r{MANY - 1}"


def test_a_row_that_is_not_there_is_fetched_once(qtbot):
    """Drawing a missing row many times asks for its page one time; then the row is there."""
    model, source = looked(MANY)
    for _ in range(100):
        assert model.cells(50_000) is None
        assert model.data(model.index(50_000, 1)) == ""
    model._ask()
    for _ in range(100):
        assert model.cells(50_000) is None
    model._ask()
    assert len(source.wishes) == 2
    source.answer(model)
    assert model.record(50_000).id == f"r{MANY - 1 - 50_000}"
    assert model.record(50_001).id == f"r{MANY - 2 - 50_000}"


def test_pulling_through_the_list_fetches_only_where_it_stops():
    """While no page comes, two are under way at most; then the one last looked at is fetched."""
    model, source = looked(MANY)
    for row in range(1_000, MANY, 500):
        model.cells(row)
        model._ask()
    assert len(source.wishes) == 1 + MOST_UNDER_WAY
    settle(model, source)
    assert model.cells(row) is not None
    assert len(source.wishes) <= 1 + MOST_UNDER_WAY + 2


def test_memory_is_bounded():
    """Scrolling through everything keeps a bounded number of rows."""
    model, source = looked(MANY)
    for row in range(0, MANY, PAGE):
        model.record(row)
        settle(model, source)
    assert model.known <= (KEPT_PAGES + 1) * PAGE
    assert len(source.wishes) <= MANY // PAGE + 3


def test_new_requests_come_in_at_the_top():
    """What is new is inserted above the rows there are, which are not fetched again."""
    model, source = looked(1_000)
    inserted = []
    model.rowsInserted.connect(lambda parent, first, last: inserted.append((first, last)))
    source.add(12)
    model.look()
    source.answer(model)
    assert inserted == [(0, 11)]
    assert [model.record(row).id for row in (0, 11, 12)] == ["r1011", "r1000", "r999"]
    assert model.rowCount() == 1_012


def test_more_than_a_page_may_come_at_once():
    """New rows beyond the first page are fetched when they are looked at."""
    model, source = looked(1_000)
    source.add(3 * PAGE)
    model.look()
    source.answer(model)
    assert model.rowCount() == 1_000 + 3 * PAGE
    model.record(2 * PAGE)
    settle(model, source)
    ids = [model.record(row).id for row in range(2 * PAGE, 3 * PAGE)]
    assert ids == [f"r{1_000 + 3 * PAGE - 1 - row}" for row in range(2 * PAGE, 3 * PAGE)]


def test_a_held_list_stays_and_counts_what_waits(qtbot):
    """While it is held no row moves; let go, everything that came is there."""
    model, source = looked(1_000)
    model.is_held = True
    source.add(7)
    with qtbot.waitSignal(model.waiting_changed) as told:
        model.look()
        source.answer(model)
    assert told.args == [7]
    assert model.rowCount() == 1_000
    assert model.record(0).id == "r999"
    model.record(600)
    settle(model, source)
    assert model.record(600).id == "r399"
    model.let_go()
    source.answer(model)
    assert (model.rowCount(), model.waiting) == (1_007, 0)
    assert model.record(0).id == "r1006"
    assert model.record(607).id == "r399"


def test_requests_that_were_removed_make_it_begin_again():
    """Where the oldest were forgotten meanwhile, rows are fetched by their new numbers."""
    model, source = looked(1_000)
    del source.ids[:300]
    model.look()
    source.answer(model)
    assert model.rowCount() == 700
    model.record(650)
    settle(model, source)
    assert model.record(650).id == "r349"


def test_another_query_replaces_the_rows_when_its_answer_is_there():
    """Until the new rows are there the old ones show; late answers to the old query do not."""
    model, source = looked(1_000)
    model.record(500)
    model._ask()
    late = source.wishes[-1]
    source.answered = len(source.wishes)
    model.look_for(ActivityQuery(text="99"))
    assert model.rowCount() == 1_000
    source.answer(model)
    model.show_page(late, source.page(late))
    assert model.rowCount() == 19
    assert all("99" in model.record(row).id for row in range(19))


def test_a_sorted_list_waits_too():
    """What is new has no place at the top of a list that is sorted by something else."""
    model, source = looked(500, ActivityQuery(sort="slowest"))
    source.add(3)
    model.look()
    source.answer(model)
    assert (model.rowCount(), model.waiting) == (500, 3)
    model.let_go()
    source.answer(model)
    assert (model.rowCount(), model.waiting) == (503, 0)


def test_a_page_that_cannot_be_read_is_asked_for_again():
    """After a failure the row can be asked for anew."""
    model, source = looked(MANY)
    model.record(50_000)
    model._ask()
    model.give_up(source.wishes[-1])
    source.answered = len(source.wishes)
    model.record(50_000)
    model._ask()
    assert source.answer(model) == 1
    assert model.record(50_000) is not None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 2 * PAGE)),
            st.tuples(st.just("look"), st.just(0)),
            st.tuples(st.just("read"), st.integers(0, 5_000)),
            st.tuples(st.just("hold"), st.just(0)),
            st.tuples(st.just("let go"), st.just(0)),
            st.tuples(st.just("prune"), st.integers(1, 500)),
        ),
        max_size=20,
    )
)
def test_every_row_is_the_right_one(steps):
    """Whatever comes, goes and is read in between, a row that is there is the row of its number."""
    model, source = looked(900)
    for what, count in steps:
        if what == "add":
            source.add(count)
        elif what == "prune":
            del source.ids[: min(count, len(source.ids) - 1)]
        elif what == "hold":
            model.is_held = True
        elif what == "let go":
            model.let_go()
        elif what == "look":
            model.look()
            source.answer(model)
        else:
            model.record(min(count, model.total - 1))
            settle(model, source)
    settle(model, source)
    model.let_go()
    model.look()
    source.answer(model)
    for row in {0, model.total // 3, model.total // 2, model.total - 1}:
        model.record(row)
        settle(model, source)
        assert model.record(row).id == source.ids[::-1][row]
    known = [(row, model._records.get(model._place(row))) for row in range(model.total)]
    assert model.total == len(source.ids)
    assert all(each.id == source.ids[::-1][row] for row, each in known if each is not None)
