"""Draw the application's icon in every form that a system wants: PNG, ICO and ICNS.

    python packaging/icons.py FOLDER

writes FOLDER/hicolor (to be laid into /usr/share/icons), FOLDER/universal-ai-tools.ico and
FOLDER/universal-ai-tools.icns, all from resources/icons/app.svg.
"""

from __future__ import annotations

import argparse
import shutil
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "resources" / "icons" / "app.svg"
NAME = "universal-ai-tools"
LINUX_PX = (16, 22, 24, 32, 48, 64, 128, 256, 512)
WINDOWS_PX = (16, 20, 24, 32, 40, 48, 64, 256)
"""What Explorer shows at 100, 125, 150 and 200 %."""
MACOS_PX = {
    b"icp4": 16,
    b"icp5": 32,
    b"ic11": 32,
    b"ic12": 64,
    b"ic07": 128,
    b"ic13": 256,
    b"ic08": 256,
    b"ic14": 512,
    b"ic09": 512,
    b"ic10": 1024,
}
"""Apple's names of the places in an icns file, and how large a PNG goes there."""


def draw_png(source: Path, size_px: int) -> bytes:
    """Return `source`, an SVG, as a PNG of `size_px` by `size_px`, clear where nothing is drawn.

    Raises ValueError where the file is no SVG.
    """
    # Here, as whoever only joins files needs no Qt.
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(source))
    if not renderer.isValid():
        raise ValueError(f"{source} is no SVG that Qt can draw")
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    written = QByteArray()
    buffer = QBuffer(written)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(written.data())


def join_ico(pngs: Mapping[int, bytes]) -> bytes:
    """Return an ICO file of `pngs`, each by its size in pixels, 256 at most.

    Layout: a head, one entry of 16 bytes for each picture (0 stands for 256), then the pictures.
    """
    head = struct.pack("<HHH", 0, 1, len(pngs))
    at = len(head) + 16 * len(pngs)
    entries = b""
    for size_px, png in pngs.items():
        edge = size_px % 256
        entries += struct.pack("<BBBBHHII", edge, edge, 0, 0, 1, 32, len(png), at)
        at += len(png)
    return head + entries + b"".join(pngs.values())


def join_icns(pngs: Mapping[bytes, bytes]) -> bytes:
    """Return an ICNS file of `pngs`, each by Apple's name of its place.

    Layout: "icns" and the file's length, then for each picture its name, its length with these
    eight bytes, and itself; all numbers big-endian.
    """
    body = b"".join(name + struct.pack(">I", 8 + len(png)) + png for name, png in pngs.items())
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


def write_all(folder: Path) -> None:
    """Write every form of the icon into `folder`, which is made where it is missing."""
    sizes = sorted({*LINUX_PX, *WINDOWS_PX, *MACOS_PX.values()})
    pngs = {size_px: draw_png(SOURCE, size_px) for size_px in sizes}
    for size_px in LINUX_PX:
        place = folder / "hicolor" / f"{size_px}x{size_px}" / "apps"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{NAME}.png").write_bytes(pngs[size_px])
    scalable = folder / "hicolor" / "scalable" / "apps"
    scalable.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SOURCE, scalable / f"{NAME}.svg")
    ico = join_ico({size_px: pngs[size_px] for size_px in WINDOWS_PX})
    (folder / f"{NAME}.ico").write_bytes(ico)
    icns = join_icns({name: pngs[size_px] for name, size_px in MACOS_PX.items()})
    (folder / f"{NAME}.icns").write_bytes(icns)


def main() -> int:
    """Write the icons where the command line says, and return the exit status."""
    parser = argparse.ArgumentParser(description="Draw the application's icon in every form.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    write_all(parser.parse_args().folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
