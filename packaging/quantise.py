"""Quantise the matrices of a model to 8 bits, as CTranslate2 does when it loads the model.

    python packaging/quantise.py FOLDER

FOLDER/model.bin is replaced. CTranslate2 makes the same numbers at each start from 16-bit weights
where it computes in 8 bits: the results are the same to the bit, and the file is half as large.
What is no matrix (vectors, convolutions, positions) stays as it is: convolutions are computed in
floats on x86 and on graphics cards. docs/decisions/0036 says why, and what was measured.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

WEIGHTS = "model.bin"
VERSION = 6
"""Of the file format; since CTranslate2 2.0 (2021)."""
KINDS = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2", 5: "<V2"}
"""Numbers of types, as in CTranslate2's DataType; numpy knows no bfloat16 (5)."""
FLOAT, INT8, HALF = 0, 1, 4
LARGEST = np.float32(127)
LEAST_PEAK = LARGEST / np.finfo(np.float32).max
"""Of a row, as CTranslate2 has it: the scale of a smaller one would not be a finite number."""


class NotAModel(Exception):
    """A file is no model that can be quantised; the message says why."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Numbers under a name. kind: a key of KINDS."""

    name: str
    kind: int
    values: npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Model:
    """What a file holds. aliases: further names, each with the name of what it stands for."""

    spec: str
    revision: int
    variables: tuple[Variable, ...]
    aliases: tuple[tuple[str, str], ...]


def read_model(content: bytes) -> Model:
    """Return the model in `content`, without copying its numbers. Raises NotAModel."""
    reader = _Reader(content)
    try:
        version = reader.number("I")
        if version != VERSION:
            raise NotAModel(f"its format is version {version}, not {VERSION}")
        spec, revision = reader.text(), reader.number("I")
        variables = tuple(reader.variable() for _ in range(reader.number("I")))
        aliases = tuple((reader.text(), reader.text()) for _ in range(reader.number("I")))
    except (struct.error, ValueError, KeyError) as error:
        raise NotAModel(f"at byte {reader.position} it is not as it should be: {error}") from error
    if reader.position != len(content):
        raise NotAModel(f"it goes on after its end at byte {reader.position}")
    return Model(spec, revision, variables, aliases)


def to_bytes(model: Model) -> bytes:
    """Return the content of a file that holds `model`."""
    parts = [struct.pack("<I", VERSION), _text(model.spec)]
    parts.append(struct.pack("<II", model.revision, len(model.variables)))
    for variable in model.variables:
        values = variable.values
        parts += [_text(variable.name), struct.pack("<B", values.ndim)]
        parts.append(struct.pack(f"<{values.ndim}I", *values.shape))
        parts += [struct.pack("<BI", variable.kind, values.nbytes), values.tobytes()]
    parts.append(struct.pack("<I", len(model.aliases)))
    parts += [_text(alias) + _text(name) for alias, name in model.aliases]
    return b"".join(parts)


def quantised(model: Model) -> Model:
    """Return `model` with its matrices in 8 bits, each followed by the scales of its rows.

    One that has none in floats comes back as it is. Raises NotAModel where a number is not finite.
    """
    variables: list[Variable] = []
    for variable in model.variables:
        is_matrix = variable.values.ndim == 2 and variable.name.endswith("weight")
        if is_matrix and variable.kind in (FLOAT, HALF):
            variables += _in_8_bits(variable)
        else:
            variables.append(variable)
    # Sorted, as CTranslate2's converter writes them.
    by_name = tuple(sorted(variables, key=lambda variable: variable.name))
    return Model(model.spec, model.revision, by_name, model.aliases)


def _in_8_bits(variable: Variable) -> tuple[Variable, Variable]:
    """Return the rounded matrix and its scales: value = rounded / scale of its row.

    Source: `_quantize` of ctranslate2/specs/model_spec.py. Every step is one IEEE operation on
    float32, so that all machines make the same bytes.
    """
    values = variable.values.astype(np.float32)
    if not np.isfinite(values).all():
        raise NotAModel(f"{variable.name} holds what is no number")
    peaks = np.abs(values).max(axis=1, initial=0)
    peaks[peaks == 0] = LARGEST
    scales = (LARGEST / np.maximum(peaks, LEAST_PEAK)).astype("<f4")
    rounded = np.rint(values * scales[:, None]).astype("<i1")
    return Variable(variable.name, INT8, rounded), Variable(f"{variable.name}_scale", FLOAT, scales)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<H", len(encoded) + 1) + encoded + b"\0"


class _Reader:
    """Reads one thing after another."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.position = 0

    def number(self, letter: str) -> int:
        (value,) = struct.unpack_from(f"<{letter}", self._content, self.position)
        self.position += struct.calcsize(f"<{letter}")
        return int(value)

    def text(self) -> str:
        length = self.number("H")
        found = self._content[self.position : self.position + length]
        if len(found) < length or not found.endswith(b"\0"):
            raise ValueError("a name does not end")
        self.position += length
        return found[:-1].decode()

    def variable(self) -> Variable:
        name = self.text()
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size_bytes = self.number("B"), self.number("I")
        end = self.position + size_bytes
        if end > len(self._content):
            raise ValueError(f"{name} is cut off")
        raw = np.frombuffer(memoryview(self._content)[self.position : end], KINDS[kind])
        values = raw.reshape(shape)
        self.position = end
        return Variable(name, kind, values)


def main(arguments: list[str]) -> int:
    """Do it in the folder named in `arguments`; return the exit status."""
    if len(arguments) != 1 or not Path(arguments[0], WEIGHTS).is_file():
        sys.stderr.write("usage: quantise.py FOLDER, one with a model.bin\n")
        return 2
    weights = Path(arguments[0], WEIGHTS)
    content = weights.read_bytes()
    try:
        smaller = to_bytes(quantised(read_model(content)))
    except NotAModel as error:
        sys.stderr.write(f"quantise: {weights}: {error}\n")
        return 1
    partial = weights.with_name(f"{WEIGHTS}.partial")
    partial.write_bytes(smaller)
    partial.replace(weights)
    sys.stdout.write(f"{weights}: {len(content) >> 20} MiB, now {len(smaller) >> 20} MiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
