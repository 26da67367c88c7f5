"""Bulk drawing, our only contact with pyqtgraph's internals: rectangles by shade, glyphs by atlas, broken lines.

All coordinates are device pixels (see `pixel_item.PixelItem`); fragments are blitted unscaled, at whole pixels.
Measured offscreen on 1920x1080 for 2,400 cells and 4,800 numbers: `tests/bench/footprint_paint.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QPointF, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

from widgets.items.digits import CHARACTERS, PAD, Codes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHADES = 16  # steps of one colour scale
_FAR = 1e6  # pixels


class RectBatch:
    """Rectangles (x, y, width, height) in one of a few brushes; one `drawRects` a brush that is used.

    Their edges are rounded to whole pixels: Qt fills a `QRect` two to three times as fast as a `QRectF`.
    """

    def __init__(self, brushes: Sequence[QBrush]) -> None:
        self._brushes = list(brushes)
        self._arrays = [PrimitiveArray(QRect, 2) for _ in brushes]  # four 32 bit integers in two doubles
        self._used: list[int] = []

    def fill(self, rects: Floats, brush: Ints) -> None:
        """Take (n, 4) rectangles and the index of the brush of each."""
        ordered = _edges(rects)[np.argsort(brush.astype(np.uint16), kind="stable")]
        ends = np.cumsum(np.bincount(brush, minlength=len(self._brushes))).tolist()
        starts = [0, *ends[:-1]]
        self._used = [index for index, (start, end) in enumerate(zip(starts, ends, strict=True)) if end > start]
        for index in self._used:
            array = self._arrays[index]
            array.resize(ends[index] - starts[index])
            array.ndarray().view(np.int32)[:] = ordered[starts[index] : ends[index]]

    def draw(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for index in self._used:
            painter.setBrush(self._brushes[index])
            painter.drawRects(*self._arrays[index].drawargs())


def _edges(rects: Floats) -> npt.NDArray[np.int32]:
    """Left, top, and the last pixel to the right and below, as `QRect` keeps them; far outside is far enough."""
    edges = np.concatenate((rects[:, :2], rects[:, :2] + rects[:, 2:]), axis=1)
    np.rint(np.clip(edges, -_FAR, _FAR, out=edges), out=edges)
    edges[:, 2:] -= 1.0
    return edges.astype(np.int32)


def shade_of(values: Floats, largest: float | Floats) -> Ints:
    """The shade 0..15 of each value against the largest (or its own); by square root, so that small ones differ too."""
    share = np.divide(values, largest, out=np.zeros(len(values)), where=np.asarray(largest) > 0.0)
    scaled = np.sqrt(np.clip(share, 0.0, 1.0)) * SHADES
    steps: Ints = np.minimum(scaled.astype(np.int64), SHADES - 1)
    return steps


def mix(below: QColor, above: QColor, share: float) -> QColor:
    """The opaque colour of `above` laid over `below` with this share (0-1)."""
    pairs = ((below.red(), above.red()), (below.green(), above.green()), (below.blue(), above.blue()))
    return QColor(*(round(low + (high - low) * share) for low, high in pairs))


def shades(below: QColor, above: QColor, low: float = 0.10, high: float = 0.62) -> list[QBrush]:
    """Sixteen opaque brushes from a faint to a strong share of `above`."""
    return [QBrush(mix(below, above, low + (high - low) * step / (SHADES - 1))) for step in range(SHADES)]


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Numbers laid out: pair of glyphs `code` of number `item` at `dx` device pixels from that number's anchor."""

    code: npt.NDArray[np.uint16]
    dx: Floats
    item: Ints
    width: Floats  # of each number


def _scaled(font: QFont, ratio: float, *, bold: bool) -> QFont:
    scaled = QFont(font)
    scaled.setPixelSize(max(1, round(font.pixelSize() * ratio)))
    scaled.setBold(bold)
    return scaled


def _advances(font: QFont) -> Floats:
    metrics = QFontMetricsF(font)
    return np.array([max(1, round(metrics.horizontalAdvance(character))) for character in CHARACTERS], np.float64)


class GlyphAtlas:
    """All pairs of glyphs of a font on one sheet, and its tinted copies; `ratio` is the device pixel ratio.

    Blitting costs by the piece, so numbers are put together from pairs; the first of a pair may be nothing. Regular and
    bold share their advances (the wider of both), so that a layout holds for either.
    """

    def __init__(self, font: QFont, ratio: float) -> None:
        self._font = _scaled(font, ratio, bold=font.bold())
        metrics = QFontMetricsF(self._font)
        self.advance = np.maximum(
            _advances(_scaled(font, ratio, bold=False)), _advances(_scaled(font, ratio, bold=True))
        )
        self._half = int(np.ceil(metrics.capHeight() / 2)) + max(2, round(metrics.descent() / 2))
        self._baseline = self._half + metrics.capHeight() / 2
        self._first = np.append(self.advance, 0.0)  # advance of the first of a pair, of nothing at last
        self._cells = self._first[:, None] + self.advance + 2  # a pixel of air on both sides
        self._left = np.cumsum(self._cells, axis=1) - self._cells
        self._template = self._fields()
        self._pixmaps: dict[int, QPixmap] = {}

    def _fields(self) -> Floats:
        """A PixmapFragment of every pair: x, y, source rectangle, scale, rotation, opacity."""
        fields = np.zeros((self._cells.size, 10))
        fields[:, 0] = self._cells.ravel() / 2 - 1
        fields[:, 2] = self._left.ravel()
        fields[:, 3] = np.repeat(np.arange(len(self._first)) * self.height, len(CHARACTERS))
        fields[:, 4] = self._cells.ravel()
        fields[:, 5] = 2 * self._half
        fields[:, (6, 7, 9)] = 1.0
        return fields

    @property
    def height(self) -> float:
        """Of a glyph's cell in device pixels; capitals stand in its middle."""
        return 2.0 * self._half

    def pixmap(self, color: QColor) -> QPixmap:
        """The sheet in one colour, made once."""
        key = color.rgba()
        if key not in self._pixmaps:
            self._pixmaps[key] = self._sheet(color)
        return self._pixmaps[key]

    def _sheet(self, color: QColor) -> QPixmap:
        sheet = QPixmap(int(self._cells.sum(axis=1).max()), int(self.height) * len(self._first))
        sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(sheet)
        painter.setFont(self._font)
        painter.setPen(color)
        for row, (lefts, first) in enumerate(zip(self._left.tolist(), self._first.tolist(), strict=True)):
            y = row * self.height + round(self._baseline)
            for left, second in zip(lefts, CHARACTERS, strict=True):
                if row < len(CHARACTERS):
                    painter.drawText(QPointF(left + 1, y), CHARACTERS[row])
                painter.drawText(QPointF(left + 1 + first, y), second)
        painter.end()
        return sheet

    def layout(self, codes: Codes, align: float | npt.NDArray[np.float64] = 0.0) -> Glyphs:
        """Lay numbers out; `align` 0 puts the anchor at the left of a number, 0.5 in its middle, 1 at its right."""
        first, second = np.minimum(codes[:, ::2], len(CHARACTERS)).astype(np.uint16), codes[:, 1::2]
        present = second != PAD
        second = np.where(present, second, 0)
        advances = np.where(present, self._first[first] + self.advance[second], 0.0)
        width = advances.sum(axis=1)
        starts = np.cumsum(advances, axis=1) - advances - np.round(width * align)[:, None]
        item, column = np.nonzero(present)
        pair = (first * np.uint16(len(CHARACTERS)) + second)[item, column]
        return Glyphs(pair, starts[item, column], item.astype(np.int64), width)

    def fragments(self, batch: PrimitiveArray, code: npt.NDArray[np.uint16], left: Floats, middle: Floats) -> None:
        """Fill a batch with pairs of glyphs whose pens stand at `left`, centred on `middle`."""
        batch.resize(len(code))
        fields = batch.ndarray()
        np.take(self._template, code, axis=0, out=fields, mode="clip")  # the default mode copies once more
        fields[:, 0] += left
        fields[:, 1] = middle


class TextBatch:
    """Glyphs of one atlas in one colour: a single `drawPixmapFragments`."""

    def __init__(self) -> None:
        self._array = PrimitiveArray(QPainter.PixmapFragment, 10)
        self._pixmap: QPixmap | None = None

    def __len__(self) -> int:
        return len(self._array)

    def fill(
        self, atlas: GlyphAtlas, color: QColor, code: npt.NDArray[np.uint16], left: Floats, middle: Floats
    ) -> None:
        """Take pairs of glyphs, the pen position of each and the middle of its line, whole device pixels."""
        atlas.fragments(self._array, code, left, middle)
        self._pixmap = atlas.pixmap(color)

    def fill_numbers(self, atlas: GlyphAtlas, color: QColor, glyphs: Glyphs, x: Floats, y: Floats) -> None:
        """Take laid out numbers and the anchor of each."""
        self.fill(atlas, color, glyphs.code, np.round(x)[glyphs.item] + glyphs.dx, np.round(y)[glyphs.item])

    def draw(self, painter: QPainter) -> None:
        if len(self._array) and self._pixmap is not None:
            painter.drawPixmapFragments(*self._array.drawargs(), self._pixmap)  # type: ignore[call-arg]


def polyline(x: Floats, y: Floats) -> QPainterPath:
    """A line through points, broken at NaN."""
    path: QPainterPath = pg.arrayToQPath(x, y, connect="finite", finiteCheck=True)
    return path


def draw_line(painter: QPainter, x: Floats, y: Floats, pen: QPen) -> None:
    """Draw a line through points, broken at NaN.

    Solid lines are drawn as segments: stroking a path wider than a pixel is ten times slower. Dashes need the path, or
    the pattern would restart at every point.
    """
    painter.setPen(pen)
    if pen.style() != Qt.PenStyle.SolidLine:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(polyline(x, y))
        return
    known = np.isfinite(y)
    joined = np.flatnonzero(known[:-1] & known[1:])
    segments = PrimitiveArray(QLineF, 4)
    segments.resize(len(joined))
    segments.ndarray()[:] = np.stack((x[joined], y[joined], x[joined + 1], y[joined + 1]), axis=1)
    if len(segments):
        painter.drawLines(*segments.drawargs())
