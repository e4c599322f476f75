"""Lists that the user may edit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.book import Book
from engine.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Shelf:
    """An entry with every kind of field."""

    name: str
    width_mm: int = 800
    books: tuple[str, ...] = ()
    owner: str | None = None
    marks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.width_mm <= 0:
            raise ValueError("width_mm must be above 0")


def book(tmp_path: Path) -> Book[Shelf]:
    """Return a book in a new folder."""
    return Book(tmp_path / "shelves.toml", kind=Shelf, table="shelf")


def test_a_missing_file_has_no_entries(tmp_path: Path):
    """Who has never edited anything has an empty list."""
    assert book(tmp_path).read() == ()


def test_what_is_written_is_read(tmp_path: Path):
    """Entries come back as they were, in their order."""
    shelves = (
        Shelf("b", 1200, ("one", "two"), "Ada", (("x", "y"),)),
        Shelf("a"),
    )
    book(tmp_path).write(shelves)
    assert book(tmp_path).read() == shelves


def test_defaults_are_left_out(tmp_path: Path):
    """The file says only what the user has decided."""
    book(tmp_path).write([Shelf("a", owner="Ada")])
    assert (tmp_path / "shelves.toml").read_text() == '[[shelf]]\nname = "a"\nowner = "Ada"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[shelf]]\nname = 3\n", "name"),
        ('[[shelf]]\nname = "a"\nwide = 3\n', "wide"),
        ('[[shelf]]\nname = "a"\nwidth_mm = "broad"\n', "width_mm"),
        ('[[shelf]]\nname = "a"\nwidth_mm = -1\n', "width_mm"),
        ("[[shelf]]\n", "name"),
        ("[shelf]\nname = 1\n", "[[shelf]]"),
        ("[[board]]\n", "[[shelf]]"),
        ("shelf = [3]\n", "shelf 1"),
        ("[[shelf\n", "line 1"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, named: str):
    """The user learns the file and the key or line to mend."""
    (tmp_path / "shelves.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        book(tmp_path).read()
    assert "shelves.toml" in str(error.value)
    assert named in str(error.value)


def test_changes_by_others_are_noticed(tmp_path: Path):
    """Own writes are no news; somebody else's are, once."""
    ours = book(tmp_path)
    ours.write([Shelf("a")])
    assert not ours.has_changed()
    (tmp_path / "shelves.toml").write_text('[[shelf]]\nname = "long enough"\n')
    assert ours.has_changed()
    ours.read()
    assert not ours.has_changed()
