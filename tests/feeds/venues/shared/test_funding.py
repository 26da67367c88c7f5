"""The funding interval by due times, and due times that are unknown, at each venue that publishes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from feeds.model.events import Event, Funding
from feeds.model.instrument import Venue
from feeds.venues.shared.funding import FundingPeriod
from tests.feeds.venues.binance.wire import combined, opened
from tests.feeds.venues.bybit import wire as bybit
from tests.feeds.venues.okx import wire as okx
from tests.feeds.venues.shared.universe_line import MS, SECOND, lines, of_type, perp

HOUR = 3_600 * SECOND
DUE_NS = 1_790_784_000 * SECOND  # 16:00 UTC
EIGHT, ONE = 8 * HOUR, HOUR

Send = Callable[[Any, int], list[Event]]
"""Delivers a due time in ms as the venue writes it, at a venue time in ns."""


def binance_focus() -> Send:
    market = perp(Venue("binance"), "BTCUSDT", "BTC")
    protocol = opened(market)

    def send(due: Any, ts_ns: int) -> list[Event]:
        row = {"e": "markPriceUpdate", "E": ts_ns // MS, "s": "BTCUSDT", "p": "1", "i": "1", "r": "0.0001", "T": due}
        return list(protocol.receive(combined("btcusdt@markPrice@1s", row)))

    return send


def binance_universe() -> Send:
    (line,) = lines([perp(Venue("binance"), "BTCUSDT", "BTC")])[:1]
    line.http("fundingInfo", [])  # not listed as unusual: every eight hours

    def send(due: Any, ts_ns: int) -> list[Event]:
        row = {"e": "markPriceUpdate", "E": ts_ns // MS, "s": "BTCUSDT", "p": "1", "i": "1", "r": "0.0001", "T": due}
        return line.text(json.dumps({"stream": "!markPrice@arr@1s", "data": [row]}, separators=(",", ":")))

    return send


def bybit_focus() -> Send:
    line = bybit.Line(bybit.market("BTCUSDT"))

    def send(due: Any, ts_ns: int) -> list[Event]:
        data = {"symbol": "BTCUSDT", "fundingRate": "0.0001", "nextFundingTime": due, "fundingIntervalHour": "8"}
        return line.text({"topic": "tickers.BTCUSDT", "type": "delta", "data": data, "cs": 1, "ts": ts_ns // MS})

    return send


def bybit_universe() -> Send:
    (line,) = lines([perp(Venue("bybit"), "BTCUSDT", "BTC")])
    row = {"symbol": "BTCUSDT", "markPrice": "1", "fundingRate": "0.0001", "fundingIntervalHour": "8"}

    def send(due: Any, ts_ns: int) -> list[Event]:
        result = {"category": "linear", "list": [row | {"nextFundingTime": due}]}
        return line.http("tickers", {"retCode": 0, "retMsg": "OK", "result": result, "time": ts_ns // MS})

    return send


def _okx_row(due: Any, ts_ns: int) -> dict[str, Any]:
    is_known = str(due).isdecimal() and int(due)
    after = int(due) + (ONE if int(due) * MS > DUE_NS else EIGHT) // MS if is_known else due
    row = {"instId": "BTC-USDT-SWAP", "fundingRate": "0.0001", "fundingTime": due, "ts": str(ts_ns // MS)}
    return row | {"nextFundingTime": str(after) if isinstance(due, str) else after}


def okx_focus() -> Send:
    wire = okx.Wire(perp(Venue("okx"), "BTC-USDT-SWAP", "BTC"))
    arg = {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"}
    return lambda due, ts_ns: wire.text({"arg": arg, "data": [_okx_row(due, ts_ns)]})


def okx_universe() -> Send:
    (line,) = lines([perp(Venue("okx"), "BTC-USDT-SWAP", "BTC")])
    return lambda due, ts_ns: line.http("funding-rate", {"code": "0", "msg": "", "data": [_okx_row(due, ts_ns)]})


ROUTES = [binance_focus, binance_universe, bybit_focus, bybit_universe, okx_focus, okx_universe]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("unknown", [0, "0", "", None])
def test_a_due_time_of_zero_is_unknown(route: Callable[[], Send], unknown: Any) -> None:
    send = route()
    (known,) = of_type(send(str(DUE_NS // MS), DUE_NS - HOUR), Funding)
    assert known.next_funding_ns == DUE_NS
    fundings = of_type(send(unknown, DUE_NS - HOUR // 2), Funding)
    if unknown not in ("", None) or route is not bybit_focus:  # there an absent field is as before
        (funding,) = fundings
        assert (funding.rate, funding.next_funding_ns) == (0.0001, None)


@pytest.mark.parametrize("route", ROUTES)
def test_a_new_interval_is_taken_from_the_due_times_at_once(route: Callable[[], Send]) -> None:
    send = route()
    send(DUE_NS // MS, DUE_NS - 1)
    (funding,) = of_type(send((DUE_NS + HOUR) // MS, DUE_NS + SECOND), Funding)
    assert (funding.next_funding_ns, funding.interval_ns) == (DUE_NS + HOUR, HOUR)


@pytest.mark.parametrize(
    ("due_ns", "ts_ns", "interval_ns"),
    [
        (DUE_NS + HOUR, DUE_NS + SECOND, ONE),
        (DUE_NS + 4 * HOUR, DUE_NS - SECOND, 4 * HOUR),
        (DUE_NS - 3 * HOUR, DUE_NS - 4 * HOUR, ONE),  # brought forward in mid period
        (DUE_NS - 4 * HOUR, DUE_NS - 5 * HOUR, 4 * HOUR),
        (DUE_NS + 16 * HOUR, DUE_NS + 9 * HOUR, EIGHT),  # a period was missed: no new interval
        (DUE_NS + 48 * HOUR, DUE_NS + SECOND, EIGHT),  # no length of a period
        (DUE_NS, DUE_NS - HOUR, EIGHT),
        (None, DUE_NS + SECOND, EIGHT),
    ],
)
def test_the_length_of_a_period(due_ns: int | None, ts_ns: int, interval_ns: int) -> None:
    period = FundingPeriod()
    assert period.interval_ns(DUE_NS, DUE_NS - 7 * HOUR, EIGHT) == EIGHT
    assert period.interval_ns(due_ns, ts_ns, EIGHT) == interval_ns
    assert period.interval_ns(due_ns, ts_ns + 1, 2 * HOUR) == 2 * HOUR, "a newly published interval counts"
