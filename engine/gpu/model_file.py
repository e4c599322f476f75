"""A model on the disk, whichever way it is kept."""

from __future__ import annotations

from pathlib import Path

from engine.errors import Damaged, Unreachable
from engine.gpu.gguf_header import read_gguf
from engine.gpu.model_shape import ModelShape
from engine.gpu.safetensors_header import read_safetensors

SAFETENSORS = (".safetensors", ".json")


def read_model(path: Path) -> ModelShape:
    """Return the shape of the model in a GGUF file, a safetensors file, or the folder of one.

    "~" is the user's home. Blocks while headers are read, some milliseconds. Raises Unreachable
    where nothing is there, Damaged where it is no model.
    """
    path = path.expanduser()
    if path.is_dir():
        parts = sorted(path.glob("*.gguf"))
        if parts and not any(path.glob("*.safetensors")):
            return read_gguf(parts[0])
        return read_safetensors(path)
    if not path.exists():
        raise Unreachable(f"{path} is not there: choose another file")
    if path.suffix.lower() in SAFETENSORS:
        return read_safetensors(path)
    if path.suffix.lower() == ".gguf":
        return read_gguf(path)
    raise Damaged(f"{path.name} is neither a GGUF nor a safetensors file: choose one of these")
