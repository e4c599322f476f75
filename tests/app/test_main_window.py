from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.ui.main_window import SMALLEST, USUAL, MainWindow, PageEntry
from app.ui.overview_panel import OverviewSnapshot
from app.ui.panel import Panel
from engine.gpu.snapshot import ResourceSnapshot
from engine.voice.snapshot import Device, VoiceSnapshot, VoiceState


class First(Panel):
    title = "First"
    built = 0

    def __init__(self, theme):
        type(self).built += 1
        super().__init__(theme)


class Second(First):
    title = "Second"
    built = 0


@pytest.fixture
def pages(monkeypatch):
    First.built = Second.built = 0
    # The pages of this file, wherever the test run keeps the module of a test.
    monkeypatch.setitem(sys.modules, "pages", SimpleNamespace(First=First, Second=Second))
    where = "pages:"
    return (
        PageEntry("First", "overview", where=where + "First"),
        PageEntry("Second", "settings", True, where=where + "Second"),
    )


@pytest.fixture
def window(theme, pages, qtbot):
    window = MainWindow(theme, pages=pages)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def whole(theme, qtbot):
    window = MainWindow(theme, badge="Demo")
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    window.show()
    qtbot.waitExposed(window)
    return window


def test_pages_are_built_on_their_first_visit(window, qtbot):
    """No page exists before it is opened, and none is built twice."""
    assert (First.built, Second.built) == (0, 0)
    with qtbot.waitSignal(window.page_built):
        window.open_page(0)
    assert (First.built, Second.built) == (1, 0)
    window.open_page(1)
    with qtbot.assertNotEmitted(window.page_built):
        window.open_page(0)
    assert (First.built, Second.built) == (1, 1)
    assert window.panel.title == "First"


def test_a_page_is_opened_by_its_shortcut(window, qtbot):
    """Ctrl and a digit opens a page from anywhere, and its tooltip says so."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.panel.title == "Second"
    assert [button.toolTip() for button in window.rail.buttons] == [
        "First (Ctrl+1)",
        "Second (Ctrl+2)",
    ]


def test_the_rail_shows_which_page_is_open(window):
    """Exactly the open page is marked, however it was opened."""
    window.open_title("Second")
    assert [button.isChecked() for button in window.rail.buttons] == [False, True]
    window.rail.buttons[0].click()
    assert [button.isChecked() for button in window.rail.buttons] == [True, False]
    assert window.panel.title == "First"


@pytest.mark.parametrize(("index", "title"), [(0, "Overview"), (1, "Voice")])
def test_the_keys_of_a_page_work_as_soon_as_it_is_open(whole, qtbot, index, title):
    """Ctrl+R asks for a recording on the pages that have the button, without a click first."""
    whole.activateWindow()
    qtbot.waitUntil(whole.isActiveWindow)
    key = Qt.Key(Qt.Key.Key_1 + index)
    QTest.keyClick(whole, key, Qt.KeyboardModifier.ControlModifier)
    assert whole.panel.title == title
    desk = Device("desk", "Desk", 1, 48000, True)
    ready = VoiceSnapshot(1.0, VoiceState.READY, device="Desk", devices=(desk,))
    whole.panel.show_snapshot(
        OverviewSnapshot(ready, ResourceSnapshot(1.0)) if index == 0 else ready
    )
    with qtbot.waitSignal(whole.panel.record_toggled):
        QTest.keyClick(
            whole.focusWidget() or whole, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier
        )


def test_who_walks_along_the_rail_stays_there(whole, qtbot):
    """Opening pages with the arrow keys and Space does not throw the user out of the rail."""
    whole.activateWindow()
    qtbot.waitUntil(whole.isActiveWindow)
    first, second = whole.rail.buttons[0], whole.rail.buttons[1]
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Down)
    QTest.keyClick(second, Qt.Key.Key_Space)
    assert whole.panel.title == "Voice"
    assert whole.focusWidget() is second


def test_an_unknown_title_opens_the_first_page(window):
    """The page that was open last may be gone in this version."""
    window.open_title("Telegraph")
    assert window.panel.title == "First"


def test_the_first_paint_is_announced_once(theme, pages, qtbot):
    """What waits for the first picture hears of it exactly once."""
    window = MainWindow(theme, pages=pages)
    qtbot.addWidget(window, before_close_func=lambda window: window.allow_close())
    heard = []
    window.first_painted.connect(lambda: heard.append(1))
    with qtbot.waitSignal(window.first_painted):
        window.show()
    window.repaint()
    window.rail.repaint()
    QApplication.processEvents()
    assert heard == [1]


def test_closing_is_asked_for_and_then_allowed(window, qtbot):
    """The window stays until what is being recorded is finished."""
    with qtbot.waitSignal(window.close_requested):
        window.close()
    assert window.isVisible()
    window.allow_close()
    window.close()
    assert not window.isVisible()


def test_ctrl_q_asks_to_quit(window, qtbot):
    """Ctrl+Q is the same as closing the window."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    with qtbot.waitSignal(window.close_requested):
        QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)


def test_files_dropped_anywhere_are_handed_on(window, qtbot):
    """A file that is dropped on the window is announced with its path."""
    found = QMimeData()
    found.setUrls([QUrl.fromLocalFile("/tmp/talk.mp3"), QUrl("https://example.org/a.mp3")])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        found,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(window.files_dropped) as dropped:
        window.dropEvent(event)
    assert dropped.args == [[Path("/tmp/talk.mp3")]]


def test_a_problem_stands_above_every_page_until_dismissed(window, qtbot):
    """A problem of the whole application is seen, can be copied and be dismissed."""
    window.open_page(0)
    window.show_problem("The disk is full: free some space", "traceback and versions")
    assert window.strip.isVisible()
    buttons = window.strip.findChildren(QWidget)
    copy, close = (one for one in buttons if one.metaObject().className() == "QPushButton")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied == "The disk is full: free some space\n\ntraceback and versions"
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not window.strip.isVisible()


def test_place_and_size_are_remembered(window, theme, pages, qtbot):
    """A new window takes the geometry of the last."""
    window.resize(890, 590)
    other = MainWindow(theme, pages=pages)
    qtbot.addWidget(other, before_close_func=lambda window: window.allow_close())
    other.restore_saved(window.saved_geometry())
    assert other.height() == 590
    other.restore_saved("this is no geometry")
    assert other.height() == 590


def focusable(root):
    """Return the visible widgets below `root` that Tab reaches."""
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisibleTo(root)
        and not widget.objectName().startswith("qt_")
    ]


def says(widget):
    """Return what a screen reader says of `widget`."""
    found = QAccessible.queryAccessibleInterface(widget)
    return found.text(QAccessible.Text.Name) if found else ""


@pytest.mark.parametrize("index", [0, 1, 2])
def test_everything_that_takes_the_keyboard_has_a_name(whole, index):
    """A screen reader can name every control of every page."""
    whole.open_page(index)
    QApplication.processEvents()
    widgets = focusable(whole)
    assert widgets
    assert [f"{type(each).__name__} {each.parent()}" for each in widgets if not says(each)] == []


@pytest.mark.parametrize("size", [USUAL, SMALLEST])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_no_label_is_cut_off(whole, index, size):
    """At the window's usual and at its smallest size every word is seen whole."""
    whole.resize(size)
    whole.open_page(index)
    QApplication.processEvents()
    cut = [
        label.text()
        for label in whole.findChildren(QLabel)
        if label.isVisible()
        and label.text()
        and not label.wordWrap()
        and label.width() < label.fontMetrics().horizontalAdvance(label.text()) - 1
    ]
    assert cut == []


def test_the_demo_is_badged(whole):
    """Nobody takes simulated devices for real ones."""
    assert "Demo" in [label.text() for label in whole.rail.findChildren(QLabel)]


def test_the_window_can_be_left_by_tab_alone(whole, qtbot):
    """Tab goes round the whole page and comes back to where it began."""
    whole.open_page(0)
    whole.activateWindow()
    qtbot.waitUntil(whole.isActiveWindow)
    whole.rail.buttons[0].setFocus()
    seen = []
    for _ in range(60):
        QTest.keyClick(whole.focusWidget(), Qt.Key.Key_Tab)
        if whole.focusWidget() is whole.rail.buttons[0]:
            break
        seen.append(whole.focusWidget())
    assert whole.focusWidget() is whole.rail.buttons[0]
    assert any(widget.accessibleName().startswith("Chart") for widget in seen)


def test_the_first_paint_needs_no_names_of_qt():
    """The window is painted before Qt's enumerations are loaded, which takes 15 ms."""
    program = (
        "import PySide6.QtCore as core\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from app.theme import Theme\n"
        "from app.ui.main_window import MainWindow\n"
        "qt = QApplication([])\n"
        "window = MainWindow(Theme(qt))\n"
        "window.first_painted.connect(qt.exit)\n"
        "window.show()\n"
        "qt.exec()\n"
        "print('Qt' in vars(core))\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
    )
    assert found.stdout.split() == ["False"]
