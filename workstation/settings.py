"""Settings as one typed value in a JSON file that a person may edit; a broken key costs only itself.

A file that cannot be read is kept beside as `.bad`, and the defaults are used; the notice says so.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from workstation import paths

log = logging.getLogger(__name__)


class Settings(msgspec.Struct, kw_only=True):
    """What is remembered between runs.

    `history_minutes` of trades before the start are fetched, and `candle_hours` of candles before those. `universe` has
    every perpetual of the venues followed, not only those of `bases`.
    """

    bases: list[str] = msgspec.field(default_factory=lambda: ["BTC", "ETH"])
    bar_seconds: int = 60
    frame_rate: int = 60
    history_minutes: int = 15
    candle_hours: float = 12.0
    universe: bool = True


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
    except (OSError, msgspec.DecodeError) as error:
        return Settings(), _set_aside(file, error)
    return _known_values(raw)


def save(settings: Settings, file: Path | None = None) -> None:
    """Write the file whole or not at all. Raises OSError."""
    file = file or settings_file()
    draft = file.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=2))
    draft.replace(file)


def _known_values(raw: object) -> tuple[Settings, str]:
    if not isinstance(raw, dict):
        return Settings(), "settings.json is not a table of settings; defaults are used"
    settings, broken = Settings(), []
    for field in msgspec.structs.fields(Settings):
        if field.name in raw:
            try:
                setattr(settings, field.name, msgspec.convert(raw[field.name], field.type))
            except msgspec.ValidationError:
                broken.append(field.name)
    notice = f"settings.json: {', '.join(broken)} cannot be understood; defaults are used there" if broken else ""
    if notice:
        log.warning(notice)
    return settings, notice


def _set_aside(file: Path, error: Exception) -> str:
    bad = file.with_suffix(".bad")
    try:
        file.replace(bad)
    except OSError:
        log.exception("the unreadable settings could not be set aside")
    log.warning("%s cannot be read (%s)", file, error)
    return f"settings.json could not be read; it was kept as {bad.name} and defaults are used"
