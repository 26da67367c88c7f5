"""Everything a pane can ask, and everything that answers."""

from __future__ import annotations

from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.flow.cvd import CvdRequest, CvdView
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.readmodels.flow.heatmap import HeatCellRequest, HeatCellView, HeatmapRequest, HeatmapView
from workstation.readmodels.flow.ladder import LadderRequest, LadderView
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.positions.funding import FundingRequest, FundingView
from workstation.readmodels.positions.liquidation_levels import LiquidationLevelsRequest, LiquidationLevelsView
from workstation.readmodels.positions.liquidations import LiquidationsRequest, LiquidationsView
from workstation.readmodels.positions.premium import PremiumRequest, PremiumView
from workstation.readmodels.positions.quadrant import QuadrantRequest, QuadrantView
from workstation.readmodels.session.alerts import AlertsRequest, AlertsView
from workstation.readmodels.session.library import LibraryRequest, LibraryView
from workstation.readmodels.session.setups import SetupHistoryRequest, SetupHistoryView, SetupsRequest, SetupsView
from workstation.readmodels.universe.paper import PaperRequest, PaperView
from workstation.readmodels.universe.pressure import PressureRequest, PressureView
from workstation.readmodels.universe.universe import UniverseRequest, UniverseView

ViewRequest = (
    FootprintRequest
    | CvdRequest
    | LadderRequest
    | TapeRequest
    | ProfileRequest
    | BigTradesRequest
    | UniverseRequest
    | PressureRequest
    | LiquidationsRequest
    | LiquidationLevelsRequest
    | HeatmapRequest
    | HeatCellRequest
    | PremiumRequest
    | QuadrantRequest
    | FundingRequest
    | LibraryRequest
    | PaperRequest
    | QuotesRequest
    | CellRequest
    | SetupsRequest
    | SetupHistoryRequest
    | AlertsRequest
)

View = (
    FootprintView
    | CvdView
    | LadderView
    | TapeView
    | ProfileView
    | BigTrades
    | UniverseView
    | PressureView
    | LiquidationsView
    | LiquidationLevelsView
    | HeatmapView
    | HeatCellView
    | PremiumView
    | QuadrantView
    | FundingView
    | LibraryView
    | PaperView
    | QuotesView
    | CellView
    | SetupsView
    | SetupHistoryView
    | AlertsView
)
