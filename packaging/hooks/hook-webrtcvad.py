"""PyInstaller's own looks for metadata of webrtcvad; ours comes from its fork webrtcvad-wheels."""

from PyInstaller.utils.hooks import copy_metadata

datas = copy_metadata("webrtcvad-wheels")
