"""Parses times and spans typed by the user."""

import math
import re
from datetime import UTC, datetime, timedelta

_UNITS_NS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000}
DAY_NS = _UNITS_NS["d"]
_LONGEST_NS = 36_525 * DAY_NS


def span_ns(text: str) -> int:
    """Parse a span such as `500ms`, `10s`, `1m`, `1h30m` or `1d` to ns. Raises ValueError."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no span of time; write it like 500ms, 10s, 1m or 1h30m")
    span = math.fsum(float(number) * _UNITS_NS[unit] for number, unit in parts)
    if span > _LONGEST_NS:
        raise ValueError(f"{text[:40]!r} is longer than a hundred years")
    return round(span)


def moment_ns(text: str, start_ns: int, end_ns: int) -> int:
    """Parse a time within a recording; returns ns since the epoch.

    `start`, `end`, `+90s`, `23:58:00` on its first day, an ISO time in UTC, or ns since the epoch.

    Raises:
        ValueError: invalid, or outside the recording.
    """
    moment = _moment(text, start_ns, end_ns)
    if not start_ns <= moment <= end_ns:
        raise ValueError(f"{text} lies outside the recording ({_iso(start_ns)} to {_iso(end_ns)})")
    return moment


def ago(text: str, now: datetime) -> datetime:
    """Parse `now`, an age (`2h`), or an ISO time, UTC unless it has an offset. Raises ValueError."""
    if text == "now":
        return now
    if re.fullmatch(r"[\d.]+(ms|s|m|h|d)([\d.]+(ms|s|m|h|d))*", text):
        return now - timedelta(microseconds=span_ns(text) / 1_000)
    moment = _moment(text, 0, 0)
    try:
        return datetime.fromtimestamp(moment / 1e9, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"{text} lies outside the years 1 to 9999") from error


def _moment(text: str, start_ns: int, end_ns: int) -> int:
    if text in ("start", "end"):
        return start_ns if text == "start" else end_ns
    if text.startswith("+"):
        return start_ns + span_ns(text[1:])
    if text.isascii() and text.isdigit() and 10 < len(text) < 20:
        return int(text)
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?", text):
        hours, minutes, seconds = [float(part) for part in (text + ":0").split(":")[:3]]
        at = start_ns - start_ns % DAY_NS + round((hours * 3600 + minutes * 60 + seconds) * 1e9)
        return at if at >= start_ns else at + DAY_NS
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no moment; write it like 23:58:00, +90s, end or 2024-08-08T23:58:00") from None
    try:
        return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1e9)
    except OverflowError as error:
        raise ValueError(f"{text} lies outside the years 1 to 9999") from error


def _iso(ts_ns: int) -> str:
    return moment_text(ts_ns, "%Y-%m-%dT%H:%M:%S")


def moment_text(ts_ns: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time in UTC; in ns where it lies outside the calendar's years."""
    try:
        return datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return f"{ts_ns} ns"
