"""A Redis for measurements, in a folder of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.redis import RedisServer


@contextmanager
def server(*, is_lasting: bool = False) -> Iterator[RedisServer]:
    """Yield a running server; afterwards it and its folder are gone."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    redis = RedisServer(folder, is_lasting=is_lasting)
    redis.start()
    try:
        yield redis
    finally:
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)
