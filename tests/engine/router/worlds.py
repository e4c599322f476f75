"""Small worlds in which the right answer can be worked out by hand."""

from __future__ import annotations

from engine.router.sim_world import Job, Mood, Scenario, SimServer, Spell, World


def server(name: str, **fields: object) -> SimServer:
    """Return a server without luck: one second to the first token, a tenth for each."""
    usual: dict[str, object] = {"slots": 1, "first_s": 1.0, "token_s": 0.1, "spread": 0.0}
    return SimServer(name, **(usual | fields))  # type: ignore[arg-type]


def world(
    *servers: SimServer,
    jobs: tuple[float, ...] = (0.0,),
    spells: dict[str, list[tuple[Mood, float, float]]] | None = None,
) -> World:
    """Return a world with requests of ten tokens at `jobs`, and the moods of `spells`."""
    made = World(Scenario("small", "by hand", servers, lasts_s=0.0), seed=0)
    made.jobs = tuple(Job(number, at_s, 100, 10) for number, at_s in enumerate(jobs))
    told = spells or {}
    made._spells = {
        each.name: [[Spell(*spell)] for spell in told.get(each.name, [])] for each in servers
    }
    made._luck = {each.name: [(1.0, 1.0)] * len(jobs) for each in servers}
    return made
