"""A PulseAudio of a test's own, with a microphone that hears what the test plays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.live.programs import Program, wait_until

SPEAKER = "speaker"
MICROPHONE = "microphone"
LABEL = "Virtual_Microphone"
"""PulseAudio 15 and older take no blanks here."""
START_S = 15.0
ANSWER_S = 10.0
SILENT_CONFIGURATION = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no")
"""No default script, no background, no end without clients, no note of our number at home."""


class SoundServer:
    """A private PulseAudio; what is played on its speaker comes out of its microphone.

    folder: the server's home; short, as its socket lies there and may have 107 characters.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "native"
        (folder / "run").mkdir(mode=0o700)
        self._daemon = self._started()
        self._players: list[Program] = []
        self._plugged: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a program must find in its environment to use this server."""
        return {"PULSE_SERVER": f"unix:{self._socket}"}

    def wait_until_it_answers(self) -> None:
        """Return when the server takes orders, with its microphone plugged in."""
        self._daemon.wait_for(self._answers, "PulseAudio answers", within_s=START_S)
        self.plug()

    def plug(self) -> None:
        """Plug the microphone in; nothing happens where it is."""
        if self._plugged is not None:
            return
        self._plugged = self._control(
            "load-module",
            "module-remap-source",
            f"source_name={MICROPHONE}",
            f"master={SPEAKER}.monitor",
            "channels=1",
            f"source_properties=device.description={LABEL}",
        )
        self._control("set-default-source", MICROPHONE)

    def unplug(self) -> None:
        """Pull the microphone out; the server goes on."""
        assert self._plugged is not None, "the microphone is not plugged in"
        self._control("unload-module", self._plugged)
        self._plugged = None

    def play(self, path: Path) -> None:
        """Play a sound file into the microphone; returns when all of it was heard."""
        player = self.start_playing(path)
        assert player.wait(within_s=60) == 0, player.err

    def start_playing(self, path: Path) -> Program:
        """Begin to play a sound file; it ends with the server at the latest."""
        player = Program(
            ["paplay", f"--device={SPEAKER}", path],
            folder=self._folder,
            name=f"paplay{len(self._players)}",
            environment={**os.environ, **self.environment},
        )
        self._players.append(player)
        return player

    def restart(self) -> None:
        """End the server, with whatever is open there, and start it again."""
        self._daemon.end()
        self._plugged = None
        self._daemon = self._started()
        self.wait_until_it_answers()

    def close(self) -> None:
        """End what is being played, then the server."""
        for player in self._players:
            player.end()
        self._daemon.end()

    def _started(self) -> Program:
        return Program(
            ["pulseaudio", *SILENT_CONFIGURATION, *self._modules()],
            folder=self._folder,
            name="pulseaudio",
            environment={**os.environ, **self._home(), "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
        )

    def _home(self) -> dict[str, str]:
        return {
            "HOME": str(self._folder),
            "XDG_RUNTIME_DIR": str(self._folder / "run"),
            "XDG_CONFIG_HOME": str(self._folder / "config"),
            "XDG_STATE_HOME": str(self._folder / "state"),
        }

    def _modules(self) -> list[str]:
        return [
            f"--load=module-native-protocol-unix socket={self._socket} auth-anonymous=1",
            f"--load=module-null-sink sink_name={SPEAKER} rate=48000 channels=2",
        ]

    def _answers(self) -> bool:
        return self._pactl("info").returncode == 0

    def _control(self, *words: str) -> str:
        done = self._pactl(*words)
        assert done.returncode == 0, f"pactl {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def _pactl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pactl", *words],
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
            env={**os.environ, **self.environment},
        )


def started_server(folder: Path) -> SoundServer:
    """Return a server that answers; it is ended where it does not."""
    server = SoundServer(folder)
    try:
        server.wait_until_it_answers()
    except BaseException:
        server.close()
        raise
    return server


def wait_for_sound(recordings: Path, *, within_s: float = 30.0) -> Path:
    """Return the recording in `recordings` that has begun to grow: the microphone delivers."""

    def growing() -> Path | None:
        found = [path for path in recordings.glob("*.partial.wav") if path.stat().st_size > 44]
        return found[0] if found else None

    return wait_until(growing, "a recording grows", within_s=within_s)
