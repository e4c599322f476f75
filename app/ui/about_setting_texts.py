"""What people read for the settings about new versions."""

from __future__ import annotations

UPDATE_LABELS = {
    "updates.check": "Tell me of new versions",
    "updates.url": "Address to ask",
}
UPDATE_HELP = {
    "updates.check": "Asks once a day; downloads nothing",
    "updates.url": "Begins with https://; empty asks where this build says",
}
