"""The top line: base, last price, figures of the base, live perpetual markets, and live or replay."""

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from widgets.elements.captions import Badge, Choice, set_text, shortened, tint
from widgets.elements.layouts import line_of
from widgets.link_events import BaseChosen
from widgets.pane import Pane
from widgets.theme import format as fmt
from widgets.theme.theme import CELL, theme
from widgets.window.playback_bar import badge_of, is_replay
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.markets import Freshness, MarketFilter
from workstation.readmodels.request import View
from workstation.readmodels.session.status import Presence, StatusView
from workstation.readmodels.universe.universe import UniverseRequest, UniverseView

_ROOM_PX = 1280  # the figures of the base are hidden in a narrower window
_FACTS = {
    "change_24h": "Price change over 24 hours on the market with the largest turnover",
    "open_interest_usd": "Open interest of the live perpetuals in USD, one side counted",
    "funding_8h": "Funding per 8 hours, weighted by open interest; positive: longs pay",
    "premium": "Mark over index, weighted by turnover, in basis points",
}
_FORMATS: dict[str, Callable[[float], str]] = {
    "change_24h": fmt.percent,
    "open_interest_usd": lambda usd: f"OI {fmt.size(usd)}",
    "funding_8h": lambda rate: f"fund {fmt.percent(rate, 4)}",
    "premium": lambda share: f"prem {fmt.fixed(share * 1e4, 1)}bp",
}


class Header(Pane):
    """A pane that shows the last perpetual trade of the base."""

    title = "Header"

    def __init__(self) -> None:
        super().__init__()
        self._base = ""
        self._last: float | None = None
        self._universe: UniverseView | None = None
        self.bases = Choice()
        self.bases.setToolTip("Base of all panes")
        self.bases.setMinimumWidth(84)
        self.bases.setFont(theme().font(bold=True))
        self.bases.currentTextChanged.connect(self._choose)
        self.price, self.markets, self.source = QLabel(), QLabel(), QLabel()
        self.price.setFont(theme().font(bold=True))
        self.price.setToolTip("Last trade on any perpetual market")
        self.badge = Badge()
        self.facts = {name: QLabel() for name in _FACTS}
        for name, label in self.facts.items():
            label.setToolTip(_FACTS[name])
            tint(label, "muted")
        row = line_of(
            self.bases,
            self.price,
            *self.facts.values(),
            self.markets,
            within=self,
            margins=(CELL, 2, 2 * CELL, 2),
            spacing=3 * CELL,
        )
        row.addStretch(1)
        row.addWidget(self.source)
        row.addWidget(self.badge)

    def set_bases(self, bases: list[str], others: Sequence[str] = ()) -> None:
        chosen = self._base
        self.bases.blockSignals(True)
        self.bases.clear()
        self.bases.addItems(bases)
        if bases and others:
            self.bases.insertSeparator(len(bases))
        self.bases.addItems(others)
        self.bases.setCurrentIndex(max(0, self.bases.findText(chosen)))
        self.bases.blockSignals(False)
        self._choose(self.bases.currentText())

    def listed(self) -> list[str]:
        texts = (self.bases.itemText(index) for index in range(self.bases.count()))
        return [text for text in texts if text]  # the line between them has none

    def set_base(self, base: str) -> None:
        if self.bases.findText(base) < 0:
            self.bases.addItem(base)
        self.bases.setCurrentText(base)

    def _choose(self, base: str) -> None:
        if base and base != self._base:
            self._base = base
            self.clear()
            self.link_event.emit(BaseChosen(base))

    def request(self) -> TapeRequest | None:
        return TapeRequest(self._base, MarketFilter(perp=True), count=1) if self._base else None

    def side_requests(self) -> tuple[UniverseRequest, ...]:
        return (UniverseRequest(),)

    def refresh(self, view: View) -> None:
        if isinstance(view, UniverseView):
            self._universe = view
            self._show_facts()
        if not isinstance(view, TapeView) or view.request != self.request():
            return
        self._show_markets(view)
        if not len(view.price):
            return
        market = view.markets[int(view.market[0])]
        role = {1: "buy", -1: "sell"}.get(int(view.side[0]), "text")
        set_text(self.price, fmt.price(float(view.price[0]), market.tick_size))
        tint(self.price, role)

    def _show_facts(self) -> None:
        """Day change, open interest, funding and premium over the live perpetuals; unknown ones are hidden."""
        view = self._universe
        row = view.symbols.index(self._base) if view is not None and self._base in view.symbols else None
        for name, label in self.facts.items():
            known = None if view is None or row is None else float(getattr(view.columns, name)[row])
            text = "" if known is None or math.isnan(known) else _FORMATS[name](known)
            set_text(label, text)
            label.setVisible(bool(text) and self.window().width() >= _ROOM_PX)
        tint(self.facts["change_24h"], fmt.tone(self.facts["change_24h"].text()))

    def _show_markets(self, view: TapeView) -> None:
        perps = [market for market in view.markets if market.kind.is_perp]
        live = sum(market.trades is Freshness.LIVE for market in perps)
        set_text(self.markets, f"{live} of {len(perps)} perp markets live" if perps else "")
        tint(self.markets, "muted" if live == len(perps) else "gap")

    def clear(self) -> None:
        set_text(self.price, fmt.NO_DATA)
        set_text(self.markets, "")
        self._show_facts()

    def show_status(self, status: StatusView) -> None:
        self.badge.show_badge(*badge_of(status))
        if not is_replay(status):
            set_text(self.source, "")
            return
        paused = status.presence in (Presence.PAUSED, Presence.ENDED)
        pace = status.presence.value if paused else f"{status.speed:g}x"
        set_text(self.source, f"{shortened(status.source_name, 48)}  {pace}")
        tint(self.source, "replay")
        self.source.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
