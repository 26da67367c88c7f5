"""Setups at the bar and price that triggered them: outlined, because they are estimated and not observed."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from widgets.items.bands import scaled_font
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.footprint.cells.canvas import Canvas
from widgets.panes.footprint.studies.declaration import (
    ChartFacts,
    ChartStudy,
    Drawing,
    Group,
    Inputs,
    Layer,
    Tip,
    Values,
)
from widgets.theme import format as text_of
from widgets.theme.setups import SETUP_ROLES, setup_text
from widgets.theme.theme import theme
from workstation.readmodels.flow.footprint import BarKind
from workstation.readmodels.session.setups import SetupEvent, SetupsRequest, SetupsView

_HALF_PX, _AWAY_PX, _GRAB_PX = 5.0, 12.0, 9.0
_BARS_NS = tuple(seconds * 1_000_000_000 for seconds in (5, 15, 60, 300))  # that detectors run on


def _ask(chart: ChartFacts, values: Values) -> SetupsRequest | None:
    """The setups of time bars of the lengths that detectors run on; marks of others would stand at no bar."""
    request = chart.request
    if request is None or request.bar_rule.kind is not BarKind.TIME or request.bar_ns not in _BARS_NS:
        return None
    return SetupsRequest(request.base, request.bar_ns, rules=chart.setup_rules)


def events_of(inputs: Inputs) -> tuple[SetupEvent, ...]:
    return inputs.answer.events if isinstance(inputs.answer, SetupsView) else ()


def place_of(event: SetupEvent, scale: Scale, grid: SlotGrid, ratio: float) -> QPointF:
    """The middle of a mark, in pixels: below the price for a setup that expects a rise, above it for a fall."""
    slot = grid.slot(event.trigger_ns - 1) // 1 + 0.5
    return QPointF(scale.x(slot), scale.y(event.trigger_price) + event.direction * _AWAY_PX * ratio)


def _draw(canvas: Canvas, inputs: Inputs) -> None:
    """Those in sight, one by one: there are a few dozen a day."""
    painter, scale, grid, ratio = canvas.painter, canvas.scale, canvas.bars.grid, canvas.ratio
    painter.setFont(scaled_font(theme().font(small=True, bold=True), ratio))
    for event in events_of(inputs):
        at = place_of(event, scale, grid, ratio)
        if -40 < at.x() < scale.width + 40:
            _draw_level(painter, event, at, scale, grid, ratio)
            _draw_mark(painter, event, at, ratio)


def _draw_level(painter: QPainter, event: SetupEvent, at: QPointF, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """A dashed line at its level from the trigger to the end."""
    end_ns = event.ended_ns or event.confirmed_ns
    right = scale.width if end_ns is None else scale.x(grid.slot(end_ns))
    y = scale.y(event.level.price)
    painter.setPen(QPen(theme().color(SETUP_ROLES[event.state]), max(1.0, ratio), Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(at.x(), y, right, y))


def _draw_mark(painter: QPainter, event: SetupEvent, at: QPointF, ratio: float) -> None:
    """A triangle with the letter of its detector."""
    half = _HALF_PX * ratio
    tip, foot = at.y() - event.direction * half, at.y() + event.direction * half
    corners = [QPointF(at.x(), tip), QPointF(at.x() - half, foot), QPointF(at.x() + half, foot)]
    painter.drawPolygon(QPolygonF(corners))
    painter.setPen(theme().color(SETUP_ROLES[event.state]))
    letter = QRectF(at.x() + half + 2, at.y() - 8 * ratio, 14 * ratio, 16 * ratio)
    sides = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(letter, sides, event.detector.value[0].upper())


def _tip(inputs: Inputs, x: float, y: float, scale: Scale) -> str:
    for event in events_of(inputs):
        place = place_of(event, scale, inputs.chart.grid, 1.0)
        if abs(place.x() - x) <= _GRAB_PX and abs(place.y() - y) <= _GRAB_PX:
            text = setup_text(event, text_of.price(event.level.price, inputs.chart.step))
            return f"{text}; details in the Setups pane"
    return ""


STUDY = ChartStudy(
    name="setups",
    label="setups (estimated)",
    help="Outlined triangles are estimated setups with the first letter of their detector.",
    group=Group.STUDIES,
    order=80,
    ask=_ask,
    outputs=(Drawing(_draw, Layer.TOP), Tip(_tip)),
)
