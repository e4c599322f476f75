from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.ui.about_setting_texts import UPDATE_HELP, UPDATE_LABELS
from app.ui.gpu_setting_texts import GPU_HELP, GPU_LABELS
from app.ui.llm_setting_texts import LLM_HELP, LLM_LABELS
from app.ui.setting_sections import CONTEXT, TABS
from app.ui.setting_specs import label_of, specs_of, value_of
from app.ui.setting_texts import HELP, LABELS
from app.ui.settings_address import ClientAddress
from app.ui.settings_panel import SettingsSnapshot, device_choices, tier_choices
from app.ui.widgets.model_row import ModelRow
from app.ui.widgets.setting_row import FIELD_PX, help_text
from engine.activity import ActivitySettings
from engine.cache.settings import CacheSettings
from engine.coordinator.settings import CoordinatorSettings
from engine.gateway.settings import GatewaySettings
from engine.gpu.settings import ResourceSettings
from engine.router.settings import RouterSettings
from engine.updates.settings import UpdateSettings
from engine.voice.settings import StageSettings, VoiceSettings
from engine.voice.snapshot import Device, ModelView

DEVICES = (Device("yeti", "Blue Yeti", 2, 48000, True), Device("b", "Built-in", 2, 44100, False))
MODELS = (
    ModelView("tiny", "Tiny", 75, "99 languages", False, False),
    ModelView("base", "Base", 141, "99 languages", True, True),
    ModelView("small", "Small", 464, "99 languages", False, False, 0.42),
    ModelView("medium", "Medium", 1460, "99 languages", True, False),
)
SNAPSHOT = SettingsSnapshot(
    VoiceSettings(), DEVICES, MODELS, "dark", (("Log", Path("/somewhere/log")),)
)


@pytest.fixture
def panel(settings_page):
    settings_page.show_snapshot(SNAPSHOT)
    return settings_page


def leaves(settings, path="voice"):
    """Return the keys of every setting in a dataclass, the slow way."""
    found = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        key = f"{path}.{field.name}"
        found += leaves(value, key) if dataclasses.is_dataclass(value) else [key]
    return found


ON_THE_CACHE_PAGE = {
    "cache.url",
    "cache.username",
    "cache.max_connections",
    "cache.enable_compression",
}
LLM_SHOWN = [
    *leaves(GatewaySettings(), "gateway"),
    *leaves(CoordinatorSettings(), "coordinator"),
    *leaves(RouterSettings(), "router"),
    *leaves(ActivitySettings(), "activity"),
]
UPDATES_SHOWN = leaves(UpdateSettings(), "updates")
GPU_SHOWN = leaves(ResourceSettings(), "resources")
SHOWN = [
    *leaves(VoiceSettings()),
    *(key for key in leaves(CacheSettings(), "cache") if key not in ON_THE_CACHE_PAGE),
]


@pytest.mark.parametrize(("size_mib", "text"), [(75, "75 MiB · English"), (0, "English")])
def test_a_model_tells_its_size_where_it_has_one(theme, qtbot, size_mib, text):
    """The models of the demo have no files, and so no size to tell."""
    row = ModelRow(theme, "tiny")
    qtbot.addWidget(row)
    row.show_model(ModelView("tiny", "Tiny", size_mib, "English", True, False))
    assert text in [label.text() for label in row.findChildren(QLabel)]


def test_every_setting_has_a_row(panel):
    """What can stand in the file can be changed here; the model has its own list.

    Where Redis is stands on the Cache page.
    """
    assert set(panel.rows) == {*SHOWN, *LLM_SHOWN, *GPU_SHOWN, *UPDATES_SHOWN} - {"voice.model"}


def test_every_setting_says_what_it_means_and_its_limits():
    """Each row has a label, a help text and, for numbers, the limits."""
    specs = {spec.key: spec for spec in specs_of(VoiceSettings, "voice")}
    assert all(spec.label and spec.bounds.help for spec in specs.values())
    assert specs["voice.segment.end_silence_ms"].bounds.low == 200
    cache = {spec.key: spec for spec in specs_of(CacheSettings, "cache")}
    assert all(spec.label and spec.bounds.help for spec in cache.values())
    assert help_text(cache["cache.default_ttl_s"].bounds).endswith("(1 to 31,536,000 s)")


@pytest.mark.parametrize("key", SHOWN)
def test_every_setting_has_a_name_of_its_own(key):
    """No setting is shown under its key: whoever adds one says what people call it."""
    assert LABELS.get(key.rpartition(".")[2], "").strip()


def test_no_name_outlives_its_setting():
    """Names and helps of settings that are gone go with them, and no two settings share one."""
    names = {key.rpartition(".")[2] for key in [*leaves(VoiceSettings()), *SHOWN]}
    assert set(LABELS) | set(HELP) <= names
    assert len(set(LABELS.values())) == len(LABELS)


@pytest.mark.parametrize("key", LLM_SHOWN)
def test_every_setting_of_the_way_of_a_request_has_a_name(key):
    """These are named by their whole keys: many engines have an address or a deadline."""
    assert label_of(key) == LLM_LABELS[key]


def test_every_setting_of_graphics_cards_has_a_name_and_a_help():
    """Each one is named by its whole key, none outlives its setting, and no two are alike."""
    assert set(GPU_LABELS) == set(GPU_HELP) == set(GPU_SHOWN)
    assert len(set(GPU_LABELS.values())) == len(GPU_LABELS)
    assert all(label_of(key) == GPU_LABELS[key] for key in GPU_SHOWN)


def test_every_setting_of_new_versions_has_a_name_and_a_help():
    """The page says the same of them as of all others."""
    assert set(UPDATE_LABELS) == set(UPDATE_HELP) == set(UPDATES_SHOWN)
    assert all(label_of(key) == UPDATE_LABELS[key] for key in UPDATES_SHOWN)


def test_no_name_of_the_way_of_a_request_outlives_its_setting():
    """Names and helps are of settings that there are, and no two settings share one."""
    assert set(LLM_LABELS) == set(LLM_SHOWN)
    assert set(LLM_HELP) <= set(LLM_SHOWN)
    assert len(set(LLM_LABELS.values())) == len(LLM_LABELS)


def test_each_tab_shows_its_own_cards(panel):
    """What concerns models is not among the microphones."""
    for index, (title, key) in enumerate(
        zip(
            TABS,
            (
                "voice.mode",
                "gateway.port",
                "router.context.date",
                "cache.journal_mib",
                "resources.grace_s",
                "voice.keep_days",
                "updates.check",
            ),
            strict=True,
        )
    ):
        panel.tabs.setCurrentIndex(index)
        assert panel.tabs.tabText(index) == title
        assert panel.rows[key].isVisible()
        assert panel.rows["voice.device"].isVisible() == (index == 0)


def test_a_tier_is_chosen_by_its_name(panel, qtbot):
    """The tiers there are can be chosen; one that is gone stays while it is set."""
    tiers = (("fast", "Fast"), ("balanced", "Balanced"))
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, tiers=tiers))
    field = panel.rows["router.default_tier"].field
    assert field.currentText() == "Balanced"
    with qtbot.waitSignal(panel.setting_changed) as changed:
        field.activated.emit(0)
    assert changed.args == ["router.default_tier", "fast"]
    assert tier_choices(tiers, "mine")[-1] == ("mine", "mine")


def test_a_system_prompt_may_have_lines(panel, qtbot):
    """It is asked for when the field is left; Escape brings the old one back."""
    field = panel.rows["router.context.system_prompt_text"].field
    field.setFocus()
    QTest.keyClicks(field, "Be brief.")
    QTest.keyClick(field, Qt.Key.Key_Return)
    QTest.keyClicks(field, "Be kind.")
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, theme="light"))
    with qtbot.waitSignal(panel.setting_changed) as changed:
        QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert changed.args == ["router.context.system_prompt_text", "Be brief.\nBe kind."]
    QTest.keyClicks(field, " And more")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.toPlainText() == ""


def test_the_address_can_be_copied(panel, qtbot):
    """Address and path go to the clipboard; the key is asked for, as a page reads no files."""
    address = ClientAddress("http://127.0.0.1:11480/v1", Path("/keys/gateway.key"))
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, address=address))
    panel.address.copy_url.click()
    assert QGuiApplication.clipboard().text() == address.url
    panel.address.copy_path.click()
    assert QGuiApplication.clipboard().text() == str(address.key_file)
    with qtbot.waitSignal(panel.key_wanted):
        panel.address.copy_key.click()


def test_an_address_that_is_not_open_says_why(panel):
    """There is nothing to copy then, and the reason stands in its place."""
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, address=ClientAddress(reason="Port taken")))
    assert panel.address.url.value.whole_text == "Port taken"
    assert not panel.address.copy_url.isEnabled()
    assert not panel.address.copy_key.isEnabled()


def test_notes_are_asked_for_once_they_can_be_seen(panel, qtbot):
    """Neither before the engines are there nor while another tab shows."""
    with qtbot.assertNotEmitted(panel.notes.notes_wanted):
        panel.tabs.setCurrentIndex(CONTEXT)
        panel.tabs.setCurrentIndex(0)
        panel.show_snapshot(dataclasses.replace(SNAPSHOT, is_ready=True))
    with qtbot.waitSignal(panel.notes.notes_wanted):
        panel.tabs.setCurrentIndex(CONTEXT)
    with qtbot.assertNotEmitted(panel.notes.notes_wanted):
        panel.show_snapshot(dataclasses.replace(SNAPSHOT, is_ready=True))


def test_a_value_is_found_by_its_key():
    """A dotted key leads through the groups."""
    settings = VoiceSettings(stages=StageSettings(gain_control=True))
    assert value_of(settings, "voice.stages.gain_control") is True
    assert value_of(settings, "voice.language") == "auto"


def test_a_switch_changes_its_setting(panel, qtbot):
    """A click on a switch asks for the other value."""
    with qtbot.waitSignal(panel.setting_changed) as changed:
        panel.rows["voice.stages.gain_control"].field.click()
    assert changed.args == ["voice.stages.gain_control", True]


def type_into(field, text):
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_a_number_within_its_limits_is_taken(panel, qtbot):
    """A number is asked for as the kind the setting has."""
    with qtbot.waitSignal(panel.setting_changed) as changed:
        type_into(panel.rows["voice.segment.end_silence_ms"].field, "800")
    assert changed.args == ["voice.segment.end_silence_ms", 800]
    with qtbot.waitSignal(panel.setting_changed) as changed:
        type_into(panel.rows["voice.segment.longest_s"].field, "20")
    assert changed.args == ["voice.segment.longest_s", 20.0]


@pytest.mark.parametrize("text", ["20", "99999", "soon", "1.5"])
def test_what_is_wrong_is_said_beside_the_field(panel, qtbot, text):
    """A value that cannot be is not asked for; what may be stands beside it."""
    row = panel.rows["voice.segment.end_silence_ms"]
    with qtbot.assertNotEmitted(panel.setting_changed):
        type_into(row.field, text)
    assert row.problem.startswith("Must be")


def test_a_right_value_takes_the_message_away(panel):
    """Once mended, nothing is marked any more."""
    row = panel.rows["voice.segment.end_silence_ms"]
    type_into(row.field, "20")
    assert row.problem
    type_into(row.field, "500")
    assert row.problem == ""


def test_escape_brings_the_old_value_back(panel):
    """Who gives up on a number gets the one that holds."""
    row = panel.rows["voice.segment.end_silence_ms"]
    type_into(row.field, "20")
    QTest.keyClick(row.field, Qt.Key.Key_Escape)
    assert row.problem == ""
    assert row.field.text() == str(VoiceSettings().segment.end_silence_ms)


def test_a_snapshot_does_not_overwrite_what_is_being_typed(panel):
    """The page is fed while the user types; the half-typed number stays."""
    field = panel.rows["voice.segment.end_silence_ms"].field
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "12")
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, theme="light"))
    assert field.text() == "12"


def test_the_arrow_keys_step_a_number(panel, qtbot):
    """Up asks for the next value without typing."""
    field = panel.rows["voice.threads"].field
    field.setFocus()
    with qtbot.waitSignal(panel.setting_changed) as changed:
        QTest.keyClick(field, Qt.Key.Key_Up)
    assert changed.args == ["voice.threads", 3]


def test_the_default_device_is_named(panel):
    """The first choice says which device the system would take; a lost one is kept."""
    assert device_choices(DEVICES, "") == [
        ("", "System default (Blue Yeti)"),
        ("yeti", "Blue Yeti"),
        ("b", "Built-in"),
    ]
    assert device_choices(DEVICES, "gone")[-1] == ("gone", "gone (not connected)")
    assert device_choices((), "")[0] == ("", "System default (none found)")


def test_a_device_is_chosen_by_its_name(panel, qtbot):
    """What a person reads is the label, what is asked for is the name."""
    field = panel.rows["voice.device"].field
    with qtbot.waitSignal(panel.setting_changed) as changed:
        field.setCurrentIndex(2)
        field.activated.emit(2)
    assert changed.args == ["voice.device", "b"]


def visible_buttons(panel, name):
    return {kind for kind, button in panel.models[name].buttons.items() if button.isVisible()}


def test_each_model_offers_what_can_be_done_with_it(panel):
    """Fetch what is absent, cancel what comes, use or remove what is there; keep what is used."""
    assert visible_buttons(panel, "tiny") == {"fetch"}
    assert visible_buttons(panel, "base") == set()
    assert visible_buttons(panel, "small") == {"cancel"}
    assert visible_buttons(panel, "medium") == {"use", "remove"}


@pytest.mark.parametrize(
    ("model", "button", "signal", "wanted"),
    [
        ("tiny", "fetch", "fetch_model", ["tiny"]),
        ("small", "cancel", "cancel_fetch", ["small"]),
        ("medium", "remove", "remove_model", ["medium"]),
        ("medium", "use", "setting_changed", ["voice.model", "medium"]),
    ],
)
def test_the_buttons_of_a_model_ask_for_it(panel, qtbot, model, button, signal, wanted):
    """Each button asks for what it says, of the model it stands beside."""
    with qtbot.waitSignal(getattr(panel, signal)) as asked:
        panel.models[model].buttons[button].click()
    assert asked.args == wanted


def test_the_theme_is_chosen(panel, qtbot):
    """The theme in use is marked; another can be chosen."""
    assert panel.look.value == "dark"
    with qtbot.waitSignal(panel.theme_chosen) as chosen:
        panel.look.findChildren(type(panel.models["tiny"].buttons["use"]))[1].click()
    assert chosen.args == ["light"]


def test_a_problem_from_the_engine_stands_at_its_setting(panel):
    """A refusal that only the engine can know is shown like any other."""
    panel.show_setting_problem("voice.threads", "There are only 2 cores")
    assert panel.rows["voice.threads"].problem == "There are only 2 cores"
    panel.show_setting_problem("voice.model", "The model is damaged")
    assert panel.strip.text == "The model is damaged"


def test_the_same_snapshot_gives_the_same_picture(panel):
    """Drawing a snapshot again, also after another one, gives the very same pixels."""
    panel.show_snapshot(SNAPSHOT)
    before = panel.grab().toImage()
    other = dataclasses.replace(SNAPSHOT, voice=VoiceSettings(threads=7, language="de"))
    panel.show_snapshot(other)
    panel.show_snapshot(SNAPSHOT)
    assert panel.grab().toImage() == before


def test_a_year_in_seconds_is_written_out(panel, qtbot):
    """A large number is read and typed as a whole, not as a power of ten."""
    cache = CacheSettings(default_ttl_s=31_536_000.0)
    panel.show_snapshot(dataclasses.replace(SNAPSHOT, cache=cache))
    field = panel.rows["cache.default_ttl_s"].field
    assert field.text() == "31536000"
    with qtbot.waitSignal(panel.setting_changed) as changed:
        type_into(field, "3600")
    assert changed.args == ["cache.default_ttl_s", 3600.0]


@pytest.mark.parametrize(
    ("key", "wanted"), [("cache.first_tier_stay_s", 61.0), ("cache.session_ttl_s", 86_460.0)]
)
def test_the_arrow_keys_step_a_time_by_what_fits_its_length(panel, qtbot, key, wanted):
    """What may last an hour changes by a second, what may last longer by a minute."""
    field = panel.rows[key].field
    field.setFocus()
    with qtbot.waitSignal(panel.setting_changed) as changed:
        QTest.keyClick(field, Qt.Key.Key_Up)
    assert changed.args == [key, wanted]


def test_a_file_name_has_room(panel):
    """A field for words is as wide as the column; one for numbers is not."""
    assert panel.rows["cache.tls.ca_file"].field.width() == FIELD_PX
    assert panel.rows["cache.journal_mib"].field.width() < FIELD_PX
