"""The languages Whisper knows, by name."""

from __future__ import annotations

from PySide6.QtCore import QLocale

# The multilingual models' languages; openai/whisper, tokenizer.py.
CODES = """
    en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no
    th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw
    gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl
    mg as tt haw ln ha ba jw su yue
""".split()  # noqa: SIM905 - one word a language reads better than 99 lines
OTHER_NAMES = {"jw": "Javanese", "tl": "Tagalog"}
"""Codes of Whisper's own that Qt knows by another name or not at all."""


def language_choices() -> list[tuple[str, str]]:
    """Return (code, English name) of every language, "auto" first, then by name."""
    named = [(code, language_name(code)) for code in CODES]
    return [("auto", "Detect automatically"), *sorted(named, key=lambda pair: pair[1])]


def language_name(code: str) -> str:
    """Return the English name of a language; the code itself where there is none."""
    if code in OTHER_NAMES:
        return OTHER_NAMES[code]
    language = QLocale.codeToLanguage(code)
    return code if language is QLocale.Language.AnyLanguage else QLocale.languageToString(language)
