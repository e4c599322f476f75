from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Damaged, Unreachable
from engine.gpu.model_file import read_model
from tests.engine.gpu.gguf_files import LLAMA, written


def test_a_gguf_file_is_read(tmp_path: Path):
    """A GGUF file is known by its ending, in capitals too."""
    assert read_model(written(tmp_path / "a.GGUF", LLAMA)).name == "Llama 3.1 8B"


def test_a_folder_with_a_gguf_file_is_that_model(tmp_path: Path):
    """A folder that holds GGUF files alone is the first of them."""
    written(tmp_path / "a.gguf", LLAMA)
    assert read_model(tmp_path).layers == 32


def test_other_files_are_told(tmp_path: Path):
    """A file that is neither, and one that is not there, are told as such."""
    (tmp_path / "a.bin").write_bytes(b"x")
    with pytest.raises(Damaged, match="neither a GGUF nor a safetensors"):
        read_model(tmp_path / "a.bin")
    with pytest.raises(Unreachable, match="choose another file"):
        read_model(tmp_path / "b.gguf")
    with pytest.raises(Damaged, match="no safetensors file"):
        read_model(tmp_path)
