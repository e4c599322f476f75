from __future__ import annotations

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontDatabase

from app.theme import RESOURCES, Tokens, read_tokens

ICONS = sorted(path.stem for path in (RESOURCES / "icons").glob("*.svg"))


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    found = QColor(colour)
    return (
        0.2126 * linear(found.redF())
        + 0.7152 * linear(found.greenF())
        + 0.0722 * linear(found.blueF())
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("token", ["text", "dim", "mute", "accent", "ok", "warn", "bad", "violet"])
def test_text_is_readable(name, token):
    """Every colour that words are written in reads at 4.5:1 on a card."""
    tokens = read_tokens(name)
    assert contrast(getattr(tokens, token), tokens.card) >= 4.5


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("ground", ["background", "side", "selection"])
def test_the_rail_is_readable(name, ground):
    """Page names read at 4.5:1 wherever they stand."""
    tokens = read_tokens(name)
    assert contrast(tokens.text, getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("ground", ["accent", "bad"])
def test_filled_buttons_are_readable(name, ground):
    """The words on a filled button read at 4.5:1."""
    tokens = read_tokens(name)
    assert contrast(tokens.on_accent, getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_recording_button_is_readable(name):
    """Its words read at 4.5:1, and its red is no colour that means something else."""
    tokens = read_tokens(name)
    assert contrast(tokens.on_recording, tokens.recording) >= 4.5
    others = [getattr(tokens, each) for each in Tokens.__slots__ if each != "recording"]
    assert tokens.recording not in others


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_token_is_a_colour(name):
    """A theme file gives every token as #rrggbb."""
    tokens = read_tokens(name)
    names = [token for token in Tokens.__slots__ if token != "is_dark"]
    assert [token for token in names if not QColor(getattr(tokens, token)).isValid()] == []
    assert tokens.is_dark is (name == "dark")


def test_choosing_a_theme_recolours_everything(theme, qapp, qtbot):
    """A choice changes tokens, palette and style sheet, and is announced once."""
    theme.choose("dark")
    with qtbot.waitSignal(theme.changed):
        theme.choose("light")
    assert not theme.tokens.is_dark
    assert qapp.palette().window().color().name() == theme.tokens.background
    assert theme.tokens.card in qapp.styleSheet()
    theme.choose("dark")


def test_choosing_the_same_theme_changes_nothing(theme, qtbot):
    """A choice that looks the same is not announced."""
    theme.choose("dark")
    with qtbot.assertNotEmitted(theme.changed):
        theme.choose("dark")


def test_an_unknown_theme_is_a_mistake(theme):
    """A choice that does not exist is refused by name."""
    with pytest.raises(ValueError, match="sepia"):
        theme.choose("sepia")


def test_the_system_theme_follows_the_desktop(theme, qapp):
    """With "system", the desktop's switch to light is followed."""
    theme.choose("system")
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert not theme.tokens.is_dark
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.tokens.is_dark


def test_a_chosen_theme_does_not_follow_the_desktop(theme, qapp):
    """With "dark", a desktop that turns light changes nothing."""
    theme.choose("dark")
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert theme.tokens.is_dark
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_can_be_drawn(theme, name):
    """Each icon file gives a picture that is not empty."""
    image = theme.icon(name, "#ff0000").pixmap(QSize(20, 20)).toImage()
    seen = {image.pixelColor(x, y).alpha() for x in range(20) for y in range(20)}
    assert max(seen) > 0


def test_an_icon_takes_the_colour_it_is_asked_for(theme):
    """The stroke of an icon is drawn in the colour asked for."""
    image = theme.icon("stop", "#ff0000").pixmap(QSize(20, 20)).toImage()
    assert image.pixelColor(10, 10).name() == "#ff0000"


def test_a_missing_icon_is_a_mistake(theme):
    """An icon that does not exist is not silently empty."""
    with pytest.raises(FileNotFoundError):
        theme.icon("no_such_icon")


def test_the_interface_font_comes_along(theme, qapp):
    """Inter is loaded from the application's own files, in the weights that are used."""
    assert qapp.font().family() == "Inter"
    assert {"Regular", "Medium", "SemiBold"} <= {
        style.replace(" ", "") for style in QFontDatabase.styles("Inter")
    }
    assert (RESOURCES / "fonts" / "LICENSE-Inter.txt").is_file()
