"""What a footprint asks for beside its bars: best prices, the cell whose tooltip is open, and what its studies want."""

from widgets.panes.footprint.layers import FootprintLayers
from widgets.panes.footprint.studies.board import StudyBoard
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.flow.footprint import BarKind, FootprintRequest
from workstation.readmodels.request import Request, View


class FootprintSides:
    """The answers besides those of studies: `quotes`, and `cell` for the tooltip of `cell_asked`."""

    def __init__(self, layers: FootprintLayers, board: StudyBoard) -> None:
        self._layers, self._board = layers, board
        self.cell_asked: CellRequest | None = None
        self.quotes: QuotesView | None = None
        self.cell: CellView | None = None

    def requests(self, request: FootprintRequest | None) -> tuple[Request[View], ...]:
        """Everything that the studies shown and the pointer ask for."""
        if request is None:
            return ()
        cell = () if self.cell_asked is None else (self.cell_asked,)
        quotes = QuotesRequest(request.base, request.markets)
        return tuple(dict.fromkeys((quotes, *self._board.requests().values(), *cell)))

    def take(self, view: View, request: FootprintRequest | None) -> bool:
        """Show an answer if it is still wanted. Returns False for the bars themselves."""
        if self._board.answer(view):
            self._layers.show_answers()
        wanted = getattr(view, "request", None) in self.requests(request)
        if isinstance(view, QuotesView) and wanted:
            self.quotes = view
        elif isinstance(view, CellView):
            self.cell = view if wanted else None
        return not isinstance(getattr(view, "request", None), FootprintRequest)

    def clear(self) -> None:
        self.quotes = self.cell = self.cell_asked = None
        self._board.clear()

    def ask_cell(self, request: FootprintRequest | None, index: int, row: int) -> None:
        """Request the venues' shares of a displayed row; time bars only, as others are not cut by time alone."""
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
        """Drop the request: no tooltip is open."""
        self.cell_asked = self.cell = None
