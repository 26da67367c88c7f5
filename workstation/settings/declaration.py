"""Declares every setting once: type, range, default and help. The dialog and the documentation are built from this."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Protocol, get_args, get_origin, get_type_hints
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta


class ThemeName(StrEnum):
    """The built-in themes."""

    DARK = "dark"
    LIGHT = "light"
    BLUE_ORANGE = "blue-orange"


class Numbers(StrEnum):
    """The notation of large sizes: 1.24m or 1,240,000."""

    SHORT = "short"
    FULL = "full"


def _about(group: str, title: str, help_: str, unit: str = "", *, restart: bool = False, **bounds: float) -> Meta:
    extra = {"group": group, "unit": unit, "restart": restart}
    make: Callable[..., Meta] = Meta  # whose overloads admit no bounds by name
    return make(title=title, description=help_, extra=extra, **bounds)


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """The user's settings, apart from workspaces."""

    bases: Annotated[
        tuple[str, ...],
        _about("Data", "Coins in focus", "Base assets with full books and every trade: BTC ETH.", restart=True),
    ] = ("BTC", "ETH")
    history_minutes: Annotated[
        int,
        _about("Data", "Trades at start", "Trades before the start to fetch.", "minutes", ge=0, le=1440, restart=True),
    ] = 15
    candle_hours: Annotated[
        float,
        _about("Data", "Candles at start", "Candles before those trades to fetch.", "hours", ge=0, le=72, restart=True),
    ] = 12.0
    universe: Annotated[
        bool,
        _about("Data", "Follow all perpetuals", "Needed by the pressure table.", restart=True),
    ] = True
    theme: Annotated[ThemeName, _about("Look", "Theme", "Blue-orange suits colour-blind eyes.")] = ThemeName.DARK
    scale: Annotated[float, _about("Look", "Scale of text", "1 is the designed size.", "×", ge=0.8, le=2.0)] = 1.0
    numbers: Annotated[Numbers, _about("Look", "Large numbers", "short: 1.24m; full: 1,240,000.")] = Numbers.SHORT
    time_zone: Annotated[
        str,
        _about("Look", "Time zone", "UTC, local, or a name like Europe/Berlin. Bars and resets stay in UTC."),
    ] = "UTC"
    frame_rate: Annotated[
        int,
        _about("Look", "Frames a second", "How often the panes are painted at most.", "Hz", ge=2, le=60),
    ] = 60
    record_always: Annotated[
        bool, _about("Recording", "Record always", "Record live sessions from their start on.")
    ] = False
    rotate_megabytes: Annotated[
        int,
        _about("Recording", "New file after", "A recording continues in a new file.", "MB", ge=10, le=20_000),
    ] = 1000
    rotate_hours: Annotated[
        float,
        _about("Recording", "New file after", "A recording continues in a new file.", "hours", ge=0.1, le=168),
    ] = 6.0
    keep_gigabytes: Annotated[
        float,
        _about(
            "Recording",
            "Keep at most",
            "The oldest without a note are deleted first. 0 keeps all.",
            "GB",
            ge=0,
            le=10_000,
        ),
    ] = 50.0
    keep_days: Annotated[
        int,
        _about("Recording", "Keep for", "Older ones without a note are deleted. 0 keeps all.", "days", ge=0, le=3650),
    ] = 0
    free_gigabytes: Annotated[
        float,
        _about("Recording", "Leave free", "Recording stops before less than this is left.", "GB", ge=0.1, le=1000),
    ] = 2.0
    sound: Annotated[bool, _about("Alerts", "Sound", "Alerts may sound.")] = True
    sound_volume: Annotated[int, _about("Alerts", "Volume", "Loudness of alerts.", "%", ge=0, le=100)] = 60
    desktop_notices: Annotated[bool, _about("Alerts", "Desktop notices", "The desktop shows alerts as well.")] = True
    webhook: Annotated[
        str, _about("Alerts", "Webhook", "An http(s) address that alerts are sent to as JSON; empty for none.")
    ] = ""
    keys: Annotated[
        dict[str, str],
        _about("Keys", "Keys", "Keys of commands by name, replacing the defaults; an empty one removes the key."),
    ] = msgspec.field(default_factory=dict)


class Setting(NamedTuple):
    """One declared setting. `low` and `high` are None where unbounded."""

    name: str
    kind: Any
    default: Any
    title: str
    help: str
    group: str
    unit: str
    restart: bool
    low: float | None
    high: float | None


def declared() -> Iterator[Setting]:
    hints = get_type_hints(Settings, include_extras=True)
    defaults = Settings()
    for field in msgspec.structs.fields(Settings):
        kind, meta = get_args(hints[field.name])[:2]
        extra = meta.extra or {}
        yield Setting(
            field.name,
            kind,
            getattr(defaults, field.name),
            meta.title or field.name,
            meta.description or "",
            extra["group"],
            extra["unit"],
            extra["restart"],
            meta.ge,
            meta.le,
        )


def checked(name: str, value: object) -> Any:
    """Convert a value to the setting's type. Raises ValueError with a message for the user."""
    hint = get_type_hints(Settings, include_extras=True)[name]
    try:
        known = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    if name == "time_zone" and known not in ("UTC", "local") and known not in available_timezones():
        raise ValueError(f"{known} is no time zone")
    if name == "webhook" and known and not str(known).startswith(("http://", "https://")):
        raise ValueError("a webhook begins with http:// or https://")
    return known


def with_known(raw: Mapping[str, object]) -> tuple[Settings, list[str]]:
    """Settings from raw values, and the names of invalid ones, which get their defaults."""
    good: dict[str, Any] = {}
    broken: list[str] = []
    for field in msgspec.structs.fields(Settings):
        if field.name in raw:
            try:
                good[field.name] = checked(field.name, raw[field.name])
            except ValueError:
                broken.append(field.name)
    return Settings(**good), broken


def documentation() -> str:
    """A Markdown table of all settings."""
    lines = ["| setting | default | range | meaning |", "|---|---|---|---|"]
    for one in declared():
        lines.append(f"| `{one.name}` | {_text(one.default)} | {_range(one)} | {one.title}: {one.help} |")
    return "\n".join(lines)


def _range(one: Setting) -> str:
    if isinstance(one.kind, type) and issubclass(one.kind, StrEnum):
        return ", ".join(one.kind)
    if one.low is None or one.high is None:
        return "on, off" if one.kind is bool else "text" if get_origin(one.kind) is None else "list"
    return f"{one.low:g} to {one.high:g} {one.unit}".strip()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | dict):
        return " ".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


class SettingsKeeper(Protocol):
    """The settings in use."""

    current: Settings

    def change(self, settings: Settings) -> str:
        """Apply and save settings; returns a notice for the user where saving failed, else ""."""


class SettingsInMemory:
    """Settings that are not saved."""

    def __init__(self, current: Settings | None = None) -> None:
        self.current = current or Settings()

    def change(self, settings: Settings) -> str:
        self.current = settings
        return ""
