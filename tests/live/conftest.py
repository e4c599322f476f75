"""Fixtures of the tests that use real microphones, voices and models."""

from __future__ import annotations

from tests.live.fixtures import listen, sound_server, speak

__all__ = ["listen", "sound_server", "speak"]
