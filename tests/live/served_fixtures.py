"""A real `serve` for the tests with clients of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from tests.live.served import (
    BUILT_IN,
    PROVIDER_KEY,
    Served,
    at_upstream,
    serving,
    upstream_thread,
)
from tests.live.upstream import Upstream

if TYPE_CHECKING:
    import openai

__all__ = ["built_in", "mocked"]

FAULTY = {
    "says-400": "400",
    "says-401": "401",
    "says-429": "429",
    "says-500": "500",
    "closes": "close",
    "answers-html": "html",
    "breaks": "cut",
}
"""Models by what goes wrong with each of them."""
LARGEST_MIB = 1


@dataclass
class Mocked(Served):
    """`serve` over the mock model server."""

    upstream: Upstream

    def openai(self, **options: object) -> openai.OpenAI:
        """Return OpenAI's client, which tries once unless told otherwise."""
        import openai  # takes a second, which other tests need not

        usual = {"api_key": self.key, "base_url": self.url, "max_retries": 0}
        return openai.OpenAI(**(usual | options))  # type: ignore[arg-type]  # options are plain


@pytest.fixture(scope="module")
def mocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocked]:
    """Return `serve` over a mock server that is asked with a key; `FAULTY` models fail."""
    server = Upstream(
        models=("mock-small", "mock-large", "embed-mock", "claude-mock", "moody", *FAULTY),
        key=PROVIDER_KEY,
        of_model={model: repeat(fault) for model, fault in FAULTY.items()},
        retry_after="1",
    )
    with upstream_thread(server):
        faulty = ("moody", *FAULTY)
        names = chain(("mock", "claude"), faulty)
        with serving(
            tmp_path_factory.mktemp("mocked"),
            endpoints=at_upstream(server, *faulty),
            gateway=f"largest_body_mib = {LARGEST_MIB}\n",
            keys=dict.fromkeys(names, PROVIDER_KEY),
        ) as served:
            yield Mocked(served.program, served.home, served.url, served.key_file, server)
            assert PROVIDER_KEY not in served.said
            assert served.key not in served.said


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return `serve` on a machine without servers; skips where the built-in model is not here."""
    with serving(tmp_path_factory.mktemp("built-in")) as served:
        if BUILT_IN not in served.models():
            pytest.skip("the built-in model is not here: `make test` fetches it")
        yield served
