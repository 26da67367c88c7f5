"""The columns of the exported tables.

Stable. Times are ns since the epoch, UTC; sizes are base coin; one row a line.
"""

from __future__ import annotations

from workstation.exports.cvd import CVD_COLUMNS, CVD_NOTE
from workstation.exports.obi import OBI_COLUMNS, OBI_NOTE
from workstation.exports.paper import PAPER_COLUMNS, PAPER_NOTE
from workstation.exports.pressure import PRESSURE_COLUMNS
from workstation.exports.setups import SETUPS_COLUMNS, SETUPS_NOTE

_MARKET = ("base", "venue", "kind", "symbol")

COLUMNS: dict[str, tuple[str, ...]] = {
    "trades": ("ts_venue_ns", "ts_recv_ns", *_MARKET, "trade_id", "price", "size", "notional_usd", "aggressor"),
    "bars": (
        *("bar_start_ns", *_MARKET, "open", "high", "low", "close", "buy", "sell", "buy_usd", "sell_usd"),
        *("delta", "min_delta", "max_delta", "trades", "poc", "complete"),
    ),
    "footprint": ("bar_start_ns", *_MARKET, "row_price", "sell", "buy", "is_poc"),
    "cvd": CVD_COLUMNS,
    "book": ("ts_ns", *_MARKET, "side", "level", "price", "size"),
    "liquidations": ("ts_venue_ns", *_MARKET, "position", "price", "size", "notional_usd"),
    "obi": OBI_COLUMNS,
    "pressure": PRESSURE_COLUMNS,
    "paper": PAPER_COLUMNS,
    "funding": ("ts_venue_ns", *_MARKET, "rate", "next_funding_ns"),
    "open_interest": ("ts_venue_ns", *_MARKET, "open_interest", "notional_usd"),
    "premium": ("bar_start_ns", *_MARKET, "premium", "spot"),
    "quadrant": (
        *("ts_ns", "base", "obi", "cvd_usd", "obi_scale", "cvd_scale", "x", "y"),
        *("quadrant", "live", "known"),
    ),
    "setups": SETUPS_COLUMNS,
}

NOTES = f"""kind is linear, inverse or spot; sums over venues have venue `all` and kind `perp` or `spot`.
row_price is the lower edge of a row; aggressor is buy, sell or empty; position is the liquidated one, long or short.
poc is the lower edge of the POC row; complete says that no trade of the bar is missing; gap that some are, and then
cvd is empty. {CVD_NOTE}
{OBI_NOTE}
{PAPER_NOTE}
pressure has every coin (venue `all`) and every perpetual at the end of each bar. score, bias and regime are of the
derivatives pressure score, confidence the weight of the inputs known; flow_score and flow_rank stand among all coins;
changes, funding_8h, premium, taker_delta and imbalance are fractions, liquidated_* the notional of an hour.
open_interest is base coin, one side counted. premium is the close of perpetuals over the volume-weighted spot, minus 1;
its sums are of kind linear (dollar-margined), inverse (coin-margined) and perp, weighted by the venues' 24 h volume, or
by the volume seen where one of them is not told. quadrant has the samples of every 10 s of the last day: obi of all
perpetuals within 0.2 % of mid, weighted by the taker flow of 5 minutes; cvd_usd is their CVD of 5 minutes; x and y are
both over their scale, the 95th percentile of the absolute value in 24 h; live of known perpetuals count.
{SETUPS_NOTE}"""


def columns_help() -> str:
    """The tables and their columns as text."""
    lines = [f"{table}: {', '.join(names)}" for table, names in COLUMNS.items()]
    return "\n\n".join((*lines, NOTES.replace("\n", " ")))
