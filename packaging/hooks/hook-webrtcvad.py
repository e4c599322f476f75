"""PyInstaller's own looks for metadata of webrtcvad; ours comes from its fork webrtcvad-wheels."""

from __future__ import annotations

from PyInstaller.utils.hooks import copy_metadata

datas = copy_metadata("webrtcvad-wheels")
