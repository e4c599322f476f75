"""Suites that others wrote for servers of this kind, against a real `serve`.

They want whole answers: one that was cut at the limit is, rightly, no `response.completed` and has
no finish reason "stop". At its usual temperature the built-in model repeats itself until it is cut
in about one answer of fifty. So it is asked with temperature 0, where these prompts have an end,
and past the cache, which would answer in its place. What is expected is the suites' own.
"""

from __future__ import annotations

import json
from dataclasses import replace
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
NO_STORE = "no-store"


def greedy(test: Any) -> Any:
    """Return a test of `llm-comply` that asks the same with temperature 0."""
    return replace(
        test, build_request=lambda config: test.build_request(config) | {"temperature": 0}
    )


def complaints(tests: list[Any], served: Served, suite: str, model: str) -> dict[str, list[str]]:
    """Return what `tests` of a suite of `llm-comply` find wrong, by test."""
    config = ComplianceConfig(
        base_url=served.url,
        api_key=served.key,
        model=model,
        timeout=ANSWER_S,
        extra_headers={"Cache-Control": NO_STORE},
        **SUITES[suite][1],
    )
    runner = llm_comply.runner.TestRunner(config, tests, SpecLoader(str(SPECS / suite)))
    results = runner.run_all().results
    assert len(results) == len(tests)
    return {each.id: each.errors for each in results if each.status.name == "FAILED"}


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver")  # the suite's, not ours
@pytest.mark.parametrize("model", ["mock-small", "claude-mock"])
@pytest.mark.parametrize("suite", SUITES)
def test_llm_comply(mocked: Mocked, suite: str, model: str):
    """Whole answers, streams, tools, pictures and errors have the shape that the suite expects."""
    found = complaints(SUITES[suite][0], mocked, suite, model)
    assert {test: each for test, each in found.items() if test not in MEANT} == {}


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver")
@pytest.mark.parametrize("suite", SUITES)
def test_llm_comply_with_the_built_in_model(built_in: Served, suite: str):
    """The built-in model fails only where it says that it cannot: tools and pictures."""
    tests = [greedy(test) for test in SUITES[suite][0]]
    found = complaints(tests, built_in, suite, BUILT_IN)
    for test in [each for each in found if each.endswith(CANNOT)]:
        assert found.pop(test)[0].startswith("HTTP 400")
    ours = {
        test: [each for each in told if not each.endswith(LEFT_OUT)]
        for test, told in found.items()
        if test not in MEANT
    }
    assert not any(ours.values()), ours


def scan(served: Served, model: str, profile: str, *options: str) -> dict[str, str]:
    """Return what CompatCanary says of each of its probes: "pass", or what is wrong.

    options: of Node.
    """
    done = run_node(
        *options,
        "node_modules/compatcanary/src/cli.js",
        *("scan", "--base-url", served.url, "--model", model, "--timeout", str(ANSWER_S)),
        *("--profile", profile, "--format", "json", "--fail-on", "never"),
        *("--header", f"Cache-Control: {NO_STORE}"),
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
    found = scan(built_in, BUILT_IN, profile, "--import", "./greedy.js")
    assert found.pop("chat.tool_call").startswith("fail")
    assert len(found) >= PROBES - 1
    assert {probe: told for probe, told in found.items() if told != "pass"} == {}
