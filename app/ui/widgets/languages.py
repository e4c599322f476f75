"""The languages Whisper knows, by name."""

from __future__ import annotations

from PySide6.QtCore import QLocale

from engine.voice.settings import LANGUAGES

OTHER_NAMES = {"jw": "Javanese", "tl": "Tagalog"}
"""Codes of Whisper's own that Qt knows by another name or not at all."""


def language_choices() -> list[tuple[str, str]]:
    """Return (code, English name) of every language, "auto" first, then by name."""
    named = [(code, language_name(code)) for code in LANGUAGES]
    return [("auto", "Detect automatically"), *sorted(named, key=lambda pair: pair[1])]


def language_name(code: str) -> str:
    """Return the English name of a language; the code itself where there is none."""
    if code in OTHER_NAMES:
        return OTHER_NAMES[code]
    language = QLocale.codeToLanguage(code)
    return code if language is QLocale.Language.AnyLanguage else QLocale.languageToString(language)
