"""Bybit's liquidations, mark, index, funding and open interest, by hand.

README: Liquidations, Mark/index/funding, Open interest.
"""

from __future__ import annotations

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import Funding, IndexPrice, Liquidation, MarkPrice, OpenInterest, Side
from tests.feeds.venues.bybit.wire import MS, SECOND, Line, market, ticker

BTC = market("BTCUSDT")


@pytest.mark.parametrize(("position", "order"), [("Buy", Side.SELL), ("Sell", Side.BUY)])
@pytest.mark.parametrize("bare", [False, True])
def test_a_liquidation_names_the_position_and_we_the_order(position: str, order: Side, bare: bool) -> None:
    line = Line(market("ROSEUSDT", tick="0.00001"))
    row = {"T": 1739502302929, "s": "ROSEUSDT", "S": position, "v": "20000", "p": "0.04499"}
    message = {"topic": "allLiquidation.ROSEUSDT", "type": "snapshot", "ts": 1739502303204}
    (event,) = line.text(message | {"data": row if bare else [row]})
    assert isinstance(event, Liquidation)
    assert (event.side, event.size, event.ts_venue_ns) == (order, 20_000, 1_739_502_302_929 * MS)
    assert event.notional == pytest.approx(899.8)


def test_an_inverse_liquidation_counts_dollars() -> None:
    line = Line(market("XRPUSD", "inverse", "0.0001"))
    row = {"T": 1, "s": "XRPUSD", "S": "Buy", "v": "6949", "p": "0.5149"}
    (event,) = line.text({"topic": "allLiquidation.XRPUSD", "type": "snapshot", "ts": 2, "data": [row]})
    assert isinstance(event, Liquidation)
    assert (event.notional, event.size) == (6949.0, pytest.approx(13_495.824431928, rel=1e-9))


def test_a_liquidation_by_the_thousand_is_counted_in_coins() -> None:
    line = Line(market("SHIB1000USDT", tick="0.000001", multiplier=1000, base="SHIB"))
    row = {"T": 1, "s": "SHIB1000USDT", "S": "Buy", "v": "10", "p": "0.012"}
    (event,) = line.text({"topic": "allLiquidation.SHIB1000USDT", "type": "snapshot", "ts": 2, "data": [row]})
    assert isinstance(event, Liquidation)
    assert (event.size, event.price, event.notional) == (10_000, pytest.approx(0.000012), pytest.approx(0.12))


WHOLE = {
    "markPrice": "17217.33", "indexPrice": "17227.36", "openInterest": "68744.761",
    "openInterestValue": "1183601235.91", "singleOpenInterest": "34372.380",
    "singleOpenInterestValue": "591800617.95", "nextFundingTime": "1673280000000", "fundingRate": "-0.000212",
    "fundingIntervalHour": "8",
}  # fmt: skip


def test_a_ticker_tells_of_mark_index_funding_and_one_side_of_open_interest() -> None:
    mark, index, funding, interest = Line(BTC).text(ticker("snapshot", **WHOLE))
    assert isinstance(mark, MarkPrice)
    assert isinstance(index, IndexPrice)
    assert isinstance(funding, Funding)
    assert isinstance(interest, OpenInterest)
    assert (mark.mark, index.index, mark.ts_venue_ns) == (17217.33, 17227.36, 1_673_272_861_686 * MS)
    assert (funding.rate, funding.next_funding_ns) == (-0.000212, 1_673_280_000_000 * MS)
    assert funding.interval_ns == 8 * 3_600 * SECOND
    assert (interest.open_interest, interest.notional) == (34372.38, 591800617.95)


def test_a_delta_tells_only_what_it_carries_and_the_rest_is_remembered() -> None:
    line = Line(BTC)
    line.text(ticker("snapshot", **WHOLE))
    assert line.text(ticker("delta", bid1Price="17215.50", bid1Size="84.489")) == []
    assert [type(event) for event in line.text(ticker("delta", markPrice="17218.00"))] == [MarkPrice]
    (funding,) = line.text(ticker("delta", fundingRate="0.0001"))
    assert isinstance(funding, Funding)
    assert (funding.rate, funding.next_funding_ns) == (0.0001, 1_673_280_000_000 * MS)
    assert funding.interval_ns == 8 * 3_600 * SECOND


def test_open_interest_of_both_sides_is_halved_before_2026_06() -> None:
    (interest,) = Line(BTC).text(ticker("snapshot", openInterest="52774.528", openInterestValue="1506861070.82"))
    assert isinstance(interest, OpenInterest)
    assert (interest.open_interest, interest.notional) == (26387.264, 753430535.41)


def test_inverse_open_interest_is_dollars_and_its_value_coin() -> None:
    line = Line(market("BTCUSD", "inverse"))
    fields = {"markPrice": "28560.00", "openInterest": "449736676", "openInterestValue": "15747.08"}
    _, interest = line.text(ticker("snapshot", symbol="BTCUSD", **fields))
    assert isinstance(interest, OpenInterest)
    assert (interest.open_interest, interest.notional) == (7873.54, 224_868_338.0)


def test_inverse_open_interest_without_its_value_is_worked_out_from_the_mark() -> None:
    line = Line(market("BTCUSD", "inverse"))
    assert line.text(ticker("delta", symbol="BTCUSD", openInterest="200")) == []
    line.text(ticker("delta", symbol="BTCUSD", markPrice="50"))
    (interest,) = line.text(ticker("delta", symbol="BTCUSD", openInterest="200"))
    assert isinstance(interest, OpenInterest)
    assert (interest.open_interest, interest.notional) == (2.0, 100.0)


def test_a_dated_future_without_funding_tells_no_funding() -> None:
    fields = {"markPrice": "1", "nextFundingTime": "", "fundingRate": ""}
    assert [type(event) for event in Line(BTC).text(ticker("snapshot", **fields))] == [MarkPrice]


@pytest.mark.parametrize("text", ["NaN", "inf", "1e999", "x"])
def test_a_number_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ProtocolError, match="number"):
        Line(BTC).text(ticker("delta", markPrice=text))


def test_an_unreadable_ticker_changes_nothing() -> None:
    line = Line(BTC)
    line.text(ticker("snapshot", **WHOLE))
    with pytest.raises(ProtocolError):
        line.text(ticker("delta", nextFundingTime="1", fundingRate="x"))
    (funding,) = line.text(ticker("delta", fundingRate="0.0001"))
    assert isinstance(funding, Funding)
    assert funding.next_funding_ns == 1_673_280_000_000 * MS


def test_a_ticker_by_the_thousand_is_per_coin() -> None:
    line = Line(market("10000SATSUSDT", tick="0.0000001", multiplier=10_000, base="SATS"))
    fields = {"markPrice": "0.0002", "openInterest": "8", "openInterestValue": "0.0016"}
    mark, interest = line.text(ticker("snapshot", symbol="10000SATSUSDT", **fields))
    assert isinstance(mark, MarkPrice)
    assert isinstance(interest, OpenInterest)
    assert (mark.mark, interest.open_interest) == (pytest.approx(2e-8), 40_000)
    assert interest.notional == pytest.approx(interest.open_interest * mark.mark)
