"""The columns of the pressure table: their values, number formats, and which are hidden first in a narrow pane.

The values of a column are one float64 array (coins + markets,): the coins of the view first, then its markets; NaN
where unknown. Percentages are stored as fractions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

import numpy as np

from widgets.items.digits import Codes, encode_fixed, encode_sizes, encode_texts
from widgets.theme import format as fmt
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.universe.pressure import PRESSURE_SCALES, REGIMES, Bias, PressureView, Regime

SHORT_REGIMES = {
    Regime.BALANCED: "balanced",
    Regime.LONG_BUILDING: "long building",
    Regime.SHORT_BUILDING: "short building",
    Regime.LONG_CROWDED: "long crowded",
    Regime.SHORT_RAMP: "short ramp",
    Regime.SQUEEZE_RISK: "squeeze risk",
}


class Look(Enum):
    """How a cell is painted."""

    SYMBOL = auto()
    SCORE = auto()
    BIAS = auto()
    REGIME = auto()
    SPARKLINE = auto()  # sorts by the change over the hour
    NUMBER = auto()
    TINTED = auto()  # a number on a background: green positive, red negative
    LONGS_OUT = auto()
    SHORTS_OUT = auto()
    AGE = auto()


class Written(NamedTuple):
    """A number format: `text` formats one value, `encode` many values as glyph codes. Both give the same result."""

    text: Callable[[float], str]
    encode: Callable[[Floats], Codes]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `rank` 0 is the last to be hidden in a narrow pane. At a value of `scale` a tint has three quarters
    of its depth.

    `part` is the column's index in `PRESSURE_INPUTS`, `flow_part` its index in `FLOW_INPUTS`, None where it is no
    input. `rising_first`: the first click on the heading sorts ascending.
    """

    name: str
    head: str
    tip: str
    width: int
    rank: int
    values: Callable[[PressureView], Floats]
    written: Written
    look: Look = Look.NUMBER
    scale: float = 1.0
    part: int | None = None
    flow_part: int | None = None
    rising_first: bool = False


def _both(name: str) -> Callable[[PressureView], Floats]:
    def values(view: PressureView) -> Floats:
        universe = view.universe
        return np.concatenate((getattr(universe.columns, name), getattr(universe.markets.columns, name)))

    return values


def _scored(name: str) -> Callable[[PressureView], Floats]:
    return lambda view: np.concatenate((getattr(view.pressure, name), getattr(view.market_pressure, name)))


def _coins(of: Callable[[PressureView], Floats]) -> Callable[[PressureView], Floats]:
    """Values that only coins have; NaN for markets."""

    def values(view: PressureView) -> Floats:
        return np.concatenate((of(view), np.full(len(view.universe.markets.ids), np.nan)))

    return values


def _names(view: PressureView) -> Floats:
    """Alphabetical rank of each coin, from 0."""
    return np.argsort(np.argsort(np.array(view.universe.symbols, dtype=str))).astype(float)


def _bias(view: PressureView) -> Floats:
    """1 long, -1 short, 0 neutral; NaN without a score."""
    signed, bias = _scored("signed")(view), _scored("bias")(view)
    return np.where(np.isnan(signed), np.nan, bias)


def _regime(view: PressureView) -> Floats:
    signed, regime = _scored("signed")(view), _scored("regime")(view)
    return np.where(np.isnan(signed), np.nan, regime)


def _long_short(view: PressureView) -> Floats:
    share = _both("long_share")(view)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = share / (1 - share)
    return np.where(np.isfinite(ratio), ratio, np.nan)


def _change(history: Floats, *, relative: bool) -> Floats:
    """The change (n,) from the first known step of `history` (n, steps) to the last, as a difference or a fraction.

    NaN where no step is known.
    """
    known = ~np.isnan(history)
    if not history.shape[1]:
        return np.full(len(history), np.nan)
    rows = np.arange(len(history))
    first, last = history[rows, known.argmax(axis=1)], history[rows, -1 - known[:, ::-1].argmax(axis=1)]
    return np.asarray(last / first - 1 if relative else last - first)


def _zero_unknown(values: Ints) -> Floats:
    return np.where(values > 0, values, np.nan).astype(float)


def signed_text(value: float, decimals: int = 2) -> str:
    """A number with its sign; an en dash for NaN."""
    return fmt.fixed(value, decimals)


def price_text(value: float) -> str:
    """A price with five significant digits; an en dash for NaN and for values that are not positive."""
    if math.isnan(value) or value <= 0:
        return fmt.NO_DATA
    return fmt.price(value, 10.0 ** max(min(math.floor(math.log10(value)) - 4, 0), -12))


def bias_text(value: float) -> str:
    """LONG, SHORT or neutral; an en dash for NaN."""
    return fmt.NO_DATA if math.isnan(value) else Bias(int(value)).name if value else "neutral"


def regime_text(value: float) -> str:
    """The short name of a regime; an en dash for NaN."""
    return fmt.NO_DATA if math.isnan(value) else SHORT_REGIMES[REGIMES[int(value)]]


def age_text(value: float) -> str:
    """A duration given in seconds; an en dash for NaN."""
    return fmt.NO_DATA if math.isnan(value) else fmt.age(round(value * 1e9))


def _fixed(decimals: int, factor: float = 1.0, *, signed: bool = True) -> Written:
    return Written(
        lambda value: fmt.fixed(value * factor, decimals, signed=signed),
        lambda values: encode_fixed(values * factor, decimals, signed=signed),
    )


def _singly(text: Callable[[float], str]) -> Written:
    return Written(text, lambda values: encode_texts([text(value) for value in values.tolist()]))


def _as_text(text: Callable[[float], str]) -> Written:
    """A column painted as text, never as glyphs."""
    return Written(text, lambda values: encode_texts([""] * len(values)))


_SIZE, _PRICE, _AGE = Written(fmt.size, encode_sizes), _singly(price_text), _singly(age_text)
_COUNT, _SIGNED, _RATIO, _OF_100 = (
    _fixed(0, signed=False),
    _fixed(2),
    _fixed(2, signed=False),
    _fixed(0, 100, signed=False),
)
_PERCENT = {decimals: _fixed(decimals, 100) for decimals in range(1, 5)}
_H1, _H4, _H24, _FUNDING, _PREMIUM = PRESSURE_SCALES
COLUMNS: tuple[Column, ...] = (
    Column("rank", "#", "rank by pressure score", 28, 12, _coins(lambda v: _zero_unknown(v.rank)), _COUNT,
           rising_first=True),
    Column("symbol", "coin", "base asset; its arrow shows the terms of its scores and its markets", 62, 0,
           _coins(_names), _COUNT, Look.SYMBOL, rising_first=True),
    Column("score", "score", "derivatives pressure, 0-100; the colour of the bar shows the side", 48, 1,
           _scored("score"), _COUNT, Look.SCORE),
    Column("bias", "bias", "side to which open interest, funding and premium lean", 42, 2, _bias,
           _as_text(bias_text), Look.BIAS),
    Column("regime", "regime", "pattern of open interest and funding", 82, 7, _regime, _as_text(regime_text),
           Look.REGIME),
    Column("score trail", "score 1h", "signed score over the last hour, with the default weights; sorts by its change",
           66, 9, _coins(lambda v: _change(v.score_sparkline, relative=False)), _SIGNED, Look.SPARKLINE),
    Column("flow", "flow", "flow score: mean robust z of taker flow, funding, liquidations and book, against all coins",
           44, 5, _coins(lambda v: v.flow.score), _SIGNED, Look.TINTED, 1.5),
    Column("flow rank", "flow #", "rank by flow score, 1 is the strongest", 40, 18,
           _coins(lambda v: _zero_unknown(v.flow.rank)), _COUNT, rising_first=True),
    Column("price", "price", "last price on the market with the largest volume, in its quote currency", 76, 8,
           _both("price"), _PRICE),
    Column("change 24 h", "24h %", "change of price over 24 h, %", 48, 10, _both("change_24h"), _PERCENT[2],
           Look.TINTED, 0.06),
    Column("price trail", "price 1h", "price over the last hour; sorts by its change", 66, 16,
           _coins(lambda v: _change(v.price_sparkline, relative=True)), _PERCENT[2], Look.SPARKLINE),
    Column("OI", "OI $", "open interest over all live perpetuals, USD", 52, 11, _both("open_interest_usd"), _SIZE),
    Column("OI 1 h", "OI 1h %", "change of open interest (base coin) over 1 h, %", 48, 3,
           _both("interest_change_1h"), _PERCENT[2], Look.TINTED, _H1, part=0),
    Column("OI 4 h", "OI 4h %", "change of open interest over 4 h, %", 50, 13,
           _both("interest_change_4h"), _PERCENT[2], Look.TINTED, _H4, part=1),
    Column("OI 24 h", "OI 24h %", "change of open interest over 24 h, %", 54, 6,
           _both("interest_change_24h"), _PERCENT[1], Look.TINTED, _H24, part=2),
    Column("funding", "fund 8h %", "funding per 8 h, weighted by open interest, %; positive: longs pay", 58, 4,
           _both("funding_8h"), _PERCENT[4], Look.TINTED, _FUNDING, part=3, flow_part=1),
    Column("premium", "prem %", "mark over index price, weighted by volume, %", 50, 4, _both("premium"), _PERCENT[3],
           Look.TINTED, _PREMIUM, part=4),
    Column("taker 5 m", "taker 5m %", "taker buys minus sells, of volume, over the last complete 5 minutes, %", 64, 14,
           _both("taker_delta_5m"), _PERCENT[1], Look.TINTED, 0.25, flow_part=0),
    Column("taker 1 h", "taker 1h %", "taker buys minus sells, of volume, over the last complete hour, %", 64, 17,
           _both("taker_delta_1h"), _PERCENT[1], Look.TINTED, 0.15),
    Column("OBI", "OBI", "(bid - ask) / (bid + ask) of the sizes at the best prices, weighted by 24 h turnover", 46, 15,
           _both("imbalance"), _SIGNED, Look.TINTED, 0.6, flow_part=3),
    Column("longs out", "liq L 1h $", "longs liquidated in the last hour, USD, on venues that publish it", 62, 19,
           _both("liquidated_long_1h"), _SIZE, Look.LONGS_OUT, 1e6, flow_part=2),
    Column("shorts out", "liq S 1h $", "shorts liquidated in the last hour, USD, on venues that publish it", 62, 20,
           _both("liquidated_short_1h"), _SIZE, Look.SHORTS_OUT, 1e6),
    Column("long/short", "L/S", "long per short accounts, on venues that publish it", 40, 21, _long_short, _RATIO),
    Column("volume", "vol 24h $", "volume over 24 h, USD", 60, 22, _both("turnover_24h"), _SIZE),
    Column("venues", "live", "markets with data in the last 20 s", 38, 23,
           _coins(lambda v: v.universe.live.astype(float)), _COUNT),
    Column("confidence", "conf %", "share of the pressure score's weights whose inputs are known, %", 46, 24,
           _scored("confidence"), _OF_100),
    Column("age", "age", "time since the last data", 46, 25, _both("age_s"), _AGE, Look.AGE, rising_first=True),
)  # fmt: skip
BY_NAME = {column.name: at for at, column in enumerate(COLUMNS)}
SYMBOL, SCORE = BY_NAME["symbol"], BY_NAME["score"]


def fitting(width: int, columns: tuple[Column, ...] = COLUMNS) -> list[int]:
    """Indices of the columns that fit into `width` pixels, ascending: lowest rank first, the coin column always."""
    chosen, left = [], width
    for at in sorted(range(len(columns)), key=lambda at: columns[at].rank):
        if left >= columns[at].width or at == SYMBOL:
            chosen.append(at)
            left -= columns[at].width
    return sorted(chosen)
