"""The one place where everything arrives that went wrong while nobody was waiting for it."""

from __future__ import annotations

import faulthandler
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine.clock import Clock

if TYPE_CHECKING:
    import asyncio
    from logging.handlers import RotatingFileHandler

    from engine.telemetry import Journal

KEPT = 200
REPEAT_S = 10.0
"""The same problem is not told twice within this time: a panel draws 30 times a second."""
LOG_BYTES = 1_000_000
LOG_FILES = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong."""

    text: str
    """What, and what mends it."""
    details: str
    """For "Copy details": traceback, versions and the log's path."""
    at: datetime
    """UTC."""


class Problems:
    """Logs problems, keeps the newest in a journal and tells one listener; any thread may report.

    folder: where `universal-ai-tools.log` and the trace of a crash are written.
    listener: hears of each new problem on the thread that reports it.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self.folder = folder
        self.listener: Callable[[Problem], None] | None = None
        self._clock = clock
        self._last_s: dict[str, float] = {}
        self._lock = threading.Lock()
        self._saved_hooks: tuple[Any, Any, Any] | None = None
        self._crash_file: IO[str] | None = None
        self._handler: RotatingFileHandler | None = None

    # Built with the first use: the journal brings numpy, the handler brings sockets, and the
    # window should be there before either.
    @cached_property
    def journal(self) -> Journal[Problem]:
        """The newest problems."""
        from engine.telemetry import Journal

        return Journal(KEPT)

    @property
    def log_path(self) -> Path:
        """The newest log file."""
        return self.folder / "universal-ai-tools.log"

    @property
    def crash_path(self) -> Path:
        """Where a crash leaves the traces of all threads; empty or absent otherwise."""
        return self.folder / "crash.txt"

    def install(self) -> None:
        """Take over what Python does with uncaught exceptions and crashes."""
        self._saved_hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        sys.unraisablehook = self._on_unraisable

    def open_log(self) -> None:
        """Begin to write the log and to record crashes; report the crash of the last run."""
        import logging
        from logging.handlers import RotatingFileHandler

        self.folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            self.log_path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, delay=True, encoding="utf-8"
        )
        form = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
        handler.setFormatter(logging.Formatter(form))
        self._handler = handler
        logging.getLogger().addHandler(handler)
        logging.getLogger("app").setLevel(logging.INFO)
        logging.getLogger("engine").setLevel(logging.INFO)
        logging.getLogger("app.problems").info("Begun: %s", ", ".join(self.versions().split("\n")))
        self._report_last_crash()
        self._crash_file = self.crash_path.open("w", encoding="utf-8")
        faulthandler.enable(self._crash_file)

    def close(self) -> None:
        """Give the hooks back and close the files."""
        if self._saved_hooks:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._saved_hooks
            self._saved_hooks = None
        if self._handler:
            import logging

            logging.getLogger().removeHandler(self._handler)
            self._handler.close()
            self._handler = None
        if self._crash_file:
            faulthandler.enable(sys.__stderr__) if sys.__stderr__ else faulthandler.disable()
            self._crash_file.close()
            self._crash_file = None

    def report(self, text: str, error: BaseException | None = None) -> None:
        """Log `text` and show it, with what `error` says of where it comes from."""
        import logging

        trace = "".join(traceback.format_exception(error)) if error else ""
        if self._is_repeat(f"{text}\n{trace}"):
            return
        logging.getLogger("app.problems").error("%s\n%s", text, trace)
        details = f"{trace}\n{self.versions()}\nLog: {self.log_path}".strip()
        problem = Problem(text, details, self._clock.wall())
        self.journal.add(problem)
        if self.listener:
            self.listener(problem)

    def on_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report what an asyncio loop found; goes to `set_exception_handler`."""
        self.on_error(str(context.get("message", "")), context.get("exception"))

    def on_error(self, message: str, error: BaseException | None) -> None:
        """Report what nobody waited for: a mistake in the program, so the remedy is to tell us."""
        what = f"{type(error).__name__}: {error}" if error else message
        self.report(f"Something went wrong inside: {what}. Copy the details to report it.", error)

    def versions(self) -> str:
        """Return the versions of what could be to blame, one a line."""
        import platform
        from importlib.metadata import PackageNotFoundError, version

        from engine.build import this_build

        lines = [
            f"Python {platform.python_version()} on {platform.platform()}",
            this_build().sentence,
        ]
        for name in ("PySide6-Essentials", "numpy", "faster-whisper"):
            try:
                lines.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                lines.append(f"{name}: not installed as a package")
        return "\n".join(lines)

    def _is_repeat(self, key: str) -> bool:
        now_s = self._clock.now()
        with self._lock:
            last_s = self._last_s.get(key)
            if len(self._last_s) > KEPT:
                self._last_s.clear()
            self._last_s[key] = now_s
        return last_s is not None and now_s - last_s < REPEAT_S

    def _report_last_crash(self) -> None:
        try:
            trace = self.crash_path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        if trace.strip():
            kept = self.folder / f"crash-{self._clock.wall():%Y%m%d-%H%M%S}.txt"
            self.crash_path.replace(kept)
            self.report(f"The application crashed when it last ran; what is known is in {kept}.")

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self.on_error("", error)

    def _on_thread_exception(self, found: threading.ExceptHookArgs) -> None:
        if found.exc_value and not isinstance(found.exc_value, SystemExit):
            self.on_error("", found.exc_value)

    def _on_unraisable(self, found: Any) -> None:
        self.on_error(str(found.err_msg or ""), found.exc_value)
