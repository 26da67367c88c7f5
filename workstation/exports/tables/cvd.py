"""CVD at the close of each bar, from the start of the recording without resets, over all that was received."""

from collections.abc import Iterator

import numpy as np

from workstation.analytics.state.base import Base
from workstation.analytics.views.cvd import cvd_view
from workstation.exports.cells import Row, known, names_of
from workstation.exports.table import MARKET, ExportSettings, Table, at_end, booleans, floats, integers
from workstation.readmodels.flow.cvd import CvdLine, CvdRequest, CvdUnit, CvdView

_SIZES = ("cvd_usd_under_10k", "cvd_usd_10k_100k", "cvd_usd_100k_1m", "cvd_usd_from_1m")


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    """Every market by itself, then the sums over perpetuals and over spot."""
    requests = [_request(base, settings.bar_ns, unit) for unit in (CvdUnit.COIN, CvdUnit.USD, CvdUnit.OI)]
    coin, usd, interest = (cvd_view(base, request, 0, now_ns) for request in requests)
    for market, *units in zip(base.markets, coin.lines, usd.lines, interest.lines, strict=True):
        yield from _line_rows(coin, usd, names_of(market.instrument), units)
    for kind in ("perp", "spot"):
        sums = [getattr(view, kind) for view in (coin, usd, interest)]
        if None not in sums:
            yield from _line_rows(coin, usd, (base.name, "all", kind, ""), sums)


def _request(base: Base, bar_ns: int, unit: CvdUnit) -> CvdRequest:
    return CvdRequest(base.name, bar_ns, unit, None, by_size=True, candles=True, live_only=False)


def _line_rows(coin: CvdView, usd: CvdView, name: Row, units: list[CvdLine]) -> Iterator[Row]:
    missing = np.full(len(coin.bar_start_ns), np.nan)
    extra = [missing] * (2 + len(_SIZES))
    signs: dict[int, int] = {}
    if name[1:3] == ("all", "perp"):
        extra = [coin.candles.high, coin.candles.low, *(line.values for line in usd.sizes)]
        signs = dict(zip(coin.diverged_ns.tolist(), coin.diverged.tolist(), strict=True))
    columns = [*(line.values for line in units), *extra]
    for at, start in enumerate(coin.bar_start_ns.tolist()):
        gap = bool(units[0].missing[at])
        cvd, cvd_usd, cvd_oi, *more = (None if gap else known(column[at]) for column in columns)
        yield (start, *name, cvd, cvd_usd, gap, cvd_oi, *more, signs.get(start))


TABLE = Table(
    "cvd",
    (
        *(*integers("bar_start_ns"), *MARKET, *floats("cvd", "cvd_usd"), *booleans("gap")),
        *(*floats("cvd_oi_pct", "cvd_high", "cvd_low", *_SIZES), *integers("diverged")),
    ),
    at_end(_rows),
    """cvd runs from the start of the recording without resets; gap: trades of a market in it are missing, and cvd is
    empty.
    cvd_oi_pct is it in per cent of the last open interest, spot over that of all perpetuals; cvd_high and cvd_low
    (venue `all`, kind `perp`) are its extremes within the bar; cvd_usd_* split it by the notional of prints (runs of
    trades of one market, side and millisecond); diverged is 1 where the price of a closed bar is a new low of 20 bars
    and cvd is not, -1 for a high.""",
    is_default=True,
)
