from __future__ import annotations

import string
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SettingsError
from engine.toml_text import parsed, with_entry, with_value

KEYS = st.text(string.ascii_lowercase, min_size=1, max_size=3)
VALUES = st.integers(-9, 9) | st.booleans() | st.text(max_size=5) | st.floats(-9, 9)
NOTE = "# mine\n"


def test_reading_does_without_the_editor():
    """Whoever only reads does not wait for tomlkit."""
    program = (
        "import sys, engine.toml_text as t; t.parsed('a = 1'); print('tomlkit' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "False\n"


def test_a_wrong_line_is_named():
    """A mistake is told with its line."""
    with pytest.raises(SettingsError, match="line 2"):
        parsed("a = 1\nb =\n")


@given(st.dictionaries(KEYS, VALUES), KEYS, KEYS, VALUES)
def test_a_value_is_set_and_nothing_else(before: dict[str, object], group: str, key: str, value):
    """What is set is read again; all else, comments too, is as it was."""
    text = NOTE
    for each, old in before.items():
        text = with_value(text, f"{group}.{each}", old)
    changed = with_value(text, f"{group}.{key}", value)
    assert tomllib.loads(changed) == {group: {**before, key: value}}
    assert changed.startswith(NOTE)


@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_a_value_is_removed(before: dict[str, object]):
    """A removed key is gone, the others stay; removing it once more changes nothing."""
    text = ""
    for each, old in before.items():
        text = with_value(text, each, old)
    gone = next(iter(before))
    changed = with_value(text, gone, None)
    assert tomllib.loads(changed) == {key: old for key, old in before.items() if key != gone}
    assert with_value(changed, gone, None) == changed


def test_a_value_is_no_group():
    """A key below a value is a mistake, told with its name."""
    with pytest.raises(SettingsError, match=r"a\.b: a is a setting"):
        with_value("a = 1", "a.b", 2)


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES))
def test_an_entry_has_what_it_is_given(before: dict[str, object], after: dict[str, object]):
    """An entry made or changed holds the values given and none of the absent ones."""
    block = with_entry("", "thing", before, ())
    assert tomllib.loads(block) == {"thing": [before]}
    changed = with_entry(NOTE + block, "thing", after, before.keys() - after.keys())
    assert tomllib.loads(changed) == {"thing": [after]}
    assert changed.startswith(NOTE)


def test_lines_that_stay_keep_their_look():
    """What an entry already says is not written anew, however it was written."""
    block = "[[thing]]  # the best\nsize = 1_000 # so much\ncolour = 'red'\n"
    changed = with_entry(block, "thing", {"size": 1000, "colour": "blue"}, ())
    assert changed == block.replace("'red'", '"blue"')
