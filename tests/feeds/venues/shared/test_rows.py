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
