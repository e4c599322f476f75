from __future__ import annotations

from app.ui.widgets.form_grid import NUMBER_PX, FormGrid, line


def test_what_is_wrong_stands_below_its_field(theme, qtbot):
    """The field is marked, the sentence shows, also to screen readers; both go again."""
    form, field, other = FormGrid(), line("1"), line("2", width_px=NUMBER_PX)
    form.add("First", "What it is", field)
    form.add("Other", "What that is", other)
    qtbot.addWidget(form)
    form.resize(500, 200)
    form.show()
    form.show_wrong(field, "It must be a number")
    assert form.wrong_text(field) == "It must be a number"
    assert field.property("invalid")
    assert field.accessibleDescription() == "It must be a number"
    assert form._wrongs[field].geometry().top() > field.geometry().bottom()
    assert form.wrong_text(other) == ""
    form.show_wrong(field, "")
    assert not field.property("invalid")
    assert form._wrongs[field].isHidden()


def test_a_hidden_row_hides_all_its_fields(theme, qtbot):
    """Fields beside each other and what was wrong with them go together."""
    form, low, high = FormGrid(), line("0"), line("1")
    form.add("Bounds", "Lowest and highest", low, high)
    qtbot.addWidget(form)
    form.show()
    form.show_wrong(low, "Too low")
    form.show_row(low, False)
    assert not any(each.isVisible() for each in (low, high, form._wrongs[low]))
    form.show_row(low, True)
    assert all(each.isVisible() for each in (low, high, form._wrongs[low]))


def test_a_long_name_is_shortened(theme, qtbot):
    """It ends in an ellipsis, with all of it as its tooltip."""
    form, field = FormGrid(), line("")
    form.add("a_parameter_with_a_very_long_name_that_goes_on", "", field)
    qtbot.addWidget(form)
    form.resize(300, 60)
    form.show()
    label = form.layout().itemAt(0).widget().layout().itemAt(0).widget()
    assert label.text().endswith("\N{HORIZONTAL ELLIPSIS}")
    assert label.toolTip()
