"""The application's icon in every form: read again by Qt, which did not write them."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QImageReader

ROOT = Path(__file__).resolve().parents[2]
NAME = "universal-ai-tools"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all forms of the icon."""
    folder = tmp_path_factory.mktemp("icons") / "made"
    subprocess.run([sys.executable, ROOT / "packaging/icons.py", folder], check=True)
    return folder


def test_each_size_of_the_theme_is_drawn(icons: Path):
    """A PNG is as large as its folder says, clear at the corners and coloured in the middle."""
    files = sorted(icons.glob(f"hicolor/*x*/apps/{NAME}.png"))
    assert {file.parent.parent.name for file in files} >= {"16x16", "48x48", "256x256", "512x512"}
    for file in files:
        image = QImage(str(file))
        edge = int(file.parent.parent.name.partition("x")[0])
        assert image.size() == QSize(edge, edge)
        assert image.pixelColor(0, 0).alpha() < 40
        assert image.pixelColor(edge // 2, edge // 2).alpha() == 255
    svg = icons / f"hicolor/scalable/apps/{NAME}.svg"
    assert svg.read_bytes() == (ROOT / "resources/icons/app.svg").read_bytes()


def test_windows_finds_each_size(icons: Path):
    """The ICO holds each size that Explorer shows."""
    reader = QImageReader(str(icons / f"{NAME}.ico"))
    edges = []
    for index in range(reader.imageCount()):
        assert reader.jumpToImage(index)
        edges.append(reader.read().width())
    assert edges == [16, 20, 24, 32, 40, 48, 64, 256]


def test_macos_finds_each_size(icons: Path):
    """The ICNS is as long as it says, and each of its places holds a PNG of the right size."""
    data = (icons / f"{NAME}.icns").read_bytes()
    assert data[:8] == b"icns" + struct.pack(">I", len(data))
    edges, at = {}, 8
    while at < len(data):
        place, length = data[at : at + 4], struct.unpack(">I", data[at + 4 : at + 8])[0]
        png = data[at + 8 : at + length]
        assert png.startswith(PNG)
        edges[place] = struct.unpack(">I", png[16:20])[0]
        at += length
    assert at == len(data)
    assert edges[b"ic07"] == 128
    assert edges[b"ic09"] == 512
    assert edges[b"ic10"] == 1024
