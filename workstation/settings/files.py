"""Settings in a JSON file that a person may edit; a broken key costs only itself.

A file that cannot be read is kept beside as `.bad`, and the defaults are used; the notice says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from workstation.settings import paths
from workstation.settings.declaration import Settings as Settings
from workstation.settings.declaration import with_known

log = logging.getLogger(__name__)


def settings_file() -> Path:
    """The file."""
    return paths.config_dir() / "settings.json"


def load(file: Path | None = None) -> tuple[Settings, str]:
    """The settings and a notice for the person, empty when all is well."""
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
    """Write the file whole or not at all. Raises OSError."""
    file = file or settings_file()
    draft = file.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=2))
    draft.replace(file)


class CurrentSettings:
    """The settings of this run. Those who need to know of changes are told in turn."""

    def __init__(self, current: Settings, file: Path | None = None) -> None:
        self.current = current
        self._file = file
        self._told: list[Callable[[Settings, Settings], object]] = []

    def tell(self, listener: Callable[[Settings, Settings], object]) -> None:
        """Call with the settings before and after every change."""
        self._told.append(listener)

    def change(self, settings: Settings) -> str:
        """Use these from now on and write them down; words for a person where writing failed, else empty."""
        before, self.current = self.current, settings
        notice = ""
        try:
            save(settings, self._file)
        except OSError as error:
            log.warning("the settings were not saved", exc_info=error)
            notice = f"the settings were not saved: {error.strerror or error}"
        for listener in self._told:
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
    return f"{file.name} could not be read; it was kept as {bad.name} and defaults are used"
