"""Groups that repeat are changed, and nothing else."""

from __future__ import annotations

import string
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import SettingsError
from engine.toml_tables import with_tables

KEY = "a.ranges.thing"
FILE = """# the head of the file
[voice]
language = "en" # mine

[a.ranges]
is_on = true

# how hard it thinks
[[a.ranges.thing]]
name = "effort"   # as in the request
# three of them
choices = ["low", "high"]

# the least likely words
[[ a.ranges . "thing" ]]
name = "min_p"
low = 1
[a.ranges.thing.only_if]
parameter = "effort"

[[a.ranges.other]]
name = "other"

# the door
[gateway]
port = 1
"""
GROUPS = tomllib.loads(FILE)["a"]["ranges"]["thing"]
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=2)
PLAIN = st.integers(-9, 9) | st.booleans() | st.floats(-9, 9) | st.text(max_size=9)
VALUES = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(NAMES, PLAIN, max_size=2)
TABLES = st.lists(st.dictionaries(NAMES | st.just("name"), VALUES), max_size=4)


def groups_of(text):
    """Return the groups, and all else."""
    found = tomllib.loads(text)
    groups = found.get("a", {}).get("ranges", {}).pop("thing", [])
    return groups, found


def exact(value):
    """Return what tells 1 from 1.0 and from true, whatever the order of keys."""
    if isinstance(value, dict):
        return repr(sorted((name, exact(each)) for name, each in value.items()))
    return repr([exact(each) for each in value]) if isinstance(value, list) else repr(value)


def test_what_is_as_it_was_stays_letter_by_letter():
    """A file whose groups do not change is the same file."""
    assert with_tables(FILE, KEY, GROUPS) == FILE


def test_a_file_without_empty_lines_gets_none():
    """Whoever writes everything close together finds it so."""
    close = "\n".join(line for line in FILE.split("\n") if line) + "\n"
    assert with_tables(close, KEY, GROUPS) == close
    changed = with_tables(close, KEY, [GROUPS[0], {**GROUPS[1], "low": 2}])
    assert changed == close.replace("low = 1", "low = 2")


def test_one_value_changes_one_line():
    """Comments, order and spacing of a group that is changed stay, and everything around it."""
    changed = with_tables(FILE, KEY, [{**GROUPS[0], "choices": ["low"]}, GROUPS[1]])
    assert changed == FILE.replace('["low", "high"]', '["low"]')
    changed = with_tables(FILE, KEY, [{**GROUPS[0], "name": "zeal"}, GROUPS[1]])
    assert changed == FILE.replace('name = "effort"', 'name = "zeal"')


def test_a_number_changes_its_kind():
    """1 and 1.0 mean whole numbers and any number: one becomes the other."""
    changed = with_tables(FILE, KEY, [GROUPS[0], {**GROUPS[1], "low": 1.0}])
    assert changed == FILE.replace("low = 1\n", "low = 1.0\n")


def test_a_group_leaves_with_its_comment():
    """What stands right above a group is about it; the next one's comment stays."""
    changed = with_tables(FILE, KEY, GROUPS[1:])
    assert "how hard it thinks" not in changed
    assert "# the least likely words\n[[" in changed
    changed = with_tables(FILE, KEY, GROUPS[:1])
    assert "least likely" not in changed
    assert '# three of them\nchoices = ["low", "high"]\n\n[[a.ranges.other]]' in changed


def test_a_new_group_stands_where_it_belongs():
    """After the last, or before the one that follows it; alone it comes at the end of the file."""
    new = {"name": "top_k", "only_if": {"parameter": "effort", "values": ["low"]}}
    last = with_tables(FILE, KEY, [*GROUPS, new])
    assert last.index("min_p") < last.index("top_k") < last.index("other]]")
    assert 'only_if = {parameter = "effort", values = ["low"]}' in last
    assert with_tables(last, KEY, GROUPS) == FILE
    between = with_tables(FILE, KEY, [GROUPS[0], new, GROUPS[1]])
    assert between.index("high") < between.index("top_k") < between.index("# the least")
    assert with_tables("", KEY, [new]).startswith("[[a.ranges.thing]]\n")
    assert with_tables("b = 1\n", KEY, [new]).startswith("b = 1\n\n[[a.ranges.thing]]\n")


def test_groups_change_places():
    """Each takes its comments along."""
    changed = with_tables(FILE, KEY, GROUPS[::-1])
    assert groups_of(changed)[0] == GROUPS[::-1]
    assert changed.index("# the least") < changed.index("# how hard")


def test_the_same_in_other_words_stays():
    """Whoever asks says which groups mean the same: those are not written anew."""
    said = [{"name": "effort"}, {"name": "min_p"}]
    by_name = with_tables(FILE, KEY, said, lambda one, other: one["name"] == other["name"])
    assert by_name == FILE


@pytest.mark.parametrize(
    "text",
    [
        "[a.ranges]\nthing = [{ name = 1 }]\n",
        "a = { ranges = { thing = [{ name = 1 }] } }\n",
        '[[a.ranges.thing]]\nname = """\n[[a.ranges.thing]]\n"""\n',
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text):
    """A file in which groups are written in another way is left to the user, who is told how."""
    with pytest.raises(SettingsError, match=r"under \[\[a\.ranges\.thing\]\]"):
        with_tables(text, KEY, [{"name": 2}])


@settings(max_examples=40)
@given(TABLES, TABLES)
def test_whatever_is_written_is_read_again(before, after):
    """From any groups to any others: just these are read, all else is as it was."""
    text = with_tables(FILE, KEY, before)
    assert exact(groups_of(text)[0]) == exact(before)
    changed = with_tables(text, KEY, after)
    groups, rest = groups_of(changed)
    assert exact(groups) == exact(after)
    assert rest == groups_of(FILE)[1]
    assert "# mine" in changed
    assert "# the door\n[gateway]" in changed
