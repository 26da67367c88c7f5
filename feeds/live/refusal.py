"""What a venue's refusal of a socket or a request means: a text for the user, and how long to wait."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from feeds.model.errors import TransportError

LONGEST_WAIT_S = 3_600.0
"""The longest wait that a venue is granted, whatever it asks for: in a longer ban one request an hour is sent."""
READ_BYTES = 4_096
"""How much of a refusal's body is read."""

_TOO_FREQUENT_S = 600.0  # Bybit: "access too frequent", wait ten minutes
_LIMITED = frozenset((418, 429))
_PERMANENT = frozenset((400, 401, 404, 451))
_NO_COUNTRY = "the venue does not serve this country"
_TEXTS = {
    400: "the venue refuses our request (400)",
    401: "the venue asks for a login (401)",
    403: "the venue refuses this address (403)",
    404: "the venue does not know the address asked for (404)",
    418: "the venue banned this address for a while",
    429: "the venue limits our requests",
    451: _NO_COUNTRY,
}
_SECONDS = re.compile(r"\s*(\d+(?:\.\d*)?)\s*", re.ASCII)
_BANNED_UNTIL = re.compile(r"until\D{0,3}(\d{10,17})\b", re.ASCII)
_MILLISECONDS_FROM = 1e11  # a time of more is in ms; in seconds it would be after the year 5000
_GEO_BLOCK = re.compile(
    r"restricted (?:location|region|countr|jurisdiction|area|territor)"
    r"|(?:your|this|from) (?:current )?(?:country|region|location|jurisdiction)"
    r"|(?:country|region|geo\w*)[ -]?(?:block|restrict)",
    re.IGNORECASE,
)
_FREQUENT = re.compile(r"too (?:frequent|many)|rate limit", re.IGNORECASE)


def refusal(status: int, where: str, headers: Mapping[str, str], body: bytes, now_s: float) -> TransportError:
    """The error for an HTTP answer of `status` 300 or more. `now_s` is our clock, seconds since the epoch.

    The wait comes from `Retry-After` (seconds or a date) or from the text of a ban ("banned until <ms>"), the longer of
    both. Times are counted from the venue's `Date` where it sends one, so that a wrong clock of ours changes nothing.
    What cannot be read counts as not sent, and more than `LONGEST_WAIT_S` as that.
    """
    said = body[:READ_BYTES].decode(errors="replace")
    venue_s = _from_date(headers.get("Date"))
    now_s = now_s if venue_s is None else venue_s
    is_frequent = status == 403 and _FREQUENT.search(said) is not None
    asked = [
        _from_header(headers.get("Retry-After"), now_s),
        _from_text(said, now_s),
        _TOO_FREQUENT_S if is_frequent else None,
    ]
    waits = [min(max(wait_s, 0.0), LONGEST_WAIT_S) for wait_s in asked if wait_s is not None]
    return TransportError(
        _text(status, said, headers, is_frequent=is_frequent),
        where,
        retryable=status >= 400 and status not in _PERMANENT,
        refused=status < 500,
        retry_after_s=max(waits, default=None),
        limited=status in _LIMITED or is_frequent,
    )


def _text(status: int, said: str, headers: Mapping[str, str], *, is_frequent: bool) -> str:
    if status < 400:
        host = urlsplit(headers.get("Location", "")).hostname
        return f"the venue redirects us to {host or 'another address'} ({status})"
    if is_frequent:
        return _TEXTS[429]
    if status == 403 and _GEO_BLOCK.search(said):
        return _NO_COUNTRY
    return _TEXTS.get(status, f"the venue answered {status}")


def _from_header(value: str | None, now_s: float) -> float | None:
    if value is None:
        return None
    if (seconds := _SECONDS.fullmatch(value)) is not None:
        return float(seconds[1])
    until_s = _from_date(value)
    return until_s - now_s if until_s is not None else None


def _from_text(said: str, now_s: float) -> float | None:
    found = _BANNED_UNTIL.search(said)
    if found is None:
        return None
    until = float(found[1])
    return (until / 1e3 if until > _MILLISECONDS_FROM else until) - now_s


def _from_date(value: str | None) -> float | None:
    """Seconds since the epoch of an HTTP date; None without a readable one."""
    try:
        date = parsedate_to_datetime(value or "")
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def clock_text(now_ns: int, after_s: float) -> str:
    """The time of day, UTC, `after_s` from now."""
    return f"{datetime.fromtimestamp(now_ns / 1e9 + after_s, UTC):%H:%M:%S} UTC"
