from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.gpu.adapters.fdinfo import ALL_AGAIN, CardUsers
from engine.gpu.cards import CardProcess
from tests.doubles.sysfs import FakeTree

CARD, OTHER = "0000:03:00.0", "0000:04:00.0"


def lines(address: str = CARD, client: int = 7, *more: str) -> tuple[str, ...]:
    """Return the counters of a client."""
    return (f"drm-pdev:\t{address}", f"drm-client-id:\t{client}", *more)


def test_files_that_share_a_client_count_once(tmp_path: Path, clock: Any):
    """A client that is open twice holds its memory once."""
    tree = FakeTree(tmp_path)
    tree.add_process(5, *lines(CARD, 7, "drm-memory-vram:\t1024 KiB"), files=(3, 4))
    found = CardUsers(tmp_path, clock.now).processes()
    assert found == {CARD: (CardProcess(5, 1, "graphics", None),)}


def test_clients_of_a_process_add_up(tmp_path: Path, clock: Any):
    """Two clients of one process, on one card, are one process that holds both."""
    tree = FakeTree(tmp_path)
    tree.add_process(5, *lines(CARD, 7, "drm-total-local0:\t3 MiB"), files=(3,))
    tree.add_process(5, *lines(CARD, 8, "drm-total-local0:\t4 MiB"), files=(4,))
    (process,) = CardUsers(tmp_path, clock.now).processes()[CARD]
    assert process.used_mib == 7


def test_memory_that_is_not_told_is_unknown(tmp_path: Path, clock: Any):
    """A driver without counters of memory makes None, not 0."""
    tree = FakeTree(tmp_path)
    tree.add_process(5, *lines(OTHER))
    (process,) = CardUsers(tmp_path, clock.now).processes()[OTHER]
    assert process.used_mib is None


def test_cycles_make_a_share_too(tmp_path: Path, clock: Any):
    """A driver that counts cycles instead of time makes the same share."""
    tree, users = FakeTree(tmp_path), CardUsers(tmp_path, clock.now)

    def run(worked: int, passed: int) -> None:
        cycles = (f"drm-cycles-ccs:\t{worked}", f"drm-total-cycles-ccs:\t{passed}")
        tree.add_process(5, *lines(CARD, 7, *cycles, "drm-engine-capacity-ccs:\t4"))

    run(1_000, 50_000)
    users.processes()
    clock.advance(1.0)
    run(4_000, 60_000)
    assert users.processes()[CARD] == (CardProcess(5, None, "compute", 30.0),)


def test_process_that_ends_is_gone(tmp_path: Path, clock: Any):
    """Who has ended is not listed any more, and nothing fails on the way."""
    tree = FakeTree(tmp_path)
    tree.add_process(5, *lines())
    users = CardUsers(tmp_path, clock.now)
    assert CARD in users.processes()
    tree.end_process(5)
    clock.advance(1.0)
    assert users.processes() == {}


def test_new_process_is_found_at_once(tmp_path: Path, clock: Any):
    """A process that was not there before is looked into at the next call."""
    tree = FakeTree(tmp_path)
    users = CardUsers(tmp_path, clock.now)
    assert users.processes() == {}
    tree.add_process(6, *lines())
    clock.advance(1.0)
    assert [each.pid for each in users.processes()[CARD]] == [6]


def test_old_process_that_opens_a_card_is_found_later(tmp_path: Path, clock: Any):
    """A process that had no card open is looked into again after some calls."""
    tree = FakeTree(tmp_path)
    tree.add_process(6, files=())
    users = CardUsers(tmp_path, clock.now)
    users.processes()
    tree.add_process(6, *lines())
    seen = []
    for _ in range(ALL_AGAIN):
        clock.advance(1.0)
        seen.append(bool(users.processes()))
    assert seen[0] is False
    assert seen[-1] is True


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["drm-pdev", "drm-client-id", "drm-memory-vram", "drm-engine-gfx", "pos", "\u00b2"]
            ),
            st.text(max_size=12) | st.integers().map(str) | st.just("9" * 5000) | st.just("2 KiB"),
        ),
        max_size=8,
    )
)
def test_counters_of_any_kind_are_survived(pairs: list[tuple[str, str]]):
    """Whatever a driver writes, nothing fails, and no size is below zero."""
    with tempfile.TemporaryDirectory() as folder:
        tree, now_s = FakeTree(Path(folder)), [0.0]
        tree.add_process(5, *(f"{key}:\t{value}" for key, value in pairs))
        users = CardUsers(tree.root, lambda: now_s[0])
        for _ in range(2):
            now_s[0] += 1.0
            for processes in users.processes().values():
                assert all(each.used_mib is None or each.used_mib >= 0 for each in processes)


def test_cards_read_one_after_the_other_share_a_look(tmp_path: Path, clock: Any):
    """Two cards at the same moment cost one look, so that shares are of the same time."""
    tree = FakeTree(tmp_path)
    users = CardUsers(tmp_path, clock.now)
    users.processes()
    tree.add_process(6, *lines())
    clock.advance(0.1)
    assert users.processes() == {}
