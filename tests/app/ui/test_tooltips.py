from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QToolButton

from app.ui.activity_panel import ActivityPanel
from app.ui.cache_panel import CachePanel
from app.ui.gpu_panel import GpuPanel
from app.ui.models_panel import ModelsPanel
from app.ui.overview_panel import OverviewPanel
from app.ui.parameters_panel import ParametersPanel
from app.ui.playground_panel import PlaygroundPanel
from app.ui.settings_panel import SettingsPanel, SettingsSnapshot
from app.ui.voice_panel import VoicePanel
from engine.voice.settings import VoiceSettings
from engine.voice.snapshot import FileJob, ModelView, Segment, Transcript

DONE = Transcript((Segment("Words.", 0.0, 1.0, 0.9),), "en", 1.0, "base")
PANELS = (
    OverviewPanel,
    VoicePanel,
    PlaygroundPanel,
    ModelsPanel,
    GpuPanel,
    ActivityPanel,
    CachePanel,
    ParametersPanel,
    SettingsPanel,
)
MODELS = (ModelView("tiny", "Tiny", 75, "99 languages", False, False),)


@pytest.mark.parametrize("kind", PANELS)
def test_every_button_tells_what_it_does(kind, theme, qtbot, ready):
    """Whoever rests the pointer on a button, whether it can be pressed or not, is told."""
    panel = kind(theme)
    qtbot.addWidget(panel)
    if kind is VoicePanel:
        jobs = (FileJob(1, "a.wav", "done", 1.0, None, DONE),)
        panel.show_snapshot(replace(ready, jobs=jobs))
    elif kind is SettingsPanel:
        folders = (("Log", Path("/somewhere/log")),)
        panel.show_snapshot(SettingsSnapshot(VoiceSettings(), models=MODELS, folders=folders))
    silent = [
        button.accessibleName() or button.text() or type(button).__name__
        for button in panel.findChildren(QAbstractButton)
        # Those that scroll tabs, clear a field and stand in the corner of a table are Qt's own.
        if not button.toolTip() and type(button) not in (QToolButton, QAbstractButton)
    ]
    assert silent == []
