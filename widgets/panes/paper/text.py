"""What the paper pane says: its help, the statistics, a point of the curve."""

from __future__ import annotations

from widgets.elements.spans import Span
from widgets.theme import format as text_of
from workstation.readmodels.universe.paper import PaperMoment, PaperView

HELP = (
    "A book on paper: no order is sent. It holds the coins with the highest scores long and those with the lowest "
    "short, half of its equity on each side, and is brought to new targets every period, first after a minute. "
    "Every coin is traded on the live dollar-margined perpetual with the largest turnover, as a taker: the "
    "recorded book is walked where the coin is in focus, else the best price stands for the whole size ('seen' "
    "tells which share of it was there, so that costs of large sizes are floors). Charged are the slippage "
    "against mid, taker fees, and funding when it falls due, at the rate known just before. Positions are marked "
    "at mid. Equity = capital + price PnL + funding - fees - slippage. A coin without a live price is not traded "
    "and marked; what was not seen is never filled in. Hit rate: how often a held coin moved the right way "
    "between two rebalances. Live and simulated venues and each recording have a book of their own; it goes on "
    "after a restart."
)
Words = tuple[Span, ...]


def figures(view: PaperView | None) -> Words:
    """The state of the book and its statistics."""
    if view is None:
        return (Span("waiting for the book", "muted"),)
    trouble = (Span(view.trouble, "error", bold=True),) if view.trouble else ()
    if view.now is None:
        idle = "starts with the next second" if view.settings.on else "Off: start holds the top long, the bottom short."
        return (*trouble, Span(f"{_name(view.book)} book", "aggregate", bold=True), Span(view.waiting or idle, "muted"))
    return (*trouble, *_state(view, view.now), *_account(view.now, view.settings.capital), *_record(view))


def pointed(view: PaperView, at: int, fall: float) -> Words:
    """A point of the curve."""
    equity = float(view.equity[at])
    return (
        Span(text_of.date_clock(int(view.ts_ns[at])), "text", bold=True),
        Span(f"equity {equity:,.2f} USD"),
        _toned(text_of.percent(equity / view.settings.capital - 1, 3)),
        Span(f"drawdown {_percent(fall)}", "muted"),
    )


def _state(view: PaperView, now: PaperMoment) -> Words:
    words = [Span(f"{_name(view.book)} book", "aggregate", bold=True)]
    if view.ahead_ns:
        words.append(Span(f"as of {text_of.clock(now.ts_ns)}; written to {text_of.clock(view.ahead_ns)}", "gap"))
    elif not view.settings.on:
        words.append(Span(f"off since {text_of.clock(now.ts_ns)}", "gap"))
    if view.settings.on and view.waiting:
        words.append(Span(view.waiting, "gap"))
    if view.settings.on and view.next_rebalance_ns > now.ts_ns and not view.ahead_ns:
        first = "first trades" if view.waiting else "next rebalance"
        words.append(Span(f"{first} {text_of.clock(view.next_rebalance_ns)}", "muted"))
    return tuple(words)


def _account(now: PaperMoment, capital: float) -> Words:
    price, funding, fees, slippage = (
        text_of.money(value, signed=True) for value in (now.price_pnl, now.funding, -now.fees, -now.slippage)
    )
    return (
        Span(f"equity {text_of.money(now.equity)} USD", "text", bold=True),
        _toned(text_of.percent(now.equity / capital - 1, 3), bold=True),
        Span(f"= price {price}", text_of.tone(price)),
        Span(f"funding {funding}", text_of.tone(funding)),
        Span(f"fees {fees}", "text"),
        Span(f"slippage {slippage}", "text"),
        Span(f"gross {text_of.size(now.gross)}", "muted"),
        Span(f"net {text_of.signed(now.net)}", "muted"),
    )


def _record(view: PaperView) -> Words:
    told = view.figures
    rate = f"{100 * told.hits / told.held:.0f}% of {told.held}" if told.held else text_of.NO_DATA
    words = [
        Span(f"drawdown {_percent(told.drawdown)}, now {_percent(told.drawdown_now)}", "muted"),
        Span(f"turnover {told.turnover:.2f}x", "muted"),
        Span(f"hit rate {rate}", "muted"),
        Span(f"{told.trades:,} trades", "muted"),
    ]
    marks = ((told.skipped, "skipped"), (told.unseen, "larger than the book seen"), (told.gaps, "gaps"))
    return (*words, *(Span(f"{number:,} {what}", "gap") for number, what in marks if number))


def _name(book: str) -> str:
    """Without the start of a recording, which only tells files of one name apart."""
    name, _, start = book.rpartition(" ")
    return name if start.isdigit() else book


def _percent(fall: float) -> str:
    return text_of.percent(-fall, 3) if fall > 0 else "0%"


def _toned(text: str, *, bold: bool = False) -> Span:
    return Span(text, text_of.tone(text), bold=bold)
