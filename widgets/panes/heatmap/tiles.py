"""The depth layer: one small image per tile; only changed tiles are rebuilt."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QPen

from widgets.items.bands import draw_gaps
from widgets.items.bulk import draw_line
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.heatmap.colors import Codes, Pixels, Range, automatic, codes_of, table_of
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.heatmap import TILE_COLUMNS, TILE_ROWS, HeatColumns, HeatmapView, HeatTile

_STRIP_PX = 3  # at the top, where a venue of the sum is missing


@dataclass(slots=True)
class TilePicture:
    """A tile's codes, how often each occurs, and its image coloured by `table`."""

    codes: Codes
    counts: npt.NDArray[np.int64]
    image: QImage | None = None
    pixels: Pixels | None = None
    table: Pixels | None = None

    def painted(self, table: Pixels) -> QImage:
        """The image coloured by a table."""
        if self.image is None or self.table is not table:
            self.pixels, self.table = table[self.codes], table
            height, width = self.pixels.shape
            self.image = QImage(self.pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        return self.image


class HeatItem(ChartItem):
    """Paints tiles, unknown regions, best bid and ask. Tiles that are the same objects keep their images."""

    name = "the depth heatmap"
    layer = -10.0

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.pictures: dict[HeatTile, TilePicture] = {}
        self._grid = SlotGrid(1_000_000_000, 0)
        self._counts = np.zeros(0x8000, np.int64)
        self._table: Pixels | None = None
        self.view: HeatmapView | None = None
        self.range: Range | None = None
        self.lit = True

    def set_view(self, view: HeatmapView | None, grid: SlotGrid) -> None:
        self.view, self._grid = view, grid
        before, tiles = self.pictures, view.tiles if view is not None else ()
        self.pictures = {tile: before.get(tile) or _picture(tile) for tile in tiles}
        for tile, picture in self.pictures.items():
            if tile not in before:
                self._counts += picture.counts
        for tile, picture in before.items():
            if tile not in self.pictures:
                self._counts -= picture.counts
        self.update()

    def set_range(self, wanted: Range | None) -> None:
        """Colour by other thresholds."""
        if wanted != self.range:
            self.range = wanted
            self._table = table_of(wanted) if wanted is not None else None
            self.update()

    def set_lit(self, lit: bool) -> None:
        """Show the tiles, or only the lines."""
        if lit != self.lit:
            self.lit = lit
            self.update()

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """The number of cells of each size in the tiles shown, (32768,), by the lower 15 bits of its code."""
        return self._counts

    def automatic_range(self) -> Range | None:
        """Median to 99.5th percentile of the cells shown; None if there are none."""
        return automatic(self._counts)

    def size_at(self, row: int, bucket: int) -> tuple[float, float] | None:
        """Bid and ask in a cell; None outside of the tiles."""
        for tile in self.pictures:
            at = row - tile.first_row, bucket - tile.first_bucket
            if 0 <= at[0] < TILE_ROWS and 0 <= at[1] < TILE_COLUMNS:
                return float(tile.bid[at]), float(tile.ask[at])
        return None

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        view, scale = self.view, self._scale_of(width, height)
        painter.fillRect(0, 0, width, height, theme().brush("pane"))
        if view is None:
            return
        if self.lit and self._table is not None:
            for tile, picture in self.pictures.items():
                self._blit(painter, tile, picture.painted(self._table), view, scale)
        self._draw_unknown(painter, view, scale, ratio)
        self._draw_best(painter, view, scale, ratio)

    def _edges(self, first_bucket: int, count: int, view: HeatmapView) -> Floats:
        return (
            np.arange(first_bucket, first_bucket + count + 1) * view.bucket_ns - self._grid.origin * self._grid.bar_ns
        ) / (self._grid.bar_ns)

    def _blit(self, painter: QPainter, tile: HeatTile, image: QImage, view: HeatmapView, scale: Scale) -> None:
        begin = self._grid.slot(tile.first_bucket * view.bucket_ns)
        end = self._grid.slot((tile.first_bucket + TILE_COLUMNS) * view.bucket_ns)
        left, right = round(scale.x(begin)), round(scale.x(end))
        top = round(scale.y((tile.first_row + TILE_ROWS) * view.row_size))
        bottom = round(scale.y(tile.first_row * view.row_size))
        if right > 0 and left < scale.width and bottom > 0 and top < scale.height:
            painter.drawImage(QRectF(left, top, right - left, bottom - top), image)

    def _draw_unknown(self, painter: QPainter, view: HeatmapView, scale: Scale, ratio: float) -> None:
        """Hatched without a trusted book, dark beyond the stored depth, a strip where only some books were trusted."""
        columns, look = view.columns, theme()
        if not len(columns.live):
            return
        x = np.round(scale.x(self._edges(columns.first_bucket, len(columns.live), view)))
        self._draw_beyond(painter, columns, x, scale)
        for start, stop in runs_where((columns.live > 0) & (columns.live < columns.known)):
            painter.fillRect(QRectF(x[start], 0, x[stop] - x[start], _STRIP_PX * ratio), look.brush("gap"))
        lost = runs_where((columns.live == 0) & (columns.known > 0) & np.isnan(columns.bid))
        gaps = (np.array(lost, np.int64).reshape(-1, 2) + columns.first_bucket) * view.bucket_ns
        draw_gaps(painter, gaps, scale, self._grid, ratio)

    def _draw_beyond(self, painter: QPainter, columns: HeatColumns, x: Floats, scale: Scale) -> None:
        brush = theme().brush("window")
        ends = np.nan_to_num(np.stack((columns.floor, columns.ceiling)), nan=-1.0)
        change = np.flatnonzero(np.any(np.diff(ends, axis=1) != 0, axis=0)) + 1
        edges = [0, *change.tolist(), ends.shape[1]]
        for start, stop in pairwise(edges):
            floor, ceiling = ends[:, start].tolist()
            if ceiling < 0 or x[stop] < 0 or x[start] > scale.width:
                continue
            top, bottom = round(scale.y(ceiling)), round(scale.y(floor))
            if top > 0:
                painter.fillRect(QRectF(x[start], 0, x[stop] - x[start], top), brush)
            if bottom < scale.height:
                painter.fillRect(QRectF(x[start], bottom, x[stop] - x[start], scale.height - bottom), brush)

    def _draw_best(self, painter: QPainter, view: HeatmapView, scale: Scale, ratio: float) -> None:
        """Best bid and best ask, broken where no book was trusted."""
        columns = view.columns
        edges = self._edges(columns.first_bucket, len(columns.live), view)
        first = max(int(np.searchsorted(edges, scale.left)) - 2, 0)
        last = min(int(np.searchsorted(edges, scale.right)) + 2, len(columns.live))
        x = np.repeat(np.round(scale.x(edges[first : last + 1])), 2)[1:-1]
        for values, role in ((columns.bid, "buy"), (columns.ask, "sell")):
            y = np.repeat(np.round(scale.y(values[first:last])) + 0.5, 2)
            draw_line(painter, x, y, QPen(theme().color("window", 150), 3 * max(1.0, ratio)))
            draw_line(painter, x, y, QPen(theme().color(role), max(1.0, ratio)))


def _picture(tile: HeatTile) -> TilePicture:
    codes = codes_of(tile.bid, tile.ask)
    counts = np.bincount((codes & 0x7FFF).ravel(), minlength=0x8000)
    counts[0] = 0
    return TilePicture(np.ascontiguousarray(codes[::-1]), counts)


def runs_where(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open (start, stop) of every run of True."""
    edges: Ints = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
