"""Synthetic trades for the detectors: minutes around a price of 100.0, and their mirror image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from feeds.model.events import Event, Liquidation, OpenInterest, Side, TradesLive
from tests.workstation.analytics.market_events import BINANCE, MINUTE, SECOND, START, mark, trade
from workstation.analytics.engine import Engine
from workstation.readmodels.session.setups import Detector, SetupEvent, SetupsRequest, SetupsView

BEGIN = START + 6 * 60 * MINUTE
MIDDLE = 1000  # ticks of 0.1
BUY, SELL = 1, 2

Print = tuple[float, int, float]  # ticks away from the middle, side, size


class Minute(NamedTuple):
    """Trades of one minute, evenly spaced, with liquidated longs (quote) and open interest (base coin) at its end."""

    prints: Sequence[Print]
    longs_usd: float = 0.0
    interest: float | None = None


def quiet(count: int = 24, around: int = 0) -> list[Minute]:
    """Minutes of 10 to 11 coins and a range of 1.0, with a small delta of alternating sign."""
    base: list[Print] = [(around, BUY, 2.5), (around + 5, BUY, 2.5), (around - 5, SELL, 2.5), (around, SELL, 2.5)]
    return [Minute([*base, (around, BUY if at % 2 else SELL, 1.0)], interest=1000.0) for at in range(count)]


def events_of(minutes: Iterable[Minute], direction: int = 1, live: bool = True) -> list[Event]:
    """The tape as events; direction -1 reflects prices at the middle and swaps the sides."""
    events: list[Event] = [TradesLive(BINANCE, BEGIN)] if live else []
    at_ns = BEGIN
    for at, minute in enumerate(minutes):
        at_ns = BEGIN + at * MINUTE
        step = MINUTE // (len(minute.prints) + 1)
        for number, (away, side, size) in enumerate(minute.prints):
            turned = side if direction > 0 else 3 - side
            events.append(trade(BINANCE, at_ns + number * step, MIDDLE + round(direction * away), size, turned))
        last = at_ns + len(minute.prints) * step
        if minute.longs_usd:
            side_ = Side.SELL if direction > 0 else Side.BUY
            events.append(Liquidation(BINANCE, last, last, 100.0, minute.longs_usd / 100, minute.longs_usd, side_))
        if minute.interest is not None:
            events.append(OpenInterest(BINANCE, last, last, minute.interest, None))
    events.append(mark(BINANCE, at_ns + MINUTE + 2 * SECOND))
    return events


def view_of(events: Iterable[Event], levels: tuple[float, ...] = ()) -> SetupsView:
    """Setups at the end of a tape, over bars of a minute."""
    engine = Engine()
    for event in events:
        engine.apply(event)
    view = engine.view(SetupsRequest("BTC", MINUTE, levels))
    assert isinstance(view, SetupsView)
    return view


def found(minutes: Iterable[Minute], detector: Detector, direction: int) -> list[SetupEvent]:
    """What one detector found in one direction."""
    events = view_of(events_of(minutes, direction)).events
    return [event for event in events if event.detector is detector and event.direction == direction]
