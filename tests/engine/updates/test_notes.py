from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.updates.notes import Notes, read_notes, write_notes
from engine.updates.release import Told

NOTES = Notes(
    "https://example.org/newest.json",
    datetime(2026, 3, 1, 12, tzinfo=UTC),
    "It was busy",
    Told("1.2.3", "https://example.org/", "2026-02-01"),
)


def test_what_is_kept_is_read_again(tmp_path):
    """A restart knows what was found out before it."""
    write_notes(tmp_path / "data" / "updates.json", NOTES)
    assert read_notes(tmp_path / "data" / "updates.json") == NOTES
    assert NOTES.latest.version == "1.2.3"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"looked_at": "yesterday"}',
        b'{"looked_at": "2026-03-01T12:00:00"}',  # without its zone it cannot be compared
        b'{"told": {"version": 1}}',
        b"[" * 60_000,
    ],
)
def test_a_damaged_file_is_no_file(tmp_path, content):
    """Nothing is known then, and the next look writes it anew."""
    (tmp_path / "updates.json").write_bytes(content)
    assert read_notes(tmp_path / "updates.json") == Notes()
    assert read_notes(tmp_path / "absent.json") == Notes()


@given(st.binary(max_size=200))
def test_reading_never_raises(tmp_path_factory, content):
    """Whatever the file holds."""
    path = tmp_path_factory.mktemp("notes") / "updates.json"
    path.write_bytes(content)
    assert isinstance(read_notes(path), Notes)


def test_a_page_that_somebody_wrote_into_the_file_is_not_believed():
    """What is opened on a click is checked again when it is read."""
    assert Notes(told=Told("1.2.3", "file:///bin/sh")).latest is None
    assert Notes(told=Told("newest", "https://example.org/")).latest is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """Whoever keeps notes hears that they are not kept."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(Refused):
        write_notes(tmp_path / "data" / "updates.json", NOTES)
