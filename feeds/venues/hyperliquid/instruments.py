"""Hyperliquid's `meta` and `spotMeta` as instruments (README: Instruments, Symbols and multipliers)."""

from collections.abc import Iterator, Mapping, Set
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier
from feeds.venues.hyperliquid.profile import PROFILE
from feeds.venues.shared.numbers import readable
from feeds.venues.shared.rows import Listing, ListingReader, RowDecoder

Row = TypeVar("Row")
Other = TypeVar("Other")

_QUOTE = "USDC"
_DECIMALS = {MarketKind.LINEAR: 6, MarketKind.SPOT: 8}
_BRIDGED = {
    "UBTC": "BTC", "UETH": "ETH", "USOL": "SOL", "UFART": "FARTCOIN", "UPUMP": "PUMP", "UBONK": "BONK", "UENA": "ENA",
    "UMON": "MON", "UXPL": "XPL", "UZEC": "ZEC", "UDZ": "2Z", "UUUSPX": "SPX",
}  # fmt: skip
"""Tokens of the Unit bridge, one for one."""
_BRIDGE = "Unit "
_NATIVE = frozenset({1, 150})
"""Indices of the venue's own tokens, PURR and HYPE."""

_Decimals = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _Asset(msgspec.Struct):
    name: str
    szDecimals: _Decimals
    isDelisted: bool = False


class _Meta(msgspec.Struct, Generic[Row]):
    universe: list[Row]


class _Token(msgspec.Struct):
    name: str
    szDecimals: _Decimals
    index: int
    isCanonical: bool = False
    fullName: str | None = None

    @property
    def coin(self) -> str | None:
        """The coin that the token is by its identity; None where only the name, which anybody may choose, says so."""
        is_bridged = self.name in _BRIDGED if self.fullName is None else self.fullName.startswith(_BRIDGE)
        if is_bridged and self.name.startswith("U") and len(self.name) > 1:
            return _BRIDGED.get(self.name, self.name[1:])
        return self.name if self.isCanonical or self.index in _NATIVE else None


class _Pair(msgspec.Struct):
    name: str
    tokens: tuple[int, int]


class _SpotMeta(msgspec.Struct, Generic[Row, Other]):
    tokens: list[Row]
    universe: list[Other]


_meta = RowDecoder(_Meta, _Asset, lists=lambda meta: (meta.universe,), strict=True)
_spot_meta = RowDecoder(
    _SpotMeta,
    _Token,
    _Pair,
    lists=lambda meta: (meta.tokens, meta.universe),
    strict=True,
)


def instruments_from_meta(body: bytes, kind: MarketKind) -> Listing:
    """Return the listed perpetuals of a `meta` body, or the USDC pairs of a `spotMeta` body.

    `{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40},{"name":"MATIC","szDecimals":1,"isDelisted":true}]}`
    `{"tokens":[{"name":"UBTC","szDecimals":5,"index":197}],"universe":[{"name":"@142","tokens":[197,0]}]}`

    A row of odd values or shape is left out.

    Raises:
        ProtocolError: the body is neither.
    """
    reader = ListingReader[Any]()
    with readable("Hyperliquid's instrument list"):
        if kind is MarketKind.SPOT:
            meta = _spot_meta.decode(body, reader.leave_out)
            tokens = {token.index: token for token in meta.tokens}
            coins = {coin for token in meta.tokens if (coin := token.coin) is not None}
            return reader.listing(meta.universe, lambda pair: _pair(pair, tokens, coins))
        return reader.listing(_meta.decode(body, reader.leave_out).universe, _perpetual)


def _perpetual(asset: _Asset) -> Iterator[Instrument]:
    if not asset.isDelisted:
        yield _instrument(MarketKind.LINEAR, asset.name, asset.name, asset.szDecimals)


def _pair(pair: _Pair, tokens: Mapping[int, _Token], coins: Set[str]) -> Iterator[Instrument]:
    """A token that only shares its name with one of `coins`, which are known by identity, is a base of its own."""
    base, quote = (tokens.get(index) for index in pair.tokens)
    if base is None or quote is None or quote.name != _QUOTE:
        return
    own = f"{base.name}@{pair.name.removeprefix('@')}" if base.name in coins else base.name
    yield _instrument(MarketKind.SPOT, pair.name, base.coin or own, base.szDecimals)


def finest_tick(kind: MarketKind, size_decimals: int) -> Decimal:
    """The smallest price step that an asset can ever have, per listed unit.

    A price has at most 5 significant figures and at most 6 - szDecimals decimals (spot: 8), integers are always
    allowed. So the step grows with the price; every price lies on this finest grid.
    """
    return Decimal(1).scaleb(-max(_DECIMALS[kind] - size_decimals, 0))


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
