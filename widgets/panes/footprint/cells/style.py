"""How the cells of a footprint are drawn: what stands in them, how they are shaded, which statistics are below."""

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


HYBRID_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Style:
    """How cells and statistics are drawn. `fixed_largest` is base coin (in `CellMode.TRADES` a number of trades)."""

    mode: CellMode = CellMode.BID_ASK
    shading: Shading = Shading.VISIBLE
    fixed_largest: float = 50.0
    rows: tuple[str, ...] = ("volume", "delta", "delta %", "min delta", "max delta", "trades", "CVD", "OI change")
