from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QLineEdit

from app.ui.models_presets import PRESETS, is_own_machine, sends_key_openly
from app.ui.models_server_form import OPENLY, TYPING_PAUSE_MS, ModelsServerForm
from app.ui.models_server_values import Typed, endpoint_of, header_text, problem_of, with_login
from engine.coordinator.settings import Endpoint, EndpointKind
from engine.coordinator.snapshot import FoundServer
from engine.exchange import ServedModel

URL = "http://127.0.0.1:11434"
FOUND = FoundServer(
    URL,
    True,
    "Ollama 0.9.1, 1 model: llama3:8b",
    "ollama",
    "Ollama 0.9.1",
    (ServedModel("llama3:8b"),),
    12.0,
)


@pytest.fixture
def form(theme, qtbot):
    form = ModelsServerForm(theme)
    qtbot.addWidget(form)
    form.resize(1000, 900)
    form.show()
    qtbot.waitExposed(form)
    return form


def type_into(field, text):
    field.setText(text)
    field.textEdited.emit(text)


def test_what_answers_at_an_address_fills_in_the_rest(form, qtbot):
    """Once typing rests it is asked who is there; kind and name follow, unless they were typed."""
    with qtbot.waitSignal(form.probe_wanted, timeout=10 * TYPING_PAUSE_MS) as asked:
        type_into(form.fields.url, URL)
    assert asked.args == [URL, ""]
    form.show_found(URL, FOUND)
    assert (form.fields.name.text(), form.fields.kind.currentData()) == ("Ollama", "ollama")
    assert form.fields.found.head.text() == "Ollama 0.9.1 answers, in 12 ms."
    assert form.fields.found.more.text() == "1 model: llama3:8b"
    with qtbot.waitSignal(form.saved) as saved:
        form.save_button.click()
    assert saved.args == [Endpoint("Ollama", EndpointKind.OLLAMA, URL), None]


def test_an_answer_about_another_address_is_left_out(form):
    """What was typed since counts."""
    type_into(form.fields.url, "http://127.0.0.1:1/v1")
    form.show_found(URL, FOUND)
    assert form.fields.found.isHidden()
    assert form.fields.name.text() == ""


def test_a_key_goes_to_no_half_typed_address(form, qtbot):
    """While somebody types an address it is asked without the key; the whole one gets it."""
    form.fields.key.setText("secret")
    form.fields.url.setFocus()
    asked = []
    form.probe_wanted.connect(lambda url, key: asked.append((url, key)))
    type_into(form.fields.url, "https://api.exam")
    form._rest()
    assert asked == [("https://api.exam", "")]
    type_into(form.fields.url, "https://api.example.com/v1")
    form.fields.url.editingFinished.emit()
    assert asked[-1] == ("https://api.example.com/v1", "secret")


def test_a_key_is_never_sent_openly_through_the_net(form):
    """Without encryption it stays here, and the form says what to write instead."""
    asked = []
    form.probe_wanted.connect(lambda url, key: asked.append(key))
    form.fields.key.setText("secret")
    type_into(form.fields.url, "http://api.example.com/v1")
    form.fields.test_button.click()
    assert asked == []
    assert form.fields.found.head.text() == OPENLY


def test_a_key_is_given_once_and_never_shown(form, qtbot):
    """It is dots while it is typed, leaves with Save, and does not come back with the server."""
    form.use_preset(next(each for each in PRESETS if each.title == "OpenAI"))
    assert form.fields.key.echoMode() is QLineEdit.EchoMode.Password
    assert not form.fields.local.isChecked()
    form.fields.key.setText("sk-secret")
    with qtbot.waitSignal(form.saved) as saved:
        form.save_button.click()
    assert saved.args[1] == "sk-secret"
    assert form.fields.key.text() == ""
    form.show_server(saved.args[0], True, ("OpenAI",))
    assert form.fields.key.text() == ""
    assert "keeps the key" in form.fields.key.placeholderText()


def test_a_key_can_be_forgotten(form, qtbot):
    """The server stays as it was."""
    endpoint = Endpoint("Cloud", EndpointKind.OPENAI, "https://api.example.com/v1", slots=9)
    form.show_server(endpoint, True, ("Cloud",))
    with qtbot.waitSignal(form.saved) as saved:
        form.fields.forget_button.click()
    assert saved.args == [endpoint, ""]


def test_a_change_keeps_what_the_form_does_not_show(form, qtbot):
    """Whether it is on, and how much it may have at once, is no matter of the form."""
    endpoint = Endpoint(
        "Box", EndpointKind.OPENAI, "http://box:8000/v1", is_enabled=False, most_in_flight=7
    )
    form.show_server(endpoint, False, ("Box",))
    assert not form.fields.name.isEnabled()
    form.fields.slots.setText("2")
    with qtbot.waitSignal(form.saved) as saved:
        form.save_button.click()
    assert saved.args == [replace(endpoint, slots=2), None]


def test_what_cannot_be_is_marked_and_not_saved(form, qtbot):
    """The field is marked, and a line says what to write."""
    form.show_new(("Ollama",))
    type_into(form.fields.url, "ollama")
    with qtbot.assertNotEmitted(form.saved):
        form.save_button.click()
        assert form.fields.url.property("invalid")
        type_into(form.fields.url, URL)
        form.fields.name.setText("Ollama")
        form.save_button.click()
    assert form.fields.wrong.text() == "Name: there is a server called Ollama already"
    assert not form.fields.url.property("invalid")


def test_a_preset_takes_a_name_that_is_free(form):
    """The second of a kind gets a number."""
    form.show_new(("Ollama", "Ollama 2"))
    form.presets.buttons["Ollama"].click()
    assert form.fields.name.text() == "Ollama 3"
    assert form.fields.found.head.text().startswith("Asking")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight", "-1"),
        ("weight", "nan"),
        ("weight", "much"),
        ("slots", "0"),
        ("slots", "1.5"),
        ("headers", "X-Team"),
        ("name", " "),
        ("name", "built-in"),
        ("url", "http://"),
    ],
)
def test_each_wrong_value_is_named(key, value):
    """The field that cannot be is the one that is marked."""
    typed = replace(Typed(URL, "Name", "ollama"), **{key: value})
    assert problem_of(typed, ())[0] == key


def test_lists_are_typed_with_commas_and_semicolons():
    """Empty parts are left out; a value may have a colon."""
    typed = Typed(URL + "/", " Box ", "openai", models="a, b,,", headers="X-A: 1; X-B: c:d;")
    made = endpoint_of(typed)
    assert (made.name, made.url, made.models) == ("Box", URL, ("a", "b"))
    assert made.headers == (("X-A", "1"), ("X-B", "c:d"))
    assert header_text(made.headers) == "X-A: 1; X-B: c:d"


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("http://localhost:1/v1", True),
        ("http://192.168.1.5:1", True),
        ("http://[::1]:1", True),
        ("http://box:8000", True),
        ("http://gpu.local", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8", False),
        ("http://[bad", False),
        ("", False),
    ],
)
def test_own_machines_are_known_by_their_address(url, is_own):
    """Private networks and names without a dot are the user's own."""
    assert is_own_machine(url) is is_own
    assert sends_key_openly(url) is (url.startswith("http://") and not is_own)


@given(st.text())
def test_any_text_is_an_address_or_none(text):
    """Whatever is typed, telling where it leads raises nothing."""
    assert isinstance(is_own_machine(f"http://{text}"), bool)


def test_the_same_question_is_not_asked_twice(form):
    """The same address with the same key is asked once."""
    asked = []
    form.probe_wanted.connect(lambda url, key: asked.append(url))
    type_into(form.fields.url, URL)
    form._look()
    form._look()
    form.fields.url.clearFocus()
    assert asked == [URL]
    form.fields.test_button.click()
    assert asked == [URL, URL]


def test_what_is_hidden_stays_so_and_is_saved_as_it_was_shown(form, qtbot):
    """The form has names of headers without values; the login stays where the address is found."""
    seen = Endpoint(
        "a", EndpointKind.OPENAI, "http://me:***@host:1/v1", headers=(("X-Token", "***"),)
    )
    form.show_server(seen, False, ())
    assert form.fields.headers.text() == "X-Token: ***"
    form.show_found(seen.url, FoundServer("http://host:1/v1", True, "fine", "openai"))
    with qtbot.waitSignal(form.saved) as saved:
        form.save_button.click()
    assert (saved.args[0].url, saved.args[0].headers) == (seen.url, seen.headers)
    assert with_login("http://host/v1", "http://host") == "http://host/v1"
    assert with_login("http://host/v1", "http://host/@me") == "http://host/v1"
