"""Microphones are listed and opened without blocking the loop, and none is left open."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Refused, Unreachable
from engine.voice.microphones import Microphones
from engine.voice.snapshot import Device
from tests.engine.voice.doubles import DESK, HEADSET, PushMicrophones, until


def looked(source: PushMicrophones) -> Microphones:
    """Return microphones after one look at `source`."""
    microphones = Microphones(source)
    asyncio.run(microphones.refresh())
    return microphones


def test_look_finds_what_is_plugged_in():
    """After a look the devices are known by name, the default one by no name."""
    microphones = looked(PushMicrophones(DESK, HEADSET))
    assert microphones.devices == (DESK, HEADSET)
    assert microphones.problem is None
    assert microphones.has("headset")
    assert microphones.has("")
    assert not microphones.has("webcam")
    assert microphones.label("") == "Desk microphone"
    assert microphones.label("headset") == "Headset"
    assert microphones.label("webcam") == "webcam"


def test_no_microphone_is_told_with_its_remedy():
    """Without any device the problem says what to do."""
    microphones = looked(PushMicrophones())
    assert microphones.devices == ()
    assert "plug one in" in (microphones.problem or "")
    assert microphones.label("") is None


def test_failing_sound_system_is_a_problem_until_it_recovers():
    """What the sound system says is shown, and forgotten after a look that works."""

    class Failing(PushMicrophones):
        error: Refused | None = Refused("the sound server does not answer: start it")

        def devices(self) -> tuple[Device, ...]:
            if self.error is not None:
                raise self.error
            return super().devices()

    source = Failing(DESK)
    microphones = looked(source)
    assert microphones.devices == ()
    assert microphones.problem == "the sound server does not answer: start it"
    source.error = None
    asyncio.run(microphones.refresh())
    assert microphones.problem is None
    assert microphones.devices == (DESK,)


def test_device_opens_by_its_label():
    """What a person reads opens the device as well as its name does."""
    source = PushMicrophones(DESK, HEADSET)
    microphones = looked(source)
    stream = asyncio.run(microphones.open("Headset"))
    assert stream.device == "headset"
    assert microphones.label("Headset") == "Headset"


def test_unknown_device_cannot_be_opened():
    """Opening what is not there raises Unreachable."""
    with pytest.raises(Unreachable, match="webcam"):
        asyncio.run(Microphones(PushMicrophones(DESK)).open("webcam"))


def test_device_that_opens_too_late_is_closed():
    """When the caller gave up while the device was opening, it is closed once it is open."""
    source = PushMicrophones(DESK)
    source.may_open.clear()

    async def give_up() -> None:
        opening = asyncio.ensure_future(Microphones(source).open(""))
        await until(source.is_opening.is_set, "the device to be opened")
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        source.may_open.set()
        await until(lambda: source.opened and source.stream.is_closed, "the device to be closed")

    asyncio.run(give_up())


def test_device_that_fails_too_late_is_nobodys_problem():
    """When the caller gave up, an error of opening is not reported as unhandled."""
    source = PushMicrophones()
    source.may_open.clear()

    async def give_up() -> list[dict[str, object]]:
        reports: list[dict[str, object]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reports.append(context))
        opening = asyncio.ensure_future(Microphones(source).open(""))
        await until(source.is_opening.is_set, "the device to be opened")
        opening.cancel()
        await asyncio.wait([opening])
        source.may_open.set()
        await loop.shutdown_default_executor()
        return reports

    assert asyncio.run(give_up()) == []
