"""Lists that the user may edit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import Book
from engine.errors import Refused, SettingsError


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


class Wood(StrEnum):
    """What a shelf is made of."""

    OAK = "oak"
    PINE = "pine"


@dataclass(frozen=True, slots=True)
class Board:
    """An entry with a choice."""

    wood: Wood
    width_mm: int = 800


def test_a_wrong_choice_names_the_right_ones(tmp_path: Path):
    """Who mistypes a word reads which there are; another mistake is told as itself."""
    boards = Book(tmp_path / "boards.toml", kind=Board, table="board")
    boards.path.write_text('[[board]]\nwood = "pain"\n')
    with pytest.raises(SettingsError, match="board 1: wood = 'pain': must be one of oak, pine"):
        boards.read()
    boards.path.write_text('[[board]]\nwood = "oak"\nwidth_mm = "wide"\n')
    with pytest.raises(SettingsError, match="width_mm"):
        boards.read()


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


BY_HAND = """\
# My shelves.

# The tall one
[[shelf]]
name = "a"  # in the hall
width_mm = 900

# The low one
[[shelf]]
name = "b"
books = [
    "one",  # borrowed
]
"""


def test_comments_stay(tmp_path: Path):
    """What the user wrote beside an entry stays with it when another is changed, or moves."""
    (tmp_path / "shelves.toml").write_text(BY_HAND)
    ours = book(tmp_path)
    tall, low = ours.read()
    ours.write((low, Shelf("c"), Shelf("a", owner="Ada")))
    assert (tmp_path / "shelves.toml").read_text() == (
        "# My shelves.\n\n# The tall one\n\n"
        '# The low one\n[[shelf]]\nname = "b"\nbooks = [\n    "one",  # borrowed\n]\n\n'
        '[[shelf]]\nname = "c"\n\n'
        '[[shelf]]\nname = "a"  # in the hall\nowner = "Ada"\n'
    )
    ours.write((tall, low))
    assert ours.read() == (tall, low)


def test_a_file_with_a_mistake_is_not_overwritten(tmp_path: Path):
    """Who has mistyped one line by hand does not lose all others to the next change in the app."""
    (tmp_path / "shelves.toml").write_text(BY_HAND + "[[shelf]]\nname = 3\n")
    ours = book(tmp_path)
    with pytest.raises(SettingsError):
        ours.read()
    with pytest.raises(SettingsError, match="name"):
        ours.write([Shelf("c")])
    assert (tmp_path / "shelves.toml").read_text().startswith(BY_HAND)


def test_what_was_just_written_by_hand_is_not_overwritten(tmp_path: Path):
    """A change made by hand since the list was read is not lost to one made in the app."""
    ours = book(tmp_path)
    (tmp_path / "shelves.toml").write_text(BY_HAND)
    with pytest.raises(Refused, match="changed by hand"):
        ours.write([Shelf("c")])
    ours.write((*ours.read(), Shelf("c")))
    assert [each.name for each in ours.read()] == ["a", "b", "c"]


def test_entries_written_in_another_way(tmp_path: Path):
    """A list in one line, and a text that looks like an entry, are understood and replaced."""
    ours, path = book(tmp_path), tmp_path / "shelves.toml"
    for text in (
        'shelf = [{name = "a"}, {name = "b"}]\n',
        '# [[shelf]] is one\n[[shelf]]\nname = "a"\n# [[shelf]]\n[[shelf]]\nname = "b"\n',
        '[[shelf]]\nname = "a"\nowner = """\n[[shelf]]\n"""\n[[shelf]]\nname = "b"\n',
    ):
        path.write_text(text)
        a, b = ours.read()
        ours.write((b, a))
        assert ours.read() == (b, a)


NAMES = st.text(min_size=1, max_size=9).filter(lambda text: "\r" not in text)
SHELVES = st.lists(
    st.builds(Shelf, NAMES, st.integers(1, 999), st.tuples(NAMES), st.none() | NAMES), max_size=4
)


@given(SHELVES, SHELVES)
def test_any_list_is_written_over_any_other(before, after):
    """Whatever stands in the file, what is read afterwards is what was written."""
    with tempfile.TemporaryDirectory() as folder:
        ours = book(Path(folder))
        for shelves in (before, after, before):
            ours.write(shelves)
            assert ours.read() == tuple(shelves)
