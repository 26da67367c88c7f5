"""Premium of perpetuals over spot at the close of each bar: of every market, and of three sums."""

from collections.abc import Iterator

from workstation.analytics.state.base import Base
from workstation.analytics.views.premium import chosen, premium_view
from workstation.exports.cells import Row, known, names_of
from workstation.exports.table import MARKET, ExportSettings, Table, at_end, floats, integers
from workstation.readmodels.positions.premium import PremiumRequest


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    request = PremiumRequest(base.name, settings.bar_ns)
    view = premium_view(base, request, 0, now_ns)
    perps, _ = chosen(base, request)
    lines = [(names_of(market.instrument), line.values) for market, line in zip(perps, view.lines, strict=True)]
    groups = (("linear", view.linear), ("inverse", view.inverse), ("perp", view.combined))
    lines += [((base.name, "all", kind, ""), values) for kind, values in groups]
    for names, values in lines:
        for start, value, spot in zip(view.bar_start_ns.tolist(), values.tolist(), view.spot.tolist(), strict=True):
            yield (start, *names, known(value), known(spot))


TABLE = Table(
    "premium",
    (*integers("bar_start_ns"), *MARKET, *floats("premium", "spot")),
    at_end(_rows),
    """premium is the close of perpetuals over the volume-weighted spot, minus 1; its sums are of kind linear
    (dollar-margined), inverse (coin-margined) and perp, weighted by the venues' 24 h volume, or by the volume received
    where one of the venues does not publish it.""",
)
