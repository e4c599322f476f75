"""The engines of Universal AI Tools: ordinary classes, usable without Qt."""

from __future__ import annotations

import os

# Since version 1.29 ONNX Runtime, which finds speech, reports each model that is loaded to its
# makers, unless this is set before it is imported. Nothing leaves this machine unasked.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
