"""What people read for the settings of parameter analytics."""

from __future__ import annotations

ANALYTICS_LABELS = {
    "analytics.mode": "What is done with requests",
    "analytics.method": "Where parameters come from",
    "analytics.is_paused": "Pause",
    "analytics.max_latency_ms": "Longest answer",
    "analytics.max_cost_usd": "Dearest answer",
    "analytics.settle_min": "Wait for a rating",
    "analytics.suggestion_hours": "Answers may be rated for",
    "analytics.keep_days": "Keep observations for",
    "analytics.most_observations": "Most observations kept",
    "analytics.share": "Share observations",
    "analytics.rewards.rated_weight": "Weight of ratings",
    "analytics.rewards.json_weight": "Weight of valid JSON",
    "analytics.rewards.regenerated_weight": "Weight of asking again",
    "analytics.rewards.edited_weight": "Weight of editing",
    "analytics.rewards.copied_weight": "Weight of copying",
    "analytics.rewards.latency_weight": "Weight of speed",
    "analytics.rewards.latency_half_ms": "Half as good when it takes",
    "analytics.rewards.cost_weight": "Weight of the price",
    "analytics.rewards.cost_half_usd": "Half as good when it costs",
    "analytics.ranges.temperature": "Choose the temperature",
    "analytics.ranges.temperature_low": "Lowest temperature",
    "analytics.ranges.temperature_high": "Highest temperature",
    "analytics.ranges.top_p": "Choose top_p",
    "analytics.ranges.top_p_low": "Lowest top_p",
    "analytics.ranges.top_p_high": "Highest top_p",
    "analytics.ranges.max_tokens": "Choose the length",
    "analytics.ranges.max_tokens_low": "Shortest limit",
    "analytics.ranges.max_tokens_high": "Longest limit",
}
"""By the whole key: every setting has one."""
ANALYTICS_HELP = {
    "analytics.mode": "Where a tier says nothing of its own",
    "analytics.method": "A few named choices, or any value within the bounds",
    "analytics.is_paused": "Learns nothing and suggests nothing for now",
    "analytics.max_latency_ms": "What 95 of 100 answers must keep; 0 sets no limit",
    "analytics.max_cost_usd": "What an answer may cost on average; 0 sets no limit",
    "analytics.settle_min": "Then an answer counts with its other signs",
    "analytics.suggestion_hours": "Later ratings are turned away",
    "analytics.keep_days": "0 keeps all",
    "analytics.most_observations": "The oldest leave",
    "analytics.share": "With other hosts on the same Redis",
    "analytics.rewards.rated_weight": "Thumbs, or a number from 0 to 1",
    "analytics.rewards.json_weight": "Where JSON was asked for",
    "analytics.rewards.regenerated_weight": "Counts against an answer",
    "analytics.rewards.edited_weight": "Counts against an answer",
    "analytics.rewards.copied_weight": "Counts for an answer",
    "analytics.rewards.latency_weight": "0 leaves it out",
    "analytics.rewards.latency_half_ms": "Half of the worth that speed has",
    "analytics.rewards.cost_weight": "0 leaves it out",
    "analytics.rewards.cost_half_usd": "Half of the worth that a low price has",
}
"""Where a setting's own help speaks to who edits the file."""
ANALYTICS_CHOICES = {
    "off": "Off",
    "suggest": "Suggest",
    "automatic": "Automatic",
    "arms": "A few named choices",
    "search": "Search within bounds",
}
