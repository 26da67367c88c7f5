"""Derivatives pressure and flow scores of every coin: request and view."""

from dataclasses import astuple, dataclass, fields
from enum import IntEnum, StrEnum

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.request import Request
from workstation.readmodels.universe.universe import UniverseView


class Bias(IntEnum):
    """Side to which positioning is stretched."""

    SHORT = -1
    NEUTRAL = 0
    LONG = 1


class Regime(StrEnum):
    """Description of the inputs behind a score. Arrays hold a regime's index in `REGIMES`."""

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

# Scales of tanh, as fractions. These and the weights are fitted to published rows (`pressure_fit`) and rounded. OI over
# 4 h was not published: its scale is interpolated in log(time) between 1 h and 24 h, its weight lies between theirs.
PRESSURE_SCALES = (0.011, 0.041, 0.23, 0.00043, 0.0037)
# Published biases begin at 12; rows that lack one of the five inputs score lower.
NEUTRAL_BELOW = 7.0


def band(score: float) -> str:
    """Name of the band of a score in [0, 100]."""
    return next(name for least, name in reversed(BANDS) if score >= least or least == 0)


@dataclass(frozen=True, slots=True)
class PressureWeights:
    """Relative weight of each input in the pressure score. Raises ValueError for a negative one."""

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
    """Relative weight of each z-score in the flow score; a negative one inverts an input."""

    taker: float = 1.0
    funding: float = 1.0
    liquidations: float = 1.0
    book: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PressureColumns:
    """Derivatives pressure of n coins or markets; NaN (bias 0, regime 0) where no input is known.

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
        """Size of the score, 0-100, as published."""
        return abs(self.signed)


@dataclass(frozen=True, slots=True, eq=False)
class FlowColumns:
    """Flow scores of n coins (Guide: Definitions); NaN (rank 0) where no input is known.

    `score` is the weighted mean of the known z-scores `z` (4, n), in the order of `FLOW_INPUTS`, in [-3, 3]; `rank` 1
    is the highest. `median` (4,) is the market-wide value of each input and `values` (4, n) the inputs, in their own
    units. An input known for too few coins is NaN in `z` and still in `values`.
    """

    score: Floats
    rank: Ints
    confidence: Floats
    z: Floats
    values: Floats
    median: Floats


@dataclass(frozen=True, slots=True)
class PressureSummary:
    """The universe in one line. `strongest` and `weakest` are rows, -1 where no coin has a flow score; `spread` is the
    difference of their flow scores.

    `breadth` is the share of coins whose takers bought more than they sold, `stress` the mean pressure score; `long`,
    `short` and `neutral` count coins by bias.
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
class PressureRequest(Request["PressureView"]):
    """All perpetuals that a filter accepts, scored by these weights; `base` is not used."""

    base: str = ""
    markets: MarketFilter = MarketFilter()
    weights: PressureWeights = PressureWeights()
    flow_weights: FlowWeights = FlowWeights()


@dataclass(frozen=True, slots=True, eq=False)
class PressureView:
    """The universe with its scores: `pressure` and `flow` are by row of `universe.symbols`, `market_pressure` by row
    of `universe.markets`; only coins have flow scores. `rank` is by the size of the pressure score, 1 the highest, 0
    where unknown.

    `price_sparkline` and `score_sparkline` are (coins, steps), oldest first, a step every `sparkline_step_ns`, NaN
    where unknown; they cover all perpetuals with the default weights, whatever the request.
    """

    request: PressureRequest
    revision: int
    universe: UniverseView
    pressure: PressureColumns
    market_pressure: PressureColumns
    rank: Ints
    flow: FlowColumns
    summary: PressureSummary
    price_sparkline: Floats
    score_sparkline: Floats
    sparkline_step_ns: int
    now_ns: int = 0


WEIGHT_NAMES = tuple(field.name for field in fields(PressureWeights))
FLOW_WEIGHT_NAMES = tuple(field.name for field in fields(FlowWeights))
