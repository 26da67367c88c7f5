"""The liquidation heatmap in words: the model with its parameters, what became of all, what stands under a pixel."""

from __future__ import annotations

from widgets.elements.spans import Span
from widgets.theme import format as text_of
from workstation.readmodels.positions.liquidation_levels import LevelRules, LiquidationLevelsView

HOUR_NS = 3_600_000_000_000


def model_words(rules: LevelRules) -> tuple[str, ...]:
    """The rules in pieces that can stand on different lines."""
    tiers = "/".join(f"{leverage:g}" for leverage in rules.leverages)
    weights = "/".join(f"{weight * 100:.0f}" for weight in rules.weights)
    return (
        "estimated: rises of open interest",
        "x takers' split",
        f"x leverage {tiers} ({weights} %)",
        "at the minute's VWAP,",
        f"maintenance margin {rules.maintenance * 100:g} %,",
        f"half-life {rules.half_life_ns / HOUR_NS:g} h;",
        "gone on touch and as OI falls",
    )


def ledger_spans(view: LiquidationLevelsView) -> tuple[Span, ...]:
    """Where everything that was added went, and how much of it is on weak legs."""
    ledger, size = view.ledger, text_of.size
    if not ledger.added:
        return ()
    told = sum(source.changes > 0 for source in view.sources)
    spans = [
        Span(f"added {size(ledger.added)} {view.request.base}", "text"),
        Span(f"= touched {size(ledger.touched)}", "muted"),
        Span(f"+ closed {size(ledger.closed)}", "muted"),
        Span(f"+ decayed {size(ledger.decayed)}", "muted"),
        Span(f"+ standing {size(ledger.standing)}", "text"),
        Span(f"OI of {told} of {len(view.sources)} perpetuals", "muted" if told == len(view.sources) else "gap"),
    ]
    if ledger.assumed:
        spans.append(Span(f"takers half and half in {ledger.assumed / ledger.added * 100:.0f} %", "gap"))
    return tuple(spans)


def why_empty(view: LiquidationLevelsView | None, base: str) -> str:
    """What keeps the pane from showing levels; empty when nothing does."""
    if view is None:
        return f"waiting for {base}"
    if not view.markets:
        return f"no perpetual of {base} is known yet"
    if not view.bars:
        return "waiting for the first trade"
    if not view.ledger.added:
        if not any(source.changes for source in view.sources):
            return "no change of open interest is known: nothing to estimate from"
        return "open interest only fell so far: nothing to estimate from"
    return ""


def row_words(view: LiquidationLevelsView, bar: int | None, price: float) -> str:
    """What stood in the row of a price at the close of a bar, or stands now; empty outside of the rows."""
    row = int(price // view.row_size) - view.first_row
    if not 0 <= row < len(view.long_now):
        return ""
    low = (view.first_row + row) * view.row_size
    if bar is None or bar >= view.bars:
        coins = float(view.long_now[row] + view.short_now[row])
    elif bar < len(view.levels):
        coins = float(view.levels[bar, row])
    else:
        coins = float(view.running[bar - len(view.levels), row])
    place = f"{text_of.price(low, view.row_size)} to {text_of.price(low + view.row_size, view.row_size)}"
    return f"{place}: est. {text_of.size(coins * (low + view.row_size / 2))} USD"
