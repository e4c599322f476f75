from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication, QProgressBar

from app.ui.widgets.file_job_row import state_text
from app.ui.widgets.file_jobs import FileJobs
from engine.voice.snapshot import FileJob, Segment, Transcript

WORKING = FileJob(1, "talk.mp3", "working", 0.25, None, None)
DONE = replace(
    WORKING,
    state="done",
    progress=1.0,
    transcript=Transcript((Segment("Hello there.", 0, 2, 0.9),), "en", 65.0, "base"),
)
FAILED = replace(WORKING, state="failed", problem="talk.mp3 holds no sound: choose another file.")


@pytest.fixture
def jobs(theme, qtbot) -> FileJobs:
    """Return a shown list of files."""
    view = FileJobs(theme)
    qtbot.addWidget(view)
    view.resize(360, 300)
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (replace(WORKING, state="waiting"), "Waiting"),
        (WORKING, "25 %"),
        (replace(WORKING, progress=None), "Transcribing"),
        (DONE, "1:05  ·  English"),
        (replace(WORKING, state="cancelled"), "Cancelled"),
        (FAILED, "Failed"),
    ],
)
def test_state_in_words(job: FileJob, text: str):
    """Each state of a file reads as a word, a share or its result."""
    assert state_text(job) == text


def test_progress_is_drawn(jobs):
    """The bar stands at the share done, and runs without end where the length is not known."""
    jobs.show_jobs([WORKING])
    bar = jobs.rows()[1].findChild(QProgressBar)
    assert bar.value() / bar.maximum() == 0.25
    jobs.show_jobs([replace(WORKING, progress=None)])
    assert (bar.minimum(), bar.maximum()) == (0, 0)


def test_a_running_file_can_be_cancelled_and_a_done_one_dismissed(jobs, qtbot):
    """The same button cancels while the file is in work and clears it away after."""
    jobs.show_jobs([WORKING])
    button = jobs.rows()[1].close_button
    with qtbot.waitSignal(jobs.cancel_pressed) as cancelled:
        button.click()
    jobs.show_jobs([DONE])
    with qtbot.waitSignal(jobs.dismiss_pressed) as dismissed:
        button.click()
    assert cancelled.args == dismissed.args == [1]
    assert button.accessibleName() == "Remove from this list: talk.mp3"


def test_a_result_can_be_copied_and_exported(jobs, qtbot):
    """Copy puts the text on the clipboard; export carries format and file."""
    jobs.show_jobs([DONE])
    row = jobs.rows()[1]
    row.copy_button.click()
    assert QApplication.clipboard().text() == "Hello there."
    srt = row.export_button.menu().actions()[1]
    with qtbot.waitSignal(jobs.export_chosen) as chosen:
        srt.trigger()
    assert chosen.args == ["srt", 1]


def test_a_failure_says_what_mends_it(jobs):
    """The problem is written out in full, and there is nothing to copy."""
    jobs.show_jobs([FAILED])
    row = jobs.rows()[1]
    assert row._problem.text() == FAILED.problem
    assert not row._problem.isHidden()
    assert not row.copy_button.isVisible()


def test_a_file_without_speech_says_so(jobs):
    """Where nobody speaks there is a sentence instead of an empty result."""
    silent = replace(DONE, transcript=Transcript((), None, 65.0, "base"))
    jobs.show_jobs([silent])
    row = jobs.rows()[1]
    assert row._text.whole_text == "Nobody speaks in this file"
    assert not row.copy_button.isVisible()


def test_rows_live_as_long_as_their_files(jobs):
    """A file keeps its row while it is worked on, so that focus stays; then the row goes."""
    jobs.show_jobs([WORKING, replace(WORKING, id=2)])
    first = jobs.rows()[1]
    jobs.show_jobs([DONE, replace(WORKING, id=2)])
    assert jobs.rows()[1] is first
    jobs.show_jobs([replace(WORKING, id=2)])
    assert list(jobs.rows()) == [2]


def test_the_newest_file_is_on_top(jobs):
    """A file that was just chosen is seen without scrolling."""
    jobs.show_jobs([replace(WORKING, id=number) for number in range(1, 4)])
    QApplication.processEvents()
    rows = jobs.rows()
    assert rows[3].y() < rows[2].y() < rows[1].y()
