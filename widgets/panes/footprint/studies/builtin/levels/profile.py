"""The volume profile, at the side of a chart or in a span of it: sells and buys by row, POC, value area, nodes."""

import math
from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from widgets.elements.spans import Span
from widgets.items.bands import scaled_font
from widgets.items.bulk import RectBatch
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.canvas import Canvas
from widgets.panes.footprint.studies.declaration import (
    ChartFacts,
    ChartStudy,
    Drawing,
    Group,
    Inputs,
    Layer,
    Legend,
    Parameter,
    Values,
)
from widgets.theme.theme import per_theme, theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView

_SHARE = 0.16  # of the width of the chart, for the largest row
_SPAN_SHARE = 0.7  # of the width of a span
_INSIDE, _OUTSIDE = 150, 70  # alpha of rows in and out of the value area
_OVER_CELLS = 0.5  # of those, where the profile lies over the bars it sums
_DAY_NS = 86_400_000_000_000
Slots = tuple[float, float]


class ProfileSpan(StrEnum):
    """Which trades the profile sums."""

    VISIBLE = "visible range"
    SESSION = "session"
    FIXED = "fixed span"


def _ask(chart: ChartFacts, values: Values) -> ProfileRequest | None:
    """A profile of a fixed span only after one was dragged."""
    request, view, span = chart.request, chart.view, values["span"]
    if request is None or view is None or not view.bars or (span is ProfileSpan.FIXED and chart.picked_ns is None):
        return None
    bounds = chart.picked_ns if span is ProfileSpan.FIXED else None
    bounds = bounds or _bounds(chart, span, view.bars[-1].end_ns)
    rules = request.rules
    return ProfileRequest(
        request.base, request.markets, view.row_size, *bounds, rules.value_area, rules.value_area_mode
    )


def _bounds(chart: ChartFacts, span: ProfileSpan, latest_ns: int) -> tuple[int, int]:
    """Start and end in ns: the bars in sight, or the UTC day of the newest of them."""
    left, right = chart.visible
    start_ns, end_ns = chart.grid.ts_ns(math.floor(left)), chart.grid.ts_ns(math.ceil(right))
    if span is ProfileSpan.VISIBLE:
        return start_ns, end_ns
    day = (min(end_ns, latest_ns) - 1) // _DAY_NS
    return day * _DAY_NS, (day + 1) * _DAY_NS


def _legend(inputs: Inputs) -> Iterable[Span]:
    if inputs.values["span"] is ProfileSpan.FIXED and inputs.chart.picked_ns is None:
        yield Span("profile: press F and drag over a time range", "gap")
    elif inputs.answer is None:
        yield Span("profile: no data yet", "gap")


def _reserve(values: Values) -> float:
    return 0.0 if values["span"] is ProfileSpan.FIXED else _SHARE


@per_theme
def _batch(over_cells: bool) -> RectBatch:
    strength = _OVER_CELLS if over_cells else 1.0
    shares = [(role, alpha) for alpha in (_OUTSIDE, _INSIDE) for role in ("sell", "buy")]
    return RectBatch([theme().brush(role, round(alpha * strength)) for role, alpha in shares])


def _draw(canvas: Canvas, inputs: Inputs) -> None:
    """Rows, then the lines and their names: at the right of the plot, or from the left edge of a span to the right."""
    view, scale, ratio, painter = inputs.answer, canvas.scale, canvas.ratio, canvas.painter
    if not isinstance(view, ProfileView) or not len(view.buy):
        return
    span = _span(inputs)
    left, right = _edges(span, scale)
    if right < 0 or left > scale.width:
        return
    if span is not None:
        painter.fillRect(QRectF(left, 0, right - left, scale.height), theme().brush("focus", 16))
    batch = _batch(span is not None)
    batch.fill(*_rows(view, span, scale))
    batch.draw(painter)
    _draw_nodes(painter, view, span, scale, ratio)
    lines = (
        ("VAH", view.value_high_row + 1.0, "muted"),
        ("VAL", float(view.value_low_row), "muted"),
        ("POC", view.poc_row + 0.5, "poc"),
    )
    painter.setFont(scaled_font(theme().font(small=True), ratio))
    for name, row, role in lines:
        _draw_line(painter, name, scale.y(row * view.request.row_size), role, span, (left, right), ratio)


def _span(inputs: Inputs) -> Slots | None:
    """The slots of a fixed span; None for a profile at the side."""
    picked = inputs.chart.picked_ns
    if inputs.values["span"] is not ProfileSpan.FIXED or picked is None:
        return None
    return inputs.chart.grid.slot(picked[0]), inputs.chart.grid.slot(picked[1])


def _edges(span: Slots | None, scale: Scale) -> tuple[float, float]:
    """Pixels from where to where the profile lies."""
    if span is None:
        return round(scale.width * (1 - _SHARE)), scale.width
    return round(scale.x(span[0])), round(scale.x(span[1]))


def _rows(view: ProfileView, span: Slots | None, scale: Scale) -> tuple[Floats, Ints]:
    """Rectangles, first the sells of all rows in sight, and the brush of each."""
    row = view.first_row + np.arange(len(view.buy))
    size = view.request.row_size
    top, bottom = np.round(scale.y((row + 1) * size)), np.round(scale.y(row * size))
    seen = (bottom > 0) & (top < scale.height)
    row, top, bottom, buy, sell = row[seen], top[seen], bottom[seen], view.buy[seen], view.sell[seen]
    left, right = _edges(span, scale)
    unit = (right - left) * (1.0 if span is None else _SPAN_SHARE) / max(float((view.buy + view.sell).max()), 1e-300)
    bought, both = np.round(buy * unit), np.round((buy + sell) * unit)
    tall = np.maximum(bottom - top - (1.0 if size * scale.unit >= 4 else 0.0), 1.0)
    sold_from = right - both if span is None else np.full(len(row), float(left))
    sells = np.stack((sold_from, top, both - bought, tall), axis=1)
    buys = np.stack((sold_from + both - bought, top, bought, tall), axis=1)
    inside = ((row >= view.value_low_row) & (row <= view.value_high_row)).astype(np.int64) * 2
    return np.concatenate((sells, buys)), np.concatenate((inside, inside + 1))


def _draw_nodes(painter: QPainter, view: ProfileView, span: Slots | None, scale: Scale, ratio: float) -> None:
    """High-volume nodes as full dots at the edge, low-volume nodes as hollow ones."""
    size, radius = view.request.row_size, 2.5 * ratio
    left, right = _edges(span, scale)
    x = right - 2 * radius - 2 if span is None else left + 2
    painter.setPen(theme().pen("text"))
    for rows, brush in ((view.high_nodes, theme().brush("text")), (view.low_nodes, theme().brush("pane"))):
        painter.setBrush(brush)
        for y in scale.y((rows + 0.5) * size).tolist():
            painter.drawEllipse(QRectF(x, y - radius, 2 * radius, 2 * radius))


def _draw_line(
    painter: QPainter, name: str, y: float, role: str, span: Slots | None, edges: tuple[float, float], ratio: float
) -> None:
    (left, right), line = edges, max(1, round(ratio))
    outside = round(28 * ratio) if span is None else 0
    painter.fillRect(QRectF(left - outside, round(y), right - left + outside, line), theme().brush(role, 200))
    painter.setPen(theme().pen(role))
    x = left - outside if span is None else right - 28 * ratio
    box = QRectF(x, round(y) - 14 * ratio, 26 * ratio, 13 * ratio)
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, name)


STUDY = ChartStudy(
    name="profile",
    label="volume profile",
    help="The volume profile sums the bars in sight, the UTC day or a span that was dragged over: sells and buys by "
    "row, POC, value area; full dots are rows of high volume, hollow ones of low volume.",
    group=Group.CELLS,
    order=85,
    key="V",
    cycle="span",
    parameters=(Parameter("span", "sums", ProfileSpan.VISIBLE, ProfileSpan),),
    ask=_ask,
    reserve=_reserve,
    outputs=(Drawing(_draw, Layer.TOP), Legend(_legend)),
)
