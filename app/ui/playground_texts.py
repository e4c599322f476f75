"""The Playground's figures, models and states in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.chat_values import ChatEntry, EntryState, PlaygroundSnapshot
from app.ui.quantity_texts import count_text, latency_words, usd_text
from engine.router.snapshot import ModelView, Tier

DOT = "  \N{MIDDLE DOT}  "
SECOND_MS = 1000
TINY_LABEL = "Tiny built-in model"
GROUPS = ("Tiers", "Local models", "Cloud models", "Built in")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Something that can be asked."""

    name: str
    label: str
    group: str
    """One of GROUPS."""
    note: str = ""
    is_usable: bool = True


def choices(snapshot: PlaygroundSnapshot) -> tuple[ModelChoice, ...]:
    """Return what can be asked: tiers, then local, cloud and built-in models that are served."""
    tiers = [
        ModelChoice(tier.name, tier_label(tier), GROUPS[0], tier.description)
        for tier in snapshot.tiers
        if "embedding" not in tier.requires
    ]
    models = [_choice(model) for model in snapshot.models if _can_chat(model)]
    models.sort(key=lambda choice: GROUPS.index(choice.group))
    return (*tiers, *models)


def tier_label(tier: Tier) -> str:
    """Return a tier's name for people."""
    return tier.label or tier.name.replace("-", " ").capitalize()


def _can_chat(model: ModelView) -> bool:
    is_told = bool(model.capabilities)
    return bool(model.endpoints) and (not is_told or "chat" in model.capabilities)


def _choice(model: ModelView) -> ModelChoice:
    if model.is_embedded:
        return ModelChoice(model.name, TINY_LABEL, GROUPS[3], "135 M, answers without a server")
    group = GROUPS[1] if model.is_local else GROUPS[2]
    speed = f"{model.tokens_per_s:.0f} tok/s" if model.tokens_per_s else ""
    is_usable = model.health is None or model.health > 0
    note = speed or model.details or ", ".join(model.endpoints)
    return ModelChoice(model.name, model.name, group, note if is_usable else "down", is_usable)


def span_text(ms: float) -> str:
    """Return a time such as "212 ms" or "3.4 s"."""
    return latency_words(ms) if ms < SECOND_MS else f"{ms / SECOND_MS:.1f} s"


def cost_text(usd: float) -> str:
    """Return a price such as "$0.0042"; what is not charged for is free."""
    if usd == 0:
        return "free"
    return usd_text(usd)


def figures_text(figures: Mapping[str, float]) -> str:
    """Return what an answer took in one line; what is not known is left out."""
    parts: list[str] = []
    if figures.get("cached"):
        parts.append("from the cache")
    if "first_token_ms" in figures:
        parts.append(f"first token {span_text(figures['first_token_ms'])}")
    if "tokens_per_s" in figures:
        parts.append(f"{figures['tokens_per_s']:.0f} tokens/s")
    if "completion_tokens" in figures:
        parts.append(f"{count_text(round(figures['completion_tokens']))} tokens")
    if "total_ms" in figures:
        parts.append(span_text(figures["total_ms"]))
    if "cost_usd" in figures:
        parts.append(cost_text(figures["cost_usd"]))
    return DOT.join(parts)


def figures_tip(figures: Mapping[str, float]) -> str:
    """Return the same with what the line has no room for."""
    prompt = figures.get("prompt_tokens")
    asked = f"{count_text(round(prompt))} tokens were sent" if prompt is not None else ""
    return "\n".join(part for part in (figures_text(figures), asked) if part)


def similar_tip(entry: ChatEntry) -> str:
    """Return how like the earlier question was; "" where there is none."""
    if entry.similar is None:
        return ""
    share = f"{entry.similar.likeness:.0%} of the telling words are the same"
    return f"{share}. Opens that answer on the Activity page."


def who_text(entry: ChatEntry) -> str:
    """Return who answers, as far as it is known."""
    return entry.model or entry.asked


def state_text(entry: ChatEntry) -> tuple[str, str]:
    """Return (what is said of an answer's state, its colour); ("", ...) of a finished one."""
    if entry.state is EntryState.STOPPED:
        return "Stopped", "warn"
    if entry.state is EntryState.FAILED:
        return "Failed", "bad"
    if entry.state is EntryState.WAITING:
        return "Waiting for the first word", "accent"
    return "", "mute"


def label_of(name: str, known: Iterable[ModelChoice]) -> str:
    """Return what the user calls `name`."""
    return next((one.label for one in known if one.name == name), name)


def hint_text(snapshot: PlaygroundSnapshot) -> str:
    """Return who would answer now, and what would bring better answers."""
    if not snapshot.is_ready:
        return "The engines are starting. You can write meanwhile."
    served = [model for model in snapshot.models if _can_chat(model)]
    if not served:
        return (
            "No model is there yet. Start Ollama, LM Studio or llama.cpp on this machine,"
            " or add a server on the Models page."
        )
    if all(model.is_embedded for model in served):
        return (
            "The tiny built-in model answers now, without a server or a key. For better answers"
            " start Ollama or LM Studio, or add a server on the Models page."
        )
    count = sum(not model.is_embedded for model in served)
    models = "1 model is" if count == 1 else f"{count:,} models are"
    return f"{models} ready. A tier picks the best of them for each question."
