"""What the user may change about watching the machine."""

from __future__ import annotations

from dataclasses import dataclass

from engine.configuration import check, setting


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """Everything the user may change about watching the machine."""

    sample_period_s: float = setting(
        1.0, "How often the machine is read", unit="s", low=0.2, high=60
    )
    # Of graphics cards, while somebody looks; engine/gpu/rates.py says why, and what else.
    card_memory_period_s: float = setting(
        0.5, "How often the memory of graphics cards is read", unit="s", low=0.1, high=60
    )
    card_load_period_s: float = setting(
        0.2, "How often the load of graphics cards is read", unit="s", low=0.1, high=60
    )
    card_heat_period_s: float = setting(
        1.0, "How often temperature, power and clocks are read", unit="s", low=0.2, high=60
    )
    card_link_period_s: float = setting(
        2.0, "How often fans and PCIe traffic are read", unit="s", low=0.5, high=60
    )
    card_process_period_s: float = setting(
        3.0, "How often the processes on graphics cards are listed", unit="s", low=1, high=60
    )
    # Of leases.
    margin_share: float = setting(
        0.03,
        "Share of each card that is never given out; counts from the next start",
        low=0,
        high=0.5,
    )
    grace_s: float = setting(
        10.0, "Time to leave for whoever is asked to", unit="s", low=0, high=3600
    )
    heartbeat_ttl_s: float = setting(
        20.0,
        "A holder that gives no sign of life for so long is taken for dead; counts from the next "
        "start",
        unit="s",
        low=10,
        high=3600,
    )
    unload_idle_models: bool = setting(
        True, "Ask model servers to unload models that rest before anybody waits for memory"
    )
    idle_after_s: float = setting(
        10.0,
        "A model that was not used for so long rests; counts from the next start",
        unit="s",
        low=1,
        high=86_400,
    )
    ask_to_leave_if_exceeding: bool = setting(
        False, "Ask holders that use more memory than they were promised to leave"
    )
    share_leases: bool = setting(
        False,
        "Share cards with other hosts on the same Redis that see them too; while Redis is away, "
        "no more of such a card is given out",
    )

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
