"""How OKX's trades are read, and how past ones are listed (README: Trades, Backfill).

A row of the socket merges `count` matches up to id `tradeId`; REST has every match as its own row. Ids are contiguous
per instrument, so what lies between two rows is known to be missing and can be asked for, newest first.
"""

from functools import partial

import msgspec

from feeds.model.events import Trade
from feeds.model.protocol import Fetch
from feeds.pipeline.backfill import Page, in_order
from feeds.pipeline.units import Units
from feeds.venues.okx import wire
from feeds.venues.shared.numbers import MS
from feeds.venues.shared.trade_chain import Backfill, PastTrades, TradeChain

_PAGE = 100
_MAX_PAGES = 600
_BATCH = 1_000
_PATH = "/api/v5/market/history-trades?instId={0}&type=1&after={1.end}&limit={1.size}"
_matches = msgspec.json.Decoder(wire.Body[wire.TradeRow], strict=False)


def trade_chain(units: Units, history_s: int) -> TradeChain:
    """One instrument's trades on one connection. A trade's id is that of its last match."""
    source = Backfill(partial(_ask, units), partial(_read, units), _PAGE, _MAX_PAGES, _BATCH)
    return TradeChain(units.instrument, source, history_s)


def trade(units: Units, row: wire.TradeRow, now_ns: int) -> Trade:
    """One row as a trade. Raises ProtocolError for a price off the grid or no side."""
    ticks, price, size, notional = units.execution(row.px, row.sz)
    side = wire.SIDES[row.side]
    matches = row.count or 1
    return Trade(units.instrument, row.ts * MS, now_ns, ticks, price, size, notional, side, row.tradeId, matches)


def _ask(units: Units, page: Page) -> Fetch:
    symbol = units.instrument.symbol
    return Fetch(_PATH.format(symbol, page), f"trades/{symbol}")


def _read(units: Units, body: bytes, now_ns: int) -> PastTrades:
    """One row is one match, newest first, without `count`."""
    return PastTrades(in_order(trade(units, row, now_ns) for row in wire.rows(_matches, body, "trades")))
