"""What a row needs of each setting, read off the dataclass that holds it."""

from __future__ import annotations

import dataclasses
import typing

from app.theme import Theme
from app.ui.about_setting_texts import UPDATE_HELP, UPDATE_LABELS
from app.ui.gpu_setting_texts import GPU_HELP, GPU_LABELS
from app.ui.llm_setting_texts import LLM_HELP, LLM_LABELS
from app.ui.parameters_setting_texts import (
    ANALYTICS_CHOICES,
    ANALYTICS_HELP,
    ANALYTICS_LABELS,
)
from app.ui.setting_texts import CHOICE_TEXTS, HELP, LABELS
from app.ui.widgets.choice_field import ChoiceField
from app.ui.widgets.languages import language_choices
from app.ui.widgets.setting_row import SettingSpec
from app.ui.widgets.text_area import TextArea
from app.ui.widgets.text_field import TextField
from app.ui.widgets.toggle import Toggle
from engine.configuration import bounds_of

HOUR_S = 3600
"""The arrow keys change a time that may be this long by seconds, a longer one by minutes."""
CHOSEN_KEYS = ("voice.device", "router.default_tier")
"""Chosen from what there is, which the page is told."""
LONG_TEXTS = ("router.context.system_prompt_text",)
WHOLE_LABELS = LLM_LABELS | GPU_LABELS | ANALYTICS_LABELS | UPDATE_LABELS
WHOLE_HELP = LLM_HELP | GPU_HELP | ANALYTICS_HELP | UPDATE_HELP
"""By the whole key."""
NAMED = CHOICE_TEXTS | ANALYTICS_CHOICES

Field = ChoiceField | TextArea | TextField | Toggle


def label_of(key: str) -> str:
    """Return what a person reads for the setting `key`; its name in plain letters if unnamed."""
    name = key.rpartition(".")[2]
    return WHOLE_LABELS.get(key) or LABELS.get(name, name.replace("_", " ").capitalize())


def specs_of(kind: type, path: str) -> list[SettingSpec]:
    """Return what a row needs of each setting in the dataclass `kind`, groups opened up."""
    hints = typing.get_type_hints(kind)
    specs: list[SettingSpec] = []
    for field in dataclasses.fields(kind):
        key = f"{path}.{field.name}"
        if dataclasses.is_dataclass(hints[field.name]):
            specs += specs_of(hints[field.name], key)
        elif "bounds" in field.metadata:
            bounds = bounds_of(field)
            own = HELP.get(field.name, bounds.help) if key not in WHOLE_LABELS else bounds.help
            bounds = dataclasses.replace(bounds, help=WHOLE_HELP.get(key, own))
            specs.append(SettingSpec(key, label_of(key), hints[field.name], bounds))
    return specs


def value_of(settings: object, key: str) -> object:
    """Return the value at `key` ("voice.stages.high_pass") of the group called "voice"."""
    for name in key.split(".")[1:]:
        settings = getattr(settings, name)
    return settings


def field_for(spec: SettingSpec, theme: Theme) -> Field:
    """Return the field in which a setting is changed."""
    if spec.kind is bool:
        return Toggle(theme)
    if spec.key == "voice.language":
        return ChoiceField(language_choices())
    if spec.key in LONG_TEXTS:
        return TextArea()
    if spec.key in CHOSEN_KEYS or spec.bounds.choices:
        return ChoiceField([(one, NAMED.get(one, one)) for one in spec.bounds.choices])
    return TextField(theme, spec.kind, unit=spec.bounds.unit, step=_step_of(spec))


def _step_of(spec: SettingSpec) -> float:
    """Return by how much an arrow key changes a number."""
    high = spec.bounds.high or 0
    if spec.bounds.unit == "ms":
        return 20
    if spec.bounds.unit == "s" and high >= HOUR_S:
        return 60 if high > HOUR_S else 1
    return {float: 0.05, int: 1}.get(spec.kind, 1)
