"""Texts of the liquidation heatmap: the model with its parameters, the balance of levels, a row under the pointer."""

from widgets.elements.spans import Span
from widgets.theme import format as text_of
from workstation.readmodels.positions.liquidation_levels import LevelRules, LiquidationLevelsView

HOUR_NS = 3_600_000_000_000


def model_parts(rules: LevelRules) -> tuple[str, ...]:
    """A description of the model in parts that may be on different lines."""
    tiers = "/".join(f"{leverage:g}" for leverage in rules.leverages)
    weights = "/".join(f"{weight * 100:.0f}" for weight in rules.weights)
    return (
        "estimated: rises of open interest",
        "x takers' buy/sell split",
        f"x leverage {tiers} ({weights} %)",
        "at the minute's VWAP,",
        f"maintenance margin {rules.maintenance * 100:g} %,",
        f"half-life {rules.half_life_ns / HOUR_NS:g} h;",
        "removed on touch, reduced as OI falls",
    )


def ledger_spans(view: LiquidationLevelsView) -> tuple[Span, ...]:
    """The balance of levels in base coin: added = touched + closed + decayed + standing, and how much is assumed."""
    ledger, size = view.ledger, text_of.size
    if not ledger.added:
        return ()
    with_changes = sum(source.changes > 0 for source in view.sources)
    spans = [
        Span(f"added {size(ledger.added)} {view.request.base}", "text"),
        Span(f"= touched {size(ledger.touched)}", "muted"),
        Span(f"+ closed {size(ledger.closed)}", "muted"),
        Span(f"+ decayed {size(ledger.decayed)}", "muted"),
        Span(f"+ standing {size(ledger.standing)}", "text"),
        Span(
            f"OI of {with_changes} of {len(view.sources)} perpetuals",
            "muted" if with_changes == len(view.sources) else "gap",
        ),
    ]
    if ledger.assumed:
        spans.append(Span(f"buy/sell split assumed in {ledger.assumed / ledger.added * 100:.0f} %", "gap"))
    return tuple(spans)


def why_empty(view: LiquidationLevelsView | None, base: str) -> str:
    """Why no levels are shown; empty if there are levels."""
    if view is None:
        return f"waiting for {base}"
    if not view.markets:
        return f"no perpetual of {base} is known yet"
    if not view.bars:
        return "waiting for the first trade"
    if not view.ledger.added:
        if not any(source.changes for source in view.sources):
            return "no change of open interest received yet: nothing to estimate from"
        return "open interest has only fallen so far: nothing to estimate from"
    return ""


def row_text(view: LiquidationLevelsView, bar: int | None, price: float) -> str:
    """The estimate in the row of a price at the close of a bar, USD; now if `bar` is None; empty outside the rows."""
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
