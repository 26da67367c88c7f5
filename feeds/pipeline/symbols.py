"""From a listed asset's name to its coin: the common rule and what a venue does otherwise.

Venues list cheap coins by a power of ten from a thousand on and write it in their own ways. Sizes times the multiplier
and prices divided by it are per coin, so that listings of one coin add up. Whether two listings of one name really are
one coin is not decided here: names collide.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TRADFI = "tradfi:"

_WHOLE = frozenset({"1INCH", "0G", "2Z", "4", "A"})
_NUMBER_PREFIX = re.compile(r"(10{3,17})([A-Z].*)")
_MILLIONS = re.compile(r"(10{0,2})M([A-Z]{2,})")
_NUMBER_SUFFIX = re.compile(r"([A-Z]+)(10{3,17})")
_K_PREFIX = re.compile(r"k([A-Z]{2,})")


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """How one venue writes its assets, where that differs from `1000PEPE` and `1MBABYDOGE`.

    `renamed` are whole names with the coin and the number of them that they stand for. `has_number_suffix` reads
    `SHIB1000`. `by_thousands` are the coins whose name after a small k is a thousand of them (`kPEPE`);
    `has_number_prefix` False means that a leading number belongs to the name. `quote` is the quote currency of markets
    whose symbol is the asset alone, empty where symbols name it.
    """

    renamed: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    has_number_suffix: bool = False
    by_thousands: frozenset[str] = frozenset()
    has_number_prefix: bool = True
    quote: str = ""


ANY_VENUE = SymbolRules(has_number_suffix=True)
"""Every rule that no venue's names contradict."""


def base_and_multiplier(asset: str, rules: SymbolRules = ANY_VENUE) -> tuple[str, int]:
    """Split a listed asset into its coin and how many of them one unit is.

    `1000PEPE` -> (PEPE, 1000), `1MBABYDOGE` -> (BABYDOGE, 1000000), `1INCH` -> (1INCH, 1). A builder's name
    (`xyz:TSLA`) is its own base.

    Args:
        asset: the venue's base asset from its metadata, not its whole symbol.
        rules: those of the venue that lists it.
    """
    if asset in rules.renamed:
        return rules.renamed[asset]
    if asset in _WHOLE or ":" in asset:
        return asset, 1
    if (match := _K_PREFIX.fullmatch(asset)) and match.group(1) in rules.by_thousands:
        return match.group(1), 1_000
    if rules.has_number_prefix and (match := _MILLIONS.fullmatch(asset)):
        return match.group(2), int(match.group(1)) * 1_000_000
    if rules.has_number_prefix and (match := _NUMBER_PREFIX.fullmatch(asset)):
        return match.group(2), int(match.group(1))
    if rules.has_number_suffix and (match := _NUMBER_SUFFIX.fullmatch(asset)):
        return match.group(1), int(match.group(2))
    return asset, 1


def tradfi_base(asset: str) -> str:
    """The base of something that is no coin: a stock, metal, index or currency. `TSLA` -> `tradfi:TSLA`.

    Its metadata says so: Binance TRADIFI_PERPETUAL, Bybit symbolType, OKX instCategory 3-6, Deribit underlying_type.
    """
    return TRADFI + asset
