"""Where files live; the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

NAME = "universal-ai-tools"


@dataclass(frozen=True, slots=True)
class Folders:
    """The user's folders for this application; made on first use by whoever writes there."""

    config: Path
    data: Path
    cache: Path
    log: Path
    settings: Path | None = None
    """Another file than the usual one, where somebody asked for it."""

    @classmethod
    def of_user(cls) -> Folders:
        """Return the platform's folders, or all of them under `UNIVERSAL_AI_TOOLS_HOME`."""
        home = os.environ.get("UNIVERSAL_AI_TOOLS_HOME")
        if home:
            return cls.under(Path(home).expanduser().absolute())
        found = platformdirs.PlatformDirs(NAME, appauthor=False)
        return cls(
            config=found.user_config_path,
            data=found.user_data_path,
            cache=found.user_cache_path,
            log=found.user_log_path,
        )

    @classmethod
    def under(cls, home: Path) -> Folders:
        """Return folders that all lie under `home`."""
        return cls(home / "config", home / "data", home / "cache", home / "log")

    @property
    def settings_file(self) -> Path:
        """The file the user may edit."""
        return self.settings or self.config / "settings.toml"

    @property
    def secrets_file(self) -> Path:
        """Where secrets lie on a machine without a keyring."""
        return self.config / "secrets.json"
