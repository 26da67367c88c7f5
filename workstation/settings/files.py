"""Settings in a JSON file that the user may edit. An invalid key falls back to its default; the others still apply.

An unreadable file is renamed to `.bad` and the defaults are used, with a notice.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from workstation.settings import paths
from workstation.settings.declaration import Settings as Settings
from workstation.settings.declaration import with_known

log = logging.getLogger(__name__)


def settings_file() -> Path:
    return paths.config_dir() / "settings.json"


def load(file: Path | None = None) -> tuple[Settings, str]:
    """Load the settings; returns them and a notice for the user, "" without problems."""
    file = file or settings_file()
    try:
        raw = msgspec.json.decode(file.read_bytes())
    except FileNotFoundError:
        return Settings(), ""
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return Settings(), _set_aside(file, error)
    if not isinstance(raw, dict):
        return Settings(), f"{file.name} is not a table of settings; defaults are used"
    settings, broken = with_known(raw)
    notice = f"{file.name}: {', '.join(broken)} cannot be understood; defaults are used there" if broken else ""
    if notice:
        log.warning("%s", notice)
    return settings, notice


def save(settings: Settings, file: Path | None = None) -> None:
    """Write the file atomically, for its owner alone: a webhook's address is a secret. Raises OSError."""
    content = msgspec.json.format(msgspec.json.encode(settings), indent=2)
    paths.write_private(file or settings_file(), content)


class CurrentSettings:
    """The settings in use, with listeners for changes."""

    def __init__(self, current: Settings, file: Path | None = None) -> None:
        self.current = current
        self._file = file
        self._listeners: list[Callable[[Settings, Settings], object]] = []

    def add_listener(self, listener: Callable[[Settings, Settings], object]) -> None:
        """Call `listener(before, after)` on every change, in the order of adding."""
        self._listeners.append(listener)

    def change(self, settings: Settings) -> str:
        before, self.current = self.current, settings
        notice = ""
        try:
            save(settings, self._file)
        except OSError as error:
            log.warning("the settings were not saved", exc_info=error)
            notice = f"the settings were not saved: {error.strerror or error}"
        for listener in self._listeners:
            listener(before, settings)
        return notice


def _set_aside(file: Path, error: Exception) -> str:
    bad = file.with_suffix(".bad")
    log.warning("%s cannot be read (%s)", file, error)
    try:
        file.replace(bad)
    except OSError as failure:
        log.warning("%s could not be set aside", file, exc_info=failure)
        return f"{file.name} could not be read; defaults are used"
    return f"{file.name} could not be read; it was renamed to {bad.name} and defaults are used"
