from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.ui.models_texts import (
    WHAT_STARTING_MEANS,
    chart_span_s,
    cost_text,
    curl_text,
    healthy_text,
    looked_text,
    note_of,
    path_text,
    plain_reason,
    span_text,
    tokens_text,
    where_text,
)
from engine.coordinator.snapshot import EndpointState
from tests.app.ui.model_worlds import BUILT_IN, CLOUD, COORDINATOR, GATEWAY, NOW_S, OLLAMA


def test_a_failing_server_tells_why_and_when_it_is_tried_again():
    """Without its name and address, which stand above, and as whole sentences."""
    assert note_of(CLOUD, NOW_S) == ("It says 500: out of memory. Tried again in 12 s.", "bad")
    waiting = replace(CLOUD, retry_in_s=None)
    assert note_of(waiting, NOW_S)[0].endswith("Tried again with the next request.")


def test_a_reason_that_names_its_server_twice_is_told_once():
    """However often errors were wrapped, only the last part is news."""
    prefix = "Cloud (https://api.example.com/v1)"
    assert plain_reason(CLOUD, f"{prefix}: {prefix} says 429") == "it says 429"
    assert plain_reason(CLOUD, "something else") == "something else"


def test_an_error_of_a_healthy_server_is_told_while_it_is_fresh():
    """After five minutes it is left to the details."""
    view = replace(OLLAMA, last_error="a stream broke off", last_error_s=NOW_S - 61)
    assert note_of(view, NOW_S) == ("1 min ago: a stream broke off", "mute")
    assert note_of(view, NOW_S + 300) == ("", "mute")


def test_the_built_in_model_says_what_starting_it_means():
    """It is called tiny, and asleep is no trouble."""
    assert note_of(BUILT_IN, NOW_S) == (WHAT_STARTING_MEANS, "mute")
    assert "for trying things out" in where_text(BUILT_IN)


def test_a_server_is_told_by_what_it_speaks_where_it_is_and_what_it_has():
    """Models in memory are counted where the server tells of them."""
    assert where_text(OLLAMA) == "Ollama · 127.0.0.1:11434 · 2 models, 1 loaded"
    assert where_text(CLOUD) == "OpenAI-compatible · api.example.com · 1 model"


def test_servers_that_are_switched_off_are_no_trouble():
    """Only those that should answer are counted."""
    assert healthy_text(COORDINATOR) == ("2 of 3 servers ready", "warn")
    off = replace(CLOUD, state=EndpointState.DISABLED)
    assert healthy_text(replace(COORDINATOR, endpoints=(OLLAMA, off))) == ("1 server ready", "ok")
    assert healthy_text(replace(COORDINATOR, endpoints=(CLOUD,)))[1] == "bad"
    assert healthy_text(replace(COORDINATOR, endpoints=()))[0] == "No server"


def test_it_is_told_when_it_was_looked_for_servers():
    """Or that this is going on."""
    assert looked_text(COORDINATOR) == "3 servers · looked for others 10 s ago"
    assert looked_text(replace(COORDINATOR, is_looking=True)).endswith("looking for others")


def test_the_curl_example_is_one_command_for_any_path():
    """A shell reads the key file although its folder has a space in its name."""
    text = curl_text(GATEWAY).replace("curl ", "printf '%s\\n' ", 1).replace("cat ", "echo ", 1)
    said = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    assert "Authorization: Bearer /somewhere/my keys/gateway.key" in said.stdout
    assert curl_text(replace(GATEWAY, url=None)) == ""


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "—"),
        (900, "900"),
        (8192, "8 K"),
        (128_000, "128 K"),
        (131_072, "128 K"),
        (1_000_000, "1 M"),
        (1_048_576, "1 M"),
    ],
)
def test_a_window_is_told_as_its_maker_does(count: int | None, text: str):
    """Round in tens or in twos."""
    assert tokens_text(count) == text


def test_times_and_amounts_are_short():
    """Seconds from a second on; cents only where there are any."""
    assert (span_text(212.0), span_text(3400.0), span_text(None)) == ("212 ms", "3.4 s", "—")
    assert (cost_text(0.0), cost_text(0.0042), cost_text(12.5)) == ("$0", "$0.0042", "$12.50")


def test_a_path_at_home_is_short():
    """Others are told as they are."""
    assert path_text(Path.home() / "keys" / "a.key") == "~/keys/a.key"
    assert path_text(Path("/elsewhere/a.key")) == "/elsewhere/a.key"


def test_a_chart_looks_back_no_further_than_there_is_something_to_see():
    """A minute at least, five at most, and the same for all that share it."""
    young, old = np.array([[990.0, 1.0]]), np.array([[600.0, 1.0], [800.0, 1.0]])
    assert chart_span_s(NOW_S, young) == 60.0
    assert chart_span_s(NOW_S, young, old) == 300.0
    assert chart_span_s(NOW_S) == 60.0
