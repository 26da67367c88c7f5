"""One odd row of a list costs that row, at every venue: whatever JSON it is turned into, the others count."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.pipeline.feed import Feed
from feeds.venues.registry import DRIVERS, VENUES, protocol_for
from feeds.venues.shared.context import context_spec
from feeds.venues.shared.rows import Listing
from tests.feeds.venues.golden import DATA, markets, rows

ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 7.5, 1e300, 10**40, "", "x", "NaN", "-1", "inf", "1e300", "0", "9" * 400, [], {}, [[1]],
)  # fmt: skip
ANY_JSON = st.recursive(
    st.sampled_from(ODD_VALUES) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)

LISTS = {  # where the rows of a body are, by venue
    "binance": (("symbols",),),
    "bybit": (("result", "list"),),
    "okx": (("data",),),
    "hyperliquid": (("universe",),),
    "deribit": (("result",),),
}
MESSAGES = {
    "binance": (("data",),),
    "bybit": (("result", "list"),),
    "okx": (("data",),),
    "hyperliquid": ((0, "universe"), (1,)),
    "deribit": (("result",),),
}


def at(body: Any, path: Sequence[Any]) -> Any:
    for key in path:
        if not isinstance(body, list if isinstance(key, int) else dict) or (isinstance(body, dict) and key not in body):
            return None
        body = body[key]
    return body


def mutated(row: Any, data: st.DataObject) -> Any:
    """The row, or one value in it, as something else or missing."""
    fields = list(row) if isinstance(row, dict) else []
    field = data.draw(st.sampled_from([None, *fields]))
    if field is None:
        return data.draw(ANY_JSON)
    if data.draw(st.booleans()):
        return {key: value for key, value in row.items() if key != field}
    return row | {field: data.draw(ANY_JSON)}


def listings() -> Iterator[tuple[Venue, MarketKind, Any]]:
    for venue in VENUES:
        for kind in DRIVERS[venue].endpoints:
            for line in rows(DATA / venue / f"listing.{kind.value}.jsonl"):
                yield venue, kind, line


@pytest.mark.parametrize(("venue", "kind", "body"), list(listings()), ids=lambda one: str(one)[:30])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_odd_row_of_a_listing_costs_that_row(venue: Venue, kind: MarketKind, body: Any, data: st.DataObject) -> None:
    (path,) = LISTS[venue]
    listed = at(body, path)
    place = data.draw(st.integers(0, len(listed) - 1))
    without, odd = json.loads(json.dumps(body)), json.loads(json.dumps(body))
    del at(without, path)[place]
    at(odd, path)[place] = mutated(listed[place], data)
    if len(listed) == 1:
        return
    expected = read(venue, kind, without)
    found = read(venue, kind, odd)
    assert [one for one in found if one in expected] == list(expected)
    assert len(found) - len(expected) + len(found.left_out) - len(expected.left_out) <= 1


def read(venue: Venue, kind: MarketKind, body: Any) -> Listing:
    listing = DRIVERS[venue].instruments(kind, [json.dumps(body).encode()])
    assert isinstance(listing, Listing)
    assert all(one.base for one in listing)
    return listing


def answers(venue: str) -> list[tuple[dict[str, Any], str, Any, bool]]:
    """The connection, tag, body and whether it is a text, of each golden message that holds rows of several coins."""
    found, opening = [], dict[str, Any]()
    for line in rows(DATA / venue / "all-market.jsonl"):
        opening = line.get("open", opening)
        body, is_text = (line["text"], True) if "text" in line else (line.get("body"), False)
        path = MESSAGES[venue][0]
        lists = [at(body, one) for one in MESSAGES[venue]]
        is_market_wide = line.get("http", "").partition("/")[0] not in ("5min", "accounts", "openInterest", "flow")
        if is_market_wide and isinstance(at(body, path), list) and at(body, path) and len(set(map(len, lists))) == 1:
            found.append((opening, line.get("http", ""), body, is_text))
    return found


def events_of(venue: str, opening: dict[str, Any], tag: str, body: Any, *, is_text: bool) -> tuple[list[Any], Feed]:
    known = markets(venue)
    spec = ConnectionSpec(
        name="a", venue=Venue(venue), kind=MarketKind(opening["kind"]), route=opening["route"], url="",
        streams=tuple(opening["streams"]),
        markets=tuple(known[opening["kind"], symbol] for symbol in opening["markets"]),
    )  # fmt: skip
    feed, now_ns = Feed(protocol_for), 1_800_000_100_000_000_000
    feed.receive(open_frame(spec, now_ns))
    kind = FrameKind.TEXT if is_text else FrameKind.HTTP
    payload = json.dumps(body, separators=(",", ":")).encode()
    return list(feed.receive(Frame(now_ns, "a", kind, payload, tag))), feed


@pytest.mark.parametrize("venue", VENUES)
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_an_odd_row_of_an_all_market_message_costs_that_row(venue: Venue, data: st.DataObject) -> None:
    """A row of a coin that nobody follows is added and then mutated; then one of the followed rows is."""
    opening, tag, body, is_text = data.draw(st.sampled_from(answers(venue)))
    odd = json.loads(json.dumps(body))
    path = data.draw(st.sampled_from(MESSAGES[venue]))
    listed = at(odd, path)
    extended = MESSAGES[venue]
    place = data.draw(st.integers(0, len(listed) - 1))
    for one in extended:  # positional lists stay equally long
        target = at(odd, one)
        target.append(json.loads(json.dumps(target[place])))
    listed[-1] = mutated(listed[place], data)
    before, _ = events_of(venue, opening, tag, body, is_text=is_text)
    after, feed = events_of(venue, opening, tag, odd, is_text=is_text)
    assert not feed.undecodable
    left = Counter(map(repr, before)) - Counter(map(repr, after))
    assert not left, "an event of another row is missing"


def polls(venue: str) -> list[tuple[MarketKind, str, str, list[Any], list[Any]]]:
    """The kind, symbol, tag, body and path to the rows of each answer about one market that holds several rows."""
    start = 1_790_000_040_000
    times = [start - minutes * 60_000 for minutes in (0, 1, 2, 3)]
    text, linear = [str(one) for one in times], MarketKind.LINEAR
    match venue:
        case "binance":
            bars = [[at, "50", "51", "49", "50", "9", at + 59_999, "450", 7, "4", "200", "0"] for at in times]
            paid = [{"symbol": "BTCUSDT", "fundingTime": at, "fundingRate": "0.0001"} for at in times]
            shares = [{"longShortRatio": "1.5", "longAccount": "0.6", "timestamp": at} for at in times]
            return [(linear, "BTCUSDT", tag, rows_, []) for tag, rows_ in zip(TAGS, (bars, paid, shares), strict=True)]
        case "bybit":
            bars = [[at, "50", "51", "49", "50", "9", "450"] for at in text]
            paid = [{"fundingRate": "0.0001", "fundingRateTimestamp": at} for at in text]
            shares = [{"buyRatio": "0.6", "sellRatio": "0.4", "timestamp": at} for at in text]
            return [
                (linear, "BTCUSDT", tag, {"retCode": 0, "result": {"list": rows_}}, ["result", "list"])
                for tag, rows_ in zip(TAGS, (bars, paid, shares), strict=True)
            ]
        case "okx":
            bars = [[at, "50", "51", "49", "50", "9", "9", "450", "1"] for at in text]
            paid = [{"fundingTime": at, "realizedRate": "0.0001"} for at in text]
            shares, sums = [[at, "1.5"] for at in text], [[at, "7", "8", "9"] for at in text]
            takers = [[str(start - (at + 2) * 300_000), "1", "2"] for at in range(4)]
            found = zip((*TAGS, "interest/{}/5m"), (bars, paid, shares, sums), strict=True)
            return [
                (linear, "BTC-USDT-SWAP", tag, {"code": "0", "data": rows_}, ["data"])
                for tag, rows_ in (
                    *found,
                    ("takers/{}", takers),
                )
            ]
        case "hyperliquid":
            bars = [{"t": at, "o": "50", "h": "51", "l": "49", "c": "50", "v": "9"} for at in times]
            paid = [{"coin": "BTC", "fundingRate": "0.0001", "time": at} for at in times]
            return [(linear, "BTC", "candles/{}/0", bars, []), (linear, "BTC", "paid/{}/0", paid, [])]
    paid = [{"timestamp": at, "interest_8h": 0.0001} for at in times]
    return [(MarketKind.INVERSE, "BTC-PERPETUAL", "paid/{}/0", {"result": paid}, ["result"])]


TAGS = ("candles/{}/0", "paid/{}", "accounts/{}")


def polled(venue: str, kind: MarketKind, symbol: str, tag: str, body: Any) -> tuple[list[str], Feed]:
    """What is read from an answer, a row each."""
    (spec,) = context_spec(kind, (markets(venue)[kind, symbol],), 43_200)
    feed, now_ns = Feed(protocol_for), 1_790_000_100_000_000_000
    feed.receive(open_frame(spec, now_ns))
    events = feed.receive(Frame(now_ns, spec.name, FrameKind.HTTP, json.dumps(body).encode(), tag.format(symbol)))
    return [repr(row) for event in events for row in getattr(event, "rows", (event,))], feed


@pytest.mark.parametrize("venue", VENUES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_odd_row_about_one_market_costs_that_row(venue: Venue, data: st.DataObject) -> None:
    kind, symbol, tag, body, path = data.draw(st.sampled_from(polls(venue)))
    odd, without = json.loads(json.dumps(body)), json.loads(json.dumps(body))
    place = data.draw(st.integers(0, len(at(body, path)) - 1))
    row = at(odd, path)[place]
    at(odd, path)[place] = mutated(dict(enumerate(row)) if isinstance(row, list) else row, data)
    if isinstance(row, list) and isinstance(at(odd, path)[place], dict) and 0 in at(odd, path)[place]:
        at(odd, path)[place] = list(at(odd, path)[place].values())
    del at(without, path)[place]
    expected, _ = polled(venue, kind, symbol, tag, without)
    found, feed = polled(venue, kind, symbol, tag, odd)
    assert not feed.undecodable
    if tag.startswith("takers"):  # the last of all rows
        assert len(found) == 1
    else:
        assert not Counter(expected) - Counter(found)
    whole, _ = polled(venue, kind, symbol, tag, body)
    assert whole


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_odd_cell_of_deribits_candles_costs_that_candle(data: st.DataObject) -> None:
    names = ("open", "high", "low", "close", "volume", "cost")
    chart = {"ticks": [1_790_000_040_000 - 60_000 * at for at in range(4)], "status": "ok"}
    body: dict[str, Any] = {"result": chart | {name: [50.0 + at for at in range(4)] for name in names}}
    whole, _ = polled("deribit", MarketKind.INVERSE, "BTC-PERPETUAL", "candles/{}/0", body)
    name, place = data.draw(st.sampled_from(("ticks", *names))), data.draw(st.integers(0, 3))
    body["result"][name][place] = data.draw(ANY_JSON)
    found, feed = polled("deribit", MarketKind.INVERSE, "BTC-PERPETUAL", "candles/{}/0", body)
    assert not feed.undecodable
    assert len(Counter(whole) - Counter(found)) <= 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_odd_liquidation_of_bybit_costs_that_liquidation(data: st.DataObject) -> None:
    forced = [
        {"T": 1_790_000_000_000 + at, "s": "BTCUSDT", "S": "Buy", "v": f"{at + 1}", "p": "80000"} for at in range(3)
    ]
    odd, place = list(forced), data.draw(st.integers(0, 2))
    odd[place] = mutated(forced[place], data)
    opening = {"kind": "linear", "route": "flow", "streams": ["allLiquidation.BTCUSDT"], "markets": ["BTCUSDT"]}
    message = {"topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": 1_790_000_000_000}
    without = forced[:place] + forced[place + 1 :]
    expected, _ = events_of("bybit", opening, "", message | {"data": without}, is_text=True)
    found, feed = events_of("bybit", opening, "", message | {"data": odd}, is_text=True)
    assert not feed.undecodable
    assert len(expected) == 2
    assert not Counter(map(repr, expected)) - Counter(map(repr, found))


def test_an_odd_row_of_deribits_late_liquidations_and_of_binances_marks_costs_that_row() -> None:
    row = {"trade_seq": 1, "trade_id": "1", "timestamp": 1_790_000_000_000, "price": 80000.0, "amount": 10.0}
    row |= {"direction": "sell", "instrument_name": "BTC-PERPETUAL", "index_price": 80000.0, "liquidation": "T"}
    opening = {"kind": "inverse", "route": "all", "streams": [], "markets": ["BTC-PERPETUAL"]}
    for odd in (7, row | {"price": None}, row | {"direction": "up"}, row | {"price": 0.1234}):
        page = {"result": {"trades": [odd, row | {"trade_seq": 2}], "has_more": False}}
        events, feed = events_of("deribit", opening, "liquidations/BTC-PERPETUAL", page, is_text=False)
        assert len(events) == 1
        assert not feed.undecodable
    mark = {"e": "markPriceUpdate", "E": 1_790_000_000_000, "s": "BTCUSDT", "p": "80000", "i": "80000", "r": "", "T": 0}
    opening = {"kind": "linear", "route": "market", "streams": ["!markPrice@arr@1s"], "markets": ["BTCUSDT"]}
    for odd in (7, mark | {"p": "x"}, mark | {"E": "soon"}):
        push = {"stream": "!markPrice@arr@1s", "data": [odd, mark]}
        events, feed = events_of("binance", opening, "", push, is_text=True)
        assert len(events) == 2
        assert not feed.undecodable


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("row", ["a dated future", ["x"], None, 7, {}], ids=str)
def test_a_row_of_odd_shape_is_counted_once_a_message_and_logged_once(
    venue: Venue, row: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for opening, tag, body, is_text in answers(venue):
        odd = json.loads(json.dumps(body))
        for path in MESSAGES[venue]:
            at(odd, path).append(row)
        caplog.clear()
        before, _ = events_of(venue, opening, tag, body, is_text=is_text)
        after, feed = events_of(venue, opening, tag, odd, is_text=is_text)
        assert [repr(event) for event in after] == [repr(event) for event in before]
        ((_, _, count, reason),) = feed.odd_rows.streams
        assert count == len(MESSAGES[venue])
        assert reason
        assert sum("is left out" in record.getMessage() for record in caplog.records) == 1


def test_a_listing_none_of_whose_rows_can_be_read_is_refused() -> None:
    with pytest.raises(ProtocolError):
        DRIVERS[VENUES[0]].instruments(MarketKind.LINEAR, [b'{"symbols":[7,null]}'])


def test_the_cases_of_public_reports_leave_out_one_row() -> None:
    row = json.loads((Path(DATA) / "bybit" / "listing.linear.jsonl").read_text().splitlines()[0])["result"]["list"][0]
    for odd in (
        row | {"symbol": "ODDUSDT", "lotSizeFilter": row["lotSizeFilter"] | {"qtyStep": "-1"}},
        row | {"symbol": "ODDUSDT", "priceFilter": row["priceFilter"] | {"tickSize": "NaN"}},
        row | {"symbol": "ODDUSDT", "priceFilter": None},
        row | {"symbol": "ODDUSDT", "baseCoin": ""},
    ):
        body = {"retCode": 0, "result": {"list": [odd, row]}}
        (one,) = read(Venue("bybit"), MarketKind.LINEAR, body)
        assert isinstance(one, Instrument)
        assert one.symbol == row["symbol"]
