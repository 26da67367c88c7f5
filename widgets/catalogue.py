"""Every kind of pane there is, by the name that saved layouts know it by. A new pane is one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from widgets.pane import Pane
from widgets.panes.cvd import CvdPane
from widgets.panes.footprint import FootprintPane
from widgets.panes.heatmap import HeatmapPane
from widgets.panes.ladder import LadderPane
from widgets.panes.library import LibraryPane
from widgets.panes.liquidation_heatmap import LiquidationHeatmapPane
from widgets.panes.liquidations import LiquidationsPane
from widgets.panes.premium import PremiumPane
from widgets.panes.pressure import PressurePane
from widgets.panes.quadrant import QuadrantPane
from widgets.panes.tape import TapePane


class PaneKind(NamedTuple):
    """How a pane is made. `title` names it in menus; `at_start` puts it into the layout of a new window."""

    factory: Callable[[], Pane]
    title: str
    at_start: bool = False


PANES: dict[str, PaneKind] = {
    "footprint": PaneKind(FootprintPane, "Footprint", at_start=True),
    "cvd": PaneKind(CvdPane, "CVD", at_start=True),
    "ladder": PaneKind(LadderPane, "Ladder", at_start=True),
    "tape": PaneKind(TapePane, "Tape", at_start=True),
    "heatmap": PaneKind(HeatmapPane, "Heatmap"),
    "liquidations": PaneKind(LiquidationsPane, "Liquidations"),
    "liquidation_heatmap": PaneKind(LiquidationHeatmapPane, "Liquidation heatmap"),
    "pressure": PaneKind(PressurePane, "Pressure"),
    "library": PaneKind(LibraryPane, "Library"),
    "premium": PaneKind(PremiumPane, "Premium"),
    "quadrant": PaneKind(QuadrantPane, "Quadrant"),
}
