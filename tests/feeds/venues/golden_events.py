"""Events as the rows of tests/data/*/*.events.jsonl: prices in quote per coin, times in ms, no texts of ours."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from feeds.model import events as model
from feeds.model.events import Event, Level
from feeds.model.instrument import Instrument

Row = dict[str, Any]


def described(event: Event) -> Row:
    """One event without its receive time and the reasons that are written for people."""
    return {"event": type(event).__name__, **_where(event), **_fields(event)}


def _where(event: Event) -> Row:
    instrument = getattr(event, "instrument", None)
    row = {} if instrument is None else {"market": instrument.symbol}
    ts_ns = getattr(event, "ts_venue_ns", None)
    return row if ts_ns is None else {**row, "ms": _ms(ts_ns)}


def _fields(event: Event) -> Row:
    match event:
        case model.Trade():
            return _trade(event)
        case model.BookSnapshot() | model.BookDelta():
            return {
                "bids": _levels(event.instrument, event.bids),
                "asks": _levels(event.instrument, event.asks),
                "update": event.update_id,
            }
        case model.Quote(instrument=market):
            bid, ask = _levels(market, [(event.bid_ticks, event.bid_size), (event.ask_ticks, event.ask_size)])
            return {"bid": bid, "ask": ask, "update": event.update_id}
        case model.MarkPrice():
            return {"mark": event.mark}
        case model.IndexPrice():
            return {"index": event.index}
        case model.Funding():
            return {"rate": event.rate, "next_ms": _ms(event.next_funding_ns), "interval_ms": _ms(event.interval_ns)}
        case model.OpenInterest():
            return {"size": event.open_interest, "notional": event.notional}
        case model.Liquidation():
            return {
                "side": event.side.value,
                "price": event.price,
                "size": event.size,
                "notional": event.notional,
            }
        case model.TradesLost():
            return {"missing": event.missing}
        case model.MarketStatus():
            return {"trading": event.is_trading, "state": event.state}
        case _:
            return _fetched(event)


def _fetched(event: Event) -> Row:
    match event:
        case model.TradesFilled():
            trades = [{"ms": _ms(trade.ts_venue_ns), **_trade(trade)} for trade in event.trades]
            return {"since_ms": _ms(event.since_ns), "until_ms": _ms(event.until_ns), "trades": trades}
        case model.DayStats():
            return {
                "last": event.last,
                "change": event.change_24h,
                "volume": event.volume_24h,
                "turnover": event.turnover_24h,
                "taker_buy": event.taker_buy_24h,
            }
        case model.TakerFlow():
            return {"window_ms": _ms(event.window_ns), "volume": event.volume, "taker_buy": event.taker_buy}
        case model.OpenInterestHistory() | model.FundingHistory():
            return {"rows": [[_ms(ts_ns), value] for ts_ns, value in event.rows]}
        case model.Candles():
            return {"bar_ms": _ms(event.bar_ns), "rows": [[_ms(row[0]), *row[1:]] for row in event.rows]}
        case model.LongShortRatio():
            return {"ratio": event.ratio, "long_share": event.long_share}
        case _:  # Connected, Disconnected, BookLost, TradesLive, HistoryEnded and Relisted have no more
            return {}


def _trade(trade: model.Trade) -> Row:
    price = trade.price_ticks * trade.instrument.tick
    assert trade.price == float(price), "the price is that of its ticks"
    return {
        "side": trade.aggressor.value if trade.aggressor is not None else None,
        "price": price,
        "size": trade.size,
        "notional": trade.notional,
        "id": trade.trade_id,
    }


def _levels(market: Instrument, levels: Sequence[Level]) -> list[list[Any]]:
    return [[ticks * market.tick, size] for ticks, size in levels]


def _ms(ts_ns: int | None) -> Fraction | None:
    return None if ts_ns is None else Fraction(ts_ns, 1_000_000)
