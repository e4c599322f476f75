from __future__ import annotations

import pytest

from app.preferences import Preferences, read_preferences, write_preferences
from engine.errors import Refused


def test_what_is_written_is_read(tmp_path):
    """Geometry, page and theme come back as they were."""
    path = tmp_path / "config" / "window.json"
    wanted = Preferences(geometry="AdnQ", panel="Voice", theme="light")
    write_preferences(path, wanted)
    assert read_preferences(path) == wanted


def test_a_first_start_has_defaults(tmp_path):
    """Without a file the window opens as new."""
    assert read_preferences(tmp_path / "none.json") == Preferences()


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\udcff", '{"panel": 7, "later": "x"}'])
def test_a_damaged_file_gives_defaults(tmp_path, content):
    """Whatever the file says, the window opens."""
    path = tmp_path / "window.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert read_preferences(path) == Preferences()


def test_one_wrong_value_leaves_the_others(tmp_path):
    """A value of the wrong kind is replaced, its neighbours are kept."""
    path = tmp_path / "window.json"
    path.write_text('{"panel": "Voice", "theme": 3}')
    assert read_preferences(path) == Preferences(panel="Voice")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """Where a file is in the way of the folder, the error names the place."""
    (tmp_path / "config").write_text("a file, not a folder")
    with pytest.raises(Refused, match="config"):
        write_preferences(tmp_path / "config" / "window.json", Preferences())
