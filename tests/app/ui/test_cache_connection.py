from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.ui.cache_connection import CacheConnection
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import ConnectionTest, ServerFacts

USED = CacheSettings(url="redis://localhost:6379/0", username="uat")


@pytest.fixture
def part(theme, qtbot):
    part = CacheConnection(theme)
    qtbot.addWidget(part)
    part.resize(1000, 600)
    part.show()
    qtbot.waitExposed(part)
    part.show_settings(USED)
    return part


@pytest.fixture
def form(part):
    return part.form


def type_into(field, text):
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def asked_of(form):
    """Collect what the form asks for."""
    asked = []
    form.setting_changed.connect(lambda key, value: asked.append((key, value)))
    form.password_changed.connect(lambda text: asked.append(("password", text)))
    return asked


def test_the_connection_in_use_is_shown(form):
    """The form begins with what holds, and offers nothing to save."""
    assert form.url.text() == USED.url
    assert form.username.text() == "uat"
    assert not form.save_button.isEnabled()


def test_nothing_changes_before_save(form):
    """Half an address is never connected to."""
    asked = asked_of(form)
    type_into(form.url, "redis://other:6379")
    form.username.setFocus()
    assert asked == []
    assert form.save_button.isEnabled()


def test_save_asks_for_what_differs_with_the_password_first(form):
    """The password is there before the new address is connected to."""
    asked = asked_of(form)
    type_into(form.url, "redis://other:6379")
    type_into(form.password, "secret")
    form.compression.click()
    form.save_button.click()
    assert asked == [
        ("password", "secret"),
        ("cache.enable_compression", False),
        ("cache.url", "redis://other:6379"),
    ]
    assert form.password.text() == ""
    assert not form.save_button.isEnabled()


def test_an_address_that_cannot_be_is_not_saved(form):
    """What is wrong stands in the form, at the field it is about."""
    asked = asked_of(form)
    type_into(form.url, "localhost:6379")
    form.save_button.click()
    assert asked == []
    assert form.problem.startswith("Address: it must begin with")
    assert form.url.property("invalid")
    assert not form.username.property("invalid")
    form.revert_button.click()
    assert form.problem == ""
    assert not form.url.property("invalid")


def test_a_password_in_the_address_is_refused_without_repeating_it(form):
    """A secret does not belong into the settings, nor onto the screen."""
    asked = asked_of(form)
    type_into(form.url, "redis://me:secret@host:6379")
    form.save_button.click()
    assert asked == []
    assert form.problem
    assert "secret" not in form.problem


@pytest.mark.parametrize("text", ["1", "5000", "many"])
def test_a_number_of_connections_that_cannot_be_is_told(form, text):
    """Too few, too many and no number are refused by name."""
    type_into(form.connections, text)
    form.save_button.click()
    assert form.problem.startswith("Connections: must be")


def test_a_snapshot_of_the_settings_leaves_what_is_typed(form):
    """Settings that arrive while the user types do not take the text away."""
    type_into(form.url, "redis://oth")
    form.show_settings(CacheSettings(url="redis://third:6379"))
    assert form.url.text() == "redis://oth"
    form.revert_button.click()
    assert form.url.text() == "redis://third:6379"


def test_a_test_tries_what_is_typed(part, form, qtbot):
    """The form's own values are tried, saved or not; one test at a time."""
    type_into(form.url, "redis://other:6379")
    type_into(form.password, "secret")
    with qtbot.waitSignal(part.test_requested) as asked:
        form.test_button.click()
    assert asked.args == ["redis://other:6379", "uat", "secret"]
    with qtbot.assertNotEmitted(part.test_requested):
        form.test_button.click()
    part.show_test(ConnectionTest(False, "other:6379 does not answer: start it"))
    with qtbot.waitSignal(part.test_requested):
        form.test_button.click()
    part.show_test(ConnectionTest(False, "other:6379 does not answer: start it"))
    assert part.result.text == "other:6379 does not answer: start it"


def test_the_keyboard_stays_on_a_test(part, form):
    """Who presses Test again while one is under way presses nothing else."""
    type_into(form.url, "redis://other:6379")
    form.test_button.setFocus()
    for _ in range(2):
        QTest.keyClick(part.window().focusWidget(), Qt.Key.Key_Space)
    assert part.window().focusWidget() is form.test_button
    assert form.url.text() == "redis://other:6379"


@pytest.mark.parametrize("button", ["save_button", "revert_button"])
def test_a_result_is_gone_when_it_is_old(part, form, button):
    """What a test found hides when something else is typed, or when the form is done with."""
    for act in (lambda: type_into(form.url, "redis://x"), lambda: getattr(form, button).click()):
        part.show_test(ConnectionTest(True, "It answers"))
        assert not part.result.isHidden()
        act()
        assert part.result.isHidden()


@pytest.mark.parametrize("button", ["save_button", "revert_button"])
def test_the_keyboard_goes_back_to_the_address(part, form, button):
    """After Save or Revert, which cannot be pressed any more, the keyboard is at the address."""
    type_into(form.url, "redis://other:6379")
    getattr(form, button).setFocus()
    QTest.keyClick(getattr(form, button), Qt.Key.Key_Space)
    assert part.window().focusWidget() is form.url


def test_the_result_of_a_test_names_the_servers(part):
    """A test that went well tells how fast it was and who answered."""
    facts = ServerFacts("a:1", "7.0.15", "master", used_bytes=1 << 20, keys=12)
    part.show_test(ConnectionTest(True, "It answers.", 0.84, (facts,)))
    assert part.result.text == "It answers. An answer takes 840 µs."
    assert part.result._servers.text() == "a:1 · Redis 7.0.15 · 1.0 MiB · 12 keys"


def test_a_new_test_takes_the_old_result_away(part, form):
    """While a test runs, the last one's result is not taken for its own."""
    part.show_test(ConnectionTest(True, "It answers."))
    form.test_button.click()
    assert part.result.isHidden()
    assert part.result.text == ""


def test_without_an_address_there_is_nothing_to_test(form):
    """An empty address means no Redis: it can be saved, not tested."""
    form.url.setFocus()
    form.url.selectAll()
    QTest.keyClick(form.url, Qt.Key.Key_Delete)
    assert not form.test_button.isEnabled()
    asked = asked_of(form)
    form.save_button.click()
    assert asked == [("cache.url", "")]


def test_the_password_is_forgotten(form):
    """Forget asks for the stored password to be removed, and for nothing else."""
    asked = asked_of(form)
    form.forget_button.click()
    assert asked == [("password", "")]


def test_enter_saves(form):
    """Enter in a field is the same as Save, where there is something to save."""
    asked = asked_of(form)
    form.url.setFocus()
    QTest.keyClick(form.url, Qt.Key.Key_Return)
    assert asked == []
    type_into(form.username, "me")
    QTest.keyClick(form.username, Qt.Key.Key_Return)
    assert asked == [("cache.username", "me")]


def test_an_example_is_taken_over(part, form):
    """A form of address is put into the field, to be completed there."""
    url, button = next(iter(part.forms.buttons.items()))
    form.url.clear()
    button.click()
    assert form.url.text() == url
    assert form.save_button.isEnabled()


def test_every_example_is_an_address(part):
    """What is offered as an example is understood."""
    assert all(CacheSettings(url=url).url for url in part.forms.buttons)
