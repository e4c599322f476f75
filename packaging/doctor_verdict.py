"""Read what a frozen application's `doctor --json` says of what the package must bring along.

    universal-ai-tools doctor --json | python packaging/doctor_verdict.py standard

Exits with 1, and a line for each fault, where a part of the package is missing; what belongs to the
machine (a display, a microphone, a keyring, free disk space) is not looked at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

BROUGHT = (
    "application",
    "python",
    "qt",
    "typeface",
    "sound system",
    "libraries",
    "speech detector",
    "parameters",
)
MODELS = ("speech model", "built-in model")
VARIANTS = {"standard": (*BROUGHT, *MODELS), "lite": BROUGHT}


def faults(checks: Sequence[Mapping[str, str | None]], variant: str) -> list[str]:
    """Return a line for each part of the `variant` that the doctor does not find to be in order."""
    found = {str(check["name"]): check for check in checks}
    lines = []
    for name in VARIANTS[variant]:
        check = found.get(name)
        if check is None:
            lines.append(f"{name}: the doctor says nothing of it")
        elif check["state"] != "ok":
            lines.append(f"{name}: {check['state']}: {check['detail']}")
    return lines


def main(arguments: list[str]) -> int:
    """Do what the module's first lines say; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in VARIANTS:
        sys.stderr.write(f"usage: doctor_verdict.py {'|'.join(VARIANTS)} < doctor.json\n")
        return 2
    told = faults(json.load(sys.stdin)["checks"], arguments[0])
    sys.stderr.writelines(f"package: {line}\n" for line in told)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
