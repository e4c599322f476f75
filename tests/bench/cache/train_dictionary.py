"""Make resources/dictionaries/chat.zdict: `python -m tests.bench.cache.train_dictionary`.

Run again where chats have come to look different. The same Python and the same zstandard make the
same file; a new file has a new number, and what Redis holds under the old one becomes a miss.
"""

from __future__ import annotations

from random import Random

import zstandard

from tests.bench.cache.corpus import ROOT, any_chat, training_texts

TARGET = ROOT / "resources" / "dictionaries" / "chat.zdict"
SIZE_BYTES = 512 << 10
SAMPLES = 8000
SIZES = (500, 1000, 2000, 4000, 8000)
LEVEL = 3


def main() -> None:
    """Train on chats that are made of the training texts, and write the dictionary."""
    random, texts = Random(7), training_texts()
    samples: list[bytes | bytearray | memoryview] = [
        any_chat(random, texts, random.choice(SIZES)) for _ in range(SAMPLES)
    ]
    trained = zstandard.train_dictionary(SIZE_BYTES, samples, level=LEVEL)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(trained.as_bytes())
    print(f"{TARGET}: {len(trained.as_bytes())} bytes, number {trained.dict_id()}")


if __name__ == "__main__":
    main()
