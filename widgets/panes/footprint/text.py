"""The texts of the footprint pane: help, legend, readout, tooltips, notice."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from widgets.elements.spans import Span
from widgets.items.scale import SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.cells.rows import rows_of
from widgets.panes.footprint.cells.style import CellMode
from widgets.panes.footprint.controls.bars import rule_text
from widgets.panes.footprint.drawings.region import Region
from widgets.panes.footprint.studies.declaration import BubbleColumns, ChartStudy
from widgets.theme import format as text_of
from widgets.theme.markets import market_mark
from workstation.readmodels.flow.candles import CandleColumns
from workstation.readmodels.flow.chart import CellView
from workstation.readmodels.flow.footprint import (
    BarKind,
    FootprintBar,
    FootprintRequest,
    FootprintView,
    MinimumMode,
    ZeroRule,
)
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.net import net

_ZERO = {ZeroRule.COUNT: "zero counts", ZeroRule.SKIP: "zero skipped", ZeroRule.ONE_LOT: "zero as one lot"}
_CELLS_HELP = (
    "The volume traded at each price in every bar, summed over the chosen venues in base coin: sells (aggressors "
    "hitting the bid) on the left, buys (aggressors lifting the ask) on the right."
)
_BARS_HELP = (
    "Grey candles before the first received trade are the venues' own. Hatched bands are gaps with missing trades; in "
    "shaded bars, marked partial, some trades are missing."
)
_KEYS = (
    ("wheel", "zoom time at the pointer"),
    ("Ctrl+wheel", "zoom price"),
    ("Shift+wheel, drag, arrows", "pan"),
    ("drag an axis, double-click it", "scale, automatic again"),
    ("L", "follow the latest bar"),
    ("A", "automatic price scale"),
    ("Z", "reset the view"),
    ("Ctrl+drag, Ctrl+Z", "zoom into a box, undo"),
    ("Shift+drag", "measure"),
    ("Alt+H, Del", "level at the pointer, delete it"),
    ("D, then drag", "draw a zone"),
    ("Ctrl+Shift+drag, or F, then drag", "volume profile of a time range"),
    ("Alt+G", "go to a time"),
)
_LEVEL = {
    Detail.DELTA: "delta",
    Detail.BARS: "volume",
    Detail.MARKS: "POC, candles",
    Detail.CANDLES: "candles",
}


def pane_help(studies: Sequence[ChartStudy]) -> str:
    """What the pane shows, in the sentences of its studies."""
    return " ".join((_CELLS_HELP, *(study.help for study in studies), _BARS_HELP))


def pane_keys(studies: Sequence[ChartStudy]) -> tuple[tuple[str, str], ...]:
    """Keys and what they do, those of studies last."""
    return (*_KEYS, *((study.key, study.label) for study in studies if study.key))


def legend(view: FootprintView, choice: Choice, mode: CellMode = CellMode.BID_ASK) -> tuple[Span, ...]:
    """What is summed, and the rules for imbalances, stacks and value area."""
    request, rules = view.request, view.request.rules
    kind = {True: "perp", False: "spot", None: "perp + spot"}[request.markets.perp]
    return (
        Span(f"{request.base} {kind}", "text", bold=True),
        *(() if request.bar_rule.kind is BarKind.TIME else (Span(rule_text(request.bar_rule, request.base), "text"),)),
        *markets(view.markets),
        Span(row_text(view.row_size, choice.factor), "text"),
        Span(mode.value if choice.detail is Detail.NUMBERS else _LEVEL[choice.detail], "muted"),
        Span(f"imbalance {rules.imbalance_ratio:g}x, {minimum_text(view)}, {_ZERO[rules.zero_rule]}", "faint"),
        Span(f"stack {rules.stack_length}", "faint"),
        Span(f"VA {rules.value_area * 100:g}%", "faint"),
    )


def minimum_text(view: FootprintView) -> str:
    """The minimum volume of an imbalanced cell and its source: `min 2.50`, `min $500k = 8.10`."""
    rules, minimum = view.request.rules, view.minimum_volume or view.request.rules.minimum_volume
    amount = text_of.size(minimum) if minimum else ""
    if rules.minimum_mode is MinimumMode.BASE:
        return f"min {amount}" if amount else "no minimum volume"
    usd = rules.minimum_mode is MinimumMode.USD
    source = f"${text_of.size(rules.minimum_usd)}" if usd else f"P{rules.minimum_percentile:g} of cells"
    return f"min {source} = {amount}" if amount else f"min {source}"


def row_text(row_size: float, factor: int) -> str:
    """`row 10`, or `row 10 (x5 = 50)` when rows are summed to stay readable."""
    text = f"row {text_of.price(row_size, row_size)}"
    return text if factor == 1 else f"{text} (x{factor} = {text_of.price(row_size * factor, row_size)})"


def markets(states: tuple[MarketState, ...]) -> tuple[Span, ...]:
    """How many of the summed markets are live, and which are not."""
    known = {state.venue for state in states}
    live = {state.venue for state in states if state.trades is Freshness.LIVE}
    if not known:
        return (Span("no market", "gap"),)
    absent = [f"{market_mark(state)} {state.trades}" for state in states if state.trades is not Freshness.LIVE]
    whole = Span(f"{len(live)} of {len(known)} venues", "muted" if not absent else "gap")
    return (whole, Span("without " + ", ".join(absent), "gap")) if absent else (whole,)


def readout(bar: FootprintBar, step: float, row_size: float) -> tuple[Span, ...]:
    """One bar in a line: open, high, low, close, volume, delta, and its outliers."""
    rising = "buy" if bar.close >= bar.open else "sell"
    spans = [Span(text_of.date_clock(bar.start_ns), "muted")]
    for name, value in (("O", bar.open), ("H", bar.high), ("L", bar.low), ("C", bar.close)):
        spans.append(Span(f"{name} {text_of.price(value, step)}", rising))
    share = bar.delta / bar.volume if bar.volume else None
    spans.append(Span(f"vol {text_of.size(bar.volume)}", "text"))
    role = "buy" if bar.delta > 0 else "sell" if bar.delta < 0 else "text"
    spans.append(Span(f"delta {text_of.signed(bar.delta)} ({text_of.percent(share, 0)})", role))
    if not bar.complete:
        spans.append(Span("partial", "gap"))
    if bar.outliers:
        prices = ", ".join(text_of.price(one.row * row_size, row_size) for one in bar.outliers[:3])
        spans.append(Span(f"outlier at {prices}", "gap"))
    return tuple(spans)


def cvd_readout(view: FootprintView, index: int) -> tuple[Span, ...]:
    """CVD at the close of a bar; nothing where it is not known."""
    if index >= len(view.cvd) or not np.isfinite(view.cvd[index]):
        return ()
    return (Span(f"CVD {text_of.signed(float(view.cvd[index]))}", "muted"),)


def candle_readout(candles: CandleColumns, index: int, step: float) -> tuple[Span, ...]:
    """The readout of a venue's candle before the first received trade."""
    names = (("O", candles.open), ("H", candles.high), ("L", candles.low), ("C", candles.close))
    prices = [Span(f"{name} {text_of.price(float(values[index]), step)}", "text") for name, values in names]
    stamp = Span(text_of.date_clock(int(candles.bar_start_ns[index])), "muted")
    delta = Span(f"delta {text_of.signed(float(candles.delta[index]))}", "text")
    volume = Span(f"vol {text_of.size(float(candles.volume[index]))}", "text")
    return (stamp, *prices, volume, delta, Span("no footprint", "gap"))


def venues_text(cell: CellView) -> str:
    """Sells x buys of each market in a cell, one a line."""
    return "\n".join(
        f"{market_mark(state)}  {text_of.size(float(sell))} x {text_of.size(float(buy))}"
        for state, sell, buy in zip(cell.markets, cell.sell, cell.buy, strict=True)
    )


def cell_readout(bar: FootprintBar, view: FootprintView, factor: int, price: float) -> tuple[Span, ...]:
    """The row under the pointer: its prices, sell x buy."""
    size = view.row_size * factor
    row = int(np.floor(price / size))
    rows = rows_of(bar, factor, view.request.rules)
    index = row - int(rows.row[0]) if len(rows) else -1
    edges = f"{text_of.price(row * size, view.row_size)}"
    if not 0 <= index < len(rows):
        return (Span(f"{edges}: no trades", "faint"),)
    sell, buy = float(rows.sell[index]), float(rows.buy[index])
    strong = "  imbalance" if rows.sell_imbalance[index] or rows.buy_imbalance[index] else ""
    poc = "  POC" if index == rows.poc else ""
    return (
        Span(f"{edges}:", "muted"),
        Span(text_of.size(sell), "sell", bold=bool(rows.sell_imbalance[index])),
        Span("x", "faint"),
        Span(text_of.size(buy), "buy", bold=bool(rows.buy_imbalance[index])),
        *((Span(strong.strip(), "text"),) if strong else ()),
        *((Span(poc.strip(), "poc"),) if poc else ()),
    )


def cell_tip(bar: FootprintBar, view: FootprintView, factor: int, price: float) -> str:
    """One row of a bar in full; empty where the bar has no such row."""
    size = view.row_size * factor
    rows = rows_of(bar, factor, view.request.rules)
    index = int(np.floor(price / size)) - int(rows.row[0]) if len(rows) else -1
    if not 0 <= index < len(rows):
        return ""
    sell, buy = float(rows.sell[index]), float(rows.buy[index])
    total = sell + buy
    low, high = rows.row[index] * size, (rows.row[index] + 1) * size
    lines = [
        f"{text_of.clock(bar.start_ns)}   {text_of.price(low, view.row_size)} to {text_of.price(high, view.row_size)}",
        f"sell {text_of.size(sell)}   buy {text_of.size(buy)}",
        f"delta {text_of.signed(net(buy, sell))}   total {text_of.size(total)}",
        f"{100 * total / bar.volume:.1f}% of the bar" if bar.volume else "no volume in the bar",
    ]
    if not np.isnan(rows.trades[index]):
        lines.append(f"{text_of.count(float(rows.trades[index]))} trades")
    marks = [
        mark
        for mark, shown in (
            ("POC", index == rows.poc),
            ("sell imbalance", rows.sell_imbalance[index]),
            ("buy imbalance", rows.buy_imbalance[index]),
        )
        if shown
    ]
    return "\n".join((*lines, ", ".join(marks))) if marks else "\n".join(lines)


def bubble_tip(columns: BubbleColumns, index: int, step: float) -> str:
    """One bubble: time and kind, price and notional, market."""
    what, market = columns.text(index)
    price, notional = float(columns.price[index]), float(columns.notional[index])
    return (
        f"{text_of.clock(int(columns.ts_ns[index]), millis=True)}   {what}\n"
        f"{text_of.price(price, step)}   ${text_of.size(notional)}\n{market}"
    )


def measured(region: Region, bars: BarsOnGrid, grid: SlotGrid, step: float) -> tuple[str, ...]:
    """A measured region: change of price, bars, time, and what was traded in the bars it covers."""
    change = region.to_value - region.from_value
    left, right = region.slots
    part = bars.between(left, right)
    buy, sell = float(bars.figure("buy")[part].sum()), float(bars.figure("sell")[part].sum())
    span_ns = abs(grid.ts_ns(right) - grid.ts_ns(left))
    sign = "+" if change > 0 else "\N{MINUS SIGN}" if change < 0 else ""
    share = change / region.from_value if region.from_value else None
    count = part.stop - part.start
    return (
        f"{sign}{text_of.price(abs(change), step)}  {text_of.percent(share)}",
        f"{count} {'bar' if count == 1 else 'bars'}, {text_of.age(span_ns)}",
        f"volume {text_of.size(buy + sell)}",
        f"delta {text_of.signed(net(buy, sell))}",
    )


def counting(progress: float) -> str:
    """The progress of bars that are being built, 0 to 1, as a text."""
    return f"counting trades: {progress:.0%}"


def absence(request: FootprintRequest | None, view: FootprintView | None) -> str:
    """The reason for an empty chart; empty if there are bars."""
    if request is None:
        return "no coin chosen"
    if view is None:
        return f"waiting for {request.base}"
    if view.bars:
        return ""
    if view.revision < 0:  # no market of the base is connected yet
        return f"waiting for a market of {request.base}"
    if not view.markets:
        kind = {True: "perpetual", False: "spot", None: ""}[request.markets.perp]
        return f"no {kind} market of {request.base} on these venues".replace("  ", " ")
    states = Counter(state.trades for state in view.markets)
    if states[Freshness.LIVE] or states[Freshness.WAITING] == len(view.markets):
        return "waiting for the first trade"
    if states[Freshness.SYNCING] or states[Freshness.WAITING]:
        return "syncing"
    reason = next((state.reason for state in view.markets if state.reason), "")
    state = "connection lost" if states[Freshness.LOST] else "stale"
    return f"{state}: {reason}" if reason else state
