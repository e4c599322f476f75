"""Tests of what charts and plots share."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QWidget

from app.ui.widgets.chart_files import KEY_STEP, ChartFiles, key_step, write_picture


def write_values(path):
    path.write_text("a,b\n")


@pytest.fixture
def told():
    return []


@pytest.fixture
def files(qtbot, told):
    chart = QWidget()
    qtbot.addWidget(chart)
    return ChartFiles(
        chart,
        name="best_so_far",
        values="values",
        write_png=lambda path: write_picture(QPixmap(4, 4), path),
        write_csv=write_values,
        failed=told.append,
    )


@pytest.mark.parametrize("kind", ["png", "csv"])
def test_the_menu_asks_for_a_file_and_writes_it(files, kind, tmp_path):
    """Each entry proposes the chart's name with its ending, and writes where the user says."""
    action = next(each for each in files.menu().actions() if kind.upper() in each.text())
    action.trigger()
    (dialog,) = files._chart.findChildren(QFileDialog)
    assert dialog.selectedFiles()[0].endswith(f"best_so_far.{kind}")
    dialog.fileSelected.emit(str(tmp_path / f"out.{kind}"))
    dialog.reject()
    assert (tmp_path / f"out.{kind}").stat().st_size > 0


def test_what_cannot_be_written_is_told(files, told, tmp_path):
    """A folder that is not there is told with the remedy, for pictures as for values."""
    for write in files._write.values():
        files.save(write, tmp_path / "none" / "a")
    assert [text.endswith("choose another folder") for text in told] == [True, True]


def test_arrow_keys_move_the_read_out():
    """Left goes back, right goes on, by the same part of the width; other keys do nothing."""
    assert key_step(Qt.Key.Key_Left) == -KEY_STEP
    assert key_step(Qt.Key.Key_Right) == KEY_STEP
    assert key_step(Qt.Key.Key_Up) == 0
    assert key_step(0) == 0
