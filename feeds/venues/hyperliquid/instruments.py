"""Hyperliquid's `meta` and `spotMeta` as instruments (README: Instruments, Symbols and multipliers)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier
from feeds.venues.hyperliquid.profile import PROFILE
from feeds.venues.shared.numbers import readable

_QUOTE = "USDC"
_DECIMALS = {MarketKind.LINEAR: 6, MarketKind.SPOT: 8}
_BRIDGED = {"UBTC": "BTC", "UETH": "ETH", "USOL": "SOL"}
"""Tokens of the Unit bridge, one for one."""

_Decimals = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _Asset(msgspec.Struct):
    name: str
    szDecimals: _Decimals
    isDelisted: bool = False


class _Meta(msgspec.Struct):
    universe: list[_Asset]


class _Token(msgspec.Struct):
    name: str
    szDecimals: _Decimals
    index: int


class _Pair(msgspec.Struct):
    name: str
    tokens: tuple[int, int]


class _SpotMeta(msgspec.Struct):
    tokens: list[_Token]
    universe: list[_Pair]


_meta = msgspec.json.Decoder(_Meta)
_spot_meta = msgspec.json.Decoder(_SpotMeta)


def instruments_from_meta(body: bytes, kind: MarketKind) -> tuple[Instrument, ...]:
    """Return the listed perpetuals of a `meta` body, or the USDC pairs of a `spotMeta` body.

    `{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40},{"name":"MATIC","szDecimals":1,"isDelisted":true}]}`
    `{"tokens":[{"name":"UBTC","szDecimals":5,"index":197}],"universe":[{"name":"@142","tokens":[197,0]}]}`

    Raises:
        ProtocolError: the body is neither.
    """
    with readable("Hyperliquid's instrument list"):
        if kind is MarketKind.SPOT:
            return _pairs(_spot_meta.decode(body))
        listed = [asset for asset in _meta.decode(body).universe if not asset.isDelisted]
    return tuple(_instrument(kind, asset.name, asset.name, asset.szDecimals) for asset in listed)


def finest_tick(kind: MarketKind, size_decimals: int) -> Decimal:
    """The smallest price step that an asset can ever have, per listed unit.

    A price has at most 5 significant figures and at most 6 - szDecimals decimals (spot: 8), integers are always
    allowed. So the step grows with the price; every price lies on this finest grid.
    """
    return Decimal(1).scaleb(-max(_DECIMALS[kind] - size_decimals, 0))


def _pairs(meta: _SpotMeta) -> tuple[Instrument, ...]:
    tokens = {token.index: token for token in meta.tokens}
    found = []
    for pair in meta.universe:
        base, quote = (tokens.get(index) for index in pair.tokens)
        if base is not None and quote is not None and quote.name == _QUOTE:
            coin = _BRIDGED.get(base.name, base.name)
            found.append(_instrument(MarketKind.SPOT, pair.name, coin, base.szDecimals))
    return tuple(found)


def _instrument(kind: MarketKind, symbol: str, asset: str, size_decimals: int) -> Instrument:
    base, multiplier = base_and_multiplier(asset, PROFILE.symbols)
    return Instrument(
        venue=PROFILE.name,
        kind=kind,
        symbol=symbol,
        base=base,
        quote=_QUOTE,
        settle=_QUOTE if kind is MarketKind.LINEAR else "",
        tick_size=finest_tick(kind, size_decimals) / multiplier,
        lot_size=Decimal(1).scaleb(-size_decimals) * multiplier,
        multiplier=multiplier,
    )
