from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QTabBar

from app.ui.cache_live import span_of
from app.ui.cache_panel import CONNECTION, KEYS, LIVE, SESSIONS, CachePanel
from engine.cache.settings import CacheSettings
from engine.cache.snapshot import (
    CacheSnapshot,
    CacheState,
    ConnectionTest,
    KeyPage,
    KeyRow,
    SessionRow,
    ValuePreview,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = KeyRow("uat:1:c:answers.1::=a", "answers", "", "a", 60.0, "both", 12)
PREVIEW = ValuePreview(KEY.key, "json", '{"a": 1}', "none", 8, 12, 60.0, AT)
SESSION = SessionRow("s1", "playground", 1, 2, AT, AT, AT)


@pytest.fixture
def panel(theme, qtbot):
    panel = CachePanel(theme)
    qtbot.addWidget(panel)
    panel.resize(1072, 800)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def test_the_head_tells_state_and_place(panel, rich_cache):
    """The state, where Redis is and a way to reconnect stand above every part."""
    panel.show_snapshot(rich_cache)
    assert panel._state.accessibleName() == "Memory and Redis"
    assert panel._where.whole_text.startswith("127.0.0.1:6379")
    assert panel.reconnect_button.isVisible()
    assert panel.reason.isHidden()


def test_a_limited_redis_says_why(panel, rich_cache):
    """The reason with its remedy stands on the page for as long as it holds."""
    reason = "127.0.0.1:6379 is full: raise maxmemory"
    panel.show_snapshot(replace(rich_cache, state=CacheState.DEGRADED, reason=reason))
    assert panel.reason.text == reason
    assert panel.reason.isVisible()
    panel.show_snapshot(rich_cache)
    assert panel.reason.isHidden()


def test_without_an_address_there_is_nothing_to_reconnect(panel, rich_cache, qtbot):
    """Without a Redis the page offers the form for one instead."""
    panel.show_snapshot(replace(rich_cache, state=CacheState.MEMORY, address="", nodes=()))
    assert panel.reconnect_button.isHidden()
    qtbot.mouseClick(panel.live.servers.connect_button, Qt.MouseButton.LeftButton)
    assert panel.tabs.currentIndex() == CONNECTION
    assert panel.connection.form.url.hasFocus()


def test_the_user_reconnects(panel, rich_cache, qtbot):
    """The button asks for another try at once."""
    panel.show_snapshot(rich_cache)
    with qtbot.waitSignal(panel.reconnect_requested):
        panel.reconnect_button.click()


def test_opening_a_list_asks_for_it(panel, qtbot):
    """Keys and sessions are asked for when their part is opened, not before."""
    with qtbot.waitSignal(panel.keys_wanted) as wanted:
        panel.tabs.setCurrentIndex(KEYS)
    assert wanted.args == ["", ""]
    with qtbot.waitSignal(panel.sessions_wanted):
        panel.tabs.setCurrentIndex(SESSIONS)


def test_a_list_is_asked_for_again_when_redis_comes(panel, rich_cache, qtbot):
    """With Redis come other keys: the list that shows is renewed, and only then."""
    panel.tabs.setCurrentIndex(KEYS)
    with qtbot.waitSignal(panel.keys_wanted):
        panel.show_snapshot(rich_cache)
    with qtbot.assertNotEmitted(panel.keys_wanted):
        panel.show_snapshot(replace(rich_cache, taken_s=1001.0))


def test_f5_refreshes_what_shows(panel, qtbot):
    """One key asks again for the keys or the sessions."""
    panel.tabs.setCurrentIndex(SESSIONS)
    with qtbot.waitSignal(panel.sessions_wanted):
        QTest.keyClick(panel, Qt.Key.Key_F5)


def test_ctrl_f_leads_to_the_filter(panel):
    """The filter of the keys is one chord away from anywhere on the page."""
    QTest.keyClick(panel, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel.tabs.currentIndex() == KEYS
    assert panel.keys.filter.hasFocus()


def test_only_the_part_that_shows_is_drawn(panel, rich_cache):
    """A part that nobody sees costs nothing; it is drawn when it is opened."""
    panel.tabs.setCurrentIndex(CONNECTION)
    panel.show_snapshot(rich_cache)
    assert panel.live.namespaces.rows == ()
    panel.tabs.setCurrentIndex(LIVE)
    assert [row.id for row in panel.live.namespaces.rows] == ["answers", "models"]


@pytest.mark.parametrize(
    ("act", "signal", "wanted"),
    [
        (lambda p: p.keys.preview_wanted.emit("k"), "preview_wanted", ["k"]),
        (lambda p: p.keys.remove_requested.emit(["k"]), "remove_keys_requested", [["k"]]),
        (lambda p: p.keys.purge_requested.emit("n"), "purge_requested", ["n"]),
        (lambda p: p.keys.undo_requested.emit("t"), "undo_requested", ["t"]),
        (lambda p: p.sessions.remove_requested.emit("s"), "remove_session_requested", ["s"]),
        (lambda p: p.connection.test_requested.emit("u", "n", "p"), "test_requested", list("unp")),
        (lambda p: p.connection.password_changed.emit("x"), "password_changed", ["x"]),
        (
            lambda p: p.connection.setting_changed.emit("cache.url", ""),
            "setting_changed",
            ["cache.url", ""],
        ),
    ],
)
def test_what_the_parts_want_leaves_the_page(panel, qtbot, act, signal, wanted):
    """Every wish of a part is one of the page's signals."""
    with qtbot.waitSignal(getattr(panel, signal)) as asked:
        act(panel)
    assert asked.args == wanted


def test_what_was_found_reaches_its_part(panel):
    """Keys, a value, sessions, a test and the settings are shown where they belong."""
    panel.show_keys(KeyPage((KEY,), is_complete=True))
    panel.keys.table.select_id(KEY.key)
    panel.show_preview(PREVIEW)
    panel.show_undo("1 key removed", "token")
    panel.show_sessions((SESSION,))
    panel.show_test(ConnectionTest(True, "It answers."))
    panel.show_settings(CacheSettings(url="unix:///run/redis.sock"))
    assert panel.keys.value.text.toPlainText() == '{"a": 1}'
    assert panel.keys.undo.text == "1 key removed"
    assert [row.id for row in panel.sessions.table.rows] == ["s1"]
    assert panel.connection.result.text == "It answers."
    assert panel.connection.form.url.text() == "unix:///run/redis.sock"


def test_a_file_that_cannot_be_written_is_told_on_the_page(panel, tmp_path):
    """A table or chart that could not be saved says so at the top."""
    panel.live.namespaces.save(tmp_path / "absent" / "table.csv")
    assert "choose another folder" in panel.strip.text


@pytest.mark.parametrize("tab", [LIVE, KEYS, SESSIONS, CONNECTION])
def test_the_same_snapshot_gives_the_same_picture(panel, rich_cache, qtbot, tab):
    """Drawing a snapshot again, also after another one, gives the very same pixels."""
    panel.setFocus()
    panel.tabs.setCurrentIndex(tab)
    panel.show_snapshot(rich_cache)
    before = panel.grab().toImage()
    panel.show_snapshot(CacheSnapshot(taken_s=3.0, state=CacheState.MEMORY))
    panel.show_snapshot(rich_cache)
    assert panel.grab().toImage() == before


def test_the_same_snapshot_repaints_no_table(panel, rich_cache, qtbot, paint_count):
    """Four times a second the page is fed: what did not change is not painted again."""
    panel.show_snapshot(rich_cache)
    panel.grab()
    counts = [
        paint_count(each.viewport()) for each in (panel.live.namespaces, panel.live.servers.table)
    ]
    panel.show_snapshot(replace(rich_cache, taken_s=1000.25))
    qtbot.wait(0)
    assert [each.paints for each in counts] == [0, 0]


def test_everything_that_takes_the_keyboard_has_a_name(panel, rich_cache):
    """Whoever cannot see the page is told what each field, list and button is."""
    panel.show_snapshot(rich_cache)
    kinds = (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QTabBar)
    nameless = [
        type(each).__name__
        for kind in kinds
        for each in panel.findChildren(kind)
        if each.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (each.accessibleName() or getattr(each, "text", str)())
        # The list that a box opens has no name of its own.
        and not isinstance(each.window(), type(None))
        and each.window() is panel
        and not isinstance(each.parent().parent(), QComboBox)
    ]
    assert nameless == []


def test_no_part_is_wider_than_the_smallest_window(panel, rich_cache):
    """At the least size of the window nothing asks for more room than there is."""
    panel.show_snapshot(rich_cache)
    assert panel.minimumSizeHint().width() <= 880 - 208
    for tab in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(tab)
        panel.resize(672, 560)
        assert panel.width() == 672


@pytest.mark.parametrize(
    ("first_s", "last_s", "span_s"),
    [(30, 0, 60), (61, 0, 60), (170, 0, 60), (190, 0, 240), (100, 90, 240), (500, 400, 60)],
)
def test_charts_are_not_mostly_empty(rich_cache, first_s, last_s, span_s):
    """They look back a minute until four are nearly full, or what there is lies further back."""
    ages_s = np.arange(last_s, first_s + 1.0)[::-1]
    points = np.stack([rich_cache.taken_s - ages_s, np.full(len(ages_s), 50.0)], 1)
    assert span_of(replace(rich_cache, first_hit_percent=points)) == span_s


def test_a_cache_that_was_not_read_shows_no_empty_charts(panel, rich_cache):
    """Where nothing was read lately, words stand in place of charts without lines."""
    none = np.zeros((0, 2))
    old = np.array([[10.0, 50.0]])
    idle = replace(
        rich_cache,
        first_hit_percent=old,
        second_hit_percent=none,
        get_p50_ms=none,
        get_p99_ms=none,
    )
    panel.show_snapshot(rich_cache)
    assert panel.live.hit_chart.isVisible()
    panel.show_snapshot(idle)
    assert panel.live.hit_chart.isHidden()
    assert panel.live.delay_chart.isHidden()
