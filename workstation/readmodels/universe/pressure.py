"""The cross-section of the universe: derivatives pressure and flow scores, as they are asked for and drawn."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from enum import IntEnum, StrEnum

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.universe.universe import UniverseView


class Bias(IntEnum):
    """To which side a coin's derivatives lean."""

    SHORT = -1
    NEUTRAL = 0
    LONG = 1


class Regime(StrEnum):
    """What the score is made of, in words. A regime's place in the list is its number in arrays."""

    BALANCED = "Balanced · low derivatives stress"
    LONG_BUILDING = "Net long bias building"
    SHORT_BUILDING = "Net short bias building"
    LONG_CROWDED = "Long crowded · high funding + rising OI"
    SHORT_RAMP = "Short ramp · rising OI + negative funding"
    SQUEEZE_RISK = "Squeeze risk · rising OI against funding"


REGIMES = tuple(Regime)
BANDS = ((0, "neutral"), (15, "lean"), (35, "stretched"), (60, "stressed"))
PRESSURE_INPUTS = ("OI 1 h", "OI 4 h", "OI 24 h", "funding", "premium")
FLOW_INPUTS = ("taker flow", "funding", "liquidations", "book")

# Where tanh bends, as fractions. These and the weights are fitted on published rows (`pressure_fit`) and rounded. Of OI
# over 4 h nothing was published: it bends on the line through its neighbours in log(time) and weighs between them.
PRESSURE_SCALES = (0.011, 0.041, 0.23, 0.00043, 0.0037)
# Below the 12 at which the published bias begins: rows that are judged without one of the five inputs score lower.
NEUTRAL_BELOW = 7.0


def band(score: float) -> str:
    """The name of the band of a score in [0, 100]."""
    return next(name for least, name in reversed(BANDS) if score >= least or least == 0)


@dataclass(frozen=True, slots=True)
class PressureWeights:
    """How much each input can add to the derivatives pressure score, relative to the others; not negative."""

    oi_1h: float = 14.0
    oi_4h: float = 20.0
    oi_24h: float = 38.0
    funding: float = 21.0
    premium: float = 27.0

    def __post_init__(self) -> None:
        if any(not weight >= 0 for weight in astuple(self)):
            raise ValueError("a weight of the pressure score cannot be negative")


@dataclass(frozen=True, slots=True)
class FlowWeights:
    """How much each z counts in the flow score, relative to the others; a negative one turns an input round."""

    taker: float = 1.0
    funding: float = 1.0
    liquidations: float = 1.0
    book: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PressureColumns:
    """Derivatives pressure, one row a coin or a market; NaN (bias 0, regime 0) where no input is known.

    `signed` is in [-100, 100], positive when longs press; `parts` (5, n) are its terms in the order of
    `PRESSURE_INPUTS`, NaN where one is not known: they sum to `signed`. `confidence` is the weight of the known inputs
    over that of all, in [0, 1].
    """

    signed: Floats
    bias: Ints
    regime: Ints
    confidence: Floats
    parts: Floats

    @property
    def score(self) -> Floats:
        """The published form: 0-100 without the sign."""
        return abs(self.signed)


@dataclass(frozen=True, slots=True, eq=False)
class FlowColumns:
    """Where each coin stands in the field now; NaN (rank 0) where no input is known.

    `score` is the weighted mean of the known `z` (4, n), in the order of `FLOW_INPUTS`, in [-3, 3]; `rank` 1 is the
    highest. `median` (4,) is the market-wide pressure that the z are apart from, in the inputs' own units, and `values`
    (4, n) what they were made of. An input that too few coins have is NaN in `z` and still known in `values`.
    """

    score: Floats
    rank: Ints
    confidence: Floats
    z: Floats
    values: Floats
    median: Floats


@dataclass(frozen=True, slots=True)
class PressureSummary:
    """The field in a line. `strongest` and `weakest` are rows, -1 where no coin has a flow score; `spread` is between
    their flow scores.

    `breadth` is the share of coins whose takers bought more than they sold, `stress` the mean pressure score.
    """

    strongest: int
    weakest: int
    spread: float
    breadth: float
    stress: float
    long: int
    short: int
    neutral: int


@dataclass(frozen=True, slots=True)
class PressureRequest:
    """The cross-section of the perpetuals that a filter accepts, scored by these weights; `base` narrows nothing."""

    base: str = ""
    markets: MarketFilter = MarketFilter()
    weights: PressureWeights = PressureWeights()
    flow_weights: FlowWeights = FlowWeights()


@dataclass(frozen=True, slots=True, eq=False)
class PressureView:
    """The universe with its scores: `pressure` and `flow` are by row of `universe.symbols`, `market_pressure` by row
    of `universe.markets`; a market has no flow score, it is no part of the field. `rank` is by the pressure score
    without its sign, 1 the highest, 0 where it is not known.

    `price_trail` and `score_trail` are (coins, steps), oldest first, a step every `trail_step_ns`, NaN where nothing
    was known; they are over all perpetuals and by the shipped weights, whatever is asked for.
    """

    request: PressureRequest
    revision: int
    universe: UniverseView
    pressure: PressureColumns
    market_pressure: PressureColumns
    rank: Ints
    flow: FlowColumns
    summary: PressureSummary
    price_trail: Floats
    score_trail: Floats
    trail_step_ns: int
    now_ns: int = 0


WEIGHT_NAMES = tuple(field.name for field in fields(PressureWeights))
FLOW_WEIGHT_NAMES = tuple(field.name for field in fields(FlowWeights))
