"""How much an engine retains, every default in one place."""

from dataclasses import dataclass

from workstation.analytics.bars.series import BARS_BEFORE, FILL_STEPS, FillSteps
from workstation.analytics.bars.stepwise_fill import FILLED_AT_ONCE
from workstation.analytics.book.depth_history import DEPTH_LIMITS, DepthLimits
from workstation.analytics.state.funding import RETAINED_MINUTES
from workstation.analytics.state.open_interest import RETAINED_ROWS
from workstation.analytics.state.positioning import RETAINED_HOURS
from workstation.analytics.store.column_store import CHUNK
from workstation.analytics.store.events import RETAINED_CHANGES, RETAINED_LIQUIDATIONS
from workstation.analytics.store.trades import BAR_CAP, CAP


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of each base; of each market where it says so.

    `chunk` is the number of trades packed together, `bars_before` how many bars a series has before those it shows, for
    what looks back. Bars over more than `filled_at_once` trades are filled in steps. `depth`, `open_interest_rows` and
    `funding_minutes` (of predicted rates) are of each market, `big_prints` and `absorption_windows` of each study,
    `heat_tiles` of 131 kB. `level_bars_ns` is the span of trades behind estimated liquidation levels.
    `universe_liquidations` are those of all symbols together.
    """

    trades: int = CAP
    bars: int = BAR_CAP
    chunk: int = CHUNK
    bars_before: int = BARS_BEFORE
    filled_at_once: int = FILLED_AT_ONCE
    fill_steps: FillSteps = FILL_STEPS
    liquidations: int = RETAINED_LIQUIDATIONS
    open_interest_changes: int = RETAINED_CHANGES
    open_interest_rows: int = RETAINED_ROWS
    funding_minutes: int = RETAINED_MINUTES
    positioning_hours: int = RETAINED_HOURS
    depth: DepthLimits = DEPTH_LIMITS
    heat_tiles: int = 192
    big_prints: int = 200_000
    absorption_windows: int = 20_000
    level_bars_ns: int = 36 * 3_600_000_000_000
    universe_liquidations: int = 262_144


DEFAULT_LIMITS = Limits()
