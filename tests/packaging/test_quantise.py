"""Weights of speech models in 8 bits."""

from __future__ import annotations

import hashlib
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ctranslate2 import StorageView
from ctranslate2.models import Whisper
from ctranslate2.specs.common_spec import Conv1DSpec, EmbeddingsSpec, LayerNormSpec, LinearSpec
from ctranslate2.specs.model_spec import ModelSpec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tests.packaging.frozen  # noqa: F401 - names the folder of what is tested
from engine.model_store.store import shipped_models
from engine.voice.catalogue import CATALOGUE

import quantise  # isort: skip
from quantise import FLOAT, HALF, INT8, Model, NotAModel, Variable  # isort: skip

few = settings(max_examples=50)

SIZES = {0: 32, 4: 16}
"""Bits of the kinds of floats."""


def matrices(kind: int) -> st.SearchStrategy[Variable]:
    """Return matrices of finite floats, with rows of zeros and of tiny numbers among them."""
    numbers = st.floats(width=SIZES[kind], allow_nan=False, allow_infinity=False)
    shapes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=5)
    values = arrays.arrays(quantise.KINDS[kind], shapes, elements=numbers)
    return values.map(lambda found: Variable("layer/weight", kind, found))


MATRICES = st.sampled_from((FLOAT, HALF)).flatmap(matrices)
OTHERS = st.sampled_from(sorted(quantise.KINDS)).flatmap(
    lambda kind: st.builds(
        lambda name, shape: Variable(name, kind, np.zeros(shape, quantise.KINDS[kind])),
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
    )
)
MODELS = st.builds(
    Model,
    spec=st.just("WhisperSpec"),
    revision=st.integers(0, 2**32 - 1),
    variables=st.lists(st.one_of(MATRICES, OTHERS), max_size=5).map(tuple),
    aliases=st.lists(st.just(("output/weight", "layer/weight")), max_size=2).map(tuple),
)


def model_of(*variables: Variable) -> Model:
    return Model("WhisperSpec", 3, variables, (("output/weight", "layer/weight"),))


def weight(values: Any, kind: int = HALF) -> Variable:
    return Variable("layer/weight", kind, np.array(values, quantise.KINDS[kind]))


@few
@given(MODELS)
def test_a_file_that_is_read_can_be_written_again(model: Model):
    """What was read makes the same bytes, whatever its shapes and types."""
    content = quantise.to_bytes(model)
    assert quantise.to_bytes(quantise.read_model(content)) == content


@few
@given(MODELS, st.data())
def test_no_part_of_a_file_passes_for_a_whole(model: Model, data: st.DataObject):
    """A file that is cut off anywhere, or goes on, is refused."""
    content = quantise.to_bytes(model)
    cut = data.draw(st.integers(0, len(content) - 1))
    for wrong in (content[:cut], content + b"\0"):
        with pytest.raises(NotAModel):
            quantise.read_model(wrong)


@few
@given(MATRICES)
def test_numbers_are_as_near_as_8_bits_allow(variable: Variable):
    """Each number moves by half a step at most, a step being a 127th of its row's peak."""
    small, scales = quantise.quantised(model_of(variable)).variables
    assert (small.kind, scales.kind, scales.name) == (INT8, FLOAT, "layer/weight_scale")
    was = variable.values.astype(np.float64)
    steps = 1 / scales.values.astype(np.float64)[:, None]
    assert np.all(np.abs(small.values * steps - was) <= 0.5001 * steps)
    is_plain = np.abs(was).max(axis=1) >= quantise.LEAST_PEAK
    assert np.all(np.abs(small.values.astype(int)).max(axis=1)[is_plain] == 127)


@few
@given(MODELS)
def test_what_is_in_8_bits_stays(model: Model):
    """A second time changes nothing."""
    once = quantise.to_bytes(quantise.quantised(model))
    assert quantise.to_bytes(quantise.quantised(quantise.read_model(once))) == once


class Spec(ModelSpec):
    """A model with one layer of each sort."""

    name = "WhisperSpec"
    revision = 3

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(7)

        def some(*shape: int) -> Any:
            return rng.normal(0, 0.1, shape).astype(np.float16)

        self.conv = Conv1DSpec()
        self.conv.weight, self.conv.bias = some(4, 3, 3), some(4)
        self.embeddings = EmbeddingsSpec()
        self.embeddings.weight = some(40, 6)
        self.linear = LinearSpec()
        self.linear.weight, self.linear.bias = some(8, 6), some(8)
        self.linear.weight[3] = 0
        self.norm = LayerNormSpec()
        self.norm.gamma, self.norm.beta = some(6), some(6)
        self.output = LinearSpec()
        self.output.weight = self.embeddings.weight
        self.heads = np.int16(8)


def test_ctranslate2s_converter_makes_the_same_bytes(tmp_path: Path):
    """Its own file in 8 bits and the one made from its 16-bit file are one and the same.

    But for convolutions: the converter quantises them too.
    """
    files = []
    for form in ("float16", "int8_float16"):
        spec = Spec()
        spec.validate()
        spec._alias_variables()
        spec._quantize(form, lambda name: "conv" not in name)
        spec._serialize(str(tmp_path / form))
        files.append((tmp_path / form).read_bytes())
    plain, theirs = files
    assert quantise.to_bytes(quantise.read_model(plain)) == plain
    assert quantise.to_bytes(quantise.quantised(quantise.read_model(plain))) == theirs
    assert len(theirs) < len(plain)


def test_what_is_no_matrix_stays():
    """Convolutions, vectors, whole numbers and matrices that are no weights keep their bytes."""
    others = (
        Variable("conv/weight", HALF, np.ones((2, 2, 3), np.float16)),
        Variable("norm/gamma", HALF, np.ones(3, np.float16)),
        Variable("positions/encodings", HALF, np.ones((4, 2), np.float16)),
        Variable("small/weight", INT8, np.ones((2, 2), np.int8)),
    )
    model = model_of(*others)
    assert quantise.to_bytes(quantise.quantised(model)) == quantise.to_bytes(model)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(wrong: float):
    """A weight that is not finite has no scale, and is told by its name."""
    with pytest.raises(NotAModel, match="layer/weight"):
        quantise.quantised(model_of(weight([[1.0, wrong]])))


def with_version(content: bytes) -> bytes:
    return struct.pack("<I", 7) + content[4:]


def with_other_type(content: bytes) -> bytes:
    return content.replace(struct.pack("<BI", HALF, 4), struct.pack("<BI", 9, 4))


def with_longer_row(content: bytes) -> bytes:
    return content.replace(struct.pack("<II", 1, 2), struct.pack("<II", 1, 3))


@pytest.mark.parametrize("change", [with_version, with_other_type, with_longer_row])
def test_other_formats_are_refused(change: Callable[[bytes], bytes]):
    """A version or a type that nobody knows, and a shape that does not fit, are no model."""
    content = quantise.to_bytes(model_of(weight([[1.0, 2.0]])))
    assert change(content) != content
    with pytest.raises(NotAModel):
        quantise.read_model(change(content))


def test_the_file_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The program replaces the weights in a folder, leaves nothing beside, and tells the sizes."""
    model = model_of(weight(np.eye(50)))
    (tmp_path / "model.bin").write_bytes(quantise.to_bytes(model))
    assert quantise.main([str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["model.bin"]
    found = (tmp_path / "model.bin").read_bytes()
    assert found == quantise.to_bytes(quantise.quantised(model))
    assert "MiB, now" in capsys.readouterr().out


def test_a_wrong_file_is_told_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A file that is no model stays as it is; a folder without one is a wrong use."""
    assert quantise.main([str(tmp_path)]) == quantise.main([]) == 2
    (tmp_path / "model.bin").write_bytes(b"no model")
    assert quantise.main([str(tmp_path)]) == 1
    assert "model.bin: its format is version" in capsys.readouterr().err
    assert (tmp_path / "model.bin").read_bytes() == b"no model"


@pytest.mark.live
def test_the_base_model_becomes_the_pinned_one():
    """What packages carry of the default speech model is made to the byte that is looked for."""
    weights = shipped_models() / "base" / quantise.WEIGHTS
    (base,) = (entry for entry in CATALOGUE if entry.name == "base")
    if base.quantised is None or not weights.exists():
        pytest.skip(f"{weights} is not here: `make test` fetches it")
    made = quantise.to_bytes(quantise.quantised(quantise.read_model(weights.read_bytes())))
    found = replace(base.quantised, sha256=hashlib.sha256(made).hexdigest(), size_bytes=len(made))
    assert found == base.quantised


@pytest.mark.live
def test_the_base_model_computes_the_same_in_either_form(tmp_path: Path):
    """In 8 bits on the CPU, what both forms make of the same sound is equal to the last bit."""
    base = shipped_models() / "base"
    if not (base / quantise.WEIGHTS).exists():
        pytest.skip(f"{base} holds no speech model: `make test` fetches it")
    shutil.copytree(base, tmp_path / "small")
    assert quantise.main([str(tmp_path / "small")]) == 0
    found = [encoded(folder) for folder in (base, tmp_path / "small")]
    np.testing.assert_array_equal(*found)
    assert np.std(found[0]) > 0


def encoded(folder: Path) -> Any:
    """Return what the model in `folder` hears in five seconds of made-up spectra."""
    spectra = np.random.default_rng(7).normal(0, 0.5, (1, 80, 500)).astype(np.float32)
    model = Whisper(str(folder), device="cpu", compute_type="int8", intra_threads=1)
    heard = model.encode(StorageView.from_array(spectra), to_cpu=True)
    language = model.detect_language(heard)[0]
    return np.append(np.array(heard).ravel(), [share for _, share in sorted(language)])
