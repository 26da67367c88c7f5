"""Footprint cells: shaded rectangles and their numbers, in a handful of draw calls.

Closed bars never change, so their summed rows and laid out numbers are kept by object identity in a bounded cache; a
tick rebuilds only the live bar. What is built depends on the visible bars alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from PySide6.QtGui import QBrush, QColor, QPainter

from widgets.items.bulk import SHADES, GlyphAtlas, Glyphs, RectBatch, TextBatch, mix, shade_of, shades
from widgets.items.columns import Columns
from widgets.items.detail import Choice, Detail
from widgets.items.digits import encode_sizes
from widgets.items.rows import Rows, rows_of
from widgets.items.scale import Scale
from widgets.theme import theme
from workstation.readmodels import Bools, Floats, FootprintBar, FootprintRules, Ints

PAD_PX = 3  # between the spine and a number, logical
_CACHED_BARS = 4096
_DIM_SHADES = 4  # cells this faint carry dimmer numbers


class _Ink(IntEnum):
    ZERO = 0
    DIM = 1
    PLAIN = 2
    STRONG = 3


@dataclass(frozen=True, slots=True, eq=False)
class BarCells:
    """One bar's rows and, where the level shows numbers, their layout: all sells then all buys, or one delta a row."""

    rows: Rows
    glyphs: Glyphs | None


class CellCache:
    """Rows and layouts of bars at one level of detail, row factor, font and rules; anything else starts it over."""

    def __init__(self) -> None:
        self._kept: OrderedDict[FootprintBar, BarCells] = OrderedDict()
        self._live: dict[FootprintBar, BarCells] = {}
        self._key: object = None

    def cells(
        self, bars: tuple[FootprintBar, ...], choice: Choice, rules: FootprintRules, atlas: GlyphAtlas
    ) -> list[BarCells]:
        """The cells of these bars; those not known yet are laid out together."""
        key = (choice, rules, id(atlas))
        if key != self._key:
            self._kept.clear()
            self._live.clear()
            self._key = key
        missing = [bar for bar in bars if bar not in self._kept and bar not in self._live]
        if missing:
            self._live = {bar: cells for bar, cells in self._live.items() if bar in bars}
            self._add(missing, choice, rules, atlas)
        return [self._kept.get(bar) or self._live[bar] for bar in bars]

    def __len__(self) -> int:
        return len(self._kept)

    def _add(self, bars: list[FootprintBar], choice: Choice, rules: FootprintRules, atlas: GlyphAtlas) -> None:
        rows = [rows_of(bar, choice.factor, rules) for bar in bars]
        for bar, made in zip(bars, _with_numbers(rows, choice.detail, atlas), strict=True):
            if bar.closed:
                self._kept[bar] = made
            else:
                self._live[bar] = made
        while len(self._kept) > max(_CACHED_BARS, len(bars)):
            self._kept.popitem(last=False)


def _with_numbers(rows: list[Rows], detail: Detail, atlas: GlyphAtlas) -> list[BarCells]:
    """Format and lay out the numbers of several bars in one go, then cut them apart."""
    if detail < Detail.DELTA:
        return [BarCells(row, None) for row in rows]
    if detail is Detail.NUMBERS:
        values = np.concatenate([part for row in rows for part in (row.sell, row.buy)])
        align: Floats | float = np.concatenate([np.repeat((1.0, 0.0), len(row)) for row in rows])
        counts = np.array([2 * len(row) for row in rows])
    else:
        values, align = np.concatenate([row.buy - row.sell for row in rows]), 0.5
        counts = np.array([len(row) for row in rows])
    glyphs = atlas.layout(encode_sizes(values, signed=detail is Detail.DELTA), align)
    ends = np.cumsum(counts)
    cuts = np.searchsorted(glyphs.item, ends)
    result, first, begin = [], 0, 0
    for row, end, cut in zip(rows, ends.tolist(), cuts.tolist(), strict=True):
        part = slice(first, cut)
        own = Glyphs(glyphs.code[part], glyphs.dx[part], glyphs.item[part] - begin, glyphs.width[begin:end])
        result.append(BarCells(row, own))
        first, begin = cut, end
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """All visible cells as flat arrays: sells and buys interleaved by bar, or one cell a row."""

    x: Floats
    width: Floats
    y: Floats
    height: Floats
    value: Floats
    buy: Bools
    strong: Bools
    anchor: Floats


class CellLayer:
    """Builds the cells of the visible bars and draws them."""

    def __init__(self) -> None:
        look = theme()
        pane = look.color("pane")
        sell, buy = look.color("sell"), look.color("buy")
        strong = [QBrush(mix(pane, sell, 0.92)), QBrush(mix(pane, buy, 0.86))]
        self._rects = RectBatch([*shades(pane, sell), *shades(pane, buy), *strong])
        self._inks: dict[_Ink, QColor] = {
            _Ink.ZERO: look.color("faint"),
            _Ink.DIM: mix(look.color("muted"), look.color("text"), 0.25),
            _Ink.PLAIN: look.color("text"),
            _Ink.STRONG: look.color("window"),
        }
        self._texts = {ink: TextBatch() for ink in _Ink}
        self._has_text = False

    def build(
        self,
        cells: list[BarCells],
        columns: Columns,
        scale: Scale,
        size: float,
        detail: Detail,
        atlases: tuple[GlyphAtlas, ...],
    ) -> None:
        """Lay out; `size` is the effective row size, `atlases` are regular and bold."""
        self._has_text = detail >= Detail.DELTA
        flat = _FLATTEN[detail](cells, columns, scale, size)
        largest = float(flat.value.max()) if len(flat.value) else 0.0
        shade = shade_of(flat.value, largest)
        brush = np.where(flat.strong, 2 * SHADES + flat.buy, shade + SHADES * flat.buy)
        shown = flat.value > 0.0
        rects = np.stack((flat.x, flat.y, flat.width, flat.height), axis=1)
        self._rects.fill(rects[shown], brush[shown])
        if self._has_text:
            self._build_text(cells, flat, shade, atlases)

    def _build_text(self, cells: list[BarCells], flat: _Cells, shade: Ints, atlases: tuple[GlyphAtlas, ...]) -> None:
        ink = np.where(shade < _DIM_SHADES, _Ink.DIM, _Ink.PLAIN)
        ink[flat.value == 0.0] = _Ink.ZERO
        ink[flat.strong] = _Ink.STRONG
        parts = [bar.glyphs for bar in cells if bar.glyphs is not None]
        offsets = np.cumsum([0, *(len(part.width) for part in parts)])
        code = np.concatenate([part.code for part in parts] or [np.zeros(0, np.uint8)])
        item = np.concatenate(
            [part.item + at for part, at in zip(parts, offsets, strict=False)] or [np.zeros(0, np.int64)]
        )
        dx = np.concatenate([part.dx for part in parts] or [np.zeros(0)])
        left, middle = flat.anchor[item] + dx, np.round(flat.y + flat.height / 2)[item]
        inks = ink[item]
        for which, batch in self._texts.items():
            chosen = np.flatnonzero(inks == which)
            atlas = atlases[which is _Ink.STRONG]
            batch.fill(atlas, self._inks[which], code[chosen], left[chosen], middle[chosen])

    def draw(self, painter: QPainter) -> None:
        """Rectangles, then numbers."""
        self._rects.draw(painter)
        if self._has_text:
            for batch in self._texts.values():
                batch.draw(painter)


def row_edges(row: Ints, scale: Scale, size: float) -> tuple[Floats, Floats]:
    """Top and height of rows in whole pixels; a pixel of air between them where there is room."""
    top, bottom = np.round(scale.y((row + 1) * size)), np.round(scale.y(row * size))
    air = 1.0 if size * scale.unit >= 5.0 else 0.0
    return top, np.maximum(bottom - top - air, 1.0)


def _by_bar(cells: list[BarCells], edges: Floats) -> Floats:
    return np.repeat(edges, _counts(cells))


def _counts(cells: list[BarCells]) -> Ints:
    return np.array([len(bar.rows) for bar in cells], np.int64)


def _two_columns(cells: list[BarCells], columns: Columns, scale: Scale, size: float) -> _Cells:
    """Sells left of the spine, buys right of it."""
    counts = np.repeat(_counts(cells), 2)
    left, spine, right = columns.cells_left, columns.spine, columns.cells_right
    pad = PAD_PX * columns.line
    y, height = row_edges(_rows(cells, 2), scale, size)
    return _Cells(
        _both(left, spine, counts),
        _both(spine - left, right - spine, counts),
        y,
        height,
        _joined([part for bar in cells for part in (bar.rows.sell, bar.rows.buy)]),
        np.repeat(np.tile([False, True], len(cells)), counts),
        _flags([part for bar in cells for part in (bar.rows.sell_imbalance, bar.rows.buy_imbalance)]),
        _both(spine - pad, spine + pad, counts),
    )


def _both(sells: Floats, buys: Floats, counts: Ints) -> Floats:
    """One value for the sells of every bar and one for its buys, spread over its rows."""
    return np.repeat(np.stack((sells, buys), axis=1).ravel(), counts)


def _one_column(cells: list[BarCells], columns: Columns, scale: Scale, size: float) -> _Cells:
    """One cell a row, shaded by the size of its delta."""
    y, height = row_edges(_rows(cells), scale, size)
    delta = _joined([bar.rows.buy - bar.rows.sell for bar in cells])
    strong = _joined(
        [np.where(bar.rows.buy > bar.rows.sell, bar.rows.buy_imbalance, bar.rows.sell_imbalance) for bar in cells]
    )
    left = _by_bar(cells, columns.cells_left)
    width = _by_bar(cells, columns.cells_right - columns.cells_left)
    return _Cells(
        left, width, y, height, np.abs(delta), delta > 0, strong.astype(np.bool_), _by_bar(cells, columns.spine)
    )


def _bars(cells: list[BarCells], columns: Columns, scale: Scale, size: float) -> _Cells:
    """Volume of a row as a bar from the left, its length by the visible maximum: sells, then buys."""
    y, height = row_edges(_rows(cells), scale, size)
    sell, buy = _joined([bar.rows.sell for bar in cells]), _joined([bar.rows.buy for bar in cells])
    largest = float((sell + buy).max()) if len(sell) else 1.0
    left, room = _by_bar(cells, columns.cells_left), _by_bar(cells, columns.cells_right - columns.cells_left)
    sold, both = np.round(room * sell / largest), np.round(room * (sell + buy) / largest)
    twice = np.concatenate
    flat = np.zeros(2 * len(sell), np.bool_)
    value = np.where(np.concatenate((sold, both - sold)) > 0, largest, 0.0)
    is_buy = np.repeat((False, True), len(sell))
    x = twice((left, left + sold))
    return _Cells(x, twice((sold, both - sold)), twice((y, y)), twice((height, height)), value, is_buy, flat, x)


def _nothing(cells: list[BarCells], columns: Columns, scale: Scale, size: float) -> _Cells:
    none, no = np.zeros(0), np.zeros(0, np.bool_)
    return _Cells(none, none, none, none, none, no, no, none)


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _rows(cells: list[BarCells], times: int = 1) -> Ints:
    return np.concatenate([bar.rows.row for bar in cells for _ in range(times)] or [np.zeros(0, np.int64)])


def _flags(parts: list[Bools]) -> Bools:
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


_FLATTEN = {
    Detail.NUMBERS: _two_columns,
    Detail.DELTA: _one_column,
    Detail.BARS: _bars,
    Detail.MARKS: _nothing,
    Detail.CANDLES: _nothing,
}
