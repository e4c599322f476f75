"""One speech model for several who listen."""

from __future__ import annotations

import threading

from engine.voice.turn_taking import TurnTaking
from tests.engine.voice.doubles import ListDecoder, quiet


def test_one_decode_waits_for_the_other():
    """The model is never used by two threads at once."""
    go = threading.Event()
    decoder = ListDecoder(["one", "two"], pause=go)
    shared = TurnTaking(decoder)
    heard: list[str] = []

    def decode() -> None:
        heard.append(shared.decode(quiet(1), language="en", window="full").text)

    threads = [threading.Thread(target=decode) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert decoder.is_decoding.wait(5)
    assert len(decoder.asked) == 1
    go.set()
    for thread in threads:
        thread.join()
    assert sorted(heard) == ["one", "two"]


def test_it_is_the_model_it_stands_for():
    """Name, place and passages are the decoder's own."""
    shared = TurnTaking(ListDecoder(["one two"], model="base"))
    assert (shared.model, shared.compute) == ("base", "scripted")
    assert shared.decode_passage(quiet(1), language="en").segments[0].text == "one two"


def test_closing_it_frees_the_memory():
    """What was loaded once is freed for all who listen."""
    decoder = ListDecoder(["one two"], model="base")
    TurnTaking(decoder).close()
    assert decoder.closes == 1
