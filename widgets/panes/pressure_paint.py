"""Cells of the pressure table, painted from the model's arrays: figures at the right, tints, bars and sparklines."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from widgets.items.bulk import SHADES, shades
from widgets.labels import Align, Labels
from widgets.panes.pressure_columns import COLUMNS, Column, Look
from widgets.panes.pressure_model import PressureModel
from widgets.theme import theme
from workstation.pressure_models import PressureView, band
from workstation.readmodels import Floats

ARROW_PX = 12
_PAD = 4
_DIM_BELOW = 0.5  # confidence under which a score is written faintly
_STALE_S = 20.0
_STRONG = frozenset({"stretched", "stressed"})


class PressureDelegate(QStyledItemDelegate):
    """`base` is the coin that linked panes show."""

    def __init__(self, model: PressureModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.base = ""
        self._model = model
        look = theme()
        self._plain, self._bold = Labels(look.font()), Labels(look.font(bold=True))
        self._small = Labels(look.font(small=True))
        pane = look.color("pane")
        self._tints = {role: shades(pane, look.color(role), 0.0, 0.38) for role in ("buy", "sell")}
        self._forced = {
            role: shades(pane, look.color(role), 0.0, 0.5) for role in ("liquidated_long", "liquidated_short")
        }
        self._trails: dict[tuple[str, int], QPolygonF | None] = {}
        self._trail_of: tuple[Floats, Floats] | None = None
        self._draw = {
            Look.SYMBOL: self._symbol,
            Look.SCORE: self._score,
            Look.BIAS: self._bias,
            Look.REGIME: self._regime,
            Look.TRAIL: self._trail,
            Look.NUMBER: self._number,
            Look.TINTED: self._tinted,
            Look.LONGS_OUT: self._longs_out,
            Look.SHORTS_OUT: self._shorts_out,
            Look.AGE: self._number,
        }

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell. What it is painted from are the model's arrays, not Qt's roles."""
        rows, row, at = self._model.rows, index.row(), index.column()
        rect: QRect = option.rect
        column, code = COLUMNS[at], int(rows.codes[row])
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().brush("hairline"))
        elif not 0 <= code < rows.coins:
            painter.fillRect(rect, theme().brush("window"))
        self._draw[column.look](painter, rect, row, at, column)
        if row == rows.pins - 1:
            painter.setPen(theme().pen("hairline"))
            painter.drawLine(rect.bottomLeft(), rect.bottomRight())

    # --- kinds of cells

    def _symbol(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        model, look = self._model, theme()
        text, symbol = model.text(row, at), model.symbol(row)
        if not model.is_coin(row):
            painter.setPen(look.pen("muted"))
            self._small.draw(painter, text, rect.x() + ARROW_PX + 6, rect.y(), rect.width() - ARROW_PX - 8,
                             rect.height(), Align.LEFT)  # fmt: skip
            return
        if symbol == self.base:
            painter.fillRect(QRectF(rect.x(), rect.y(), 2, rect.height()), look.brush("focus"))
        self._arrow(painter, rect, down=symbol in model.unfolded)
        painter.setPen(look.pen(self._role(row, "text")))
        labels = self._bold if symbol in model.pinned or symbol == self.base else self._plain
        labels.draw(painter, text, rect.x() + ARROW_PX, rect.y(), rect.width() - ARROW_PX, rect.height(), Align.LEFT)

    def _arrow(self, painter: QPainter, rect: QRect, *, down: bool) -> None:
        x, y = rect.x() + 6.0, rect.center().y() + 0.5
        corners = ((-3, -1.5), (3, -1.5), (0, 2.5)) if down else ((-1.5, -3), (2.5, 0), (-1.5, 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush("muted" if down else "faint"))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners]))

    def _score(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        model, look = self._model, theme()
        code = int(model.rows.codes[row])
        if code < 0:
            self._number(painter, rect, row, at, column)
            return
        value, signed = float(model.values(at)[code]), self._signed(code)
        text = column.text(value)
        if not math.isnan(value):
            role = "buy" if signed > 0 else "sell"
            width = max(1.0, (rect.width() - 2) * value / 100)
            alpha = {"neutral": 60, "lean": 100, "stretched": 150, "stressed": 210}[band(value)]
            painter.fillRect(QRectF(rect.x() + 1, rect.y() + 2, width, rect.height() - 4), look.brush(role, alpha))
        strong = not math.isnan(value) and band(value) in _STRONG
        painter.setPen(look.pen(self._role(row, "text")))
        (self._bold if strong else self._plain).draw(
            painter, text, rect.x(), rect.y(), rect.width() - _PAD, rect.height()
        )

    def _bias(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        value = self._model.number(row, at)
        role = "muted" if not value or math.isnan(value) else "buy" if value > 0 else "sell"
        self._words(painter, rect, row, at, role)

    def _regime(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        value = self._model.number(row, at)
        loud = not math.isnan(value) and value >= 3
        self._words(painter, rect, row, at, "poc" if loud else "text" if value else "muted")

    def _words(self, painter: QPainter, rect: QRect, row: int, at: int, role: str) -> None:
        painter.setPen(theme().pen(self._role(row, role)))
        text = self._model.text(row, at)
        self._small.draw(painter, text, rect.x() + _PAD, rect.y(), rect.width() - _PAD, rect.height(), Align.LEFT)

    def _number(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        text = self._model.text(row, at)
        if not text:
            return
        value = self._model.number(row, at)
        unknown = math.isnan(value)
        late = column.look is Look.AGE and not unknown and value > _STALE_S
        role = "faint" if unknown else "gap" if late else self._role(row, "text")
        painter.setPen(theme().pen(role))
        self._plain.draw(painter, text, rect.x(), rect.y(), rect.width() - _PAD, rect.height())

    def _tinted(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        """The deeper the colour, the nearer the number is to where it saturates."""
        value = self._model.number(row, at)
        if not math.isnan(value) and self._model.rows.codes[row] >= 0:
            shade = int(abs(math.tanh(value / column.scale)) * (SHADES - 1))
            if shade:
                inner = QRectF(rect.x() + 1, rect.y(), rect.width() - 1, rect.height())
                painter.fillRect(inner, self._tints["buy" if value > 0 else "sell"][shade])
        self._number(painter, rect, row, at, column)

    def _longs_out(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        self._liquidated(painter, rect, row, at, column, "liquidated_long")

    def _shorts_out(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        self._liquidated(painter, rect, row, at, column, "liquidated_short")

    def _liquidated(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column, role: str) -> None:
        """By orders of magnitude: a thousand is barely tinted, `scale` fully."""
        value = self._model.number(row, at)
        if value >= 1_000 and self._model.rows.codes[row] >= 0:
            depth = min(math.log10(value / 1_000) / math.log10(column.scale / 1_000), 1.0)
            painter.fillRect(QRectF(rect.x() + 1, rect.y(), rect.width() - 1, rect.height()),
                             self._forced[role][int(depth * (SHADES - 1))])  # fmt: skip
        self._number(painter, rect, row, at, column)

    # --- sparklines

    def _trail(self, painter: QPainter, rect: QRect, row: int, at: int, column: Column) -> None:
        view, code = self._model.view, int(self._model.rows.codes[row])
        if view is None or not 0 <= code < self._model.rows.coins:
            return
        values = (view.score_trail if column.name == "score trail" else view.price_trail)[code]
        signed = column.name == "score trail"
        line = self._line(view, column.name, code, values, QRectF(rect).adjusted(3, 2, -3, -2), signed)
        if line is None:
            self._number(painter, rect, row, at, column)
            return
        if signed:
            painter.setPen(theme().pen("hairline"))
            painter.drawLine(rect.x() + 3, rect.center().y(), rect.right() - 3, rect.center().y())
        change = float(self._model.values(at)[code])
        painter.setPen(theme().pen(self._role(row, "buy" if change > 0 else "sell" if change < 0 else "muted")))
        painter.save()
        painter.translate(rect.topLeft())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPolyline(line)
        painter.restore()

    def _line(
        self, view: PressureView, name: str, code: int, values: Floats, room: QRectF, signed: bool
    ) -> QPolygonF | None:
        """The sparkline in the cell's own coordinates, kept until the trails move; None with fewer than two points.

        The score's is centred on zero and 25 points deep at least; the price's fills its cell.
        """
        self._forget_old(view)
        key = (f"{name} {room.width():.0f}", code)
        if key in self._trails:
            return self._trails[key]
        known = np.flatnonzero(~np.isnan(values))
        line = None
        if len(known) >= 2:
            told = values[known]
            low, high = float(told.min()), float(told.max())
            if signed:
                high = max(25.0, -low, high)
                low = -high
            x = 3 + room.width() * known / (len(values) - 1)
            share = (told - low) / (high - low) if high > low else np.full(len(told), 0.5)
            y = 2 + room.height() * (1 - share)
            line = QPolygonF([QPointF(px, py) for px, py in zip(x.tolist(), y.tolist(), strict=True)])
        self._trails[key] = line
        return line

    def _forget_old(self, view: PressureView) -> None:
        now = (view.price_trail, view.score_trail)
        if self._trail_of is not None and self._trail_of[0] is now[0]:
            return
        if self._trail_of is None or not all(
            one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
            for one, other in zip(self._trail_of, now, strict=True)
        ):
            self._trails.clear()
        self._trail_of = now

    # --- roles

    def _signed(self, code: int) -> float:
        view = self._model.view
        assert view is not None
        coins = len(view.pressure.signed)
        return float(view.pressure.signed[code] if code < coins else view.market_pressure.signed[code - coins])

    def _role(self, row: int, role: str) -> str:
        """The role in which a row is written: grey where no market of it is live, faint where little is known."""
        model, view = self._model, self._model.view
        assert view is not None
        code = int(model.rows.codes[row])
        if code < 0:
            return "muted"
        coins = model.rows.coins
        if code >= coins:
            stale = view.universe.markets.columns.age_s[code - coins] > _STALE_S
            return "stale" if stale else "muted" if role == "text" else role
        if not view.universe.live[code]:
            return "stale"
        return "faint" if view.pressure.confidence[code] < _DIM_BELOW and role != "text" else role
