"""Suites that others wrote for servers of this kind, against a real `serve`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import llm_comply.runner
import pytest
from llm_comply.config import ComplianceConfig
from llm_comply.schema import SpecLoader
from llm_comply.tests.anthropic import ANTHROPIC_TESTS
from llm_comply.tests.open_responses import OPEN_RESPONSES_TESTS
from llm_comply.tests.openai_chat import OPENAI_CHAT_TESTS

from tests.live.node import run_node
from tests.live.served import ANSWER_S, BUILT_IN, Served
from tests.live.served_fixtures import Mocked

pytestmark = pytest.mark.live

SPECS = Path(llm_comply.__file__).parent / "specs"
SUITES: dict[str, tuple[Any, dict[str, Any]]] = {
    "openai_chat.json": (OPENAI_CHAT_TESTS, {}),
    "openresponses.json": (OPEN_RESPONSES_TESTS, {}),
    "anthropic.json": (ANTHROPIC_TESTS, {"auth_header": "x-api-key", "use_bearer_prefix": False}),
}
MEANT = ("chat-error-handling",)
"""A request that names no model: the suite wants it refused, here the usual tier answers."""
CANNOT = ("tool-calling", "image-input")
LEFT_OUT = ("'logprobs' is a required property", "'refusal' is a required property")
"""llama.cpp leaves out what would be null, and its answers go on as they are."""
PROBES = 5
"""Of the smaller profile."""


def complaints(served: Served, suite: str, model: str) -> dict[str, list[str]]:
    """Return what `llm-comply` finds wrong, by test."""
    tests, options = SUITES[suite]
    config = ComplianceConfig(base_url=served.url, api_key=served.key, model=model, **options)
    runner = llm_comply.runner.TestRunner(config, tests, SpecLoader(str(SPECS / suite)))
    results = runner.run_all().results
    assert len(results) == len(tests)
    return {each.id: each.errors for each in results if each.status.name == "FAILED"}


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver")  # the suite's, not ours
@pytest.mark.parametrize("model", ["mock-small", "claude-mock"])
@pytest.mark.parametrize("suite", SUITES)
def test_llm_comply(mocked: Mocked, suite: str, model: str):
    """Whole answers, streams, tools, pictures and errors have the shape that the suite expects."""
    found = complaints(mocked, suite, model)
    assert {test: each for test, each in found.items() if test not in MEANT} == {}


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver")
@pytest.mark.parametrize("suite", SUITES)
def test_llm_comply_with_the_built_in_model(built_in: Served, suite: str):
    """The built-in model fails only where it says that it cannot: tools and pictures."""
    found = complaints(built_in, suite, BUILT_IN)
    for test in [each for each in found if each.endswith(CANNOT)]:
        assert found.pop(test)[0].startswith("HTTP 400")
    ours = {
        test: [each for each in told if not each.endswith(LEFT_OUT)]
        for test, told in found.items()
        if test not in MEANT
    }
    assert not any(ours.values()), ours


def scan(served: Served, model: str, profile: str) -> dict[str, str]:
    """Return what CompatCanary says of each of its probes: "pass", or what is wrong."""
    done = run_node(
        "node_modules/compatcanary/src/cli.js",
        *("scan", "--base-url", served.url, "--model", model, "--timeout", str(ANSWER_S)),
        *("--profile", profile, "--format", "json", "--fail-on", "never"),
        environment={"OPENAI_API_KEY": served.key},
    )
    assert done.returncode == 0, done.stderr
    return {
        each["id"]: "pass" if each["status"] == "pass" else f"{each['status']}: {each['summary']}"
        for each in json.loads(done.stdout)["results"]
    }


@pytest.mark.parametrize("profile", ["chat", "modern"])
@pytest.mark.parametrize("model", ["mock-small", "claude-mock"])
def test_compat_canary(mocked: Mocked, profile: str, model: str):
    """Every probe passes without a warning."""
    found = scan(mocked, model, profile)
    assert len(found) >= PROBES
    assert {probe: told for probe, told in found.items() if told != "pass"} == {}


@pytest.mark.parametrize("profile", ["chat", "modern"])
def test_compat_canary_with_the_built_in_model(built_in: Served, profile: str):
    """Only the probe for tools does not pass, which this model refuses."""
    found = scan(built_in, BUILT_IN, profile)
    assert found.pop("chat.tool_call").startswith("fail")
    assert len(found) >= PROBES - 1
    assert {probe: told for probe, told in found.items() if told != "pass"} == {}
