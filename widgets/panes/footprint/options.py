"""What can be set of a footprint, in the columns of its settings: a choice, a tick or a number each."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from widgets.panes.footprint.cells.style import CellMode, ProfileSpan, Shading
from workstation.readmodels.flow.footprint import MinimumMode, PocTie, ValueAreaMode, ZeroRule


class Number(NamedTuple):
    """Bounds and step as shown; what is shown is `factor` times what is kept."""

    least: float
    most: float
    step: float
    decimals: int = 0
    factor: float = 1.0
    suffix: str = ""


class Option(NamedTuple):
    """`path` is the part it belongs to (style, rules, absorption) and the field; without a kind it is a tick."""

    label: str
    path: str
    kind: Number | type[StrEnum] | None = None


_CELLS = (
    Option("cells", "style.mode", CellMode),
    Option("shading", "style.shading", Shading),
    Option("  fixed largest", "style.fixed_largest", Number(0.001, 1e9, 10.0, 3)),
    Option("profile  V", "style.profile", ProfileSpan),
    Option("imbalances  I", "style.imbalances"),
    Option("POC", "style.poc"),
    Option("POC of equal rows", "rules.poc_tie", PocTie),
    Option("naked POC rays", "style.naked_pocs"),
    Option("  looked back", "rules.naked_pocs", Number(0, 1000, 10, suffix=" bars")),
    Option("session POC rays", "style.session_pocs"),
    Option("value area", "style.value_area"),
    Option("  share", "rules.value_area", Number(50.0, 95.0, 5.0, factor=100.0, suffix="%")),
    Option("  grows", "rules.value_area_mode", ValueAreaMode),
    Option("HVN and LVN of bars", "style.nodes"),
)
_IMBALANCES = (
    Option("imbalance ratio", "rules.imbalance_ratio", Number(1.0, 20.0, 0.5, 1, suffix="x")),
    Option("minimum volume in", "rules.minimum_mode", MinimumMode),
    Option("  base coin", "rules.minimum_volume", Number(0.0, 1e9, 1.0, 3)),
    Option("  USD", "rules.minimum_usd", Number(0.0, 1e9, 10_000.0)),
    Option("  percentile", "rules.minimum_percentile", Number(0.0, 100.0, 5.0)),
    Option("zero on the other side", "rules.zero_rule", ZeroRule),
    Option("stacked zones", "style.zones"),
    Option("  stack length", "rules.stack_length", Number(2, 10, 1, suffix=" rows")),
    Option("unfinished auctions", "style.unfinished"),
    Option("exhaustion", "style.exhaustion"),
    Option("  over", "rules.exhaustion_rows", Number(2, 10, 1, suffix=" rows")),
    Option("divergences", "style.divergences"),
    Option("  extreme of", "rules.divergence_bars", Number(5, 200, 5, suffix=" bars")),
)
_STUDIES = (
    Option("VWAP", "style.vwap"),
    Option("  bands", "style.vwap_bands", Number(0, 3, 1, suffix=" SD")),
    Option("absorptions", "absorption.on"),
    Option("  window", "absorption.window_ns", Number(1, 120, 1, factor=1e-9, suffix=" s")),
    Option("  mean +", "absorption.deviations", Number(1, 6, 0.5, 1, suffix=" SD")),
    Option("  over", "absorption.baseline_ns", Number(5, 240, 5, factor=1 / 60e9, suffix=" min")),
    Option("big trades", "style.bubbles"),
    Option("  from USD, 0 automatic", "style.bubble_usd", Number(0, 1e9, 50_000)),
    Option("liquidations", "style.liquidations"),
    Option("setups (estimated)", "style.setups"),
    Option("last price line", "style.last_line"),
    Option("best bid and ask lines", "style.quote_lines"),
    Option("mark price line", "style.mark_line"),
)
COLUMNS = (("CELLS", _CELLS), ("IMBALANCES AND SIGNS", _IMBALANCES), ("STUDIES", _STUDIES))
WORDS = {
    MinimumMode.BASE: "base coin",
    MinimumMode.USD: "USD",
    MinimumMode.PERCENTILE: "percentile of cells",
    ZeroRule.COUNT: "counts",
    ZeroRule.SKIP: "is skipped",
    ZeroRule.ONE_LOT: "is one lot",
    ValueAreaMode.GROW: "until reached",
    ValueAreaMode.TRADINGVIEW: "never beyond",
    ValueAreaMode.TWO_ROW: "two rows a step",
    PocTie.MIDDLE: "nearest the middle",
    PocTie.LOWEST: "the lowest",
}
