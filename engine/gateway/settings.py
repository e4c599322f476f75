"""What the user may change about the address that clients use."""

from __future__ import annotations

from dataclasses import dataclass

from engine.configuration import check, setting

DEFAULT_PORT = 11480


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Everything the user may change about the gateway."""

    is_enabled: bool = setting(True, "Answer OpenAI clients on this machine")
    host: str = setting(
        "127.0.0.1", "Address it listens on; 0.0.0.0 lets other machines in, with their key"
    )
    port: int = setting(
        DEFAULT_PORT, "Port; 0 takes a free one, as does a port that is taken", low=0, high=65_535
    )
    hosts: str = setting("", "Further host names by which it may be called, separated by commas")
    origins: str = setting(
        "", "Web pages that may call it, such as http://localhost:3000, separated by commas"
    )
    largest_body_mib: int = setting(64, "A larger request is refused", unit="MiB", low=1, high=4096)
    largest_audio_mib: int = setting(
        1024, "A larger sound file is refused", unit="MiB", low=1, high=65_536
    )
    most_held_mib: int = setting(
        512, "All requests that are being answered, together", unit="MiB", low=1, high=1_048_576
    )
    most_requests: int = setting(256, "Requests at once at most", low=1, high=10_000)
    head_timeout_s: float = setting(
        10.0, "Longest wait for the head of a request", unit="s", low=0.5, high=120
    )
    body_timeout_s: float = setting(
        30.0, "Longest silence while a request is sent", unit="s", low=0.5, high=600
    )
    drain_s: float = setting(
        15.0, "Time for running answers when it stops", unit="s", low=0, high=600
    )
    ice_addresses: str = setting(
        "127.0.0.1", "Addresses offered to WebRTC senders, separated by commas"
    )

    @property
    def ice(self) -> tuple[str, ...]:
        """The addresses offered to WebRTC senders."""
        return tuple(filter(None, (each.strip() for each in self.ice_addresses.split(","))))

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
