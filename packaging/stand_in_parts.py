"""What stand-ins are made of on every system: the names they offer, and their source in C."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

MARK = "universal-ai-tools stand-in for "
"""Stands in the bytes of every stand-in, so that licences and the bill of materials know it."""
LEAST_ROOM_BYTES = 4096
"""A table of x264's that libavcodec walks to its first empty row: all rows are empty."""
OPENING = """\
const char universal_ai_tools_stand_in[] __attribute__((used)) = "{words}";
static void *nothing(void) {{ return 0; }}
static void *(*const failing[256])(void) = {{ [0 ... 255] = nothing }};
#ifdef _WIN32
int DllMainCRTStartup(void *a, unsigned b, void *c) {{ return 1; }}
#endif
"""


class NotMade(Exception):
    """A stand-in could not be made; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The names that a stand-in offers, as C has them: functions, and tables of constants."""

    functions: tuple[str, ...]
    tables: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted(self.functions + self.tables))


def offer_of(wanted: dict[str, bool], library: str) -> Offer:
    """Return what stands in for `library`; `wanted` says of each name whether it is a function.

    Raises NotMade where nothing is wanted: what asks for the library has not been found then.
    """
    if not wanted:
        raise NotMade(
            f"{library}: nothing in its folder asks for any of its names; if nothing else needs "
            "it, leave it out in packaging/universal-ai-tools.spec"
        )
    functions = sorted(name for name, is_function in wanted.items() if is_function)
    return Offer(tuple(functions), tuple(sorted(wanted.keys() - set(functions))))


def source_text(library: str, offer: Offer) -> str:
    """Return the C source of what stands in for `library`.

    A function whose name holds `open` returns NULL, as for an encoder that cannot be opened; one
    that holds `api_get` returns a table of functions that return NULL; one that holds `strerror`
    returns words; any other returns -1.
    """
    lines = [OPENING.format(words=f"{MARK}{library}")]
    for function in offer.functions:
        if "api_get" in function:
            lines.append(f"const void *{function}(void) {{ return failing; }}")
        elif "strerror" in function:
            lines.append(f'const char *{function}(void) {{ return "left out"; }}')
        elif "open" in function:
            lines.append(f"void *{function}(void) {{ return 0; }}")
        else:
            lines.append(f"int {function}(void) {{ return -1; }}")
    lines += [f"const char {table}[{LEAST_ROOM_BYTES}] = {{0}};" for table in offer.tables]
    return "\n".join(lines) + "\n"


def run_tool(*command: str, remedy: str) -> str:
    """Return what `command` prints. Raises NotMade, with `remedy` where it is not here."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise NotMade(f"{command[0]} is not installed: {remedy}") from error
    except subprocess.CalledProcessError as error:
        raise NotMade(f"{' '.join(command[:3])} failed: {error.stderr.strip()}") from error
    return done.stdout
