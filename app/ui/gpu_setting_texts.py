"""What people read for the settings of graphics cards and their memory."""

from __future__ import annotations

GPU_LABELS = {
    "resources.sample_period_s": "Read the machine every",
    "resources.card_memory_period_s": "Read memory every",
    "resources.card_load_period_s": "Read the load every",
    "resources.card_heat_period_s": "Read temperature and power every",
    "resources.card_link_period_s": "Read fan and PCIe every",
    "resources.card_process_period_s": "List processes every",
    "resources.margin_share": "Kept free",
    "resources.grace_s": "Time to leave",
    "resources.unload_idle_models": "Unload models that rest",
    "resources.idle_after_s": "A model rests after",
    "resources.heartbeat_ttl_s": "A silent holder is dead after",
    "resources.ask_to_leave_if_exceeding": "Ask who exceeds a lease to leave",
    "resources.share_leases": "Share leases between hosts",
}
"""By the whole key: every setting has one."""
GPU_HELP = {
    "resources.sample_period_s": "Processor, memory and disk",
    "resources.card_memory_period_s": "Of each card; cheap",
    "resources.card_load_period_s": "The driver itself measures about as often",
    "resources.card_heat_period_s": "Clocks and what holds them back, too",
    "resources.card_link_period_s": "Video encoder and decoder, too",
    "resources.card_process_period_s": "Dear: games may stutter when it is done often",
    "resources.margin_share": "Share of each card that nobody gets; from the next start on",
    "resources.grace_s": "For whoever is asked to free memory",
    "resources.unload_idle_models": "Of Ollama, LM Studio and others, before anybody has to wait",
    "resources.idle_after_s": "When nobody has used it for so long; from the next start on",
    "resources.heartbeat_ttl_s": "Its memory is then given to others; from the next start on",
    "resources.ask_to_leave_if_exceeding": "Otherwise it is only shown",
    "resources.share_leases": "Of cards that others on the same Redis see too",
}
"""Where a setting's own help speaks to who edits the file."""
