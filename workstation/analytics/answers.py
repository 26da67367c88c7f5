"""Which function answers a request, and which counters say that its answer moved. A new view is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from workstation.analytics.state.base import Base
from workstation.analytics.universe.sparklines import Sparklines
from workstation.analytics.universe.universe import Universe
from workstation.analytics.views.chart import cell_view, quotes_view
from workstation.analytics.views.cvd import cvd_view
from workstation.analytics.views.footprint import footprint_view, profile_view
from workstation.analytics.views.funding import funding_revision, funding_view
from workstation.analytics.views.heatmap import heat_cell_view, heatmap_view
from workstation.analytics.views.ladder import ladder_view
from workstation.analytics.views.liquidation_levels import liquidation_levels_view
from workstation.analytics.views.liquidations import liquidations_revision, liquidations_view
from workstation.analytics.views.premium import premium_view
from workstation.analytics.views.pressure import pressure_view
from workstation.analytics.views.quadrant import quadrant_revision, quadrant_view
from workstation.analytics.views.setups import setups_view
from workstation.analytics.views.tape import big_trades_view, tape_view
from workstation.analytics.views.universe import universe_view
from workstation.readmodels.flow.big_trades import BigTradesRequest
from workstation.readmodels.flow.chart import CellRequest, QuotesRequest
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.flow.heatmap import HeatCellRequest, HeatmapRequest
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.profile import ProfileRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.positions.funding import FundingRequest
from workstation.readmodels.positions.liquidation_levels import LiquidationLevelsRequest
from workstation.readmodels.positions.liquidations import LiquidationsRequest
from workstation.readmodels.positions.premium import PremiumRequest
from workstation.readmodels.positions.quadrant import QuadrantRequest
from workstation.readmodels.requests import View
from workstation.readmodels.session.alerts import AlertsRequest, AlertsView
from workstation.readmodels.session.library import LibraryRequest, LibraryView
from workstation.readmodels.session.setups import SetupHistoryRequest, SetupHistoryView, SetupsRequest
from workstation.readmodels.universe.paper import PaperRequest, PaperView
from workstation.readmodels.universe.pressure import PressureRequest
from workstation.readmodels.universe.universe import UniverseRequest


class State(Protocol):
    """What answers are made of: the engine's state."""

    now_ns: int
    bases: dict[str, Base]
    universe: Universe
    sparklines: Sparklines


@dataclass(frozen=True, slots=True)
class Answer:
    """`revision(state, request)` changes whenever `view(state, request)` would."""

    revision: Callable[[State, Any], int]
    view: Callable[[State, Any], View]


def of_base(view: Callable[[Base, Any, int, int], View], *counters: str) -> Answer:
    """The answer of one base: `view(base, request, revision, now_ns)`, an empty base where none is known.

    It moves with the trades, with what is known of them, with the markets' freshness and with the named counters.
    """
    names = [f"{name}_revision" for name in ("trade", "coverage", "state", *counters)]

    def revision(state: State, request: Any) -> int:
        base = state.bases.get(request.base)
        if base is None:
            return -1
        base.judge(state.now_ns)
        return sum([getattr(base, name) for name in names])

    def answer(state: State, request: Any) -> View:
        base = state.bases.get(request.base) or Base(request.base)
        return view(base, request, revision(state, request), state.now_ns)

    return Answer(revision, answer)


def of_cvd() -> Answer:
    """The answer of CVD lines: in per cent of open interest they move with it as well."""
    plain, scaled = of_base(cvd_view), of_base(cvd_view, "flow")

    def revision(state: State, request: CvdRequest) -> int:
        if request.unit is not CvdUnit.OI or request.base not in state.bases:
            return plain.revision(state, request)
        told = sum(market.open_interest is not None for market in state.bases[request.base].markets)
        return scaled.revision(state, request) + told

    def view(state: State, request: CvdRequest) -> View:
        base = state.bases.get(request.base) or Base(request.base)
        return cvd_view(base, request, revision(state, request), state.now_ns)

    return Answer(revision, view)


def of_tape() -> Answer:
    """The answer of the tape: in detail it moves with forced orders as well."""
    plain, detailed = of_base(tape_view), of_base(tape_view, "forced")
    return Answer(
        lambda state, request: (detailed if request.detail else plain).revision(state, request),
        lambda state, request: (detailed if request.detail else plain).view(state, request),
    )


def of_universe(view: Callable[[Universe, Any], View]) -> Answer:
    """The answer of the universe, which moves with its samples."""
    return Answer(lambda state, _: state.universe.revision, lambda state, request: view(state.universe, request))


ANSWERS: dict[type[Any], Answer] = {
    FootprintRequest: of_base(footprint_view, "flow", "work"),
    CvdRequest: of_cvd(),
    LadderRequest: of_base(ladder_view, "book"),
    TapeRequest: of_tape(),
    HeatmapRequest: of_base(heatmap_view, "heat"),
    HeatCellRequest: of_base(heat_cell_view, "heat"),
    ProfileRequest: of_base(lambda base, request, revision, _: profile_view(base, request, revision)),
    BigTradesRequest: of_base(big_trades_view),
    UniverseRequest: of_universe(universe_view),
    PressureRequest: Answer(
        lambda state, _: state.universe.revision,
        lambda state, request: pressure_view(state.universe, state.sparklines, request),
    ),
    LiquidationLevelsRequest: of_base(liquidation_levels_view, "flow"),
    LiquidationsRequest: Answer(liquidations_revision, liquidations_view),
    FundingRequest: Answer(
        lambda state, request: funding_revision(state.bases.get(request.base) or Base(request.base), state.now_ns),
        lambda state, request: funding_view(
            base := state.bases.get(request.base) or Base(request.base),
            request,
            funding_revision(base, state.now_ns),
            state.now_ns,
        ),
    ),
    PremiumRequest: of_base(premium_view, "day"),
    QuadrantRequest: Answer(
        lambda state, _: quadrant_revision(state.bases, state.now_ns),
        lambda state, request: quadrant_view(state.bases, request, state.now_ns),
    ),
    SetupsRequest: of_base(setups_view, "flow"),
    AlertsRequest: Answer(lambda _, __: 0, lambda _, request: AlertsView(request, 0)),  # rules are not ours
    SetupHistoryRequest: Answer(lambda _, __: 0, lambda _, request: SetupHistoryView(request, 0)),  # stored on disk
    LibraryRequest: Answer(lambda _, __: 0, lambda _, request: LibraryView(request, 0, ())),  # files are not ours
    PaperRequest: Answer(lambda _, __: 0, lambda _, request: PaperView(request, 0)),  # nor is the book
    QuotesRequest: of_base(quotes_view, "book"),
    CellRequest: of_base(cell_view),
}
