"""Trade setups found by the detectors, each with a receipt of the numbers it can be recomputed from.

`direction` is +1 where the setup expects price to rise, -1 to fall. Prices are quote per base coin, volumes base coin,
times ns since the epoch by the venues' clocks; a move is a fraction, positive in the setup's direction.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from workstation.readmodels.markets import MarketState
from workstation.readmodels.request import Request
from workstation.readmodels.session.setup_rules import SetupRules

HORIZONS_MIN = (1, 5, 15, 60)
Numbers = tuple[tuple[str, float | None], ...]  # by name, in the order in which they are shown


class Detector(StrEnum):
    """Kinds of setup. Spot against perpetuals only marks setups of these."""

    ABSORPTION = "absorption"
    DIVERGENCE = "divergence"
    SWEEP = "sweep"
    BREAKOUT = "breakout"


class SetupState(StrEnum):
    """State of a setup. An armed one ends confirmed, invalidated or expired, for good."""

    ARMED = "armed"
    CONFIRMED = "confirmed"
    INVALIDATED = "invalidated"
    EXPIRED = "expired"  # neither confirmed nor invalidated in time, or trades are missing


class LevelKind(StrEnum):
    """Where a level comes from."""

    NAKED_POC = "naked POC"
    VALUE_HIGH = "value high"  # of the UTC day so far
    VALUE_LOW = "value low"
    PRIOR_VALUE_HIGH = "prior value high"  # of the UTC day before
    PRIOR_VALUE_LOW = "prior value low"
    SESSION_HIGH = "session high"
    SESSION_LOW = "session low"
    PRIOR_HIGH = "prior day high"
    PRIOR_LOW = "prior day low"
    RANGE_HIGH = "range high"
    RANGE_LOW = "range low"
    USER = "own level"


@dataclass(frozen=True, slots=True)
class SetupLevel:
    """A price of interest, known before the bar that reaches it."""

    kind: LevelKind
    price: float


@dataclass(frozen=True, slots=True)
class SetupEvent:
    """One setup with its receipt. Times are the ends of the deciding bars; None: not yet, or never.

    `leverage_only`: spot CVD did not confirm the perpetuals' CVD; None where spot is unknown. `moves` are by
    HORIZONS_MIN from the close of the trigger bar, `moves_confirmed` from that of the confirming bar, to the last
    trade before so many minutes later; None until a bar has closed then, or where trades are missing. `reason` is the
    text of the last decision.
    """

    base: str
    bar_ns: int
    detector: Detector
    version: int
    parameters: Numbers
    direction: int
    level: SetupLevel
    state: SetupState
    trigger_ns: int
    trigger_price: float
    at_trigger: Numbers
    confirmed_ns: int | None = None
    confirmed_price: float | None = None
    at_confirmation: Numbers = ()
    ended_ns: int | None = None
    at_end: Numbers = ()
    reason: str = ""
    leverage_only: bool | None = None
    spot_check: Numbers = ()
    moves: tuple[float | None, ...] = (None,) * len(HORIZONS_MIN)
    moves_confirmed: tuple[float | None, ...] = (None,) * len(HORIZONS_MIN)

    @property
    def key(self) -> tuple[str, int, str, int, int]:
        """Identity of the event: a detector triggers at most once per bar and direction."""
        return self.base, self.bar_ns, self.detector.value, self.trigger_ns, self.direction


@dataclass(frozen=True, slots=True)
class SetupStatistics:
    """Outcomes of one detector, losers included. `mean`, `median` and `hit_rate` are by HORIZONS_MIN over the `known`
    events with a known move, None where there are none. A hit is a move above 0.

    `since_confirmation`: moves of confirmed setups from their confirmation, else of all setups from the trigger.
    """

    detector: Detector
    since_confirmation: bool
    count: int
    armed: int
    confirmed: int
    invalidated: int
    expired: int
    leverage_only: int
    known: tuple[int, ...]
    mean: tuple[float | None, ...]
    median: tuple[float | None, ...]
    hit_rate: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class SetupsRequest(Request["SetupsView"]):
    """Setups of a base on bars of `bar_ns` of its perpetuals, of yesterday and today (UTC). `levels` are the user's own
    prices, `rules` the detectors' parameters.
    """

    bar_ns: int = 60_000_000_000
    levels: tuple[float, ...] = ()
    rules: SetupRules = field(default_factory=SetupRules)


@dataclass(frozen=True, slots=True, eq=False)
class SetupsView:
    """Events, oldest first. `row_size` is that of the bars, `closed` counts closed bars, `complete` those without
    missing trades: the detectors skip the others.
    """

    request: SetupsRequest
    revision: int
    events: tuple[SetupEvent, ...]
    statistics: tuple[SetupStatistics, ...]
    markets: tuple[MarketState, ...]
    row_size: float = 0.0
    closed: int = 0
    complete: int = 0
    now_ns: int = 0


class SessionKind(StrEnum):
    """Source of a session's events."""

    LIVE = "live"
    SIMULATED = "simulated"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class SetupHistoryRequest(Request["SetupHistoryView"]):
    """Stored events of sessions of one kind (None: of the open session's kind), of one base or of all."""

    base: str = ""
    session: SessionKind | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SetupHistoryView:
    """Stored events, newest first, at most 500; the statistics count all."""

    request: SetupHistoryRequest
    revision: int
    session: SessionKind = SessionKind.LIVE
    events: tuple[SetupEvent, ...] = ()
    statistics: tuple[SetupStatistics, ...] = ()
