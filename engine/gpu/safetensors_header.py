"""The headers of safetensors files and the config.json beside them: what vLLM and others load.

Format: huggingface.co/docs/safetensors. Eight bytes of length, then JSON that names each tensor
and where it lies. Only headers are read. The JSON of the index and of the configuration comes
from the same place as the model, and is believed as little.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.errors import Damaged, Unreachable
from engine.gpu.model_shape import Heads, ModelShape

LARGEST_HEADER_BYTES = 100_000_000
"""What the format allows."""
LARGEST_JSON_BYTES = 64 * 2**20
MOST_LAYERS = 4096
CONFIGURATION, INDEX = "config.json", "model.safetensors.index.json"

Table = dict[str, object]


def read_safetensors(path: Path) -> ModelShape:
    """Return the shape of the model: of a folder, an index, or a file and what lies beside it.

    Raises Unreachable where a file is not there, Damaged where one is not what it should be.
    """
    try:
        folder = path if path.is_dir() else path.parent
        weights_bytes = sum(map(_weights_bytes, _files(path)))
        told = _decoded(folder / CONFIGURATION)
    except OSError as error:
        raise Unreachable(f"{error.filename} cannot be read ({error.strerror})") from error
    return _shape(folder, told, weights_bytes)


def _files(path: Path) -> Iterator[Path]:
    folder = path if path.is_dir() else path.parent
    index = folder / INDEX
    if index.is_file() and (path in (folder, index) or path.name in _shards(index)):
        yield from (folder / name for name in sorted(_shards(index)))
    elif path.is_dir():
        found = sorted(path.glob("*.safetensors"))
        if not found:
            raise Damaged(f"{path} holds no safetensors file: choose the folder of a model")
        yield from found
    else:
        yield path


def _shards(index: Path) -> set[str]:
    places = _decoded(index).get("weight_map")
    names = set(places.values()) if isinstance(places, dict) else set()
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise Damaged(f"{index} names no files of its folder: download it again")
    return names


def _weights_bytes(path: Path) -> int:
    """Return the bytes of all tensors in a file. Raises Damaged where it does not hold them."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if length + 8 > size or length > LARGEST_HEADER_BYTES:
            raise Damaged(f"{path.name} is no whole safetensors file: download it again")
        tensors = _table(path, file.read(length))
    ends = [_end(tensor) for name, tensor in tensors.items() if name != "__metadata__"]
    if any(end is None for end in ends) or length + 8 + max(filter(None, ends), default=0) > size:
        raise Damaged(f"{path.name} ends before its tensors do: download it again")
    return size - length - 8


def _end(tensor: object) -> int | None:
    match tensor:
        case {"data_offsets": [int(begin), int(end)]} if 0 <= begin <= end:
            return end
    return None


def _decoded(path: Path) -> Table:
    if path.stat().st_size > LARGEST_JSON_BYTES:
        raise Damaged(f"{path} is larger than any of its kind: download it again")
    return _table(path, path.read_bytes())


def _table(path: Path, content: bytes) -> Table:
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"{path.name} is no JSON where it must be ({error})") from error
    if not isinstance(found, dict):
        raise Damaged(f"{path.name} holds no JSON object where it must: download it again")
    return found


def _shape(folder: Path, told: Table, weights_bytes: int) -> ModelShape:
    text = told.get("text_config")
    told = told | text if isinstance(text, dict) else told  # of models that see, too
    layers, embedding = _number(told, "num_hidden_layers"), _number(told, "hidden_size")
    if not 1 <= layers <= MOST_LAYERS or embedding < 1:
        raise Damaged(f"{folder / CONFIGURATION} describes no language model: {layers} layers")
    count = max(1, _number(told, "num_attention_heads"))
    size = _number(told, "head_dim") or embedding // count
    heads = Heads(
        kv_heads=[_number(told, "num_key_value_heads") or count] * layers,
        key_size=size,
        value_size=size,
        is_sliding=_sliding(told, layers),
    )
    return ModelShape(
        name=folder.resolve().name,
        kind=str(told.get("model_type", "")),
        weights_bytes=weights_bytes,
        layers=layers,
        full_elements=_latent(told, layers) or heads.elements(sliding=False),
        sliding_elements=heads.elements(sliding=True),
        window_tokens=_number(told, "sliding_window") or None,
        embedding=embedding,
        vocabulary=_number(told, "vocab_size"),
        context_tokens=_number(told, "max_position_embeddings") or None,
    )


def _latent(told: Table, layers: int) -> int:
    """Return the numbers a token of a model with latent attention, as DeepSeek's; else 0."""
    rank = _number(told, "kv_lora_rank")
    return layers * (rank + _number(told, "qk_rope_head_dim")) if rank else 0


def _sliding(told: Table, layers: int) -> list[bool]:
    kinds = told.get("layer_types")
    if not _number(told, "sliding_window") or not isinstance(kinds, list) or len(kinds) != layers:
        return [False] * layers
    return [kind == "sliding_attention" for kind in kinds]


def _number(told: Table, name: str) -> int:
    value = told.get(name)
    return max(0, value) if isinstance(value, int) else 0
