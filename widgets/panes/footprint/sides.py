"""What a footprint shows beside its bars, each asked for with a request of its own while it is wanted."""

from __future__ import annotations

import math

import numpy as np

from widgets.panes.footprint.cells.style import ProfileSpan
from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.state import profile_bounds
from widgets.panes.footprint.studies.prints import LONG_ROLE, SHORT_ROLE, SIDES, Prints, role_of_side
from widgets.theme import format as text_of
from widgets.theme.markets import market_name, venue_mark
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.flow.footprint import BarKind, FootprintRequest
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView
from workstation.readmodels.positions.liquidations import LiquidationsRequest, LiquidationsView
from workstation.readmodels.requests import View, ViewRequest
from workstation.readmodels.session.setup_rules import SetupRules
from workstation.readmodels.session.setups import SetupsRequest, SetupsView

LEAST_FORCED_USD = 20_000.0  # the notional of the smallest diamond
SETUP_BARS_NS = tuple(seconds * 1_000_000_000 for seconds in (5, 15, 60, 300))
BUBBLES = 400  # of a kind at most: more would hide the chart


class FootprintSides:
    """Holds the answers that are not drawn by an item: `quotes`, and `cell` for the tooltip.

    `span` is the fixed span of the profile in ns, `cell_asked` the cell whose tooltip is open, `setup_rules` what
    setups are looked for by.
    """

    def __init__(self, layers: FootprintLayers) -> None:
        self._layers = layers
        self.span: tuple[int, int] | None = None
        self.cell_asked: CellRequest | None = None
        self.setup_rules = SetupRules()
        self.quotes: QuotesView | None = None
        self.cell: CellView | None = None
        self.big: BigTrades | None = None
        self.forced: LiquidationsView | None = None

    def requests(self, request: FootprintRequest | None) -> tuple[ViewRequest, ...]:
        """Everything that the style and the pointer want."""
        if request is None:
            return ()
        asked: list[ViewRequest] = [QuotesRequest(request.base, request.markets)]
        forced = LiquidationsRequest(request.base, request.markets, count=BUBBLES)
        for one in (
            self._profile(request),
            self._big(request),
            forced if self._layers.style.liquidations and request.markets.perp is not False else None,
            self._setups(request),
            self.cell_asked,
        ):
            if one is not None:
                asked.append(one)
        return tuple(asked)

    def take(self, view: View, request: FootprintRequest | None) -> bool:
        """Show an answer if it is still wanted; whether it was one of these."""
        wanted = getattr(view, "request", None) in self.requests(request)
        match view:
            case ProfileView():
                if wanted:
                    self._layers.profile.set_view(view, self._span_slots())
            case QuotesView():
                self.quotes = view if wanted else self.quotes
            case CellView():
                self.cell = view if wanted else None
            case BigTrades():
                self._show_big(view if wanted else None)
            case LiquidationsView():
                self._show_forced(view if wanted else None)
            case SetupsView():
                self._layers.setups.set_events(view.events if wanted else ())
            case _:
                return False
        return True

    def clear(self) -> None:
        """Forget the answers."""
        self.quotes = self.cell = self.big = self.forced = self.cell_asked = None

    def drop_unwanted(self) -> None:
        """Take away what the style no longer shows."""
        style = self._layers.style
        if style.profile is ProfileSpan.OFF:
            self._layers.profile.set_view(None)
        if not style.bubbles:
            self._show_big(None)
        if not style.liquidations:
            self._show_forced(None)
        if not style.setups:
            self._layers.setups.set_events(())

    def look_by(self, rules: SetupRules) -> None:
        """Ask for the setups that these parameters find; those shown go at once."""
        if rules != self.setup_rules:
            self.setup_rules = rules
            self._layers.setups.set_events(())

    @property
    def profile_span(self) -> ProfileSpan:
        """Which trades the profile sums; a fixed span only once one was picked."""
        span = self._layers.style.profile
        return ProfileSpan.OFF if span is ProfileSpan.FIXED and self.span is None else span

    def _setups(self, request: FootprintRequest) -> SetupsRequest | None:
        """The setups of time bars of the lengths that detectors look at; marks of others would stand at no bar."""
        rule = request.bar_rule
        wanted = self._layers.style.setups and rule.kind is BarKind.TIME and request.bar_ns in SETUP_BARS_NS
        return SetupsRequest(request.base, request.bar_ns, rules=self.setup_rules) if wanted else None

    def _profile(self, request: FootprintRequest) -> ProfileRequest | None:
        layers, view, span = self._layers, self._layers.view, self.profile_span
        if view is None or not view.bars or span is ProfileSpan.OFF:
            return None
        if span is ProfileSpan.FIXED and self.span is not None:
            bounds = self.span
        else:
            bounds = profile_bounds(layers.chart, span, view.bars[-1].end_ns)
        rules = request.rules
        return ProfileRequest(
            request.base, request.markets, view.row_size, *bounds, rules.value_area, rules.value_area_mode
        )

    def _span_slots(self) -> tuple[float, float] | None:
        """Where a profile of a fixed span stands; None for one at the side."""
        if self.profile_span is not ProfileSpan.FIXED or self.span is None:
            return None
        grid = self._layers.chart.grid
        return grid.slot(self.span[0]), grid.slot(self.span[1])

    def _big(self, request: FootprintRequest) -> BigTradesRequest | None:
        layers = self._layers
        if not layers.style.bubbles or layers.view is None or not layers.view.bars:
            return None
        left, right = layers.chart.visible
        pace = 2.0 ** math.ceil(math.log2(max(right - left, 1.0)) - 1)  # asked anew only after a clear move
        first, last = math.floor(left / pace) * pace, math.ceil(right / pace) * pace
        grid = layers.chart.grid
        bounds = grid.ts_ns(first), grid.ts_ns(last)
        if layers.view.request.bar_rule.kind is not BarKind.TIME and last > layers.latest_slot:
            bounds = bounds[0], 1 << 62  # the time of slots that are not there yet would change with every trade
        minimum = layers.style.bubble_usd or None
        return BigTradesRequest(request.base, request.markets, minimum, *bounds, count=BUBBLES)

    def _show_big(self, view: BigTrades | None) -> None:
        self.big = view
        prints = None
        if view is not None:
            least = max(view.threshold_usd, 1e-9)
            prints = Prints(view.ts_venue_ns, view.price, view.notional, role_of_side(view.side), least)
        self._layers.bubbles.set_prints("trades", prints)

    def _show_forced(self, view: LiquidationsView | None) -> None:
        """Liquidated positions at the price their venue tells; the least tier of the tape is the least diamond."""
        self.forced = view
        prints = None
        if view is not None:
            role = np.where(view.position > 0, LONG_ROLE, SHORT_ROLE)
            prints = Prints(view.ts_venue_ns, view.price, view.notional, role, LEAST_FORCED_USD)
        self._layers.bubbles.set_prints("liquidations", prints)

    def print_text(self, name: str, index: int) -> str:
        """One bubble in words."""
        prints, big = self._layers.bubbles.prints[name], self.big
        lines = [
            f"{text_of.clock(int(prints.ts_ns[index]), millis=True)}   {SIDES[int(prints.role[index])]}",
            f"{text_of.price(float(prints.price[index]), self._layers.step)}   "
            f"${text_of.size(float(prints.notional[index]))}",
        ]
        if name == "trades" and big is not None:
            lines.append(market_name(big.markets[int(big.market[index])]))
        if name == "liquidations" and self.forced is not None:
            market = self.forced.listed[int(self.forced.market[index])]
            lines.append(f"{venue_mark(market.venue)}  {market.symbol}")
        return "\n".join(lines)

    def ask_cell(self, request: FootprintRequest | None, index: int, row: int) -> None:
        """Ask who traded at a row, as coarse as it is shown, of a bar; only bars of time are cut by time alone."""
        view, choice = self._layers.view, self._layers.choice
        if request is None or view is None or choice is None or request.bar_rule.kind is not BarKind.TIME:
            self.forget_cell()
            return
        bar, factor = view.bars[index], choice.factor
        first = row * factor
        span = (bar.start_ns, bar.end_ns)
        self.cell_asked = CellRequest(request.base, request.markets, view.row_size, first, first + factor - 1, *span)
        if self.cell is not None and self.cell.request != self.cell_asked:
            self.cell = None

    def forget_cell(self) -> None:
        """No tooltip is open."""
        self.cell_asked = self.cell = None
