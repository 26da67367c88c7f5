"""Texts of the paper pane: help, statistics, a point of the curve."""

from widgets.elements.spans import Span
from widgets.theme import format as text_of
from workstation.readmodels.universe.paper import IMPACT, MOST_IMPACT, PaperMoment, PaperView

HELP = (
    "A simulated book: no order is sent. Following the crowd it is long the coins with the highest scores and "
    "short those with the lowest, fading it the reverse, half of its equity on each side, and rebalances every "
    "period, first after a minute. Every coin is traded as a taker on the live USD-margined perpetual with the "
    "largest volume. Orders fill against the recorded book if the coin is in focus, else against the best price "
    "and its size: 'seen' is the share of the size found there. The rest is priced at the last level and charged "
    f"{IMPACT:.2%} of mid for each time it is as large as what was seen, at most {MOST_IMPACT:.1%}; with such a "
    "fill, equity is shown as estimated. Costs are slippage against mid, taker fees, and funding when due, at the"
    " last known rate. Positions are marked at mid. Equity = capital + price PnL + funding - fees - slippage. A "
    "coin without a live price is neither traded nor marked; gaps are never filled in. Hit rate: how often a "
    "position gained between two rebalances. Live venues, simulated venues and each recording have their own "
    "book, which continues after a restart."
)
Spans = tuple[Span, ...]


def figures(view: PaperView | None) -> Spans:
    """The state of the book and its statistics."""
    if view is None:
        return (Span("waiting for the paper book", "muted"),)
    trouble = (Span(view.trouble, "error", bold=True),) if view.trouble else ()
    if view.now is None:
        idle = (
            "starts with the next second"
            if view.settings.on
            else f"Off. Start to {view.settings.stance} by {view.settings.score}."
        )
        return (*trouble, Span(f"{_name(view.book)} book", "aggregate", bold=True), Span(view.waiting or idle, "muted"))
    return (*trouble, *_state(view, view.now), *_account(view, view.now), *_record(view))


def pointed(view: PaperView, at: int, fall: float) -> Spans:
    """A point of the curve; `fall` is its drawdown, a fraction of 0 or more."""
    equity = float(view.equity[at])
    return (
        Span(text_of.date_clock(int(view.ts_ns[at])), "text", bold=True),
        Span(f"equity {equity:,.2f} USD"),
        _toned(text_of.percent(equity / view.settings.capital - 1, 3)),
        Span(f"drawdown {_percent(fall)}", "muted"),
    )


def _state(view: PaperView, now: PaperMoment) -> Spans:
    spans = [Span(f"{_name(view.book)} book", "aggregate", bold=True)]
    if view.ahead_ns:
        spans.append(Span(f"as of {text_of.clock(now.ts_ns)}; written to {text_of.clock(view.ahead_ns)}", "gap"))
    elif not view.settings.on:
        spans.append(Span(f"off since {text_of.clock(now.ts_ns)}", "gap"))
    if view.settings.on and view.waiting:
        spans.append(Span(view.waiting, "gap"))
    if view.settings.on and view.next_rebalance_ns > now.ts_ns and not view.ahead_ns:
        first = "first trades" if view.waiting else "next rebalance"
        spans.append(Span(f"{first} {text_of.clock(view.next_rebalance_ns)}", "muted"))
    return tuple(spans)


def _account(view: PaperView, now: PaperMoment) -> Spans:
    about = " (estimated)" if view.figures.unseen else ""
    price, funding, fees, slippage = (
        text_of.money(value, signed=True) for value in (now.price_pnl, now.funding, -now.fees, -now.slippage)
    )
    return (
        Span(f"equity {text_of.money(now.equity)} USD{about}", "text", bold=True),
        _toned(text_of.percent(now.equity / view.settings.capital - 1, 3), bold=True),
        Span(f"= price {price}", text_of.tone(price)),
        Span(f"funding {funding}", text_of.tone(funding)),
        Span(f"fees {fees}", "text"),
        Span(f"slippage {slippage}", "text"),
        Span(f"gross {text_of.size(now.gross)}", "muted"),
        Span(f"net {text_of.signed(now.net)}", "muted"),
    )


def _record(view: PaperView) -> Spans:
    total = view.figures
    rate = f"{100 * total.hits / total.held:.0f}% of {total.held}" if total.held else text_of.NO_DATA
    spans = [
        Span(f"drawdown {_percent(total.drawdown)}, now {_percent(total.drawdown_now)}", "muted"),
        Span(f"turnover {total.turnover:.2f}x", "muted"),
        Span(f"hit rate {rate}", "muted"),
        Span(f"{total.trades:,} trades", "muted"),
    ]
    marks = ((total.skipped, "skipped"), (total.unseen, "larger than the book"), (total.gaps, "gaps"))
    return (*spans, *(Span(f"{number:,} {what}", "gap") for number, what in marks if number))


def _name(book: str) -> str:
    """The name of a book, without the start time that distinguishes recordings of the same file name."""
    name, _, start = book.rpartition(" ")
    return name if start.isdigit() else book


def _percent(fall: float) -> str:
    return text_of.percent(-fall, 3) if fall > 0 else "0%"


def _toned(text: str, *, bold: bool = False) -> Span:
    return Span(text, text_of.tone(text), bold=bold)
