"""Bars of every market, of all perpetuals and of all spot markets."""

from collections.abc import Iterator

from workstation.analytics.state.base import Base
from workstation.analytics.views.footprint import footprint_view
from workstation.exports.cells import Row, names_of, number
from workstation.exports.table import MARKET, ExportSettings, Table, at_end, booleans, floats, integers
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRequest
from workstation.readmodels.markets import MarketFilter


def market_bars(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[tuple[Row, float, FootprintBar]]:
    """Names of a market or sum, row size and bar: every market by itself, then the sums over perpetuals and spot."""
    row_size = settings.row_size or float(base.largest_tick(base.markets) * 10)
    for names, chosen in _groups(base):
        request = FootprintRequest(base.name, chosen, settings.bar_ns, row_size, settings.rules)
        view = footprint_view(base, request, 0, now_ns)
        for bar in view.bars:
            yield names, view.row_size, bar


def _groups(base: Base) -> Iterator[tuple[Row, MarketFilter]]:
    for market in base.markets:
        instrument = market.instrument
        one = MarketFilter(None, frozenset((instrument.venue,)), frozenset((instrument.kind,)))
        yield names_of(instrument), one
    for kind, perp in (("perp", True), ("spot", False)):
        if any(market.instrument.kind.is_perp == perp for market in base.markets):
            yield (base.name, "all", kind, ""), MarketFilter(perp=perp)


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    for names, row_size, bar in market_bars(base, settings, now_ns):
        numbers = (bar.open, bar.high, bar.low, bar.close, bar.buy, bar.sell, bar.buy_usd, bar.sell_usd)
        deltas = (bar.delta, bar.min_delta, bar.max_delta)
        poc = number(bar.poc_row * row_size)
        complete = bar.complete and bar.closed
        yield (bar.start_ns, *names, *map(number, numbers + deltas), bar.trades, poc, complete)


TABLE = Table(
    "bars",
    (
        *(*integers("bar_start_ns"), *MARKET),
        *floats("open", "high", "low", "close", "buy", "sell", "buy_usd", "sell_usd"),
        *floats("delta", "min_delta", "max_delta"),
        *(*integers("trades"), *floats("poc"), *booleans("complete")),
    ),
    at_end(_rows),
    "poc is the lower edge of the POC row; complete: the bar is closed and no trade of it is missing.",
    is_default=True,
)
