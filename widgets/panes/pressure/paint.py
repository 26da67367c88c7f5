"""The body of the pressure table, painted from arrays: tints and bars as rectangles, numbers from a glyph atlas.

Only the rows and columns in the region to be painted are computed. Numbers are right-aligned and painted in bulk;
the few texts and sparklines are drawn one by one.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPolygonF

from widgets.elements.labels import Align, Labels
from widgets.items.bulk import SHADES, GlyphAtlas, RectBatch, TextBatch, mix, shades
from widgets.items.digits import Codes, encode_texts
from widgets.panes.pressure.columns import COLUMNS, Column, Look, Written
from widgets.panes.pressure.model import PressureModel
from widgets.panes.pressure.sparklines import Sparklines
from widgets.theme.format import NO_DATA
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.universe.pressure import BANDS

ARROW_PX = 12
_PAD = 4
_KNOWN_BELOW = 0.5  # a score with a lower confidence is faint
_STALE_S = 20.0
ROLES = ("text", "muted", "stale", "faint", "gap")
_TEXT, _MUTED, _STALE, _FAINT, _GAP = range(len(ROLES))
_TINTS = ("buy", "sell", "liquidated_long", "liquidated_short")
_BARS = (0.22, 0.40, 0.60, 0.85)  # share of the colour, by band
FIGURES = frozenset({Look.SCORE, Look.NUMBER, Look.TINTED, Look.LONGS_OUT, Look.SHORTS_OUT, Look.AGE})


_FILLED = frozenset({Look.SCORE, Look.TINTED, Look.LONGS_OUT, Look.SHORTS_OUT})


class Cells(NamedTuple):
    """Geometry of the cells to paint, in pixels: `rows` rows from row `first` on, columns as (index, left, width)."""

    first: int
    rows: int
    top: float
    row_px: int
    columns: list[tuple[int, float, float]]


class TablePaint:
    """Paints cells. `base` is the coin that linked panes show, `selected` a row or -1."""

    def __init__(self, model: PressureModel) -> None:
        self.base = ""
        self.selected = -1
        self._model = model
        look = theme()
        pane = look.color("pane")
        self._plain, self._bold = Labels(look.font()), Labels(look.font(bold=True))
        self._small = Labels(look.font(small=True))
        brushes = [brush for role in _TINTS for brush in shades(pane, look.color(role), 0.0, 0.32)]
        bars = [QBrush(mix(pane, look.color(role), share)) for role in ("buy", "sell") for share in _BARS]
        self._rects = RectBatch([*brushes, *bars])
        self._bar_brush = len(brushes)
        self._atlases: dict[float, tuple[GlyphAtlas, GlyphAtlas]] = {}
        self._batch = TextBatch()
        self._sparklines = Sparklines()
        self._first, self._doubted = 0, np.empty(0, dtype=bool)  # of the rows being painted

    def draw(self, painter: QPainter, cells: Cells, width: float, ratio: float) -> None:
        """Paint the cells and their backgrounds; `ratio` is the device pixel ratio."""
        model = self._model
        height = cells.rows * cells.row_px
        painter.fillRect(QRectF(0, cells.top, width, height), theme().brush("pane"))
        if model.view is None or not cells.rows:
            return
        codes = model.rows.codes[cells.first : cells.first + cells.rows]
        self._grounds(painter, cells, codes, width)
        values = {at: self._values(codes, cells.first, at) for at, _, _ in cells.columns}
        self._first, self._doubted = cells.first, self._doubts(codes)
        self._rectangles(painter, cells, codes, values)
        roles = self.row_roles(codes)
        self._figures(painter, cells, codes, values, roles, ratio)
        for at, x, wide in cells.columns:
            if COLUMNS[at].look not in FIGURES:
                self._one_by_one(painter, cells, at, x, wide, roles, values[at])
        last = model.rows.pins - 1 - cells.first
        if 0 <= last < cells.rows:
            y = round(cells.top + (last + 1) * cells.row_px) - 1
            painter.fillRect(QRectF(0, y, width, 1), theme().brush("faint"))

    def _values(self, codes: Ints, first: int, at: int) -> Floats:
        """The numbers of a column in these rows, (rows,), NaN where unknown."""
        found = np.full(len(codes), np.nan)
        own = codes >= 0
        found[own] = self._model.values(at)[codes[own]]
        for row in np.flatnonzero(~own).tolist():
            found[row] = self._model.number(first + row, at)
        return found

    # --- backgrounds, tints and bars

    def _grounds(self, painter: QPainter, cells: Cells, codes: Ints, width: float) -> None:
        below = (codes < 0) | (codes >= self._model.rows.coins)
        for row in np.flatnonzero(below).tolist():
            rect = QRectF(0, cells.top + row * cells.row_px, width, cells.row_px)
            painter.fillRect(rect, theme().brush("window"))
        chosen = self.selected - cells.first
        if 0 <= chosen < cells.rows:
            rect = QRectF(0, cells.top + chosen * cells.row_px, width, cells.row_px)
            painter.fillRect(rect, theme().brush("hairline"))

    def _rectangles(self, painter: QPainter, cells: Cells, codes: Ints, values: dict[int, Floats]) -> None:
        rects: list[Floats] = [np.empty((0, 4))]
        brushes: list[Ints] = [np.empty(0, dtype=np.int64)]
        y = cells.top + np.arange(cells.rows) * float(cells.row_px)
        for at, x, wide in cells.columns:
            column = COLUMNS[at]
            if column.look not in _FILLED:
                continue
            brush = self._tint(column, np.where(codes >= 0, values[at], np.nan))
            if column.look is Look.SCORE:
                signed = self._signed(codes)
                share = np.where(np.isnan(signed), 0.0, abs(signed) / 100)
                brush = np.where(np.isnan(signed), -1, self._bar(signed, self._doubted))
                rect = _boxes(x + 1, y + 2, np.maximum((wide - 2) * share, 1.0), cells.row_px - 4.0)
            else:
                rect = _boxes(x + 1, y, np.full(len(y), wide - 1), float(cells.row_px))
            rects.append(rect[brush >= 0])
            brushes.append(brush[brush >= 0])
        self._rects.fill(np.concatenate(rects), np.concatenate(brushes))
        self._rects.draw(painter)

    def _tint(self, column: Column, values: Floats) -> Ints:
        """The brush index of each number, -1 for none; the tint deepens towards the column's scale."""
        known = ~np.isnan(values)
        if column.look is Look.TINTED:
            depth, place = abs(np.tanh(np.where(known, values, 0.0) / column.scale)), np.where(values > 0, 0, 1)
        elif column.look in (Look.LONGS_OUT, Look.SHORTS_OUT):
            # by orders of magnitude: a thousand is barely tinted, `scale` fully
            steps = np.log10(np.where(known, values, 0.0).clip(1_000) / 1_000) / math.log10(column.scale / 1_000)
            depth, place = steps.clip(0, 1), np.full(len(values), 2 if column.look is Look.LONGS_OUT else 3)
        else:
            return np.full(len(values), -1)
        shade = (depth * (SHADES - 1)).astype(np.int64)
        return np.where(known & (shade > 0), place * SHADES + shade, -1)

    def _bar(self, signed: Floats, doubted: Bools) -> Ints:
        """The brush index of each score's bar: by its band; the palest where the confidence is low."""
        edges = [least for least, _ in BANDS[1:]]
        depth = np.where(doubted, 0, np.searchsorted(edges, np.nan_to_num(abs(signed)), side="right"))
        return np.asarray(self._bar_brush + np.where(signed > 0, 0, len(_BARS)) + depth)

    def _signed(self, codes: Ints) -> Floats:
        """The signed score of each row, NaN for rows of score terms."""
        view = self._model.view
        assert view is not None
        both = np.concatenate((view.pressure.signed, view.market_pressure.signed))
        return np.where(codes >= 0, both[np.maximum(codes, 0)], np.nan)

    # --- numbers

    def row_roles(self, codes: Ints) -> Ints:
        """Index into `ROLES` of each row's colour: stale where no market is live, muted for rows below a coin."""
        view, coins = self._model.view, self._model.rows.coins
        assert view is not None
        stale = np.concatenate((view.universe.live == 0, view.universe.markets.columns.age_s > _STALE_S))
        own = codes >= 0
        roles = np.where(own & (codes < coins), _TEXT, _MUTED)
        roles[own] = np.where(stale[codes[own]], _STALE, roles[own])
        return roles

    def _figures(
        self, painter: QPainter, cells: Cells, codes: Ints, values: dict[int, Floats], roles: Ints, ratio: float
    ) -> None:
        shown = [(at, x + wide - _PAD) for at, x, wide in cells.columns if COLUMNS[at].look in FIGURES]
        if not shown:
            return
        plain, bold = self._atlas(ratio)
        glyphs = np.concatenate(self._written(cells, codes, [at for at, _ in shown], values))
        role = np.concatenate([_cell_roles(COLUMNS[at], values[at], roles) for at, _ in shown])
        doubted = self._doubted
        heavy = np.concatenate([_heavy(COLUMNS[at], values[at], codes) & ~doubted for at, _ in shown])
        scores = np.repeat([COLUMNS[at].look is Look.SCORE for at, _ in shown], cells.rows)
        role[scores & (role == _TEXT) & np.tile(doubted, len(shown))] = _MUTED
        right = np.repeat([edge * ratio for _, edge in shown], cells.rows)
        middle = np.tile((cells.top + (np.arange(cells.rows) + 0.5) * cells.row_px) * ratio, len(shown))
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        for place, name in enumerate(ROLES):
            for atlas, chosen in ((plain, (role == place) & ~heavy), (bold, (role == place) & heavy)):
                if chosen.any():
                    self._text(painter, atlas, name, glyphs[chosen], right[chosen], middle[chosen])
        painter.restore()

    def _text(
        self, painter: QPainter, atlas: GlyphAtlas, role: str, glyphs: Codes, right: Floats, middle: Floats
    ) -> None:
        self._batch.fill_numbers(atlas, theme().color(role), atlas.layout(glyphs, 1.0), right, middle)
        self._batch.draw(painter)

    def _written(self, cells: Cells, codes: Ints, shown: list[int], values: dict[int, Floats]) -> list[Codes]:
        """The glyphs of each column; columns of one format are encoded together; empty cells have no glyphs."""
        found: dict[int, Codes] = {}
        alike: dict[Written, list[int]] = {}
        for at in shown:
            alike.setdefault(COLUMNS[at].written, []).append(at)
        for written, columns in alike.items():
            glyphs = written.encode(np.concatenate([values[at] for at in columns]))
            found |= dict(zip(columns, np.split(glyphs, len(columns)), strict=True))
        for at in shown:
            odd = (codes < 0) | (np.isnan(values[at]) & (codes >= self._model.rows.coins))
            for row in np.flatnonzero(odd).tolist():
                found[at][row] = encode_texts([self._model.text(cells.first + row, at)])[0]
        return [found[at] for at in shown]

    def _atlas(self, ratio: float) -> tuple[GlyphAtlas, GlyphAtlas]:
        """The plain and the bold glyph atlas, cached by device pixel ratio."""
        if ratio not in self._atlases:
            self._atlases[ratio] = GlyphAtlas(theme().font(), ratio), GlyphAtlas(theme().font(bold=True), ratio)
        return self._atlases[ratio]

    # --- texts, arrows, sparklines

    def _one_by_one(
        self, painter: QPainter, cells: Cells, at: int, x: float, wide: float, roles: Ints, values: Floats
    ) -> None:
        draw = {
            Look.SYMBOL: self._symbol,
            Look.BIAS: self._bias,
            Look.REGIME: self._regime,
            Look.SPARKLINE: self._sparkline,
        }[COLUMNS[at].look]
        for row in range(cells.rows):
            rect = QRectF(x, cells.top + row * cells.row_px, wide, cells.row_px)
            draw(painter, rect, cells.first + row, at, ROLES[roles[row]], float(values[row]))

    def _symbol(self, painter: QPainter, rect: QRectF, row: int, at: int, role: str, value: float) -> None:
        model, look = self._model, theme()
        text, x = model.text(row, at), rect.x() + ARROW_PX
        painter.setPen(look.pen(role))
        if not model.is_coin(row):
            self._small.draw(painter, text, x + 6, rect.y(), rect.width() - ARROW_PX - 6, rect.height(), Align.LEFT)
            return
        if text == self.base:
            painter.fillRect(QRectF(rect.x(), rect.y(), 2, rect.height()), look.brush("focus"))
        labels = self._bold if text in model.pinned or text == self.base else self._plain
        labels.draw(painter, text, x, rect.y(), rect.width() - ARROW_PX, rect.height(), Align.LEFT)
        self._arrow(painter, rect, down=text in model.expanded)

    def _arrow(self, painter: QPainter, rect: QRectF, *, down: bool) -> None:
        x, y = rect.x() + 6.0, rect.center().y()
        corners = ((-3, -1.5), (3, -1.5), (0, 2.5)) if down else ((-1.5, -3), (2.5, 0), (-1.5, 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush("muted" if down else "faint"))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners]))

    def _bias(self, painter: QPainter, rect: QRectF, row: int, at: int, role: str, value: float) -> None:
        side = "faint" if math.isnan(value) else "muted" if not value else "buy" if value > 0 else "sell"
        self._draw_text(painter, rect, row, at, role, side)

    def _regime(self, painter: QPainter, rect: QRectF, row: int, at: int, role: str, value: float) -> None:
        loud = "faint" if math.isnan(value) else "poc" if value >= 3 else "text" if value else "muted"
        self._draw_text(painter, rect, row, at, role, loud)

    def _draw_text(self, painter: QPainter, rect: QRectF, row: int, at: int, role: str, wanted: str) -> None:
        painter.setPen(
            theme().pen("faint" if self._doubted[row - self._first] else role if role == "stale" else wanted)
        )
        text = self._model.text(row, at)
        self._small.draw(painter, text, rect.x() + _PAD, rect.y(), rect.width() - _PAD, rect.height(), Align.LEFT)

    def _doubts(self, codes: Ints) -> Bools:
        """Which rows have a score of low confidence, painted faintly; (rows,) bool."""
        view = self._model.view
        assert view is not None
        known = np.concatenate((view.pressure.confidence, view.market_pressure.confidence))
        return np.asarray((codes >= 0) & (known[np.maximum(codes, 0)] < _KNOWN_BELOW))

    def _sparkline(self, painter: QPainter, rect: QRectF, row: int, at: int, role: str, value: float) -> None:
        view, code = self._model.view, int(self._model.rows.codes[row])
        if view is None or not 0 <= code < self._model.rows.coins:
            return
        self._sparklines.follow(view)
        side = "faint" if math.isnan(value) or not value else "buy" if value > 0 else "sell"
        if not self._sparklines.draw(painter, rect, COLUMNS[at].name, code, side if role != "stale" else role):
            painter.setPen(theme().pen("faint"))
            self._plain.draw(painter, NO_DATA, rect.x(), rect.y(), rect.width(), rect.height(), Align.CENTER)


def _boxes(left: float, top: Any, width: Any, height: float) -> Floats:
    """Rectangles (n, 4) in a column: left, top, width, height."""
    return np.stack((np.full(len(top), left), top, width, np.full(len(top), height)), axis=1)


def _heavy(column: Column, values: Floats, codes: Ints) -> Bools:
    """Which cells are bold: scores that are stretched or stressed; (n,) bool."""
    if column.look is not Look.SCORE:
        return np.zeros(len(values), dtype=bool)
    return np.asarray((values >= BANDS[2][0]) & (codes >= 0))


def _cell_roles(column: Column, values: Floats, roles: Ints) -> Ints:
    """Index into `ROLES` of each cell's colour: faint for NaN, the gap colour for an age beyond live."""
    late: Bools = (values > _STALE_S) & (column.look is Look.AGE)
    return np.where(np.isnan(values), _FAINT, np.where(late, _GAP, roles))
