"""From a listed asset's name to its coin: the one rule for all venues (README: Symbols and multipliers).

Venues list cheap coins by the thousand or the million and write it in their own ways. Sizes times the multiplier and
prices divided by it are per coin, so that listings of one coin add up. Whether two listings of one name really are one
coin is not decided here: names collide.
"""

from __future__ import annotations

import re

from feeds.model.instrument import Venue

TRADFI = "tradfi:"

# The first Neiro: Bybit tells it from NEIROETH by a suffix, the others by leaving it off.
_OVERRIDES: dict[tuple[Venue, str], tuple[str, int]] = {
    (Venue.BYBIT, "1000NEIROCTO"): ("NEIRO", 1_000),
    (Venue.BYBIT, "NEIROCTO"): ("NEIRO", 1),
}
_WHOLE = frozenset({"1INCH", "0G", "2Z", "4", "A"})
_PREFIX = re.compile(r"(1000000|100000|10000|1000)([A-Z].*)")
_MILLION = re.compile(r"1M([A-Z].+)")
_BYBIT_SUFFIX = re.compile(r"([A-Z]+)1000")
_THOUSANDS = re.compile(r"k([A-Z]{2,})")
# Coins that some venue lists by the thousand or more, which confirms Hyperliquid's k.
_LISTED_BY_THOUSANDS = frozenset({
    "BABYDOGE", "BONK", "BTT", "CAT", "CHEEMS", "DOGS", "FLOKI", "LUNC", "MOG", "NEIRO", "PEPE", "RATS", "SATS", "SHIB",
    "TOSHI", "TURBO", "WHY", "X", "XEC",
})  # fmt: skip


def base_and_multiplier(asset: str, venue: Venue | None = None) -> tuple[str, int]:
    """Split a listed asset into its coin and how many of them one unit is.

    `1000PEPE` -> (PEPE, 1000), `1MBABYDOGE` -> (BABYDOGE, 1000000), `1INCH` -> (1INCH, 1). `kPEPE` is a thousand on
    Hyperliquid only and `SHIB1000` on Bybit only. A builder's name (`xyz:TSLA`) is its own base.

    Args:
        asset: the venue's base asset from its metadata, not its whole symbol.
        venue: who lists it; None applies every rule that no other venue's names contradict.
    """
    if venue is not None and (venue, asset) in _OVERRIDES:
        return _OVERRIDES[venue, asset]
    if asset in _WHOLE or ":" in asset:
        return asset, 1
    if venue is Venue.HYPERLIQUID:
        return _hyperliquid(asset)
    if match := _MILLION.fullmatch(asset):
        return match.group(1), 1_000_000
    if match := _PREFIX.fullmatch(asset):
        return match.group(2), int(match.group(1))
    if venue in (Venue.BYBIT, None) and (match := _BYBIT_SUFFIX.fullmatch(asset)):
        return match.group(1), 1_000
    return asset, 1


def tradfi_base(asset: str) -> str:
    """The base of something that is no coin: a stock, metal, index or currency. `TSLA` -> `tradfi:TSLA`.

    Its metadata says so: Binance TRADIFI_PERPETUAL, Bybit symbolType, OKX instCategory 3-6, Deribit underlying_type.
    """
    return TRADFI + asset


def _hyperliquid(asset: str) -> tuple[str, int]:
    match = _THOUSANDS.fullmatch(asset)
    if match is not None and match.group(1) in _LISTED_BY_THOUSANDS:
        return match.group(1), 1_000
    return asset, 1
