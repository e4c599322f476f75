"""What the doctor says of CUDA's libraries."""

from __future__ import annotations

import sys
import types

import pytest

from app.commands.doctor.cuda import ELSEWHERE, cuda_libraries


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many cards CTranslate2 sees, which the test may change."""
    count = [1]
    module = types.ModuleType("ctranslate2")
    module.get_cuda_device_count = lambda: count[0]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ctranslate2", module)
    monkeypatch.setattr(sys, "platform", "linux")
    return count


def missing(name: str) -> object:
    raise OSError(f"{name}: cannot open shared object file")


def test_without_a_card_nothing_is_needed(cards: list[int]):
    """On the processor no library of CUDA is looked for."""
    cards[0] = 0
    check = cuda_libraries(missing)
    assert check.state == "ok"
    assert "not needed" in check.detail


def test_what_is_missing_is_named_with_its_remedy(cards: list[int]):
    """With a card and without the library, its name and the command to install it are told."""
    check = cuda_libraries(missing)
    assert check.state == "warning"
    assert ELSEWHERE[0] in check.detail
    assert check.remedy


def test_everything_is_there(cards: list[int]):
    """With card and library all is in order."""
    opened: list[str] = []
    assert cuda_libraries(opened.append).state == "ok"
    assert opened == list(ELSEWHERE)


def test_a_library_that_does_not_load_is_the_other_checks_matter(
    cards: list[int], monkeypatch: pytest.MonkeyPatch
):
    """Without CTranslate2 this check has nothing to say against the machine."""
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    assert cuda_libraries(missing).state == "ok"
