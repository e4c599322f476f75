from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notices import NO_TEXT, OVERVIEW, OWN, Notice, read_notices, text_of

OVERVIEW_TEXT = """\
# Notices

| what | version | licence | from | texts and files |
| --- | --- | :---: | --- | --- |
| httpx | 0.28.1 | BSD-3-Clause | https://example.org/httpx | [LICENSE.md](httpx/LICENSE.md) |
| Qt | 6.11 | LGPL-3.0 | [qt.io](https://www.qt.io) | [a](standard/L.txt), [b](qt/b.txt); `lib` |
| `strange` | not told | MIT \\| X11 | words | [x](../secret.txt), [y](/etc/hosts), [z](gone) |
| short |

| name | licence |
| --- | --- |
| no-such-model | MIT |

Not | a | table
"""


@pytest.fixture
def packaged(tmp_path):
    """Return the resources of a packaged application with a few licences."""
    folder = tmp_path / "resources" / "licences"
    texts = {
        "NOTICES.md": OVERVIEW_TEXT,
        "LICENSE.txt": "Ours",
        "LICENSE": "Ours, too",
        "httpx/LICENSE.md": "The text of httpx",
        "qt/b.txt": "The text of Qt",
        "standard/L.txt": "The LGPL",
        "standard/GPL-3.0.txt": "The GPL",
        "../secret.txt": "Not to be shown",
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "resources"


def test_a_packaged_application_lists_what_it_carries(packaged):
    """Ours first, then the overview, then every work by name, each with what the tables say."""
    found = read_notices(packaged)
    assert [(each.name, each.version, each.licence, each.home) for each in found] == [
        (OWN, "", "MIT", ""),
        (OVERVIEW, "", "", ""),
        ("httpx", "0.28.1", "BSD-3-Clause", "https://example.org/httpx"),
        ("no-such-model", "", "MIT", ""),
        ("Qt", "6.11", "LGPL-3.0", "https://www.qt.io"),
        ("short", "", "", ""),
        ("standard/GPL-3.0", "", "", ""),
        ("strange", "", "MIT | X11", "words"),
    ]


def test_the_texts_are_those_that_the_overview_links_to(packaged):
    """All of them, and none from outside the folder; what no line names has its own line."""
    assert {each.name: text_of(each) for each in read_notices(packaged)} == {
        OWN: "Ours",
        OVERVIEW: OVERVIEW_TEXT.strip(),
        "httpx": "The text of httpx",
        "no-such-model": NO_TEXT,
        "Qt": "The LGPL\n\n\nThe text of Qt",
        "short": NO_TEXT,
        "standard/GPL-3.0": "The GPL",
        "strange": NO_TEXT,
    }


def test_a_checkout_lists_its_notices_and_finds_the_texts():
    """Each library of the notices is there; the texts are those that the packages brought."""
    found = {each.name: each for each in read_notices()}
    assert {OWN, OVERVIEW, "httpx", "pyside6-essentials", "numpy"} <= found.keys()
    assert "library" not in found
    assert "---" not in found
    assert "Permission is hereby granted" in text_of(found[OWN])
    assert "Third-party notices" in text_of(found[OVERVIEW])
    assert "Encode OSS" in text_of(found["httpx"])


def test_what_has_no_text_says_so(tmp_path):
    """Neither a file that is gone nor a library that is not installed is an error."""
    assert text_of(Notice("no-such-library-anywhere")) == NO_TEXT
    assert text_of(Notice("", licence="MIT")) == NO_TEXT
    assert text_of(Notice("x", texts=(tmp_path / "gone.txt",))) == NO_TEXT


def test_without_any_notices_ours_still_shows(tmp_path):
    """An installation that lacks the folder has a short list."""
    found = read_notices(tmp_path / "resources")
    assert [each.name for each in found] == [OWN, OVERVIEW]
    assert text_of(found[1]) == NO_TEXT


@given(st.text(alphabet="|-: a\\`[]()\n\u00e4", max_size=120))
def test_any_overview_can_be_read(tmp_path_factory, text):
    """Whatever stands in the file, every line that is listed has a name."""
    root = tmp_path_factory.mktemp("notices")
    Path(root / "THIRD_PARTY_NOTICES.md").write_text(text, encoding="utf-8")
    assert all(each.name for each in read_notices(root / "resources"))
