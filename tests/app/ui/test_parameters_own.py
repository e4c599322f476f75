"""The user's own parameters, and limits between numbers, on the Parameters page."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.ui.parameters_own import ParametersOwn
from app.ui.parameters_own_values import (
    CONSTRAINT,
    PARAMETER,
    TypedParameter,
    constraint_words,
    engine_problems,
    entry_from,
    parameter_words,
    problems_of,
    told_at,
    typed_from,
)
from engine.analytics.own_parameters import entry_of, own_constraints, own_parameters
from engine.analytics.parameters import LinearConstraint
from engine.analytics.settings import RangeSettings
from tests.app.signals import heard

EFFORT = {"name": "effort", "choices": ["low", "high"], "models": ["gpt-5*"]}
MIN_P = {"name": "min_p", "low": 0.01, "high": 0.5, "is_log": True}
BUDGET = {"name": "budget", "low": 1, "high": 9, "only_if": {"parameter": "effort",
          "values": ["high"]}}  # fmt: skip
LIMIT = {"weights": {"temperature": 1, "min_p": 2}, "at_most": 1.5}
NUMBER = TypedParameter(name="x", low="0", high="1")


def ranges(*parameters, limits=()):
    return RangeSettings(
        parameter=own_parameters(PARAMETER, list(parameters)),
        constraint=own_constraints(CONSTRAINT, list(limits)),
    )


@pytest.fixture
def own(theme, qtbot):
    own = ParametersOwn(theme)
    qtbot.addWidget(own)
    own.resize(744, 900)
    own.show()
    own.show_ranges(ranges(EFFORT, MIN_P, BUDGET, limits=[LIMIT]))
    return own


@pytest.mark.parametrize("entry", [EFFORT, MIN_P, BUDGET, {"name": "n", "choices": [1, "1", True]}])
def test_what_is_shown_in_the_form_is_what_was_read(entry):
    """Whatever an entry says, the form shows it, and makes the same entry of it."""
    found = own_parameters(PARAMETER, [entry])[0]
    again = entry_from(typed_from(found))
    assert again == entry_of(found)
    assert own_parameters(PARAMETER, [again])[0] == found


@pytest.mark.parametrize(
    ("told", "field", "words"),
    [
        ({"name": ""}, "name", "Give it the name"),
        ({"name": "top_p"}, "name", "built in"),
        ({"name": "stream"}, "name", "no parameter"),
        ({"name": "a b"}, "name", "Letters, digits"),
        ({"name": "taken"}, "name", "already"),
        ({"low": "x"}, "low", "Two numbers"),
        ({"low": ""}, "low", "Two numbers"),
        ({"low": "2"}, "low", "exchange"),
        ({"is_log": True}, "low", "above 0"),
        ({"kind": "int", "high": "1.5"}, "low", "Whole numbers"),
        ({"kind": "choice"}, "choices", "at least one"),
        ({"kind": "choice", "choices": "1, 1.0"}, "choices", "twice"),
        ({"parent": "effort"}, "parent_values", "Say at which values: low, high"),
        ({"parent": "effort", "parent_values": "max"}, "parent_values", "max is none of low, high"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(told, field, words):
    """Each mistake has a sentence at the field that is wrong, and at no other."""
    fields = {name: getattr(NUMBER, name) for name in NUMBER.__slots__}
    typed = TypedParameter(**(fields | told))
    found = problems_of(typed, {"taken"}, ranges(EFFORT).parameter)
    assert list(found) == [field]
    assert words in found[field]


def test_words_say_what_an_entry_means():
    """Bounds, kind, condition and models in a line; a limit as a formula."""
    effort, min_p, budget = ranges(EFFORT, MIN_P, BUDGET).parameter
    assert parameter_words(effort) == "low or high \N{MIDDLE DOT} only for gpt-5*"
    assert parameter_words(min_p) == "0.01 to 0.5, any number, by its logarithm"
    assert parameter_words(budget) == "1 to 9, whole \N{MIDDLE DOT} only while effort is high"
    least = "\N{LESS-THAN OR EQUAL TO}"
    assert constraint_words(LinearConstraint({"a": 1, "b": 2}, 1.5)) == f"a + 2 b {least} 1.5"
    minus = "\N{MINUS SIGN}"
    assert constraint_words(LinearConstraint({"a": -1, "b": -0.5}, 0)) == (
        f"{minus}a {minus} 0.5 b {least} 0"
    )


def test_the_engine_has_the_last_word():
    """What it says is shown at the field it names; without one it stands as it is."""
    assert told_at('x: analytics.ranges.parameter[3].low = "a": must be a finite number') == {
        "low": "Must be a finite number"
    }
    assert told_at("analytics.ranges.parameter[0]: p: 5 is above 3: exchange the bounds") == {
        "": "P: 5 is above 3: exchange the bounds"
    }
    assert told_at("file: analytics.ranges: no values keep all") == {"": "no values keep all"}
    empty = [{"weights": {"temperature": 1}, "at_most": -5}]
    assert "no values keep all" in engine_problems(RangeSettings(), CONSTRAINT, empty)[""]


def test_a_parameter_is_added_by_keyboard(own, qtbot):
    """Typed, saved with Enter; the form closes once the settings have it."""
    told = heard(own.setting_changed)
    own.parameters.add_button.setFocus()
    qtbot.keyClick(own.parameters.add_button, Qt.Key.Key_Space)
    form = own.parameters.form
    assert form.name.hasFocus()
    qtbot.keyClicks(form.name, "top_k")
    form.kind.setCurrentIndex(1)
    form.kind.activated.emit(1)
    qtbot.keyClicks(form.low, "1")
    qtbot.keyClicks(form.high, "100")
    qtbot.keyClick(form.high, Qt.Key.Key_Return)
    [(key, entries)] = told
    assert key == PARAMETER
    assert entries == [EFFORT, MIN_P, BUDGET, {"name": "top_k", "low": 1, "high": 100}]
    assert own.parameters.is_editing
    own.show_ranges(ranges(*entries, limits=[LIMIT]))
    assert not own.parameters.is_editing
    assert len(own.parameters.rows) == 4


def test_only_rows_that_count_show(own):
    """Bounds for numbers, values for choices; a condition only where there is one."""
    own.parameters.begin(0)
    form = own.parameters.form
    assert form.choices.isVisible()
    hidden = (form.low, form.high, form.is_log)
    assert not any(each.isVisible() for each in hidden)
    assert not form.parent_values.isVisible()
    own.parameters.begin(2)
    assert own.parameters.heading.whole_text == "Change budget"
    assert form.low.isVisible()
    assert form.parent_values.isVisible()
    offered = [form.parent_field.itemText(at) for at in range(form.parent_field.count())]
    assert offered == ["Always", "With effort"]  # min_p may be any number, and none comes after


def test_nothing_is_asked_for_while_a_field_is_wrong(own):
    """The first field that is wrong has the keyboard, and its sentence for screen readers."""
    told = heard(own.setting_changed)
    own.parameters.begin(-1)
    form = own.parameters.form
    form.name.setText("effort")
    own.parameters.save_button.click()
    assert "already" in form.problem("name")
    assert "Two numbers" in form.problem("low")
    assert form.name.hasFocus()
    assert "already" in form.name.accessibleDescription()
    assert told == []
    own.parameters.back_button.click()
    assert not own.parameters.is_editing


def test_what_is_needed_is_not_removed_nor_renamed(own):
    """A condition or a limit that names it must go first: that is said, and nothing asked for."""
    told = heard(own.setting_changed)
    own.parameters.remove_buttons[0].click()
    assert own.parameters.wrong.text().startswith("budget counts only with effort")
    own.parameters.remove_buttons[1].click()
    assert "temperature + 2 min_p" in own.parameters.wrong.text()
    own.parameters.begin(0)
    own.parameters.form.name.setText("zeal")
    own.parameters.save_button.click()
    assert "budget counts only with effort" in own.parameters.form.problem("name")
    assert told == []


def test_what_is_removed_can_come_back(own):
    """Once the settings say that it is gone, its return is offered with all there was."""
    told, gone = heard(own.setting_changed), heard(own.removed)
    own.parameters.remove_buttons[2].setFocus()
    own.parameters.remove_buttons[2].click()
    assert told == [(PARAMETER, [EFFORT, MIN_P])]
    assert gone == []
    own.show_ranges(ranges(EFFORT, MIN_P, limits=[LIMIT]))
    assert gone == [("budget was removed", PARAMETER, [EFFORT, MIN_P, BUDGET])]
    assert own.parameters.add_button.hasFocus()
    own.limits.remove_buttons[0].click()
    own.show_ranges(ranges(EFFORT, MIN_P))
    assert gone[-1][1:] == (CONSTRAINT, [LIMIT])


def test_a_limit_is_added_and_changed(own):
    """A factor for each number that always counts; none at all, or no bound, is told."""
    told = heard(own.setting_changed)
    own.limits.begin(-1)
    form = own.limits.form
    assert list(form.weights.fields) == ["temperature", "top_p", "min_p"]
    own.limits.save_button.click()
    assert form.problem("at_most") == "A number is needed"
    form.at_most.setText("2")
    own.limits.save_button.click()
    assert "At least one" in form.problem("temperature")
    form.weights.fields["top_p"].setText("1.5")
    own.limits.save_button.click()
    assert told == [(CONSTRAINT, [LIMIT, {"weights": {"top_p": 1.5}, "at_most": 2}])]
    own.limits.begin(0)
    assert form.weights.texts() == {"temperature": "1", "min_p": "2"}
    form.at_most.setText("-1")
    own.limits.save_button.click()
    assert "no values keep all" in own.limits.wrong.text()
    assert len(told) == 1


def test_what_the_file_refuses_is_told(own):
    """A failure of the writing stands in the card, at its field where it names one."""
    own.parameters.begin(1)
    own.parameters.save_button.click()
    assert own.show_failure(PARAMETER, "settings.toml is read-only: change its rights")
    assert "read-only" in own.parameters.wrong.text()
    assert own.parameters.is_editing
    assert not own.show_failure("analytics.mode", "no")


def test_rows_name_what_their_buttons_do(own):
    """Whoever cannot see the icons is told which entry a button changes."""
    names = [each.accessibleName() for each in own.parameters.remove_buttons]
    assert names == ["Remove effort", "Remove min_p", "Remove budget"]
    assert own.limits.edit_buttons[0].accessibleName().startswith("Change temperature + 2 min_p")
    fields = own.parameters.form.findChildren(type(own.parameters.form.name))
    assert all(each.accessibleName() for each in fields)


def test_without_entries_the_cards_say_what_they_are_for(own):
    """An empty list has a sentence, and its button."""
    own.show_ranges(RangeSettings())
    assert own.parameters.rows == []
    assert own.parameters._nothing.isVisible()
    assert own.parameters.add_button.isVisible()
