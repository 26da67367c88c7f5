"""Rows of a bar where one side traded several times what the other side did one row away."""

from collections.abc import Callable

from widgets.panes.footprint.cells.rows import BarRows
from widgets.panes.footprint.studies.declaration import CellFlags, ChartStudy, Group, Number, Values, rule_parameter
from workstation.readmodels.arrays import Bools
from workstation.readmodels.flow.footprint import MinimumMode, ZeroRule

_MODES = {
    MinimumMode.BASE: "base coin",
    MinimumMode.USD: "USD",
    MinimumMode.PERCENTILE: "percentile of cells",
}
_ZEROS = {ZeroRule.COUNT: "counts", ZeroRule.SKIP: "is skipped", ZeroRule.ONE_LOT: "is one lot"}


def _flags(rows: BarRows, values: Values) -> tuple[Bools, Bools]:
    return rows.sell_imbalance, rows.buy_imbalance


def _in_mode(mode: MinimumMode) -> Callable[[Values, Callable[[str], bool]], bool]:
    return lambda values, shown: values["minimum_mode"] is mode


STUDY = ChartStudy(
    name="imbalances",
    label="imbalances",
    help="A cell is imbalanced when its side is at least the ratio times the other side one row away (buys against "
    "the sells one row below, sells against the buys one row above) and has the minimum volume.",
    group=Group.SIGNS,
    order=10,
    shown=True,
    key="I",
    parameters=(
        # always: stacked zones and unfinished auctions are judged by them as well
        rule_parameter("ratio", "ratio", "imbalance_ratio", Number(1.0, 20.0, 0.5, 1, suffix="x"), always=True),
        rule_parameter("minimum_mode", "minimum volume in", "minimum_mode", MinimumMode, texts=_MODES, always=True),
        rule_parameter(
            "minimum_volume",
            "base coin",
            "minimum_volume",
            Number(0.0, 1e9, 1.0, 3),
            used=_in_mode(MinimumMode.BASE),
        ),
        rule_parameter("minimum_usd", "USD", "minimum_usd", Number(0.0, 1e9, 10_000.0), used=_in_mode(MinimumMode.USD)),
        rule_parameter(
            "minimum_percentile",
            "percentile",
            "minimum_percentile",
            Number(0.0, 100.0, 5.0),
            used=_in_mode(MinimumMode.PERCENTILE),
        ),
        rule_parameter("zero_rule", "zero on the other side", "zero_rule", ZeroRule, texts=_ZEROS, always=True),
    ),
    outputs=(CellFlags(_flags),),
)
