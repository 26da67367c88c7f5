"""The DOM ladder: the book of one market or the sum of several on fixed rows, with order book imbalance (OBI) above."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolButton

from feeds.model.instrument import InstrumentId
from widgets.elements.captions import Choice
from widgets.elements.layouts import column_of, line_of
from widgets.pane import Pane, Table
from widgets.panes.ladder.canvas import LadderCanvas
from widgets.panes.ladder.rows import ALWAYS, MEANINGS, MULTIPLES, next_multiple
from widgets.panes.ladder.summary import LadderSummary
from widgets.panes.ladder.text import HELP, table_of
from widgets.theme import format as fmt
from widgets.theme.markets import chosen_markets, market_name
from widgets.theme.theme import CELL
from workstation.readmodels.flow.ladder import BANDS, LadderRequest, LadderView
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import View

_PERP, _SPOT = "perp", "spot"


class LadderPane(Pane):
    """Keys: `C` re-centres. Ctrl+wheel or the group menu change the rows, hovering freezes them."""

    title = "Ladder"
    keeps_width = True
    help = HELP
    has_settings = True
    every_frames = 3  # 20 Hz: books of nine markets cost 10 ms to sum
    keys = (
        ("C, middle click", "re-centre"),
        ("wheel, arrows, Page keys", "scroll rows"),
        ("Ctrl+wheel, + and -", "coarser or finer rows"),
        ("right click, Shift+F10", "show and hide columns"),
        ("hover", "freeze the rows"),
    )

    def __init__(self, base: str = "") -> None:
        super().__init__()
        self._base = base
        self._multiple = 1
        self._known: dict[InstrumentId, MarketState] = {}
        self._row_size: float | None = None
        self._hidden: frozenset[str] = frozenset()
        self.canvas, self.summary = LadderCanvas(), LadderSummary()
        self.markets, self.band, self.group = Choice(), Choice(), QToolButton()
        self._build_controls()
        self._lay_out()
        self.canvas.grouping_stepped.connect(self._step_grouping)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def _build_controls(self) -> None:
        self.markets.addItem("All perp", _PERP)
        self.markets.addItem("All spot", _SPOT)
        self.markets.setToolTip("Which book: the sum of all perpetuals, of all spot markets, or one market")
        self.markets.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.markets.setMinimumContentsLength(8)
        self.markets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.markets.currentIndexChanged.connect(self._label_group)
        for band in BANDS:
            self.band.addItem(f"±{band * 100:g} %", band)
        self.band.setCurrentIndex(BANDS.index(0.002))
        self.band.setToolTip("OBI is measured within this distance of mid, over at most 200 levels a side")
        self.band.currentIndexChanged.connect(self._label_group)
        self.group.setToolTip("Ticks per row (Ctrl+wheel): bids are rounded down, asks up")
        self.group.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.group.setMenu(QMenu(self.group))
        self.group.menu().aboutToShow.connect(self._fill_group_menu)
        self._label_group()

    def _lay_out(self) -> None:
        top = line_of(self.markets, self.group, self.band, margins=(CELL, CELL, CELL, 2))
        column_of(top, self.summary, filling=self.canvas, within=self)

    # --- what is asked

    def request(self) -> LadderRequest | None:
        if not self._base:
            return None
        choice = self.markets.currentData()
        market = None if choice in (_PERP, _SPOT) else InstrumentId(choice)
        wanted = MarketFilter(perp=choice != _SPOT)
        return LadderRequest(self._base, market, wanted, self._wanted_row_size(), float(self.band.currentData()))

    def _wanted_row_size(self) -> float | None:
        tick = self.base_tick()
        if self._multiple == 1 or tick is None:
            return None
        return round(tick * self._multiple, fmt.decimals_of(tick))

    def base_tick(self) -> float | None:
        """The row size at x1: the largest tick of the chosen markets; None before any is known."""
        choice = self.markets.currentData()
        market = None if choice in (_PERP, _SPOT) else InstrumentId(choice)
        chosen = chosen_markets(self._known.values(), market, MarketFilter(perp=choice != _SPOT))
        return max((state.tick_size for state in chosen), default=None)

    def set_base(self, base: str) -> None:
        """Show another base at x1, summed over its perpetuals."""
        if base == self._base:
            return
        self._base, self._multiple = base, 1
        self._known.clear()
        self.markets.setCurrentIndex(0)
        self._list_markets(())
        self.clear()
        self._label_group()

    def set_multiple(self, multiple: int) -> None:
        """Sum this many ticks in a row."""
        if multiple != self._multiple:
            self._multiple = multiple
            self._label_group()

    def _step_grouping(self, steps: int) -> None:
        self.set_multiple(next_multiple(self._multiple, steps))

    # --- what is shown

    def refresh(self, view: View) -> None:
        """Show a ladder view; one for an earlier choice is shown until that of the new one arrives."""
        if not isinstance(view, LadderView) or view.request.base != self._base:
            return
        self._list_markets(view.markets)
        self.canvas.show_view(view)
        self.summary.show_view(view)
        if view.row_size != self._row_size:
            self._row_size = view.row_size
            self._label_group()

    def clear(self) -> None:
        self._row_size = None
        self.canvas.show_view(None)
        self.summary.show_view(None)

    def recentre(self) -> None:
        """Put the last price in the middle."""
        self.canvas.recentre()

    def shown_markets(self) -> tuple[MarketState, ...]:
        view = self.canvas.view
        return () if view is None else chosen_markets(view.markets, view.request.market, view.request.markets)

    def as_table(self) -> Table | None:
        view, centre = self.canvas.view, self.canvas.centre
        return None if view is None or centre is None else table_of(view, centre, self.canvas.row_count)

    # --- columns and what is remembered

    def hide_columns(self, names: Iterable[str]) -> None:
        """Show all columns but these; bid, price and ask cannot be hidden."""
        self._hidden = frozenset(names) - ALWAYS
        self.canvas.hide_columns(self._hidden)

    def open_settings(self) -> None:
        self._ask_columns(self.band.mapToGlobal(QPoint(0, self.band.height())))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._ask_columns(event.globalPos())
        event.accept()

    def _ask_columns(self, on_screen: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name, meaning in MEANINGS.items():
            action = menu.addAction(meaning)
            action.setCheckable(True)
            action.setChecked(name not in self._hidden)
            action.triggered.connect(
                lambda on, name=name: self.hide_columns(self._hidden - {name} if on else self._hidden | {name})
            )
        menu.popup(on_screen)

    def state(self) -> dict[str, object]:
        return {"hidden": sorted(self._hidden), "band": self.band.currentData()}

    def restore(self, state: dict[str, object]) -> None:
        """Apply saved columns and band; the column `chg 5s` was saved as `p/s` by earlier versions."""
        hidden, band = state.get("hidden"), state.get("band")
        if isinstance(hidden, list):
            names = ("chg 5s" if name == "p/s" else name for name in hidden if isinstance(name, str))
            self.hide_columns(name for name in names if name in MEANINGS)
        if band in BANDS:
            self.band.setCurrentIndex(BANDS.index(band))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = self.canvas.row_count - 1
        actions: dict[int, Callable[[], object]] = {
            Qt.Key.Key_C: self.recentre,
            Qt.Key.Key_Up: lambda: self.canvas.scroll_rows(1),
            Qt.Key.Key_Down: lambda: self.canvas.scroll_rows(-1),
            Qt.Key.Key_PageUp: lambda: self.canvas.scroll_rows(page),
            Qt.Key.Key_PageDown: lambda: self.canvas.scroll_rows(-page),
            Qt.Key.Key_Plus: lambda: self._step_grouping(1),
            Qt.Key.Key_Minus: lambda: self._step_grouping(-1),
        }
        held = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        action = actions.get(event.key()) if held == Qt.KeyboardModifier.NoModifier else None
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def _list_markets(self, markets: tuple[MarketState, ...]) -> None:
        """List the known markets in the selector; a chosen one stays chosen while it is listed."""
        known = {**self._known, **{state.id: state for state in markets}}
        if known.keys() == self._known.keys() and self.markets.count() == len(known) + 2:
            return
        self._known = known
        chosen = self.markets.currentData()
        self.markets.blockSignals(True)
        while self.markets.count() > 2:
            self.markets.removeItem(2)
        for state in sorted(known.values(), key=lambda state: (not state.kind.is_perp, state.venue, state.kind)):
            self.markets.addItem(market_name(state), state.id)
        self.markets.setCurrentIndex(max(0, self.markets.findData(chosen)))
        self.markets.blockSignals(False)
        self._label_group()

    def _label_group(self) -> None:
        size = self._wanted_row_size() or self.base_tick() or self._row_size
        self.group.setText((f"row {fmt.plain(size, 6)}  " if size else "") + f"x{self._multiple}")

    def _fill_group_menu(self) -> None:
        menu, tick = self.group.menu(), self.base_tick()
        menu.clear()
        for multiple in MULTIPLES:
            rows = f"   rows of {fmt.price(tick * multiple, tick)}" if tick else ""
            action = menu.addAction(f"x{multiple}{rows}")
            action.setCheckable(True)
            action.setChecked(multiple == self._multiple)
            action.triggered.connect(lambda _checked=False, chosen=multiple: self.set_multiple(chosen))


PANE = LadderPane
