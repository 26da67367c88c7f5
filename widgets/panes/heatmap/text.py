"""The texts of the heatmap: help, legend, readout, notice; and its cells as data."""

import numpy as np

from widgets.elements.spans import Span
from widgets.pane import Table
from widgets.panes.heatmap.tiles import HeatItem
from widgets.theme import format as text_of
from widgets.theme.markets import book_state, freshness_color, market_mark
from widgets.theme.theme import theme
from workstation.readmodels.flow.heatmap import (
    TILE_COLUMNS,
    TILE_ROWS,
    HeatCellView,
    HeatmapRequest,
    HeatmapView,
    HeatTrades,
)
from workstation.readmodels.markets import Freshness

_MOST_ROWS = 20_000

HELP = (
    "Resting limit orders over time: a column is one second of receive time and shows the order book at the start of "
    "that second; zoomed out, a cell is the largest size that rested in the row during the column. Bids are teal, asks "
    "rust, brighter for larger sizes (base coin, logarithmic). The handles on the colour bar set the thresholds; a "
    "double click makes them automatic: median to 99.5th percentile of the sizes shown. The two lines are the lowest "
    "best bid and the highest best ask of the summed markets. Bubbles are prints, as on the tape (zoomed "
    "out: merged within a column), area by USD; automatic shows the largest 0.5 %. A hatched column has no trusted "
    "book; a strip at the top marks columns in which a venue of the sum is missing. Depth is stored to 1 to 2 % either "
    "side of the price; the darker background is beyond it. Columns are 4 s long after half an hour and 16 s after "
    "two hours, for up to eight hours or 24 MB per market."
)


def legend(view: HeatmapView, step: float) -> tuple[Span, ...]:
    """Base, markets, row size, column length and missing books."""
    state = book_state(view.markets)
    seconds = view.bucket_ns / 1e9
    names = ", ".join(market_mark(market) for market in view.markets)
    spans = [
        Span(f"{view.request.base} depth", "text", bold=True),
        Span(names, "muted"),
        Span(f"row {text_of.price(view.row_size, min(step, view.row_size))}", "muted"),
        Span(f"column {text_of.age(round(seconds * 1e9)) if seconds >= 60 else f'{seconds:.0f}s'}", "muted"),
    ]
    if state.message:
        spans.append(
            Span(state.message, freshness_color(state.freshness) if state.freshness is not Freshness.LIVE else "gap")
        )
    return tuple(spans)


def readout(
    view: HeatmapView, item: HeatItem, ts_ns: int, price: float, cell: HeatCellView | None, step: float
) -> tuple[Span, ...]:
    """The cell under the pointer: time, price, sizes, and shares of the venues."""
    row, bucket = int(price // view.row_size), ts_ns // view.bucket_ns
    spans = [
        Span(text_of.clock(bucket * view.bucket_ns), "muted"),
        Span(text_of.price(row * view.row_size, step), "text", bold=True),
    ]
    sizes = item.size_at(row, bucket)
    columns, at = view.columns, bucket - view.columns.first_bucket
    if sizes is None or not 0 <= at < len(columns.live):
        return (*spans, Span("not stored", "faint"))
    if columns.live[at] == 0 and np.isnan(columns.bid[at]):
        return (*spans, Span("no trusted book", "gap"))
    if not columns.floor[at] <= (row + 1) * view.row_size or row * view.row_size > columns.ceiling[at]:
        return (*spans, Span("beyond the stored depth", "faint"))
    for size, name, role in zip(sizes, ("bid", "ask"), ("buy", "sell"), strict=True):
        if size:
            worth = text_of.size(size * (row + 0.5) * view.row_size)
            spans.append(Span(f"{name} {text_of.size(size)} {view.request.base} = {worth} USD", role))
    if not any(sizes):
        spans.append(Span("no resting orders", "muted"))
    if cell is not None and (cell.request.row, cell.request.bucket) == (row, bucket) and len(cell.markets) > 1:
        spans.extend(_shares(cell, view))
    return tuple(spans)


def _shares(cell: HeatCellView, view: HeatmapView) -> list[Span]:
    spans = []
    for at, market in enumerate(cell.markets):
        sizes = [float(size) for size in (cell.bid[at], cell.ask[at])]
        if any(size > 0 for size in sizes):
            text = " / ".join(text_of.size(size) for size in sizes if size > 0)
            spans.append(Span(f"{market_mark(market)} {text}", theme().venue_color(market.venue)))
    return spans


def bubble_text(trades: HeatTrades, at: int, step: float) -> str:
    side = {1: "bought", -1: "sold"}.get(int(trades.side[at]), "traded, side unknown,")
    when, price = text_of.clock(int(trades.ts_venue_ns[at]), millis=True), text_of.price(float(trades.price[at]), step)
    return f"{text_of.size(float(trades.notional[at]))} USD {side} at {price}, {when}"


def absence(request: HeatmapRequest | None, view: HeatmapView | None) -> str:
    """The reason for an empty heatmap; empty if there is something to show."""
    if request is None:
        return "no coin chosen"
    if view is None:
        return f"waiting for {request.base}"
    if not view.markets:
        return "no such market yet"
    if not len(view.columns.live) and not view.newest_ns:
        return book_state(view.markets).message or "waiting for the first column"
    if np.isnan(view.columns.bid).all() and len(view.columns.bid):
        return book_state(view.markets).message or "no trusted book in this time range"
    if not len(view.columns.live):
        return "no depth stored for this time range"
    return ""


def cells_as_table(view: HeatmapView, bounds: tuple[int, int, float, float], least: float) -> Table:
    """Cells with at least size `least` within `bounds` (start and end ns, low and high price), sorted by time and
    price; at most 20,000.
    """
    start_ns, end_ns, low, high = bounds
    rows: list[tuple[str | int | float | None, ...]] = []
    for tile in view.tiles:
        bucket, row = np.arange(TILE_COLUMNS) + tile.first_bucket, np.arange(TILE_ROWS) + tile.first_row
        seen = (bucket * view.bucket_ns >= start_ns) & (bucket * view.bucket_ns < end_ns)
        inside = ((row * view.row_size >= low) & (row * view.row_size <= high))[:, None] & seen
        at = np.nonzero(inside & (np.maximum(tile.bid, tile.ask) >= least))
        for i, j in zip(*(axis.tolist() for axis in at), strict=True):
            rows.append(
                (
                    int(bucket[j]) * view.bucket_ns,
                    float(row[i]) * view.row_size,
                    float(tile.bid[i, j]) or None,
                    float(tile.ask[i, j]) or None,
                )
            )
            if len(rows) >= _MOST_ROWS:
                break
    return Table(("ts_recv_ns", "price", "bid", "ask"), tuple(sorted(rows, key=lambda cell: cell[:2])[:_MOST_ROWS]))
