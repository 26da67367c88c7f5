"""Digits read as the formatter writes them; rectangles and glyphs land on the pixels they were sent to."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem
from pytestqt.qtbot import QtBot

from widgets.items.bulk import SHADES, GlyphAtlas, RectBatch, TextBatch, polyline, shade_of
from widgets.items.digits import PAD, decode, encode_sizes, encode_texts
from widgets.items.pixel_item import PixelItem
from widgets.theme import format as text_of
from widgets.theme.theme import theme

EDGES = [
    0.0,
    0.0004,
    0.0005,
    0.0125,
    0.043,
    0.9994,
    0.9995,
    1.25,
    9.994,
    9.995,
    12.5,
    99.94,
    99.95,
    340.0,
    999.4,
    999.5,
]
LARGE = [1234.0, 9994.0, 9995.0, 57_000.0, 99_949.0, 999_499.0, 999_500.0, 1_240_000.0, 3.102e9, 8.5e11, 1e15]
ODD = [float("nan"), float("inf"), 1.115, 2.675, 1.005, 0.1 + 0.2]


def _spread() -> np.ndarray:
    random = np.random.default_rng(11)
    wide = 10 ** random.uniform(-4, 11, 5000)
    lots = np.round(10 ** random.uniform(-3, 4, 5000), 4)
    return np.concatenate((EDGES, LARGE, ODD, wide, lots))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sizes_read_as_the_formatter_writes_them(sign: float) -> None:
    values = _spread() * sign
    finite = [float(value) if np.isfinite(value) else None for value in values]
    assert decode(encode_sizes(values)) == [text_of.size(value) for value in finite]
    assert decode(encode_sizes(values, signed=True)) == [text_of.signed(value) for value in finite]


def test_texts_survive_and_nothing_is_nothing() -> None:
    assert decode(encode_texts(["+25%", "12.5k", ""])) == ["+25%", "12.5k", ""]
    assert encode_sizes(np.zeros(0)).shape[0] == 0
    assert (encode_texts([""]) == PAD).all()


def test_shades_follow_the_largest() -> None:
    shades = shade_of(np.array([0.0, 0.25, 1.0, 4.0]), 4.0)
    assert shades.tolist() == [0, 4, 8, SHADES - 1]
    assert shade_of(np.array([0.0]), 0.0).tolist() == [0]


def _canvas(width: int = 60, height: int = 30) -> QImage:
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("black"))
    return image


def test_rectangles_are_painted_in_their_brush(qtbot: QtBot) -> None:
    batch = RectBatch([QBrush(QColor("red")), QBrush(QColor("lime"))])
    for rounds in range(2):  # the second, smaller fill must not leave old rectangles behind
        rects = np.array([[0, 0, 10, 10], [20, 0, 10, 10], [40, 0, 10, 10]], np.float64)[: 3 - rounds]
        batch.fill(rects, np.array([0, 1, 0])[: 3 - rounds])
        image = _canvas()
        painter = QPainter(image)
        batch.draw(painter)
        painter.end()
        assert image.pixelColor(5, 5) == QColor("red")
        assert image.pixelColor(25, 5) == QColor("lime")
        assert image.pixelColor(45, 5) == QColor("red" if rounds == 0 else "black")
        assert image.pixelColor(15, 5) == QColor("black")


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_numbers_stand_where_they_are_anchored(qtbot: QtBot, ratio: float) -> None:
    atlas = GlyphAtlas(theme().font(), ratio)
    glyphs = atlas.layout(encode_texts(["1.25", "340"]), np.array([1.0, 0.0]))
    assert glyphs.width.tolist() == [
        float(sum(atlas.layout(encode_texts([character])).width[0] for character in text)) for text in ("1.25", "340")
    ]
    batch = TextBatch()
    middle, spine = 15.0 * ratio, 40.0 * ratio
    batch.fill_numbers(atlas, QColor("white"), glyphs, np.array([spine - 4, spine + 4]), np.array([middle, middle]))
    image = _canvas(int(80 * ratio), int(30 * ratio))
    painter = QPainter(image)
    batch.draw(painter)
    painter.end()
    lit = np.argwhere(_bright(image))
    left, right = lit[lit[:, 1] < spine], lit[lit[:, 1] >= spine]
    assert spine - 4 - glyphs.width[0] - 1 <= left[:, 1].min()
    assert left[:, 1].max() <= spine - 3
    assert spine + 3 <= right[:, 1].min()
    assert right[:, 1].max() <= spine + 4 + glyphs.width[1]
    assert abs((lit[:, 0].min() + lit[:, 0].max()) / 2 - middle) <= 1.5 * ratio


def _bright(image: QImage) -> np.ndarray:
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return pixels[:, :, 1] > 100


def test_regular_and_bold_share_one_layout(qtbot: QtBot) -> None:
    look = theme()
    regular, bold = GlyphAtlas(look.font(), 1.0), GlyphAtlas(look.font(bold=True), 1.0)
    assert regular.advance.tolist() == bold.advance.tolist()


def test_a_line_breaks_at_nan() -> None:
    path = polyline(np.arange(5.0), np.array([0.0, 1.0, np.nan, 1.0, 0.0]))
    assert [path.intersects(QRectF(x, 0.0, 0.2, 1.0)) for x in (0.4, 1.4, 2.4, 3.4)] == [True, False, False, True]


class _Broken(PixelItem):
    name = "this drawing"
    calls = 0

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        self.calls += 1
        raise RuntimeError("no such row")


def test_a_failing_item_says_so_once(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    host = pg.GraphicsWidget()
    item = _Broken(host)
    item.set_rect(QRectF(0, 0, 200, 60))
    for _ in range(3):
        image = _canvas(200, 60)
        painter = QPainter(image)
        item.paint(painter, None)  # type: ignore[arg-type]
        painter.end()
        assert _reddish(image)
    assert item.calls == 1
    assert "no such row" in item.failure
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    item.retry()
    assert item.failure == ""
    assert isinstance(item, QGraphicsItem)
    assert item.acceptedMouseButtons() == Qt.MouseButton.NoButton


def _reddish(image: QImage) -> bool:
    error = theme().color("error")
    return any(
        abs(image.pixelColor(x, y).red() - error.red()) < 60 and image.pixelColor(x, y).red() > 150
        for x in range(image.width())
        for y in range(image.height())
    )
