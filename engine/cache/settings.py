"""What the user may change about the cache."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.cache.address import parse_address
from engine.configuration import check, setting

PASSWORD = "cache.redis"
"""Under this name the password of Redis lies in the keychain; it is never a setting."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The files of an encrypted connection (`rediss://`); empty means the system's own."""

    ca_file: str = setting("", "Certificates that are trusted, PEM")
    certificate_file: str = setting("", "Our own certificate, PEM")
    key_file: str = setting("", "The key of our own certificate, PEM")
    check_hostname: bool = setting(True, "The server's certificate must name its host")

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Everything the user may change about the cache."""

    url: str = setting(
        "",
        "Redis: redis://host:port/0, rediss:// with TLS, unix:///path, "
        "redis+sentinel://host:port,host:port/name or redis+cluster://host:port,host:port; "
        "empty keeps everything in this process",
    )
    username: str = setting("", "Redis user (ACL); empty is the default user")
    max_connections: int = setting(16, "Connections to one server at most", low=2, high=1000)
    enable_compression: bool = setting(True, "Compress what goes to Redis")
    loopback_deadline_ms: int = setting(
        50, "Longest wait for a Redis on this machine", unit="ms", low=5, high=10_000
    )
    network_deadline_ms: int = setting(
        150, "Longest wait for a Redis elsewhere", unit="ms", low=5, high=10_000
    )
    first_tier_mib: int = setting(64, "Memory of the first tier", unit="MiB", low=1, high=65_536)
    first_tier_stay_s: float = setting(
        60.0,
        "A value of Redis is asked for again after this long",
        unit="s",
        low=1,
        high=3600,
    )
    largest_value_mib: int = setting(8, "A larger value is not kept", unit="MiB", low=1, high=256)
    default_ttl_s: float = setting(
        3600.0, "How long a value stays whose owner does not say", unit="s", low=1, high=31_536_000
    )
    journal_mib: int = setting(
        32,
        "Memory for own writes that a lost or emptied Redis gets again",
        unit="MiB",
        low=1,
        high=4096,
    )
    session_ttl_s: float = setting(
        86_400.0, "A session that nobody touches ends after", unit="s", low=60, high=31_536_000
    )
    tls: TlsSettings = TlsSettings()

    def __post_init__(self) -> None:
        """Raise SettingsError where a value cannot work."""
        check(self)
        if self.url:
            parse_address(self.url)

    def connection(self) -> CacheSettings:
        """Return these settings without what can be changed on a connection that stays."""
        usual = CacheSettings()
        if not self.url:
            return usual
        return replace(
            self,
            enable_compression=usual.enable_compression,
            first_tier_mib=usual.first_tier_mib,
            first_tier_stay_s=usual.first_tier_stay_s,
            largest_value_mib=usual.largest_value_mib,
            default_ttl_s=usual.default_ttl_s,
            journal_mib=usual.journal_mib,
            session_ttl_s=usual.session_ttl_s,
        )
