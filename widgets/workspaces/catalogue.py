"""Every kind of pane there is, by the name that saved layouts know it by. A new pane is one line here."""

from __future__ import annotations

from typing import NamedTuple

from widgets.pane import Pane
from widgets.panes.alerts.pane import AlertsPane
from widgets.panes.cvd.pane import CvdPane
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.funding.pane import FundingPane
from widgets.panes.heatmap.pane import HeatmapPane
from widgets.panes.ladder.pane import LadderPane
from widgets.panes.library.pane import LibraryPane
from widgets.panes.liquidation_heatmap.pane import LiquidationHeatmapPane
from widgets.panes.liquidations.pane import LiquidationsPane
from widgets.panes.paper.pane import PaperPane
from widgets.panes.premium.pane import PremiumPane
from widgets.panes.pressure.pane import PressurePane
from widgets.panes.quadrant.pane import QuadrantPane
from widgets.panes.setups.pane import SetupsPane
from widgets.panes.tape.pane import TapePane


class PaneKind(NamedTuple):
    """The class of a pane, made without arguments, and what menus call it."""

    factory: type[Pane]
    title: str


PANES: dict[str, PaneKind] = {
    "footprint": PaneKind(FootprintPane, "Footprint"),
    "cvd": PaneKind(CvdPane, "CVD"),
    "ladder": PaneKind(LadderPane, "Ladder"),
    "tape": PaneKind(TapePane, "Tape"),
    "heatmap": PaneKind(HeatmapPane, "Heatmap"),
    "liquidations": PaneKind(LiquidationsPane, "Liquidations"),
    "liquidation_heatmap": PaneKind(LiquidationHeatmapPane, "Liquidation heatmap"),
    "pressure": PaneKind(PressurePane, "Pressure"),
    "library": PaneKind(LibraryPane, "Library"),
    "premium": PaneKind(PremiumPane, "Premium"),
    "quadrant": PaneKind(QuadrantPane, "Quadrant"),
    "funding": PaneKind(FundingPane, "Funding and OI"),
    "alerts": PaneKind(AlertsPane, "Alerts"),
    "setups": PaneKind(SetupsPane, "Setups"),
    "paper": PaneKind(PaperPane, "Paper book"),
}
