"""The table of funding and open interest: a row per market, then a weighted row per kind of margin."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from feeds.model.instrument import MarketKind
from widgets.elements.labels import Align, Labels
from widgets.items.paint_guard import paints
from widgets.theme import format as text_of
from widgets.theme.markets import market_mark, row_height
from widgets.theme.theme import theme
from workstation.readmodels.positions.funding import Crowding, FundingView, PositionGroup, PositionRow

_NAME = 92
_CROWDED = (Crowding.LONGS, Crowding.SHORTS)


class Cell(NamedTuple):
    """A text and the role of its colour."""

    text: str
    role: str = "text"


class Column(NamedTuple):
    """A column. In a narrow pane the column with the largest `rank` is hidden first."""

    name: str
    width: int
    rank: int
    of_row: Callable[[PositionRow, float, int], Cell]
    of_group: Callable[[PositionGroup, float], Cell]


NOTHING = Cell("")


def _none() -> Callable[[PositionGroup, float], Cell]:
    return lambda group, unit: NOTHING


def rate_text(rate: float | None) -> str:
    """A funding rate, given as a fraction, in %: four decimals, two from 10 % on; an en dash for None."""
    if rate is None:
        return text_of.NO_DATA
    return text_of.percent(rate, 4 if abs(rate) < 0.1 else 2)


def _toned(text: str) -> Cell:
    return Cell(text, text_of.tone(text))


def scaled(rate: float | None, period_h: float | None, unit_h: float) -> float | None:
    """A rate per `period_h` hours as a rate per `unit_h` hours, simple; None if rate or period is unknown."""
    return None if rate is None or not period_h else rate * unit_h / period_h


def percentile_text(row: PositionRow) -> str:
    """The percentile and the days of history behind it; the days alone while there is no percentile."""
    if row.percentile is not None:
        return f"P{row.percentile:.0f} {row.history_days:.0f}d"
    return f"{text_of.NO_DATA} {row.history_days:.0f}d known"


def countdown(due_ns: int | None, now_ns: int) -> str:
    """Time until the next funding; an en dash if unknown or past."""
    return text_of.NO_DATA if due_ns is None or due_ns < now_ns else text_of.age(due_ns - now_ns)


def _rate(row: PositionRow, unit_h: float, now_ns: int) -> Cell:
    rate = scaled(row.rate, row.period_h, unit_h)
    return _toned(rate_text(rate))


def _group_rate(group: PositionGroup, unit_h: float) -> Cell:
    return _toned(rate_text(None if group.rate_1h is None else group.rate_1h * unit_h))


def _change(at: int) -> tuple[Callable[[PositionRow, float, int], Cell], Callable[[PositionGroup, float], Cell]]:
    def cell(change: float | None) -> Cell:
        return _toned(text_of.percent(change))

    return lambda row, unit, now: cell(row.changes[at]), lambda group, unit: cell(group.changes[at])


def _ratio(row: PositionRow, unit_h: float, now_ns: int) -> Cell:
    flagged = row.crowding is not None and row.crowding is not Crowding.FUNDING
    return Cell(text_of.NO_DATA if row.ratio is None else f"{row.ratio:.2f}", "gap" if flagged else "text")


def _flag(row: PositionRow, unit_h: float, now_ns: int) -> Cell:
    if row.stale:
        return Cell("stale", "stale")
    return NOTHING if row.crowding is None else Cell(row.crowding, "error" if row.crowding in _CROWDED else "gap")


COLUMNS = (
    Column("predicted", 74, 0, _rate, _group_rate),
    Column("last", 68, 6, lambda row, unit, now: Cell(rate_text(scaled(row.last_rate, row.period_h, unit))), _none()),
    Column("history", 82, 5, lambda row, unit, now: Cell(percentile_text(row), "muted"), _none()),
    Column("period", 44, 8, lambda row, unit, now: Cell(_period(row), "muted"), _none()),
    Column("next", 58, 4, lambda row, unit, now: Cell(countdown(row.next_funding_ns, now)), _none()),
    Column(
        "OI coin",
        58,
        7,
        lambda row, unit, now: Cell(text_of.size(row.open_interest)),
        lambda group, unit: Cell(text_of.size(group.open_interest)),
    ),
    Column(
        "OI USD",
        58,
        1,
        lambda row, unit, now: Cell(text_of.size(row.open_interest_usd)),
        lambda group, unit: Cell(text_of.size(group.open_interest_usd)),
    ),
    Column("1 h", 58, 2, *_change(0)),
    Column("4 h", 58, 9, *_change(1)),
    Column("24 h", 58, 3, *_change(2)),
    Column("long/short", 66, 3, _ratio, _none()),
    Column("flag", 82, 2, _flag, lambda group, unit: Cell(*_group_live(group))),
)


class FundingTable(QWidget):
    """As high as its rows. Columns that do not fit are hidden by rank."""

    def __init__(self) -> None:
        super().__init__()
        self.view: FundingView | None = None
        self.unit_h = 8.0
        self._small, self._plain = Labels(theme().font(small=True)), Labels(theme().font())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(row_height())

    def show_view(self, view: FundingView | None, unit_h: float) -> None:
        """Show a view, or nothing, with rates per `unit_h` hours."""
        self.view, self.unit_h = view, unit_h
        rows = 0 if view is None else len(view.rows) + sum(group.known > 0 for group in view.groups)
        if self.height() != (height := row_height() * (rows + 1)):
            self.setFixedHeight(height)
        self.update()

    def columns(self) -> list[Column]:
        fitting = list(COLUMNS)
        while len(fitting) > 1 and _NAME + sum(column.width for column in fitting) > self.width():
            fitting.remove(max(fitting, key=lambda column: column.rank))
        return fitting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("pane"))
        columns, line = self.columns(), row_height()
        self._draw_line(painter, 0, "", "muted", [Cell(column.name, "muted") for column in columns], columns, head=True)
        if self.view is None:
            return
        y = line
        for row in self.view.rows:
            cells = [column.of_row(row, self.unit_h, self.view.now_ns) for column in columns]
            painter.fillRect(QRectF(4, y + 4, 2, line - 8), theme().venue_color(row.market.venue))
            if row.stale:
                cells = [Cell(cell.text, "stale") for cell in cells]
            self._draw_line(painter, y, market_mark(row.market), "stale" if row.stale else "text", cells, columns)
            y += line
        for group in self.view.groups:
            if group.known:
                painter.fillRect(QRectF(0, y, self.width(), line), theme().brush("raised"))
                cells = [column.of_group(group, self.unit_h) for column in columns]
                self._draw_line(painter, y, _group_name(group), "aggregate", cells, columns)
                y += line

    def _draw_line(
        self,
        painter: QPainter,
        y: float,
        name: str,
        role: str,
        cells: list[Cell],
        columns: list[Column],
        *,
        head: bool = False,
    ) -> None:
        labels, x = self._small if head else self._plain, float(_NAME)
        painter.setPen(theme().pen(role))
        self._plain.draw(painter, name, 10, y, _NAME - 10, row_height(), Align.LEFT)
        spare = max(self.width() - _NAME - sum(column.width for column in columns), 0) / len(columns)
        for cell, column in zip(cells, columns, strict=True):
            painter.setPen(theme().pen(cell.role))
            x += column.width + spare
            labels.draw(painter, cell.text, x - column.width - spare, y, column.width + spare - 6, row_height())


def _group_name(group: PositionGroup) -> str:
    return "USD-margined" if group.kind is MarketKind.LINEAR else "coin-margined"


def _group_live(group: PositionGroup) -> tuple[str, str]:
    return f"{group.live} of {group.known}", "muted" if group.live == group.known else "gap"


def _period(row: PositionRow) -> str:
    return text_of.NO_DATA if not row.period_h else f"{row.period_h:g} h"
