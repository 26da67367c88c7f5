"""How a footprint is drawn: what stands in its cells, against what they are shaded, and which marks are shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CellMode(StrEnum):
    """What a row of a bar shows."""

    BID_ASK = "sell x buy"
    DELTA = "delta"
    TOTAL = "total"
    VOLUME_PROFILE = "volume profile"
    DELTA_PROFILE = "delta profile"
    LADDER = "ladder"
    TRADES = "trades"

    @property
    def pairs(self) -> bool:
        """Whether a row has two numbers, sells and buys."""
        return self in (CellMode.BID_ASK, CellMode.LADDER)

    @property
    def signed(self) -> bool:
        """Whether a row is judged by its delta."""
        return self in (CellMode.DELTA, CellMode.DELTA_PROFILE)


class Shading(StrEnum):
    """The largest value that a cell is held against."""

    VISIBLE = "visible range"
    BAR = "each bar"
    HYBRID = "hybrid"  # a fifth by the bar, the rest by the visible range
    FIXED = "fixed"


class ProfileSpan(StrEnum):
    """Which trades the profile at the side sums."""

    OFF = "off"
    VISIBLE = "visible range"
    SESSION = "session"
    FIXED = "fixed span"

    @property
    def next(self) -> ProfileSpan:
        """The one after it, around."""
        spans = list(ProfileSpan)
        return spans[(spans.index(self) + 1) % len(spans)]


HYBRID_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Style:
    """Everything about the drawing that no request knows. `fixed_largest` is base coin (trades: a number of them)."""

    mode: CellMode = CellMode.BID_ASK
    shading: Shading = Shading.VISIBLE
    fixed_largest: float = 50.0
    imbalances: bool = True
    poc: bool = True
    naked_pocs: bool = True
    value_area: bool = True
    nodes: bool = False  # high- and low-volume rows of every bar
    zones: bool = True
    profile: ProfileSpan = ProfileSpan.OFF
    vwap: bool = True
    vwap_bands: int = 1  # pairs of lines, one standard deviation apart
    session_pocs: bool = True
    divergences: bool = True
    unfinished: bool = False
    exhaustion: bool = False
    liquidations: bool = True
    setups: bool = False  # what five detectors claim; deriving a day of them takes a moment
    bubbles: bool = False
    bubble_usd: float = 0.0  # the least big trade; 0 is the 99.5th percentile of the prints kept
    last_line: bool = True
    quote_lines: bool = False
    mark_line: bool = False
    rows: tuple[str, ...] = ("volume", "delta", "delta %", "min delta", "max delta", "trades", "CVD", "OI change")
