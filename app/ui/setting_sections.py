"""Where each setting stands on the settings page."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.about_texts import ABOUT_UPDATES

VOICE, MODELS, CONTEXT, CACHE, CARDS, LOOK, ABOUT = range(7)
TABS = (
    "Voice",
    "Language models",
    "Context",
    "Cache",
    "GPU",
    "Look and storage",
    "About",
)
ADDRESS = "Address for clients"
SPEECH_MODELS = "Speech models"
APPEARANCE, STORAGE = "Appearance", "Storage"
UPDATES = "New versions"


@dataclass(frozen=True, slots=True)
class Section:
    """A card of settings. A key that is a group stands for all of its settings."""

    tab: int
    title: str
    keys: tuple[str, ...] = ()
    about: str = ""
    """A line below the title."""


def _of(group: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{group}.{name}" for name in names)


SECTIONS = (
    Section(VOICE, "Audio", _of("voice", "device", "mode", "stages", "segment")),
    Section(
        VOICE, "Transcription", _of("voice", "language", "compute", "threads", "partial_every_ms")
    ),
    Section(VOICE, SPEECH_MODELS),
    Section(
        MODELS,
        ADDRESS,
        _of("gateway", "is_enabled", "host", "port", "hosts", "origins"),
        "Where OpenAI clients reach every model, with one key",
    ),
    Section(
        MODELS,
        "Choice of models",
        _of(
            "router",
            "default_tier",
            "local_only",
            "budget_usd",
            "quality_weight",
            "speed_weight",
            "price_weight",
            "health_weight",
            "probe_every_s",
            "health_half_life_s",
            "share_health",
        ),
        "What counts where a request names a tier or no model at all",
    ),
    Section(
        MODELS,
        "Model servers",
        _of(
            "coordinator",
            "discover",
            "discover_every_s",
            "affinity",
            "most_attempts",
            "retry_share",
            "hedge",
            "hedge_paid",
        ),
        "How the servers of the Models page are found and asked",
    ),
    Section(
        MODELS,
        "Patience with servers",
        _of(
            "coordinator",
            "connect_timeout_s",
            "first_byte_timeout_s",
            "stall_timeout_s",
            "deadline_s",
        ),
        "After these times another server is tried",
    ),
    Section(
        MODELS,
        "Response cache",
        _of("coordinator", "cache"),
        "Answers that are given again without asking a server",
    ),
    Section(
        MODELS,
        "Built-in model",
        _of(
            "coordinator",
            "embedded",
            "embedded_idle_s",
            "embedded_threads",
            "embedded_gpu_layers",
        ),
        "A tiny model that answers where there is no server",
    ),
    Section(
        MODELS,
        "List of requests",
        (
            *_of("activity", "keep_days", "keep_texts"),
            *_of("router", "suggest_similar", "similar_likeness"),
        ),
        "What the Activity page remembers",
    ),
    Section(
        MODELS,
        "Limits of the address",
        _of(
            "gateway",
            "most_requests",
            "most_held_mib",
            "largest_body_mib",
            "largest_audio_mib",
            "head_timeout_s",
            "body_timeout_s",
            "drain_s",
            "ice_addresses",
        ),
        "Against clients that ask for too much",
    ),
    Section(
        CONTEXT,
        "Added to requests",
        _of("router", "context"),
        "What models are told besides the question; each decision lists it",
    ),
    Section(
        CACHE,
        "Cache",
        _of(
            "cache",
            "first_tier_mib",
            "first_tier_stay_s",
            "largest_value_mib",
            "default_ttl_s",
            "session_ttl_s",
            "journal_mib",
            "loopback_deadline_ms",
            "network_deadline_ms",
            "tls",
        ),
        "Where Redis is stands on the Cache page",
    ),
    Section(
        CARDS,
        "Leases",
        _of(
            "resources",
            "margin_share",
            "grace_s",
            "unload_idle_models",
            "idle_after_s",
            "heartbeat_ttl_s",
            "ask_to_leave_if_exceeding",
            "share_leases",
        ),
        "How the memory of graphics cards is given out",
    ),
    Section(
        CARDS,
        "Readings",
        _of(
            "resources",
            "sample_period_s",
            "card_memory_period_s",
            "card_load_period_s",
            "card_heat_period_s",
            "card_link_period_s",
            "card_process_period_s",
        ),
        "While somebody looks; five times seldomer otherwise",
    ),
    Section(LOOK, APPEARANCE),
    Section(LOOK, STORAGE, _of("voice", "keep_days", "keep_recordings")),
    Section(ABOUT, UPDATES, _of("updates", "check", "url"), ABOUT_UPDATES),
)
