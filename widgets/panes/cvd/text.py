"""The texts of a CVD pane: legend, notice, help and table."""

from collections.abc import Sequence

import numpy as np

from widgets.elements.spans import Span
from widgets.items.lines import in_sight
from widgets.pane import Table
from widgets.panes.cvd.controls import UNIT_LABELS, size_labels
from widgets.panes.cvd.item import Stroke, missing_of
from widgets.theme import format as text_of
from widgets.theme.markets import venue_mark
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.cvd import CvdLine, CvdUnit, CvdView
from workstation.readmodels.markets import Freshness

HELP = """CVD, the cumulative volume delta, is what takers bought minus what takers sold since the last reset (00:00
UTC, weeks from Monday) or since an anchor. Thin lines are single markets in the colour of their venue, coin-margined
ones dotted, spot dashed; the bold cyan line is the sum of the live perpetuals, the dashed cyan line that of spot. "3 of
4 venues" counts the venues in the sum. A market that moved in the opposite direction to the sum over the visible range
has a thicker line and "opposes the sum" behind its name. "% of OI" divides a market's CVD in coin by its latest open
interest (OI) in coin, a sum by the summed open interest, spot by that of the perpetuals. "spot | perp" adds the
difference perp - spot. "sizes" splits the sum by the notional of each print, as on the tape. Candles show
the extremes of the sum within each bar. A triangle marks a bar where price made a new 20-bar high or low and CVD did
not. A hatched band is a gap with missing trades: lines of markets break there and continue from their last value. A
sum is thin where trades of any market in it are missing, and "without" names those; the
menu breaks it there instead.""".replace("\n", " ")

_SUFFIX = {"linear": "", "inverse": "-inv", "spot": "-spot"}


def amount(value: float | None, unit: CvdUnit) -> str:
    """A value with its sign, per cent where it is one."""
    text = text_of.signed(value)
    return f"{text}%" if unit is CvdUnit.OI and text != text_of.NO_DATA else text


def line_name(line: CvdLine) -> str:
    """`BIN`, `OKX-inv`, `BYB-spot`."""
    if line.venue is None:
        return line.label
    return venue_mark(line.venue) + (_SUFFIX[line.kind.value] if line.kind is not None else "")


def opposed(view: CvdView, slots: Floats | Ints, visible: tuple[float, float]) -> frozenset[str]:
    """The labels of perpetuals that moved in the opposite direction to the sum over the visible range."""
    part = in_sight(slots, *visible)
    if view.perp is None:
        return frozenset()
    whole = change(view.perp, part)
    return frozenset(line.label for line in view.lines if line.perp and change(line, part) * whole < 0)


def change(line: CvdLine, part: slice) -> float:
    """The change from the first to the last known value of a part; 0 with fewer than two."""
    values = line.values[part]
    values = values[np.isfinite(values)]
    return float(values[-1] - values[0]) if len(values) > 1 else 0.0


def legend(view: CvdView, strokes: Sequence[Stroke], index: int | None, opposing: frozenset[str]) -> tuple[Span, ...]:
    """Every line drawn with its value at bar `index`, the sum first."""
    request = view.request
    unit = request.base if request.unit is CvdUnit.COIN else UNIT_LABELS[request.unit]
    since = "" if request.anchor_ns is None else f" from {text_of.date_clock(request.anchor_ns)}"
    spans = [Span(f"{request.base} CVD {unit}{since}", "text", bold=True)]
    for stroke in reversed(strokes):
        spans.append(_span(view, stroke, index, opposing))
        if stroke.line is view.perp:
            live, known = _venues(view)
            spans.append(Span(f"{live} of {known} venues", "muted" if view.perp_live == view.perp_known else "gap"))
        if stroke.line in (view.perp, view.spot) and (names := lacking(view, stroke.line, index)):
            spans.append(Span(f"without {', '.join(names)}", "gap"))
    return tuple(spans)


def lacking(view: CvdView, line: CvdLine, index: int | None) -> list[str]:
    """The names of the markets of a sum whose trades are missing at bar `index`."""
    if index is None or not missing_of(line)[index]:
        return []
    return [line_name(one) for one in view.lines if one.label in line.summed and one.missing[index]]


def _span(view: CvdView, stroke: Stroke, index: int | None, opposing: frozenset[str]) -> Span:
    line = stroke.line
    name = stroke.name or line_name(line)
    text = f"{name} {amount(None if index is None else float(line.values[index]), view.request.unit)}"
    state = "" if line.freshness is Freshness.LIVE else f" {line.freshness}"
    if line.venue is None:
        return Span(text + state, "stale" if state else stroke.role, stroke.bold, stroke.pen())
    opposes = " opposes the sum" if line.label in opposing else ""
    return Span(text + state + opposes, "stale" if state else "text", bool(opposes), stroke.pen())


def _venues(view: CvdView) -> tuple[int, int]:
    """How many venues have a live perpetual, and how many have a perpetual."""
    live = {line.venue for line in view.lines if line.perp and line.freshness is Freshness.LIVE}
    return len(live), len({line.venue for line in view.lines if line.perp})


def absence(base: str, view: CvdView | None) -> str:
    """The reason for an empty chart; empty if there is a line."""
    if not base:
        return "no coin chosen"
    if view is None:
        return f"waiting for {base}"
    if not len(view.bar_start_ns):
        states = {line.freshness for line in view.lines}
        return "syncing" if Freshness.SYNCING in states else "waiting for the first trade"
    lines = [line for line in (view.perp, view.spot) if line is not None]
    if view.request.unit is CvdUnit.OI and not any(np.isfinite(line.values).any() for line in lines):
        return "no open interest received: choose USD or coin"
    if view.request.by_size and not any(np.isfinite(line.values).any() for line in view.sizes):
        return "trade sizes do not reach back to the start of this sum: choose a shorter reset or an anchor"
    return ""


def table(view: CvdView, strokes: Sequence[Stroke]) -> Table:
    """The bars with the value of every line drawn."""
    names = tuple(stroke.name or line_name(stroke.line) for stroke in reversed(strokes))
    lines = [stroke.line for stroke in reversed(strokes)]
    columns = [np.where(missing_of(line), np.nan, line.values).tolist() for line in lines]
    rows = tuple(
        (text_of.date_clock(start), *(None if column[at] != column[at] else column[at] for column in columns))
        for at, start in enumerate(view.bar_start_ns.tolist())
    )
    return Table((f"bar ({UNIT_LABELS[view.request.unit]})", *names), rows)


def class_names(view: CvdView) -> list[str]:
    return size_labels(view.request.edges_usd)
