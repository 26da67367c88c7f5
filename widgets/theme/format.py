"""Numbers and times as text.

The only formatter of widgets. No number has an exponent. A price below 0.0001 on a grid of more than 8 decimals counts
its zeros after the point: 0.0₈1234 is 0.000000001234. `None` and NaN read as an en dash, so that "no
data" never looks like 0. What reads as zero has no sign, and `tone` gives it no side's colour: a fall too small to be
written is not written in red.
"""

import math
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

NO_DATA = "\N{EN DASH}"
_NS = 1_000_000_000
_MOST_DECIMALS = 18
_PLAIN_DECIMALS = 8  # up to which a small price is written with all its zeros
SUBSCRIPTS = "".join(chr(0x2080 + digit) for digit in range(10))
_SUBSCRIPTS = str.maketrans("0123456789", SUBSCRIPTS)


class _Habits:
    """The user's time zone and number format; set once by `use_habits`."""

    zone: tzinfo | None = UTC  # None is the zone of the computer
    short = True


def use_habits(time_zone: str = "UTC", *, short: bool = True) -> None:
    """Write times in this zone ("UTC", "local" or a name) and large sizes short (1.24m) or in full from now on.

    Raises ZoneInfoNotFoundError for a name that is no zone.
    """
    _Habits.zone = {"UTC": UTC, "local": None}.get(time_zone) if time_zone in ("UTC", "local") else ZoneInfo(time_zone)
    _Habits.short = short


def moment(ts_ns: int) -> datetime:
    """A time in the user's zone."""
    return datetime.fromtimestamp(ts_ns // _NS, _Habits.zone).astimezone(_Habits.zone)


def moment_ns(moment_: datetime) -> int:
    """A time without a zone, as the user typed it, in ns since the epoch."""
    whole = moment_.replace(tzinfo=_Habits.zone) if _Habits.zone is not None else moment_.astimezone()
    return int(whole.timestamp()) * _NS


def zone_name(ts_ns: int) -> str:
    """What the zone is called at a time: UTC, CET, +0545."""
    return moment(ts_ns).strftime("%Z") or "local"


def decimals_of(step: float) -> int:
    """How many decimals a price grid of `step` needs (0.1 -> 1, 10 -> 0, 0.05 -> 2), 18 at most."""
    for decimals in range(_MOST_DECIMALS):
        scaled = step * 10**decimals
        if abs(scaled - round(scaled)) < 1e-6 * max(1.0, scaled) and round(scaled) > 0:
            return decimals
    return _MOST_DECIMALS


def price(value: float | None, step: float) -> str:
    """A price on a grid of `step`, with thousands separators."""
    if value is None or math.isnan(value):
        return NO_DATA
    return _counting_zeros(f"{value:,.{decimals_of(step)}f}")


def plain_price(value: float, step: float) -> str:
    """A price on a grid of `step` to copy: no separators, no counted zeros."""
    return f"{value:.{decimals_of(step)}f}"


def plain(value: float | None, digits: int = 12) -> str:
    """A number to copy or to type: significant digits, without separators, units or exponent."""
    if value is None or math.isnan(value):
        return NO_DATA
    text = f"{Decimal(f'{value:.{digits}g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _counting_zeros(text: str) -> str:
    """A decimal fraction of more than 8 decimals with its zeros counted, where there are 4 or more."""
    whole, _, decimals = text.partition(".")
    digits = decimals.lstrip("0")
    zeros = len(decimals) - len(digits)
    if len(decimals) <= _PLAIN_DECIMALS or zeros < 4 or whole.lstrip("-") != "0":
        return text
    return f"{whole}.0{str(zeros).translate(_SUBSCRIPTS)}{digits}" if digits else "0"


def significant(value: float | None) -> str:
    """A price on an unknown grid, with as many decimals as it needs, seven digits at most."""
    if value is None or math.isnan(value):
        return NO_DATA
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 100 else _counting_zeros(plain(value, 6))


def size(value: float | None) -> str:
    """A size or notional as the user wants it: in full with separators, or short."""
    if value is not None and not _Habits.short and 999.5 <= abs(value) < math.inf:
        return f"{value:,.0f}"
    return short_size(value)


def short_size(value: float | None) -> str:
    """A size or notional in eight characters or so: <0.001, 0.043, 1.25, 12.5, 340, 57.3k, 1.24m, 3.102b, 16.393t.

    Thousand, million, billion, trillion and quadrillion are k, m, b, t and q; kq, mq and bq are as many quadrillions.
    """
    if value is None or math.isnan(value):
        return NO_DATA
    magnitude = abs(value)
    if magnitude >= LARGEST_SCALED:
        return f"{short_size(value / 1e15)}q" if math.isfinite(value) else NO_DATA
    for limit, divisor, decimals, suffix in SIZE_SCALES:
        if magnitude >= limit:
            return f"{value / divisor:.{decimals}f}{suffix}"
    if 0 < magnitude < TINY:
        return f"{'-' if value < 0 else ''}{TINY_TEXT}"
    return f"{value:.3f}" if value else "0"


def count(value: float | None) -> str:
    """A number of things: 7, 62, 871, 2.67k."""
    if value is None or math.isnan(value) or value >= 99.95:
        return size(value)
    return f"{value:.0f}"


TINY = 0.0005  # smaller sizes would read as 0.000
TINY_TEXT = "<0.001"

LARGEST_SCALED = 999_999_500_000_000_000  # beyond, sizes are written in k, m and b of quadrillions
SIZE_SCALES = (
    (999_999_500_000_000, 1e15, 3, "q"),
    (999_999_500_000, 1e12, 3, "t"),
    (999_500_000, 1e9, 3, "b"),
    (999_500, 1e6, 2, "m"),
    (99_950, 1e3, 0, "k"),
    (9_995, 1e3, 1, "k"),
    (999.5, 1e3, 2, "k"),
    (99.95, 1, 0, ""),
    (9.995, 1, 1, ""),
    (0.9995, 1, 2, ""),
)


CELL_SCALES = (
    *(
        (0.9995 * 10**places * unit, unit, 2 - places, suffix)
        for suffix, unit in (("q", 1e15), ("t", 1e12), ("b", 1e9), ("m", 1e6))
        for places in (2, 1, 0)
    ),
    *(scale for scale in SIZE_SCALES if scale[1] <= 1e3),
)
"""Three digits beyond a thousand, so that a number fits its cell: 1.24m, 12.4b, 124t."""


def step_size(value: float, step: float) -> str:
    """A signed size on a scale with ticks of `step`: with the decimals by which neighbouring ticks differ."""
    magnitude = abs(value)
    if magnitude < step / 2:
        return "0"
    if magnitude >= LARGEST_SCALED:
        return f"{step_size(value / 1e15, step / 1e15)}q"
    scales = (*SIZE_SCALES, (0.0, 1, 3, ""))
    _, divisor, usual, suffix = next(scale for scale in scales if magnitude >= scale[0])
    decimals = max(usual, decimals_of(step / divisor))
    if decimals == usual and magnitude >= TINY:
        return signed(value)
    return ("+" if value > 0 else "\N{MINUS SIGN}") + f"{magnitude / divisor:.{decimals}f}{suffix}"


def signed(value: float | None) -> str:
    """A size with its sign always shown; zero has none."""
    if value is None or math.isnan(value) or value == 0:
        return size(value)
    return ("+" if value > 0 else "\N{MINUS SIGN}") + size(abs(value))


def percent(fraction: float | None, decimals: int = 2) -> str:
    if fraction is None or math.isnan(fraction):
        return NO_DATA
    return _without_sign_of_zero(f"{fraction * 100:+.{decimals}f}%").replace("-", "\N{MINUS SIGN}")


def fixed(value: float | None, decimals: int, *, signed: bool = True) -> str:
    """A number with so many decimals; its sign is always shown, or only where it is negative."""
    if value is None or not math.isfinite(value):
        return NO_DATA
    if not signed:
        return _without_sign_of_zero(f"{value:.{decimals}f}")
    return _without_sign_of_zero(f"{value:+.{decimals}f}").replace("-", "\N{MINUS SIGN}")


def money(value: float | None, decimals: int = 2, *, signed: bool = False) -> str:
    """An amount in full, with thousands separators; its sign is always shown, or only where it is negative."""
    if value is None or not math.isfinite(value):
        return NO_DATA
    text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    return _without_sign_of_zero(text).replace("-", "\N{MINUS SIGN}")


def tone(text: str, zero: str = "muted") -> str:
    """The colour role of a signed number as written: buy above zero, sell below, `zero` where it reads as that."""
    if text == NO_DATA:
        return "faint"
    return "buy" if text.startswith("+") else "sell" if text.startswith(("\N{MINUS SIGN}", "-")) else zero


def _without_sign_of_zero(text: str) -> str:
    return text if any(digit in text for digit in "123456789") else text.lstrip("+-")


def clock(ts_ns: int, *, millis: bool = False) -> str:
    """Time of day, `HH:MM:SS` or with milliseconds."""
    text = moment(ts_ns).strftime("%H:%M:%S")
    return f"{text}.{ts_ns % _NS // 1_000_000:03d}" if millis else text


def day(ts_ns: int, zone: tzinfo | None = None) -> str:
    """The day in the user's zone, or in another: 8 Aug."""
    whole = moment(ts_ns) if zone is None else datetime.fromtimestamp(ts_ns // _NS, zone)
    return f"{whole.day} {whole:%b}"


def date_clock(ts_ns: int) -> str:
    return moment(ts_ns).strftime("%Y-%m-%d %H:%M:%S")


def age(span_ns: int | None) -> str:
    """A span of time in the largest fitting unit: 40ms, 1.2s, 3m10s, 2h05m."""
    if span_ns is None:
        return NO_DATA
    millis = span_ns / 1e6
    if abs(millis) < 1000:
        return f"{millis:.0f}ms"
    seconds = span_ns / _NS
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def bar_length(bar_ns: int) -> str:
    """The name of a time bar: 1s, 15s, 1m, 5m, 1h, 4h, 1d."""
    seconds = bar_ns // _NS
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{name}"
    return f"{seconds}s"
