"""`exchangeInfo` of the simulated markets: the fields that clients read, as each of the three hosts writes them."""

from collections.abc import Sequence
from typing import Any

from feeds.model.instrument import MarketKind
from feeds.simulator.binance.wire import MarketWire

_FOREVER_MS = 4_133_404_800_000
_WEIGHT = {MarketKind.SPOT: 6_000}
_ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]


def exchange_info(segment: MarketKind, wires: Sequence[MarketWire], now_ms: int) -> dict[str, Any]:
    """The response body."""
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    body: dict[str, Any] = {"timezone": "UTC", "serverTime": now_ms}
    if segment is MarketKind.LINEAR:
        body["futuresType"] = "U_MARGINED"
    body |= {"rateLimits": [limit | {"limit": _WEIGHT.get(segment, 2_400)}], "exchangeFilters": []}
    symbol = _spot_symbol if segment is MarketKind.SPOT else _futures_symbol
    return body | {"symbols": [symbol(wire) for wire in wires]}


def _filters(wire: MarketWire) -> list[dict[str, Any]]:
    spec, fmt = wire.market.spec, wire.fmt
    instrument = spec.instrument
    tick = f"{spec.price_step:.{fmt.price_decimals}f}"
    step = f"{spec.size_step:.{fmt.size_decimals}f}"
    lots = {"minQty": step, "maxQty": "9000" if instrument.contract_size == 1 else "1000000", "stepSize": step}
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
        {"filterType": "LOT_SIZE", **lots},
        {"filterType": "MARKET_LOT_SIZE", **lots},
    ]


def _futures_symbol(wire: MarketWire) -> dict[str, Any]:
    instrument, fmt = wire.market.spec.instrument, wire.fmt
    row: dict[str, Any] = {"symbol": fmt.symbol, "pair": fmt.pair, "contractType": "PERPETUAL"}
    row |= {"deliveryDate": _FOREVER_MS, "onboardDate": 1_569_398_400_000}
    filters = _filters(wire)
    if instrument.kind is MarketKind.INVERSE:
        row |= {"contractStatus": "TRADING", "contractSize": int(instrument.contract_size)}
    else:
        row |= {"status": "TRADING"}
        filters.append({"filterType": "MIN_NOTIONAL", "notional": "50" if instrument.base == "BTC" else "20"})
    asset = fmt.pair.removesuffix(instrument.quote)
    row |= {"baseAsset": asset, "quoteAsset": instrument.quote, "marginAsset": instrument.settle}
    row |= {"pricePrecision": fmt.price_decimals, "quantityPrecision": fmt.size_decimals}
    row |= {"baseAssetPrecision": 8, "quotePrecision": 8, "underlyingType": "COIN", "underlyingSubType": []}
    return row | {"filters": filters, "orderTypes": _ORDER_TYPES, "timeInForce": ["GTC", "IOC", "FOK", "GTX"]}


def _spot_symbol(wire: MarketWire) -> dict[str, Any]:
    instrument = wire.market.spec.instrument
    row: dict[str, Any] = {"symbol": instrument.symbol, "status": "TRADING", "baseAsset": instrument.base}
    row |= {"baseAssetPrecision": 8, "quoteAsset": instrument.quote, "quotePrecision": 8, "quoteAssetPrecision": 8}
    row |= {"orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "isSpotTradingAllowed": True}
    filters = [*_filters(wire), {"filterType": "NOTIONAL", "minNotional": "5.00000000"}]
    return row | {"filters": filters, "permissions": [], "permissionSets": [["SPOT"]]}
