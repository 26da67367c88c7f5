"""The quantities of alert rules, from the same views as in the panes; each view is requested once per evaluation."""

import math
from typing import cast

from workstation.readmodels.flow.chart import QuotesRequest
from workstation.readmodels.flow.cvd import CvdChangeRequest
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.net import net
from workstation.readmodels.positions.liquidations import LiquidationsRequest
from workstation.readmodels.request import Request, V, View, Views
from workstation.readmodels.session.alerts import AlertRule, Quantity
from workstation.readmodels.session.setups import SetupsRequest, SetupState
from workstation.readmodels.universe.pressure import PressureRequest

MINUTE_NS = 60_000_000_000
_LIQUIDATED = {
    f"{side} liquidated {label}": (side, span * MINUTE_NS)
    for side in ("longs", "shorts")
    for label, span in (("1m", 1), ("5m", 5), ("1h", 60))
}
_COLUMNS = {
    Quantity.FUNDING: ("funding_8h", 1e2),
    Quantity.PREMIUM: ("premium", 1e4),
    Quantity.OI_CHANGE: ("interest_change_1h", 1e2),
}


class Numbers:
    """The quantities of one evaluation; None where unknown."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._known: dict[Request[View], View] = {}

    def read(self, base: str, rule: AlertRule) -> float | None:
        """The value of a rule's quantity for a base; None where unknown."""
        value = self._read(base, rule)
        return None if value is None or math.isnan(value) else float(value)

    def _read(self, base: str, rule: AlertRule) -> float | None:
        quantity = rule.quantity
        if quantity.value in _LIQUIDATED:
            return self._liquidated(base, *_LIQUIDATED[quantity.value])
        if quantity in _COLUMNS or quantity in (Quantity.PRESSURE, Quantity.FLOW):
            return self._of_field(base, quantity)
        match quantity:
            case Quantity.OBI:
                imbalance = self._ask(LadderRequest(base)).imbalance
                return None if imbalance is None else imbalance * 1e2
            case Quantity.SPREAD:
                return self._spread(base)
            case Quantity.SETUPS_ARMED | Quantity.SETUPS_CONFIRMED | Quantity.SETUPS_INVALIDATED:
                return self._setups(base, quantity)
            case Quantity.CVD_CHANGE:
                return self._ask(CvdChangeRequest(base, max(round(rule.window_s * 1e9), 1))).usd
            case _:
                return self._of_bars(base, quantity)

    def _of_bars(self, base: str, quantity: Quantity) -> float | None:
        view = self._ask(FootprintRequest(base, in_steps=True))
        if quantity is Quantity.PRICE:
            return view.last_price
        if quantity is Quantity.AGE:
            last = max((market.last_event_ns for market in view.markets), default=0)
            return (view.now_ns - last) / 1e9 if last else None
        return net(view.bars[-1].buy_usd, view.bars[-1].sell_usd) if view.bars else None

    def _spread(self, base: str) -> float | None:
        """The narrowest spread of a single perpetual; best prices of different venues may cross."""
        markets = self._ask(QuotesRequest(base)).known
        spreads = []
        for one in markets:
            alone = MarketFilter(True, frozenset((one.venue,)), frozenset((one.kind,)))
            quotes = self._ask(QuotesRequest(base, alone))
            if quotes.best_bid is not None and quotes.best_ask is not None:
                spreads.append((quotes.best_ask - quotes.best_bid) / ((quotes.best_ask + quotes.best_bid) / 2) * 1e4)
        return min(spreads, default=None)

    def _of_field(self, base: str, quantity: Quantity) -> float | None:
        view = self._ask(PressureRequest())
        if base not in view.universe.symbols:
            return None
        at = view.universe.symbols.index(base)
        if quantity is Quantity.PRESSURE:
            return float(view.pressure.signed[at])
        if quantity is Quantity.FLOW:
            return float(view.flow.score[at])
        name, factor = _COLUMNS[quantity]
        return float(getattr(view.universe.columns, name)[at]) * factor

    def _liquidated(self, base: str, side: str, span_ns: int) -> float | None:
        """A sum over a span: None without any coverage, a lower bound with partial coverage."""
        view = self._ask(LiquidationsRequest(base, MarketFilter()))
        total = next((one for one in view.totals if one.span_ns == span_ns), None)
        if total is None or not total.known_ns:
            return None
        return total.long_usd if side == "longs" else total.short_usd

    def _setups(self, base: str, quantity: Quantity) -> float:
        """The number of setups that reached a state within the last two minutes."""
        view = self._ask(SetupsRequest(base))
        since_ns = view.now_ns - 2 * MINUTE_NS
        if quantity is Quantity.SETUPS_ARMED:
            times = [event.trigger_ns for event in view.events]
        elif quantity is Quantity.SETUPS_CONFIRMED:
            times = [event.confirmed_ns or 0 for event in view.events]
        else:
            times = [event.ended_ns or 0 for event in view.events if event.state is SetupState.INVALIDATED]
        return float(sum(ts_ns > since_ns for ts_ns in times))

    def _ask(self, request: Request[V]) -> V:
        if request not in self._known:
            self._known[request] = self._views.view(request)
        return cast("V", self._known[request])
