"""OpenAI's own library for Node against a real `serve`, over a mock server."""

from __future__ import annotations

import json

import pytest

from tests.live.node import run_node
from tests.live.programs import wait_until
from tests.live.served_fixtures import Mocked

pytestmark = pytest.mark.live

SOON_S = 5.0
"""For what the design wants within 100 ms, on a busy machine."""
CHECKS = {
    "models",
    "chat",
    "stream",
    "tools",
    "image",
    "embeddings",
    "responses",
    "errors",
    "retryAfter",
    "disconnect",
    "sixtyFourAtOnce",
}


def test_every_check_passes(mocked: Mocked):
    """Models, chats, streams, tools, pictures, vectors, responses, errors and many at once work."""
    aborted = mocked.upstream.counts["aborted"]
    mocked.upstream.of_model["moody"] = iter(["429", "", "stall"])
    done = run_node(
        "openai_checks.js",
        environment={
            "BASE_URL": mocked.url,
            "API_KEY": mocked.key,
            "MODEL": "mock-small",
            "EMBEDDER": "embed-mock",
            "MOODY": "moody",
        },
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == dict.fromkeys(CHECKS, "ok")
    wait_until(
        lambda: mocked.upstream.counts["aborted"] > aborted,
        "the server of the abandoned stream to be left",
        within_s=SOON_S,
    )
