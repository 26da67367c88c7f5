"""Small shapes by the hundred: drawn once into one strip, then blitted with a single call."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from widgets.items.bulk import mix
from widgets.theme.theme import per_theme, theme
from workstation.readmodels.arrays import Floats, Ints

Paint = Callable[[QPainter, float, float], None]  # painter at the middle of the cell, radius, one logical pixel


class Sprite(NamedTuple):
    """One shape: its radius in logical pixels and how it is drawn."""

    radius: float
    paint: Paint


class SpriteSheet:
    """Shapes in a row on one pixmap, for one device pixel ratio."""

    def __init__(self, sprites: Sequence[Sprite], ratio: float) -> None:
        half = np.array([np.ceil(sprite.radius * ratio) + 2 for sprite in sprites])
        left = np.concatenate(([0.0], np.cumsum(2 * half)[:-1]))
        height = int(2 * half.max())
        self.pixmap = QPixmap(int(2 * half.sum()), height)
        self.pixmap.fill(Qt.GlobalColor.transparent)
        self.fields = np.zeros((len(sprites), 10))
        self.fields[:, 2], self.fields[:, 3] = left, height / 2 - half
        self.fields[:, 4] = self.fields[:, 5] = 2 * half
        self.fields[:, (6, 7, 9)] = 1.0
        painter = QPainter(self.pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for sprite, begin, middle in zip(sprites, left.tolist(), half.tolist(), strict=True):
            painter.resetTransform()
            painter.translate(begin + middle, height / 2)
            sprite.paint(painter, sprite.radius * ratio, ratio)
        painter.end()


class SpriteBatch:
    """Shapes of one sheet at their places."""

    def __init__(self) -> None:
        self._array = PrimitiveArray(QPainter.PixmapFragment, 10)
        self._sheet: SpriteSheet | None = None

    def __len__(self) -> int:
        return len(self._array)

    def fill(self, sheet: SpriteSheet, which: Ints, x: Floats, y: Floats) -> None:
        """Take the index of each shape and its middle in device pixels; later ones cover earlier ones."""
        self._array.resize(len(which))
        fields = self._array.ndarray()
        np.take(sheet.fields, which, axis=0, out=fields)
        fields[:, 0], fields[:, 1] = np.round(x), np.round(y)
        self._sheet = sheet

    def draw(self, painter: QPainter) -> None:
        if len(self._array) and self._sheet is not None:
            painter.drawPixmapFragments(*self._array.drawargs(), self._sheet.pixmap)  # type: ignore[call-arg]


# --- shapes

BUBBLE_STEPS = 12  # radii of one colour
LEAST_PX, MOST_PX = 3.0, 22.0
BUBBLE_ROLES = ("sell", "muted", "buy", "liquidated_long", "liquidated_short")


def bubble_radius(step: int) -> float:
    """The radius of a step: its area grows evenly."""
    share = step / (BUBBLE_STEPS - 1)
    return float(np.sqrt(LEAST_PX**2 + share * (MOST_PX**2 - LEAST_PX**2)))


def _disc(role: str, alpha: int, width: float) -> Paint:
    def paint(painter: QPainter, radius: float, line: float) -> None:
        painter.setBrush(theme().color(role, alpha))
        painter.setPen(QPen(theme().color(role, 230), width * line))
        painter.drawEllipse(QPointF(0, 0), radius, radius)

    return paint


def _diamond(role: str, alpha: int, width: float) -> Paint:
    def paint(painter: QPainter, radius: float, line: float) -> None:
        painter.setBrush(theme().color(role, alpha))
        painter.setPen(QPen(theme().color(role, 240), width * line))
        corners = ((0, -radius), (radius, 0), (0, radius), (-radius, 0))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))

    return paint


@per_theme
def bubbles(ratio: float, *, hollow: bool = False) -> SpriteSheet:
    """Discs of every role and size, then diamonds for the liquidated: index is role * BUBBLE_STEPS + step.

    Hollow ones leave the numbers under them legible.
    """
    shapes, (alpha, width) = [], (26, 1.5) if hollow else (80, 1.0)
    for role in BUBBLE_ROLES:
        make = _diamond if role.startswith("liquidated") else _disc
        shapes += [Sprite(bubble_radius(step), make(role, alpha, width)) for step in range(BUBBLE_STEPS)]
    return SpriteSheet(shapes, ratio)


def bubble_steps(values: Floats, least: float, most: float) -> Ints:
    """The step of each value: its area is its share between the least and the most."""
    share = (values - least) / max(most - least, 1e-300)
    return np.rint(np.clip(share, 0.0, 1.0) * (BUBBLE_STEPS - 1)).astype(np.int64)


ABSORBED_BUY, ABSORBED_SELL, DIVERGES_UP, DIVERGES_DOWN = range(4)  # indices in the sheet of signs
UNFINISHED_HIGH, UNFINISHED_LOW, EXHAUSTED_HIGH, EXHAUSTED_LOW = range(4, 8)
SIGN_PX = 10.0  # room that a sign takes above or below a bar


@per_theme
def signs(ratio: float) -> SpriteSheet:
    """Every sign, in the order of their indices."""
    return SpriteSheet(
        (
            Sprite(5.0, _ringed("buy")),
            Sprite(5.0, _ringed("sell")),
            Sprite(5.0, _arrow("buy", up=True)),
            Sprite(5.0, _arrow("sell", up=False)),
            Sprite(4.0, _open_end(up=True)),
            Sprite(4.0, _open_end(up=False)),
            Sprite(4.0, _steps(up=True)),
            Sprite(4.0, _steps(up=False)),
        ),
        ratio,
    )


def _ringed(role: str) -> Paint:
    """A dot in the colour of the aggressors, ringed in that of the text: it stands on a cell of any shade."""

    def paint(painter: QPainter, radius: float, line: float) -> None:
        painter.setBrush(theme().brush(role))
        painter.setPen(QPen(theme().color("text"), 1.5 * line))
        painter.drawEllipse(QPointF(0, 0), radius - line, radius - line)

    return paint


def _arrow(role: str, *, up: bool) -> Paint:
    def paint(painter: QPainter, radius: float, line: float) -> None:
        sign = 1 if up else -1
        painter.setBrush(mix(theme().color("pane"), theme().color(role), 0.9))
        painter.setPen(Qt.PenStyle.NoPen)
        corners = ((0, -sign * radius), (radius, sign * radius * 0.7), (-radius, sign * radius * 0.7))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))

    return paint


def _open_end(*, up: bool) -> Paint:
    """A bracket that is open on the far side: the auction may go on there."""

    def paint(painter: QPainter, radius: float, line: float) -> None:
        painter.setPen(QPen(theme().color("poc"), 1.5 * line))
        tip = -radius if up else radius
        painter.drawPolyline([QPointF(-radius, tip), QPointF(-radius, 0), QPointF(radius, 0), QPointF(radius, tip)])

    return paint


def _steps(*, up: bool) -> Paint:
    """Three bars that shrink towards the extreme."""

    def paint(painter: QPainter, radius: float, line: float) -> None:
        sign = -1 if up else 1
        for index, share in enumerate((1.0, 0.62, 0.25)):
            y = sign * (index - 1) * 3 * line
            painter.fillRect(QRectF(-radius * share, y - line, 2 * radius * share, 2 * line), theme().color("muted"))

    return paint
