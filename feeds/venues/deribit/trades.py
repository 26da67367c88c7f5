"""How Deribit's trades are read, and how past ones are listed (README: Trades, Backfill)."""

from functools import partial

import msgspec

from feeds.model.events import Side, Trade
from feeds.model.protocol import Fetch
from feeds.pipeline.backfill import Page
from feeds.pipeline.units import Units
from feeds.venues.deribit.wire import AnswerPage, TradeData
from feeds.venues.shared.numbers import MS
from feeds.venues.shared.trade_chain import Backfill, PastTrades, TradeChain

_PAGE = 1_000
_PATH = "/api/v2/public/get_last_trades_by_instrument?instrument_name={}&start_seq={}&end_seq={}&count=1000&sorting=asc"
_BUY, _SELL = Side.BUY, Side.SELL
trades_page = msgspec.json.Decoder(AnswerPage[TradeData])


def trade_chain(units: Units, history_s: int) -> TradeChain:
    """One instrument's trades on one connection. A trade's id is its `trade_seq`, contiguous per instrument."""
    return TradeChain(units.instrument, Backfill(partial(_ask, units), partial(_read, units), _PAGE), history_s)


def trade(units: Units, row: TradeData, now_ns: int) -> Trade:
    """One row as a trade. Raises ProtocolError for a price off the grid."""
    ticks, price, size, notional = units.execution(row.price, row.amount)
    side, ts_ns = (_BUY if row.direction == "buy" else _SELL), row.timestamp * MS
    return Trade(units.instrument, ts_ns, now_ns, ticks, price, size, notional, side, row.trade_seq)


def _ask(units: Units, page: Page) -> Fetch:
    symbol = units.instrument.symbol
    return Fetch(_PATH.format(symbol, page.first, page.end - 1), f"trades/{symbol}")


def _read(units: Units, body: bytes, now_ns: int) -> PastTrades:
    """Blocks are left out, as they are live."""
    rows = sorted(trades_page.decode(body).result.trades, key=lambda row: row.trade_seq)
    trades = [trade(units, row, now_ns) for row in rows if row.block_trade_id is None]
    return PastTrades(trades, {row.trade_seq for row in rows if row.block_trade_id is not None})
