"""What a CVD pane says: its legend, why it is empty, its help and its table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from widgets.elements.spans import Span
from widgets.items.lines import in_sight
from widgets.pane import Table
from widgets.panes.cvd.controls import UNIT_WORDS, size_words
from widgets.panes.cvd.item import Stroke
from widgets.theme import format as text_of
from widgets.theme.markets import venue_mark
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.cvd import CvdLine, CvdUnit, CvdView
from workstation.readmodels.markets import Freshness

HELP = """CVD is what takers bought minus what takers sold, summed from the last reset (00:00 UTC, weeks from Monday) or
from an anchor. Thin lines are single markets in the colour of their venue, dotted coin-margined, dashed spot; the bold
cyan line is the sum of the perpetuals that are live now, the dashed one of spot. "3 of 4 venues" says how many are in
it. A line thickens, and its name turns bold with "against", when it moved against the sum over what is in sight. "% of
OI" divides a market's CVD in coin by its open interest in coin as told last, a sum by the sum of the open interests,
spot by that of the perpetuals. "spot | perp" adds the difference perp - spot. "sizes" splits the sum by the notional of
each trade. Candles show the extremes of the running delta within each bar. A triangle marks a bar whose price is a new
20-bar extreme while CVD's is not. A hatched band is a gap: trades are missing, the lines break and go on from where
they were.""".replace("\n", " ")

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
    """The labels of perpetuals that moved against the aggregate over the visible range."""
    part = in_sight(slots, *visible)
    if view.perp is None:
        return frozenset()
    whole = change(view.perp, part)
    return frozenset(line.label for line in view.lines if line.perp and change(line, part) * whole < 0)


def change(line: CvdLine, part: slice) -> float:
    """How far a line moved between its first and last known value of a part."""
    values = line.values[part]
    values = values[np.isfinite(values)]
    return float(values[-1] - values[0]) if len(values) > 1 else 0.0


def legend(view: CvdView, strokes: Sequence[Stroke], index: int | None, against: frozenset[str]) -> tuple[Span, ...]:
    """Every line drawn, with its value at a bar; the aggregate first."""
    request = view.request
    unit = request.base if request.unit is CvdUnit.COIN else UNIT_WORDS[request.unit]
    since = "" if request.anchor_ns is None else f" from {text_of.date_clock(request.anchor_ns)}"
    spans = [Span(f"{request.base} CVD {unit}{since}", "text", bold=True)]
    for stroke in reversed(strokes):
        spans.append(_span(view, stroke, index, against))
        if stroke.line is view.perp:
            live, known = _venues(view)
            spans.append(Span(f"{live} of {known} venues", "muted" if view.perp_live == view.perp_known else "gap"))
    return tuple(spans)


def _span(view: CvdView, stroke: Stroke, index: int | None, against: frozenset[str]) -> Span:
    line = stroke.line
    name = stroke.name or line_name(line)
    text = f"{name} {amount(None if index is None else float(line.values[index]), view.request.unit)}"
    word = "" if line.freshness is Freshness.LIVE else f" {line.freshness}"
    if line.venue is None:
        return Span(text + word, "stale" if word else stroke.role, stroke.bold, stroke.pen())
    turned = " against" if line.label in against else ""
    return Span(text + word + turned, "stale" if word else "text", bool(turned), stroke.pen())


def _venues(view: CvdView) -> tuple[int, int]:
    """How many of the venues with a perpetual have a live one. Which markets are not live, their own words tell."""
    live = {line.venue for line in view.lines if line.perp and line.freshness is Freshness.LIVE}
    return len(live), len({line.venue for line in view.lines if line.perp})


def absence(base: str, view: CvdView | None) -> str:
    """Why there is no line; empty when there is one."""
    if not base:
        return "no base chosen"
    if view is None:
        return f"waiting for {base}"
    if not len(view.bar_start_ns):
        states = {line.freshness for line in view.lines}
        return "syncing" if Freshness.SYNCING in states else "waiting for the first trade"
    lines = [line for line in (view.perp, view.spot) if line is not None]
    if view.request.unit is CvdUnit.OI and not any(np.isfinite(line.values).any() for line in lines):
        return "no open interest known: choose USD or coin"
    if view.request.by_size and not any(np.isfinite(line.values).any() for line in view.sizes):
        return "the beginning of this sum is no longer kept by size: choose a shorter reset or an anchor"
    return ""


def table(view: CvdView, strokes: Sequence[Stroke]) -> Table:
    """The bars in view with every line drawn."""
    names = tuple(stroke.name or line_name(stroke.line) for stroke in reversed(strokes))
    columns = [stroke.line.values.tolist() for stroke in reversed(strokes)]
    rows = tuple(
        (text_of.date_clock(start), *(None if column[at] != column[at] else column[at] for column in columns))
        for at, start in enumerate(view.bar_start_ns.tolist())
    )
    return Table((f"bar ({UNIT_WORDS[view.request.unit]})", *names), rows)


def class_names(view: CvdView) -> list[str]:
    """What the size classes are called."""
    return size_words(view.request.edges_usd)
