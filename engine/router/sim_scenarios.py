"""The worlds that policies are tried in."""

from __future__ import annotations

from engine.router.sim_world import Habit, Mood, Scenario, SimServer

_LOCALS = tuple(SimServer(f"local-{number}", slots=2, token_s=0.015) for number in (1, 2, 3))

SCENARIOS = {
    each.name: each
    for each in (
        Scenario(
            "steady",
            "Three equal servers, and nothing happens",
            _LOCALS,
            rate_per_s=1.2,
        ),
        Scenario(
            "uneven",
            "One fast server, one of half and one of a fifth of its speed",
            (
                SimServer("fast", slots=4, first_s=0.15, token_s=0.008),
                SimServer("middle", slots=2, first_s=0.3, token_s=0.016),
                SimServer("slow", slots=1, first_s=0.9, token_s=0.04),
            ),
            rate_per_s=2.0,
        ),
        Scenario(
            "outages",
            "Servers that go away, hang or turn slow for a while, each by itself",
            (
                SimServer("goes-down", slots=4, habits=(Habit(Mood.DOWN, 90, 30),)),
                SimServer("hangs", slots=4, habits=(Habit(Mood.HUNG, 150, 25),)),
                SimServer("turns-slow", slots=4, habits=(Habit(Mood.SLOW, 60, 40),)),
                SimServer("steady", slots=2),
            ),
            rate_per_s=1.5,
        ),
        Scenario(
            "bursts",
            "Eight times the requests for ten seconds, now and then",
            (
                SimServer("large", slots=8, first_s=0.25, token_s=0.012),
                SimServer("small", slots=2, first_s=0.25, token_s=0.012),
            ),
            rate_per_s=0.9,
            burst_factor=8.0,
        ),
        Scenario(
            "limits",
            "Paid servers that allow so many requests a minute, and one that says 429 for a while",
            (
                SimServer("tight", per_minute=20, slots=16, input_usd=0.5, output_usd=1.5),
                SimServer("wide", per_minute=90, slots=16, input_usd=0.6, output_usd=2.4),
                SimServer(
                    "moody",
                    slots=16,
                    input_usd=0.4,
                    output_usd=1.2,
                    habits=(Habit(Mood.BUSY, 45, 30),),
                ),
            ),
            rate_per_s=1.5,
        ),
        Scenario(
            "mixed",
            "A small and a middling model at home, a good and a very good one that cost money",
            (
                SimServer("home-1", "small", slots=2, token_s=0.012, quality=0.55),
                SimServer("home-2", "small", slots=2, token_s=0.02, quality=0.55),
                SimServer(
                    "workstation",
                    "middling",
                    slots=2,
                    first_s=0.5,
                    token_s=0.03,
                    quality=0.7,
                    habits=(Habit(Mood.SLOW, 120, 40),),
                ),
                SimServer(
                    "cloud-a",
                    "good",
                    slots=16,
                    first_s=0.4,
                    token_s=0.012,
                    quality=0.82,
                    input_usd=0.25,
                    output_usd=2.0,
                    per_minute=60,
                    habits=(Habit(Mood.BUSY, 150, 20),),
                ),
                SimServer(
                    "cloud-b",
                    "very good",
                    slots=16,
                    first_s=0.9,
                    token_s=0.02,
                    quality=0.92,
                    input_usd=3.0,
                    output_usd=15.0,
                    habits=(Habit(Mood.DOWN, 200, 30),),
                ),
            ),
            rate_per_s=1.2,
        ),
    )
}
"""By name."""
