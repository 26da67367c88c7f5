"""Footprint cells: shaded rectangles and their numbers, in a handful of draw calls.

Closed bars never change, so their summed rows and laid out numbers are cached by object identity, up to a bound; a
tick rebuilds only the live bar. What is built depends on the visible bars alone.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtGui import QBrush, QColor, QPainter

from widgets.items.bulk import GlyphAtlas, Glyphs, RectBatch, TextBatch, mix, shades
from widgets.items.digits import Codes, encode_cells, encode_counts
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.columns import Columns
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.cells.layouts import Flat, Frame, Ink, RowFlags, flatten, largest_of
from widgets.panes.footprint.cells.rows import BarRows, nodes_of, rows_of
from widgets.panes.footprint.cells.style import CellMode, Style
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRules
from workstation.readmodels.net import net

_CACHED_BARS = 4096
_NONE = np.zeros(0, np.intp)


@dataclass(frozen=True, eq=False)
class BarCells:
    """One bar's rows and, where the level shows numbers, their layout: all sells then all buys, or one number a row.

    `largest` is the largest value that is shaded.
    """

    rows: BarRows
    glyphs: Glyphs | None
    largest: float

    @cached_property
    def nodes(self) -> tuple[Ints, Ints]:
        """Rows of high and of low volume, computed at the first use."""
        return nodes_of(self.rows)


class CellCache:
    """Rows and layouts of bars at one level of detail, mode, row factor, font and rules; another one empties it.

    `closed` are those of closed bars, the newest used last; `live` those of bars that are not closed.
    """

    def __init__(self) -> None:
        self.closed: OrderedDict[FootprintBar, BarCells] = OrderedDict()
        self.live: dict[FootprintBar, BarCells] = {}
        self._key: object = None

    def cells(
        self, bars: tuple[FootprintBar, ...], choice: Choice, mode: CellMode, rules: FootprintRules, atlas: GlyphAtlas
    ) -> list[BarCells]:
        """The cells of these bars; those not known yet are laid out together."""
        key = (choice, mode, rules, id(atlas))
        if key != self._key:
            self.clear()
            self._key = key
        missing = [bar for bar in bars if bar not in self.closed and bar not in self.live]
        if missing:
            self.live = {bar: cells for bar, cells in self.live.items() if bar in bars}
            rows = [rows_of(bar, choice.factor, rules) for bar in missing]
            self._add(missing, _with_numbers(rows, choice.detail, mode, atlas))
        return [self.closed.get(bar) or self.live[bar] for bar in bars]

    def clear(self) -> None:
        """Lay out every bar again."""
        self.closed.clear()
        self.live.clear()

    def __len__(self) -> int:
        return len(self.closed)

    def _add(self, bars: list[FootprintBar], cells: list[BarCells]) -> None:
        for bar, made in zip(bars, cells, strict=True):
            if bar.closed:
                self.closed[bar] = made
            else:
                self.live[bar] = made
        while len(self.closed) > max(_CACHED_BARS, len(bars)):
            self.closed.popitem(last=False)


def _with_numbers(rows: list[BarRows], detail: Detail, mode: CellMode, atlas: GlyphAtlas) -> list[BarCells]:
    """Format and lay out the numbers of several bars in one go, then cut them apart."""
    if detail < Detail.DELTA:
        return [BarCells(row, None, largest_of(row, detail, mode)) for row in rows]
    if detail is Detail.NUMBERS and mode.pairs:
        codes = encode_cells(np.concatenate([part for row in rows for part in (row.sell, row.buy)]))
        align: Floats | float = np.concatenate([np.repeat((1.0, 0.0), len(row)) for row in rows])
        counts = np.array([2 * len(row) for row in rows])
    else:
        codes = _single_codes(rows, mode)
        align = 0.0 if mode is CellMode.VOLUME_PROFILE else 0.5
        counts = np.array([len(row) for row in rows])
    glyphs = atlas.layout(codes, align)
    ends = np.cumsum(counts)
    cuts = np.searchsorted(glyphs.item, ends)
    result, first, begin = [], 0, 0
    for row, end, cut in zip(rows, ends.tolist(), cuts.tolist(), strict=True):
        part = slice(first, cut)
        own = Glyphs(glyphs.code[part], glyphs.dx[part], glyphs.item[part] - begin, glyphs.width[begin:end])
        result.append(BarCells(row, own, largest_of(row, detail, mode)))
        first, begin = cut, end
    return result


def _single_codes(rows: list[BarRows], mode: CellMode) -> Codes:
    if mode is CellMode.TRADES:
        return encode_counts(np.concatenate([row.trades for row in rows]))
    if mode in (CellMode.TOTAL, CellMode.VOLUME_PROFILE):
        return encode_cells(np.concatenate([row.buy + row.sell for row in rows]))
    return encode_cells(np.concatenate([net(row.buy, row.sell) for row in rows]), signed=True)


def _any_flag(flags: tuple[RowFlags, ...], rows: BarRows) -> tuple[Bools, Bools]:
    sells, buys = flags[0](rows)
    for more in flags[1:]:
        other = more(rows)
        sells, buys = sells | other[0], buys | other[1]
    return sells, buys


class CellLayer:
    """Builds the cells of the visible bars and draws them."""

    def __init__(self) -> None:
        look = theme()
        pane = look.color("pane")
        sell, buy, neutral = look.color("sell"), look.color("buy"), look.color("muted")
        strong = [QBrush(mix(pane, sell, 0.92)), QBrush(mix(pane, buy, 0.86))]
        self._rects = RectBatch([*shades(pane, sell), *shades(pane, buy), *shades(pane, neutral), *strong])
        self._inks: dict[Ink, QColor] = {
            Ink.ZERO: look.color("faint"),
            Ink.DIM: mix(look.color("muted"), look.color("text"), 0.25),
            Ink.PLAIN: look.color("text"),
            Ink.STRONG: look.color("window"),
            Ink.SELL: mix(sell, look.color("text"), 0.35),
            Ink.BUY: mix(buy, look.color("text"), 0.35),
        }
        self._texts = {ink: TextBatch() for ink in Ink}
        self._has_text = False

    def build(
        self,
        cells: list[BarCells],
        columns: Columns,
        scale: Scale,
        size: float,
        detail: Detail,
        style: Style,
        atlases: tuple[GlyphAtlas, ...],
        visible: float,
        flags: tuple[RowFlags, ...],
    ) -> None:
        """Lay out; `size` is the effective row size, `atlases` are regular and bold, `visible` as for a Frame."""
        self._has_text = detail >= Detail.DELTA
        strong = [_any_flag(flags, bar.rows) for bar in cells] if flags else []
        flat = flatten(Frame([bar.rows for bar in cells], columns, scale, size, style, visible, strong), detail)
        self._rects.fill(flat.rects, flat.brush)
        if self._has_text:
            self._build_text(cells, flat, atlases)

    def _build_text(self, cells: list[BarCells], flat: Flat, atlases: tuple[GlyphAtlas, ...]) -> None:
        parts = [bar.glyphs for bar in cells if bar.glyphs is not None]
        if not parts:
            self._has_text = False
            return
        starts = np.cumsum([0, *(len(part.width) for part in parts[:-1])])
        item = np.concatenate([part.item for part in parts]) + np.repeat(starts, [len(part.item) for part in parts])
        code, dx = np.concatenate([part.code for part in parts]), np.concatenate([part.dx for part in parts])
        left, middle, inks = flat.anchor[item] + dx, flat.middle[item], flat.ink[item]
        used = np.bincount(inks, minlength=len(Ink))
        for which, batch in self._texts.items():
            chosen = np.flatnonzero(inks == which) if used[which] else _NONE
            atlas = atlases[which >= Ink.STRONG]
            batch.fill(atlas, self._inks[which], code[chosen], left[chosen], middle[chosen])

    def draw(self, painter: QPainter) -> None:
        """Rectangles, then numbers."""
        self._rects.draw(painter)
        if self._has_text:
            for batch in self._texts.values():
                batch.draw(painter)
