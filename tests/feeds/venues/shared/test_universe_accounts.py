"""The share of long accounts of all perpetuals: asked for in turn within the venues' limits, and read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from feeds.model.events import LongShortRatio
from feeds.model.frame import Frame, FrameKind, open_frame
from feeds.model.instrument import Venue
from tests.feeds.venues.shared.universe_line import T0, lines, of_type, perp
from workstation.replay.core import Core

ROWS: dict[Venue, tuple[str, Any]] = {
    Venue("binance"): (
        "C{}USDT",
        [
            {
                "symbol": "C",
                "longShortRatio": "1.5",
                "longAccount": "0.6",
                "shortAccount": "0.4",
                "timestamp": "1790757000000",
            }
        ],
    ),
    Venue("bybit"): (
        "C{}USDT",
        {
            "retCode": 0,
            "retMsg": "OK",
            "result": {"list": [{"symbol": "C", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": "1790757000000"}]},
            "time": 1790757000000,
        },
    ),
    Venue("okx"): ("C{}-USDT-SWAP", {"code": "0", "msg": "", "data": [["1790757000000", "1.5"]]}),
}


@pytest.mark.parametrize("venue", ROWS)
def test_each_market_is_asked_for_once_in_ten_minutes_and_its_answer_told(venue: Venue) -> None:
    name, body = ROWS[venue]
    markets = [perp(venue, name.format(number), f"C{number}") for number in range(40)]
    line, *_ = lines(markets)
    asked: list[tuple[float, str]] = []
    for at_s in range(640):
        for fetch in line.asked(at_s):
            if fetch.tag.startswith("accounts/"):
                asked.append((at_s, fetch.tag))
                line.now_ns = T0 + at_s * 1_000_000_000
                (ratio,) = of_type(line.http(fetch.tag, body), LongShortRatio)
                assert (ratio.ratio, ratio.long_share) == pytest.approx((1.5, 0.6))
                assert f"accounts/{ratio.instrument.symbol}" == fetch.tag
            else:
                line.now_ns = T0 + at_s * 1_000_000_000
                line.answer(fetch.tag)
    assert {tag for _, tag in asked} == {f"accounts/{market.symbol}" for market in markets}
    per_2_s = [sum(start <= at_s < start + 2 for at_s, _ in asked) for start in range(640)]
    assert max(per_2_s) <= 5


def test_the_universe_learns_of_it() -> None:
    market = perp(Venue("binance"), "C0USDT", "C0")
    line, *_ = lines([market])
    core = Core()
    core.consume([open_frame(line.spec, T0)])
    core.consume(
        [
            Frame(
                T0 + 1,
                line.spec.name,
                FrameKind.HTTP,
                msgspec.json.encode(ROWS[Venue("binance")][1]),
                "accounts/C0USDT",
            )
        ]
    )
    core.engine.advance(T0 + 2_000_000_000)
    assert core.engine.universe.sampled.cells.accounts.tolist() == [0.6]
