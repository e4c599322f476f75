"""Colours, type and icons, made from the tokens in `resources/themes`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QDir, QObject, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

import resources

if TYPE_CHECKING:
    from PySide6.QtCore import Qt

RESOURCES = Path(resources.__path__[0])
"""A folder on the disk, also when frozen; importlib.resources takes 5 ms before the first paint."""
CHOICES = ("system", "light", "dark")
FONTS = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")
TEXT_PX = 13
DISABLED_OPACITY = 0.4
MIDDLE = 128
"""Between dark and light, of 0..255."""
CLEAR = QColor(0, 0, 0, 0)
ICON_SIZES_PX = (16, 20, 24, 32, 48)
"""Sizes an icon is drawn at; a screen at twice the density takes a larger one."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme's colours, each "#rrggbb"."""

    background: str
    side: str
    card: str
    raised: str
    line: str
    text: str
    dim: str
    mute: str
    accent: str
    on_accent: str
    recording: str
    """What records, and nothing else, is filled with this."""
    on_recording: str
    ok: str
    warn: str
    bad: str
    violet: str
    selection: str
    is_dark: bool

    def colour(self, name: str) -> QColor:
        """Return the token `name` as a colour. Raises AttributeError for an unknown name."""
        return QColor(getattr(self, name))


def read_tokens(name: str) -> Tokens:
    """Return the tokens of "dark" or "light". Raises TypeError where the file lacks one."""
    text = (RESOURCES / "themes" / f"{name}.toml").read_text(encoding="utf-8")
    return Tokens(**tomllib.loads(text))


class Theme(QObject):
    """The look of the application; `changed` is emitted after it was switched."""

    changed = Signal()

    def __init__(self, application: QApplication, choice: str = "system") -> None:
        super().__init__()
        self._application = application
        self._choice = choice if choice in CHOICES else "system"
        # The palette tells it as well as the style hints do, whose answer would load all of Qt's
        # enumerations: 15 ms of the start.
        self._is_desktop_dark = application.palette().window().color().lightness() < MIDDLE
        self._icons: dict[tuple[str, str], QIcon] = {}
        # Asking for a style by name looks through every plug-in folder; often it is there already.
        if application.style().name() != "fusion":
            application.setStyle("Fusion")
        QDir.setSearchPaths("icons", [str(RESOURCES / "icons")])
        application.setFont(_interface_font())
        self._tokens = read_tokens(self._wanted())
        self._apply()
        application.styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def tokens(self) -> Tokens:
        """The colours in use."""
        return self._tokens

    @property
    def choice(self) -> str:
        """What the user chose: "system", "light" or "dark"."""
        return self._choice

    def choose(self, choice: str) -> None:
        """Switch to `choice`, one of CHOICES. Raises ValueError for anything else."""
        if choice not in CHOICES:
            raise ValueError(f"theme {choice!r}: must be one of {', '.join(CHOICES)}")
        self._choice = choice
        self._refresh()

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """Return `resources/icons/<name>.svg` drawn in `colour`, the text colour if None.

        Raises FileNotFoundError where there is no such icon.
        """
        key = (name, colour or self._tokens.text)
        if key not in self._icons:
            self._icons[key] = _draw_icon(name, key[1])
        return self._icons[key]

    def _wanted(self) -> str:
        if self._choice != "system":
            return self._choice
        return "dark" if self._is_desktop_dark else "light"

    def _follow_system(self, scheme: Qt.ColorScheme) -> None:
        self._is_desktop_dark = scheme.name == "Dark"
        if self._choice == "system":
            self._refresh()

    def _refresh(self) -> None:
        tokens = read_tokens(self._wanted())
        if tokens == self._tokens:
            return
        self._tokens = tokens
        self._icons.clear()
        self._apply()
        self.changed.emit()

    def _apply(self) -> None:
        self._application.setPalette(_palette(self._tokens))
        sheet = (RESOURCES / "themes" / "style.qss").read_text(encoding="utf-8")
        colours = {name: getattr(self._tokens, name) for name in Tokens.__slots__}
        colours["mode"] = "dark" if self._tokens.is_dark else "light"
        self._application.setStyleSheet(Template(sheet).substitute(colours))


def _interface_font() -> QFont:
    """Return Inter, or the platform's font where Inter cannot be loaded."""
    family = ""
    for name in FONTS:
        content = (RESOURCES / "fonts" / name).read_bytes()
        loaded = QFontDatabase.addApplicationFontFromData(QByteArray(content))
        families = QFontDatabase.applicationFontFamilies(loaded) if loaded >= 0 else []
        family = family or (families[0] if families else "")
    font = QFont(family) if family else QFont()
    font.setPixelSize(TEXT_PX)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _draw_icon(name: str, colour: str) -> QIcon:
    # QtSvg is loaded with the first icon: the module costs a few milliseconds.
    from PySide6.QtSvg import QSvgRenderer

    svg = (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", colour).encode()))
    icon = QIcon()
    for size in ICON_SIZES_PX:
        picture = QPixmap(QSize(size, size))
        picture.fill(CLEAR)
        painter = QPainter(picture)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        icon.addPixmap(picture)
        icon.addPixmap(_faded(picture), QIcon.Mode.Disabled)
    return icon


def _faded(picture: QPixmap) -> QPixmap:
    """Return `picture` as it looks on what cannot be pressed: Qt's own way hardly shows."""
    faded = QPixmap(picture.size())
    faded.fill(CLEAR)
    painter = QPainter(faded)
    painter.setOpacity(DISABLED_OPACITY)
    painter.drawPixmap(0, 0, picture)
    painter.end()
    return faded


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    roles = {
        role.Window: tokens.background,
        role.Base: tokens.card,
        role.AlternateBase: tokens.raised,
        role.Button: tokens.raised,
        role.WindowText: tokens.text,
        role.Text: tokens.text,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.bad,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.PlaceholderText: tokens.mute,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
    }
    palette = QPalette()
    for each, colour in roles.items():
        palette.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(tokens.mute))
    return palette
