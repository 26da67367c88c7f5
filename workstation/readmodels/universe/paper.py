"""The market-neutral paper book: settings, ledger, request and view."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import InstrumentId, Venue
from feeds.venues.registry import PROFILES, profile_of
from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints
from workstation.readmodels.request import Request

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS


class PaperScore(StrEnum):
    """Score that ranks the coins: signed derivatives pressure, or the flow score."""

    PRESSURE = "pressure"
    FLOW = "flow"


class Sizing(StrEnum):
    """How a side's notional is split: equally, or in inverse proportion to volatility."""

    NOTIONAL = "equal notional"
    RISK = "equal risk"


class Stance(StrEnum):
    """Which side of the scores is bought: the highest, with the crowd, or the lowest, against it."""

    FOLLOW = "follow the crowd"  # long the highest scores, short the lowest
    FADE = "fade the crowd"  # short the highest scores, long the lowest


class EntryKind(StrEnum):
    """Kind of a ledger line."""

    TRADE = "trade"
    HOLD = "hold"  # position already near its target
    SKIP = "skip"  # chosen but not traded; the note gives the reason
    FUNDING = "funding"
    GAP = "gap"  # a span without data
    SETTINGS = "settings"


TAKER_FEES = tuple((venue, profile.taker_fee) for venue, profile in PROFILES.items())


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """The user's settings. `capital` is USD, `gross` longs plus shorts over equity at a rebalance, `names` the coins
    per side, `fees` taker fees as fractions of notional. Raises ValueError outside the allowed ranges.
    """

    on: bool = False
    score: PaperScore = PaperScore.PRESSURE
    names: int = 5
    sizing: Sizing = Sizing.NOTIONAL
    period_ns: int = 8 * HOUR_NS
    capital: float = 100_000.0
    gross: float = 1.0
    fees: tuple[tuple[Venue, float], ...] = TAKER_FEES
    stance: Stance = Stance.FOLLOW

    def __post_init__(self) -> None:
        if not (1 <= self.names <= 100 and self.period_ns >= MINUTE_NS):
            raise ValueError("a paper book holds 1 to 100 coins a side and trades at most once a minute")
        if not (0 < self.capital < 1e12 and 0 < self.gross <= 10):
            raise ValueError("the capital of a paper book must be positive and its gross exposure at most tenfold")
        if any(not 0 <= fee < 0.1 for _, fee in self.fees):
            raise ValueError("a taker fee is a fraction from 0 to below 0.1")

    def fee(self, venue: Venue) -> float:
        """Taker fee of a venue, as a fraction of notional."""
        return dict(self.fees).get(venue, profile_of(venue).taker_fee)


IMPACT = 0.0005  # fraction of mid charged on the unseen part, for each time it is as large as what the book showed
MOST_IMPACT = 0.005


def impact_of(seen: float) -> float:
    """Impact charged on the part of an order beyond the recorded book, a fraction of mid; `seen` is the share in it."""
    return min(IMPACT * (1 - seen) / seen, MOST_IMPACT) if seen > 0 else MOST_IMPACT


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """An immutable line of the ledger. Sizes are base coin, signed (+ bought), money is USD.

    `price` is the average price paid, `mid` the mid price then; for funding `mid` is the mark price applied, `size` the
    position and `rate` its rate. `fee` and `slippage` are costs (+), `funding` is received (+). `held` is the position
    after the line. `seen` is the share of the size that the recorded book held; the rest is priced at its last
    level and charged `impact_of` it: the fill is an estimate. `rank` is 1 for the highest of `ranked` scores, 0
    without a score.
    """

    seq: int
    rebalance: int
    ts_ns: int
    kind: EntryKind
    base: str = ""
    venue: str = ""
    market: str = ""
    size: float = 0.0
    held: float = 0.0
    price: float | None = None
    mid: float | None = None
    seen: float | None = None
    fee: float = 0.0
    slippage: float = 0.0
    funding: float = 0.0
    rate: float | None = None
    score: float | None = None
    rank: int = 0
    ranked: int = 0
    note: str = ""

    @property
    def side(self) -> str:
        """`buy`, `sell` or empty."""
        return "buy" if self.size > 0 else "sell" if self.size < 0 else ""


@dataclass(frozen=True, slots=True)
class PaperMark:
    """A position (base coin, signed) at its last known mid, of `seen_ns`."""

    market: InstrumentId
    base: str
    venue: str
    size: float
    mid: float
    seen_ns: int


@dataclass(frozen=True, slots=True)
class PaperMoment:
    """The account at a time, USD: `equity` = capital + `price_pnl` + `funding` - `fees` - `slippage`.

    `equity` is cash plus marked positions; `price_pnl` is summed independently from changes of the marks.
    """

    ts_ns: int
    equity: float
    price_pnl: float = 0.0
    funding: float = 0.0
    fees: float = 0.0
    slippage: float = 0.0
    marks: tuple[PaperMark, ...] = ()

    @property
    def gross(self) -> float:
        """Longs plus shorts."""
        return math.fsum(abs(mark.size * mark.mid) for mark in self.marks)

    @property
    def net(self) -> float:
        """Longs minus shorts."""
        return math.fsum(mark.size * mark.mid for mark in self.marks)


@dataclass(frozen=True, slots=True)
class ScoredCoin:
    """A coin at a rebalance. `target` is notional (USD, signed), `volatility` hourly, a fraction, None unknown."""

    base: str
    score: float
    rank: int
    target: float = 0.0
    volatility: float | None = None


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """Statistics. `drawdown` is the largest fall of equity from its peak, a fraction, `drawdown_now` the present one.

    `turnover` is `traded` (USD) over capital. `held` counts coins held from one rebalance to the next, `hits` those
    whose price moved in the position's favour. `unseen` counts fills larger than the recorded book: with any, equity is
    an estimate.
    """

    drawdown: float = 0.0
    drawdown_now: float = 0.0
    traded: float = 0.0
    turnover: float = 0.0
    hits: int = 0
    held: int = 0
    trades: int = 0
    skipped: int = 0
    unseen: int = 0
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class CoinResult:
    """PnL of a coin since the book began and its present notional, USD. `stale_ns` is the age of its mark."""

    base: str
    notional: float
    price_pnl: float
    funding: float
    costs: float
    stale_ns: int = 0

    @property
    def total(self) -> float:
        """After all costs."""
        return self.price_pnl + self.funding - self.costs


@dataclass(frozen=True, slots=True)
class PaperRequest(Request["PaperView"]):
    """The paper book of the open session, with the scores of a rebalance; None: of the last."""

    base: str = ""
    rebalance: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PaperView:
    """The book at `now.ts_ns`; `entries` and the curve end there. `book` names it: live, simulated or a recording.

    The curve (`ts_ns`, `equity` in USD) has a point a minute. `waiting` is the reason why nothing is traded yet,
    `trouble` why the book stopped. `ahead_ns` is the book's own time where it is later than the displayed one.
    """

    request: PaperRequest
    revision: int
    book: str = ""
    settings: PaperSettings = PaperSettings()
    now: PaperMoment | None = None
    entries: tuple[PaperEntry, ...] = ()
    ts_ns: Ints = field(default_factory=no_ints)
    equity: Floats = field(default_factory=no_floats)
    figures: PaperFigures = PaperFigures()
    coins: tuple[CoinResult, ...] = ()
    scores: tuple[ScoredCoin, ...] = ()
    scored_rebalance: int = 0
    next_rebalance_ns: int = 0
    waiting: str = ""
    trouble: str = ""
    ahead_ns: int = 0
