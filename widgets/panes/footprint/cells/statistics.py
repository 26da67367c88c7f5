"""The figures that can stand under the bars: one declaration a row, from top to bottom."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from widgets.items.digits import Codes, encode_cells, encode_counts, encode_texts
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintView
from workstation.readmodels.net import net

Figures = Callable[[BarsOnGrid, FootprintView | None], Floats]
NEUTRAL, SIGNED = ("faint",), ("sell", "buy")


@dataclass(frozen=True, slots=True)
class Statistic:
    """One row. `figures` returns (n,) values, one a bar, NaN where unknown.

    `roles` are its colours: one, or those of figures below and above 0. `stays` is whether a low chart shows it.
    """

    name: str
    figures: Figures
    roles: tuple[str, ...] = NEUTRAL
    encode: Callable[[Floats], Codes] = encode_cells
    stays: bool = False

    @property
    def signed(self) -> bool:
        """Whether the sign is shown, in text and colour."""
        return self.roles == SIGNED


def _signed_sizes(values: Floats) -> Codes:
    return encode_cells(values, signed=True)


def _percents(values: Floats) -> Codes:
    texts = (f"{value:+.0f}%".replace("-", "\N{MINUS SIGN}") if round(value) else "0%" for value in values.tolist())
    return encode_texts(texts)


def _volume(bars: BarsOnGrid, view: FootprintView | None) -> Floats:
    return bars.figure("buy") + bars.figure("sell")


def _delta(bars: BarsOnGrid, view: FootprintView | None) -> Floats:
    return net(bars.figure("buy"), bars.figure("sell"))


def _delta_share(bars: BarsOnGrid, view: FootprintView | None) -> Floats:
    volume, delta = _volume(bars, view), _delta(bars, view)
    return np.divide(100.0 * delta, volume, out=np.zeros_like(delta), where=volume > 0)


def _of_bars(name: str) -> Figures:
    return lambda bars, view: bars.figure(name)


def _of_view(name: str) -> Figures:
    """A column of the view; NaN without a view or while it has fewer bars."""

    def figures(bars: BarsOnGrid, view: FootprintView | None) -> Floats:
        column: Floats = getattr(view, name) if view is not None else np.zeros(0)
        return column if len(column) == len(bars.slots) else np.full(len(bars.slots), np.nan)

    return figures


STATISTICS = (
    Statistic("volume", _volume, stays=True),
    Statistic("delta", _delta, SIGNED, _signed_sizes, stays=True),
    Statistic("delta %", _delta_share, SIGNED, _percents),
    Statistic("min delta", _of_bars("min_delta"), SIGNED, _signed_sizes),
    Statistic("max delta", _of_bars("max_delta"), SIGNED, _signed_sizes),
    Statistic("trades", _of_bars("trades"), NEUTRAL, encode_counts),
    Statistic("CVD", _of_view("cvd"), SIGNED, _signed_sizes, stays=True),
    Statistic("OI change", _of_view("oi_change"), SIGNED, _signed_sizes),
    Statistic("liq long $", _of_view("long_liquidated_usd"), ("liquidated_long",)),
    Statistic("liq short $", _of_view("short_liquidated_usd"), ("liquidated_short",)),
)
NAMES = tuple(one.name for one in STATISTICS)
BY_NAME = {one.name: one for one in STATISTICS}


def statistics(bars: BarsOnGrid, view: FootprintView | None = None) -> dict[str, Floats]:
    """Every figure of each bar: base coin, liquidations in quote, `delta %` in percent, `CVD` since 00:00 UTC."""
    return {one.name: one.figures(bars, view) for one in STATISTICS}


def rows_that_fit(chosen: tuple[str, ...], height_px: float, row_px: int) -> tuple[str, ...]:
    """Of the rows chosen, those for which a chart this high has room: all, a few, or none."""
    if height_px >= 300 + row_px * len(chosen):
        return chosen
    return tuple(name for name in chosen if BY_NAME[name].stays) if height_px >= 260 else ()
