"""The paper market-neutral book: its settings, its ledger, and what a pane shows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import InstrumentId, Venue
from feeds.venues.registry import PROFILES, profile_of
from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints
from workstation.readmodels.request import Request

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS


class PaperScore(StrEnum):
    """What the coins are ranked by: derivatives pressure with its sign, or the flow score."""

    PRESSURE = "pressure"
    FLOW = "flow"


class Sizing(StrEnum):
    """How a side's notional is shared: equally, or in inverse proportion to volatility."""

    NOTIONAL = "equal notional"
    RISK = "equal risk"


class EntryKind(StrEnum):
    """What a line of the ledger records."""

    TRADE = "trade"
    HOLD = "hold"  # looked at and left: too near its target for a trade
    SKIP = "skip"  # wanted, and not traded for a reason told in the note
    FUNDING = "funding"
    GAP = "gap"  # a span that was not seen
    SETTINGS = "settings"


TAKER_FEES = tuple((venue, profile.taker_fee) for venue, profile in PROFILES.items())


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """What a person chose. `gross` is longs plus shorts over the equity at a rebalance; `fees` are taker fees."""

    on: bool = False
    score: PaperScore = PaperScore.PRESSURE
    names: int = 5
    sizing: Sizing = Sizing.NOTIONAL
    period_ns: int = 8 * HOUR_NS
    capital: float = 100_000.0
    gross: float = 1.0
    fees: tuple[tuple[Venue, float], ...] = TAKER_FEES

    def __post_init__(self) -> None:
        if not (1 <= self.names <= 100 and self.period_ns >= MINUTE_NS):
            raise ValueError("a paper book holds 1 to 100 coins a side and trades at most once a minute")
        if not (0 < self.capital < 1e12 and 0 < self.gross <= 10):
            raise ValueError("the capital of a paper book must be positive and its gross exposure at most tenfold")
        if any(not 0 <= fee < 0.1 for _, fee in self.fees):
            raise ValueError("a taker fee is a fraction from 0 to below 0.1")

    def fee(self, venue: Venue) -> float:
        """The taker fee of a venue, as a fraction of the notional."""
        return dict(self.fees).get(venue, profile_of(venue).taker_fee)


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """A line of the ledger; it never changes. Sizes are base coin, signed (+ bought), money is USD.

    `price` is what was paid on average, `mid` the middle of the book then; for funding `mid` is the mark it was
    reckoned on, `size` the position and `rate` its rate. `fee` and `slippage` are costs, `funding` what was received.
    `held` is the position after the line. `seen` is the share of the size that was in the recorded book; the rest is
    charged at the last price seen. `rank` is 1 for the highest of `ranked` scores, 0 where there was none.
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
        """In words."""
        return "buy" if self.size > 0 else "sell" if self.size < 0 else ""


@dataclass(frozen=True, slots=True)
class PaperMark:
    """A position at a moment, at the last mid that was seen of it."""

    market: InstrumentId
    base: str
    venue: str
    size: float
    mid: float
    seen_ns: int


@dataclass(frozen=True, slots=True)
class PaperMoment:
    """The account at a time: `equity` = capital + `price_pnl` + `funding` - `fees` - `slippage`.

    `equity` is cash plus positions at their marks; `price_pnl` is summed from what marks moved, apart from it.
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
        return sum(abs(mark.size * mark.mid) for mark in self.marks)

    @property
    def net(self) -> float:
        """Longs minus shorts."""
        return sum(mark.size * mark.mid for mark in self.marks)


@dataclass(frozen=True, slots=True)
class ScoredCoin:
    """A coin at a rebalance. `target` is the notional it was to have, `volatility` that of an hour, a fraction."""

    base: str
    score: float
    rank: int
    target: float = 0.0
    volatility: float | None = None


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """Statistics. `drawdown` is the largest fall of the equity from its highest, a fraction, `drawdown_now` the
    present one.

    `turnover` is what was traded over the capital. A coin that was held from one rebalance to the next is one of
    `held`, and of `hits` where its price moved the right way. `unseen` fills were larger than the recorded book.
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
    """What a coin has added since the book began, and what is held of it. `stale_ns` is the age of its mark."""

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
    """The paper book of what is shown. `rebalance` asks for the scores of that one; None: of the last."""

    base: str = ""
    rebalance: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PaperView:
    """The book as it stood at `now.ts_ns`; `entries` and the curve end there. `book` names it: live, simulated or a
    recording.

    The curve has a row a minute. `waiting` says why nothing is traded yet, `trouble` why the book stopped.
    `ahead_ns` is where the book has got to, where that is later than what is shown.
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
