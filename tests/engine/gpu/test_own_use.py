"""What the processes of leases use, from lists that are read seldom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.gpu.cards import CardProcess, CardReading
from engine.gpu.own_use import ListedUse, Promise, listed_use, use_now


def reading(used_mib: int | None, *processes: tuple[int, int | None]) -> CardReading:
    return CardReading(
        memory_used_mib=used_mib, processes=tuple(CardProcess(pid, mib) for pid, mib in processes)
    )


def test_children_count_for_the_process_that_has_the_lease():
    """A shell's programs use the shell's lease; strangers use none."""
    found = listed_use(reading(900, (2, 300), (3, 200), (4, 400)), {2: 1, 3: 1})
    assert found is not None
    assert found.by_pid == {1: 500}


def test_a_list_that_explains_too_little_is_not_trusted():
    """In a container the cards' processes cannot be seen: their memory would count twice."""
    assert listed_use(reading(8_000), {}) is None
    assert listed_use(reading(8_000, (1, None)), {1: 1}) is None
    assert listed_use(reading(900), {}) is not None


def test_without_a_reading_nothing_is_known():
    """None stays None."""
    assert listed_use(CardReading(memory_used_mib=5), {}) is None
    assert listed_use(reading(None), {}) is None


def test_growth_since_the_list_is_the_leases_up_to_their_promise():
    """A model that loads is not taken for a stranger until the next list comes."""
    listed = ListedUse((), 1_000, {1: 500})
    promises = [Promise("a", 1, 4_000)]
    assert use_now(listed, 3_000, promises) == {"a": 2_500}
    assert use_now(listed, 9_000, promises) == {"a": 4_000}
    assert use_now(listed, 400, promises) == {"a": 500}


def test_leases_of_one_process_share_what_it_uses():
    """Each up to its promise; what is beyond all of them is the last one's."""
    listed = ListedUse((), 5_000, {1: 5_000})
    promises = [Promise("a", 1, 1_000), Promise("b", 1, 3_000)]
    assert use_now(listed, 5_000, promises) == {"a": 1_000, "b": 4_000}


@given(
    st.dictionaries(st.integers(1, 4), st.integers(0, 9_000)),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9_000)), max_size=6),
    st.integers(0, 20_000),
)
def test_nothing_is_invented(by_pid: dict[int, int], promised: list[tuple[int, int]], grown: int):
    """What leases use is what their processes used and what was added since, never more."""
    listed = ListedUse((), sum(by_pid.values()), by_pid)
    promises = [Promise(str(number), pid, mib) for number, (pid, mib) in enumerate(promised)]
    found = use_now(listed, listed.used_mib + grown, promises)
    own_mib = sum(mib for pid, mib in by_pid.items() if pid in {each.pid for each in promises})
    assert own_mib <= sum(found.values()) <= own_mib + grown
    assert all(mib >= 0 for mib in found.values())
