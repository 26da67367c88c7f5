"""Each venue's words on all of its perpetuals: recorded frames and answers become the values they say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    Connected,
    DayStats,
    Disconnected,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    Quote,
    Side,
    TakerFlow,
)
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import MarketKind, Venue
from feeds.pipeline.symbols import tradfi_base
from feeds.venues.registry import VENUES
from tests.feeds.venues.shared.universe_line import MS, SECOND, T0, Line, lines, of_type, perp

HOUR = 3_600 * SECOND
BTC = perp(Venue("binance"), "BTCUSDT", "BTC")
PEPE = perp(Venue("binance"), "1000PEPEUSDT", "PEPE", tick="0.0000001", units=1000)
COIN = perp(Venue("binance"), "BTCUSD_PERP", "BTC", "inverse", contract="100")


def recorded(data: Path, name: str) -> list[str]:
    rows = (data / "frames" / name).read_text().splitlines()
    return [row.split("\t")[-1] for row in rows if row.strip()]


def route(data: Path, path: str, query: str) -> Any:
    found = json.loads((data / "rest" / "binance-routes.json").read_text())["routes"][path]["GET"]
    return next(one["data"] for one in found if one["queryString"] == query)


def binance(*markets: Any) -> Line:
    return lines(markets or (BTC, PEPE))[0]


# plans


def test_coins_only_and_every_kind_has_its_connections() -> None:
    stock = perp(Venue("binance"), "TSLAUSDT", tradfi_base("TSLA"))
    market, quotes = lines([BTC, stock])
    assert [one.spec.name for one in (market, quotes)] == ["binance.linear.universe", "binance.linear.universe-quotes"]
    assert market.spec.markets == (BTC,)
    assert market.spec.url.endswith("/market/stream?streams=!markPrice@arr@1s/!ticker@arr/!forceOrder@arr")
    assert quotes.spec.url.endswith("/public/stream?streams=!bookTicker")
    assert not quotes.asked(100)
    (coin,) = lines([COIN])
    assert "btcusd_perp@markPrice@1s/btcusd_perp@ticker/btcusd_perp@forceOrder/!bookTicker" in coin.spec.url
    for venue, kind in ((Venue("hyperliquid"), "linear"), (Venue("deribit"), "inverse")):
        (line,) = lines([perp(venue, "BTC-PERPETUAL", "BTC", kind)])
        assert line.spec.url == ""
        assert of_type(line.opened, Connected)
        end = Frame(T0, line.spec.name, FrameKind.CLOSE, b"left")
        assert of_type(list(line.protocol.receive(end)), Disconnected)


def test_bybit_divides_its_topics_among_connections_of_21_000_characters_and_polls_on_one() -> None:
    many = [perp(Venue("bybit"), f"COIN{number:04}USDT", f"COIN{number:04}") for number in range(1_500)]
    parts = lines(many)
    assert len(parts) > 1
    for part in parts:
        topics = [topic for topic in part.spec.streams if not topic.startswith("rest:")]
        assert len(json.dumps(topics)) <= 21_000
        asked = [request for request in part.sent() if request["op"] == "subscribe"]
        assert [topic for request in asked for topic in request["args"]] == topics
    assert sum(bool(part.asked(1)) for part in parts) == 1
    subscribed = {topic for part in parts for topic in part.spec.streams}
    assert {f"allLiquidation.{market.symbol}" for market in many} <= subscribed


# Binance


def test_binance_marks_say_mark_index_and_funding_once_it_changes(data: Path) -> None:
    line = binance(BTC, perp(Venue("binance"), "ETHUSDT", "ETH", tick="0.01"), perp(Venue("binance"), "LPTUSDT", "LPT"))
    frames = recorded(data, "binance_usdm/mark_price_rollover.jsonl")
    rows = [json.loads(frame)["data"] for frame in frames]
    whole = [rows[at : at + 3] for at in range(0, len(rows), 3)]
    events = [
        event
        for some in whole
        for event in line.text(json.dumps({"stream": "!markPrice@arr@1s", "data": some}, separators=(",", ":")))
    ]
    marks, indexes, fundings = of_type(events, MarkPrice), of_type(events, IndexPrice), of_type(events, Funding)
    assert [(one.instrument.symbol, one.mark, one.ts_venue_ns) for one in marks] == [
        (row["s"], float(row["p"]), row["E"] * MS) for row in rows
    ]
    assert [one.index for one in indexes] == [float(row["i"]) for row in rows]
    changes = list(dict.fromkeys((row["s"], float(row["r"]), row["T"] * MS) for row in rows))
    assert sorted((one.instrument.symbol, one.rate, one.next_funding_ns) for one in fundings) == sorted(changes)
    first, *others = (one.interval_ns for one in fundings if one.instrument.symbol == "LPTUSDT")
    assert first is None
    assert set(others) == {4 * HOUR}  # by the distance of its due times


def test_binance_funding_intervals_are_eight_hours_unless_listed(data: Path) -> None:
    line = binance(BTC, perp(Venue("binance"), "LPTUSDT", "LPT"))
    frame = recorded(data, "binance_usdm/mark_price_rollover.jsonl")
    single = [frame[0].replace("btcusdt@", "BTCUSDT@"), frame[2]]
    first = [event for text in single for event in line.text(text)]
    assert len(of_type(first, Funding)) == 2
    assert line.http("fundingInfo", route(data, "/fapi/v1/fundingInfo", "")) == []
    again = of_type([event for text in single for event in line.text(text)], Funding)
    assert [(one.instrument.symbol, one.interval_ns) for one in again] == [("BTCUSDT", 8 * HOUR), ("LPTUSDT", 4 * HOUR)]
    assert line.http("fundingInfo", b"null") == []


TICKER = (
    '{"stream":"!ticker@arr","data":[{"e":"24hrTicker","E":1790757114000,"s":"1000PEPEUSDT","p":"1","P":"-1.500",'
    '"w":"1","c":"0.0080000","Q":"1","o":"1","h":"1","l":"1","v":"1000","q":"8.1","O":1,"C":2,"F":1,"L":2,"n":1,"st":1},'
    '{"e":"24hrTicker","E":1790757114000,"s":"BTCUSD_PERP","P":"2","c":"60000.0","v":"500","q":"0.8333","st":2}]}'
)


def test_binance_day_sums_are_base_coin_and_quote() -> None:
    (stats,) = binance().text(TICKER)
    assert isinstance(stats, DayStats)
    assert (stats.last, stats.change_24h) == (pytest.approx(8e-6), -0.015)
    assert (stats.volume_24h, stats.turnover_24h, stats.taker_buy_24h) == (1_000_000, 8.1, None)
    (coin,) = lines([COIN])
    row = '{"E":5,"s":"BTCUSD_PERP","P":"2","c":"60000.0","v":"500","q":"0.8333"}'
    (stats,) = coin.text('{"stream":"btcusd_perp@ticker","data":' + row + "}")
    assert isinstance(stats, DayStats)
    assert (stats.volume_24h, stats.turnover_24h) == (0.8333, 50_000)


def test_binance_liquidations_of_the_whole_market_are_filtered_by_listing(data: Path) -> None:
    known = perp(Venue("binance"), "COTIUSDT", "COTI", tick="0.00001")
    text = (
        '{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1789672236702,"o":{"s":"COTIUSDT","S":"BUY","o":"LIMIT",'
        '"f":"IOC","q":"288183","p":"0.0220482","ap":"0.0219120","X":"FILLED","l":"288183","z":"288183","T":1789672235690}}}'
    )
    (event,) = binance(known).text(text)
    assert isinstance(event, Liquidation)
    assert (event.side, event.size, event.notional) == (Side.BUY, 288183, pytest.approx(6_314.665896))
    assert binance(BTC).text(text) == []


def test_binance_quotes_and_open_interest(data: Path) -> None:
    _, quotes = lines([BTC, PEPE])
    row = '{"e":"bookTicker","u":7,"s":"1000PEPEUSDT","b":"0.0080001","B":"10","a":"0.0080003","A":"20","T":9,"E":9}'
    text = '{"stream":"!bookTicker","data":' + row + "}"
    (quote,) = quotes.text(text)
    assert isinstance(quote, Quote)
    assert (quote.bid_ticks, quote.ask_ticks, quote.bid_size, quote.ask_size) == (80001, 80003, 10_000, 20_000)
    line = binance(BTC)
    (interest,) = line.http("openInterest/BTCUSDT", route(data, "/fapi/v1/openInterest", "symbol=BTCUSDT"))
    assert (interest.open_interest, interest.notional) == (83782.317, None)
    (coin,) = lines([COIN])
    body = route(data, "/dapi/v1/openInterest", "symbol=BTCUSD_PERP")
    assert coin.http("openInterest/BTCUSD_PERP", body) == [], "contracts are worth coins only at a price"
    coin.text(
        '{"stream":"btcusd_perp@markPrice@1s","data":{"s":"BTCUSD_PERP","E":1,"p":"50000.0","P":"1","i":"1","r":"0.0001","T":2}}'
    )
    (interest,) = coin.http("openInterest/BTCUSD_PERP", body)
    assert (interest.open_interest, interest.notional) == (6784657 * 100 / 50_000, 678_465_700)


def test_binance_open_interest_of_before(data: Path) -> None:
    ltc = perp(Venue("binance"), "LTCUSDT", "LTC")
    body = route(
        data,
        "/futures/data/openInterestHist",
        "endTime=1602820343&limit=10&period=1d&startTime=1602802343&symbol=LTCUSDT",
    )
    (event,) = binance(ltc).http("openInterestHist/LTCUSDT", body)
    assert isinstance(event, OpenInterestHistory)
    assert event.rows[0] == (1602028800000 * MS, 286060.674)
    assert len(event.rows) == len(body)
    assert list(event.rows) == sorted(event.rows)


def test_binance_takers_of_five_minutes_and_an_hour(data: Path) -> None:
    ltc = perp(Venue("binance"), "LTCUSDT", "LTC")
    bars = route(data, "/fapi/v1/klines", "endTime=1602819889&interval=5m&startTime=1602816289&symbol=LTCUSDT")[:13]
    line = binance(ltc)
    line.now_ns = bars[-1][0] * MS  # the last bar has just begun
    five, hour = line.http("flow/LTCUSDT", bars)
    assert isinstance(five, TakerFlow)
    assert isinstance(hour, TakerFlow)
    assert (five.ts_venue_ns, five.window_ns) == (bars[-1][0] * MS, 300 * SECOND)
    assert (five.volume, five.taker_buy) == (float(bars[-2][5]), float(bars[-2][9]))
    assert hour.volume == pytest.approx(sum(float(bar[5]) for bar in bars[:12]))
    assert hour.taker_buy == pytest.approx(sum(float(bar[9]) for bar in bars[:12]))
    assert [one.window_ns for one in of_type(line.http("flow/LTCUSDT", bars[3:]), TakerFlow)] == [300 * SECOND], (
        "no hour"
    )
    assert line.http("day/LTCUSDT", bars) == []


def test_binance_asks_within_the_shared_weight_and_for_the_busiest_more_often() -> None:
    many = [perp(Venue("binance"), f"C{number}USDT", f"C{number}") for number in range(570)]
    line = binance(*many)
    days = [{"E": 1, "s": one.symbol, "P": "0", "c": "1", "v": "1", "q": str(at)} for at, one in enumerate(many, 1)]
    line.text(json.dumps({"stream": "!ticker@arr", "data": days}, separators=(",", ":")))
    weights, asked = [0.0] * 10, dict.fromkeys((one.symbol for one in many), 0)
    for tick in range(10 * 240):
        for fetch in line.asked(tick / 4):
            weights[tick // 240] += fetch.weight
            topic, _, symbol = fetch.tag.partition("/")
            if topic == "openInterest" and tick >= 8 * 240:
                asked[symbol] += 1
            line.now_ns = T0 + round(tick / 4 * SECOND)
            line.answer(fetch.tag)
    assert max(weights) < 0.8 * 2_400, weights
    assert all(800 < weight < 1_300 for weight in weights[2:]), weights
    assert {asked[one.symbol] for one in many[-40:]} <= {9, 10, 11}
    assert {asked[one.symbol] for one in many[:-40]} <= {1, 2, 3}


# Bybit


def bybit_answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": rows}, "time": 1790757082283}


def test_bybit_tickers_in_one_answer_are_what_the_stream_says(data: Path) -> None:
    market = perp(Venue("bybit"), "BTCUSDT", "BTC")
    (line,) = lines([market])
    snapshot = next(text for text in recorded(data, "bybit/raw_tickers_stream.jsonl") if "tickers.BTCUSDT" in text)
    row = json.loads(snapshot)["data"]
    polled = line.http("tickers", bybit_answer([row, row | {"symbol": "UNKNOWN"}]))
    streamed = line.text(snapshot)
    for shape in (MarkPrice, IndexPrice, Funding, OpenInterest):
        (one,), (other,) = of_type(polled, shape), of_type(streamed, shape)
        for name in set(one.__struct_fields__) - {"ts_recv_ns", "ts_venue_ns"}:
            assert getattr(one, name) == getattr(other, name), (shape, name)
    assert of_type(polled, OpenInterest)[0].open_interest == 28559.256
    (quote,), (day,) = of_type(polled, Quote), of_type(polled, DayStats)
    assert (quote.bid_ticks, quote.bid_size, quote.ask_ticks, quote.ask_size) == (830246, 3.871, 830247, 2.935)
    assert (day.last, day.change_24h, day.volume_24h, day.turnover_24h) == (83024.6, -0.01229, 44701.1, 3734121786.2434)
    again = line.http("tickers", bybit_answer([row]))
    assert [type(event) for event in again] == [MarkPrice, IndexPrice, OpenInterest], "the rest did not change"


def test_bybit_stream_of_the_watched_symbol_is_read_whole(data: Path) -> None:
    (line,) = lines([perp(Venue("bybit"), "BTCUSDT", "BTC"), perp(Venue("bybit"), "ETHUSDT", "ETH", tick="0.01")])
    events = [event for text in recorded(data, "bybit/raw_tickers_stream.jsonl") for event in line.text(text)]
    last = {
        symbol: [e for e in of_type(events, MarkPrice) if e.instrument.symbol == symbol][-1]
        for symbol in ("BTCUSDT", "ETHUSDT")
    }
    known: dict[str, dict[str, Any]] = {"BTCUSDT": {}, "ETHUSDT": {}}
    for text in recorded(data, "bybit/raw_tickers_stream.jsonl"):
        message = json.loads(text)
        if "topic" in message:
            known[message["data"]["symbol"]] |= message["data"]
    assert {symbol: event.mark for symbol, event in last.items()} == {
        symbol: float(fields["markPrice"]) for symbol, fields in known.items()
    }


def test_bybit_inverse_counts_dollars_and_names_the_position(data: Path) -> None:
    (line,) = lines([perp(Venue("bybit"), "BTCUSD", "BTC", "inverse")])
    row = {
        "symbol": "BTCUSD", "lastPrice": "50000", "markPrice": "50000", "indexPrice": "50010", "price24hPcnt": "0.01",
        "openInterest": "200000", "singleOpenInterest": "100000", "turnover24h": "12.5", "volume24h": "625000",
        "bid1Price": "49999.9", "bid1Size": "1000", "ask1Price": "50000", "ask1Size": "2000", "fundingRate": "",
    }  # fmt: skip
    events = line.http("tickers", bybit_answer([row]))
    (interest,), (day,), (quote,) = of_type(events, OpenInterest), of_type(events, DayStats), of_type(events, Quote)
    assert (interest.open_interest, interest.notional) == (2.0, 100_000)
    assert (day.volume_24h, day.turnover_24h) == (12.5, 625_000)
    assert quote.ask_size == pytest.approx(0.04)
    assert not of_type(events, Funding)
    row = '{"T":1,"s":"BTCUSD","S":"Sell","v":"500","p":"50000"}'
    text = '{"topic":"allLiquidation.BTCUSD","type":"snapshot","ts":2,"data":[' + row + "]}"
    (forced,) = line.text(text)
    assert isinstance(forced, Liquidation)
    assert (forced.side, forced.notional) == (Side.BUY, 500)


def test_bybit_refusals_and_odd_rows_cost_what_they_concern() -> None:
    (line,) = lines([perp(Venue("bybit"), "BTCUSDT", "BTC"), perp(Venue("bybit"), "ETHUSDT", "ETH")])
    with pytest.raises(ProtocolError, match="refused"):
        line.http("tickers", {"retCode": 10006, "retMsg": "Too many visits!"})
    odd = {"symbol": "BTCUSDT", "markPrice": "nan"}
    good = {"symbol": "ETHUSDT", "markPrice": "2000.5"}
    (mark,) = line.http("tickers", bybit_answer([odd, good]))
    assert (mark.instrument.symbol, mark.mark) == ("ETHUSDT", 2000.5)


def test_bybit_open_interest_of_before_is_one_side_oldest_first() -> None:
    (line,) = lines([perp(Venue("bybit"), "SHIB1000USDT", "SHIB", units=1000)])
    rows = [
        {"openInterest": "6", "singleOpenInterest": "3", "timestamp": "600000"},
        {"openInterest": "4", "timestamp": "300000"},
    ]
    (event,) = line.http("5min/SHIB1000USDT", {"retCode": 0, "result": {"list": rows}})
    assert event.rows == ((300_000 * MS, 2_000.0), (600_000 * MS, 3_000.0))


# OKX


def test_okx_answers_are_what_the_streams_say(data: Path) -> None:
    markets = [
        perp(Venue("okx"), f"{base}-USDT-SWAP", base, contract=unit) for base, unit in (("BTC", "0.01"), ("ETH", "0.1"))
    ]
    (line,) = lines(markets)
    shapes = {
        "mark-price": MarkPrice,
        "open-interest": OpenInterest,
        "index-tickers": IndexPrice,
        "funding-rate": Funding,
    }
    seen: set[str] = set()
    for text in recorded(data, "okx/raw_perp_stream.jsonl"):
        message = json.loads(text)
        streamed = line.text(text)
        if "data" not in message:
            continue
        channel = message["arg"]["channel"]
        tag = channel + ("/USDT" if channel == "index-tickers" else "")
        (one,) = of_type(streamed, shapes[channel])
        polled = line.http(tag, {"code": "0", "msg": "", "data": message["data"]})
        if channel != "funding-rate" or polled:
            (other,) = polled
            assert [getattr(one, n) for n in one.__struct_fields__ if n != "ts_recv_ns"] == [
                getattr(other, n) for n in one.__struct_fields__ if n != "ts_recv_ns"
            ]
            seen.add(channel)
    assert seen == shapes.keys()


def test_okx_tickers_count_contracts() -> None:
    pepe = perp(Venue("okx"), "PEPE-USDT-SWAP", "PEPE", tick="0.000000001", contract="10000000")
    (line,) = lines([pepe])
    row = {
        "instType": "SWAP", "instId": "PEPE-USDT-SWAP", "last": "0.00001", "open24h": "0.000008",
        "bidPx": "0.000009999",
        "bidSz": "3", "askPx": "0.00001", "askSz": "5", "vol24h": "40", "volCcy24h": "400000000", "ts": "1790757203016",
    }  # fmt: skip
    day, quote = line.http("tickers", {"code": "0", "data": [row, row | {"instId": "X-USDT-SWAP"}]})
    assert isinstance(day, DayStats)
    assert isinstance(quote, Quote)
    assert (day.change_24h, day.volume_24h, day.turnover_24h) == (pytest.approx(0.25), 4e8, pytest.approx(4_000))
    assert (quote.bid_ticks, quote.bid_size, quote.ask_size) == (9999, 3e7, 5e7)
    assert line.http("tickers", {"code": "0", "data": [row]}) == []
    (inverse,) = lines([perp(Venue("okx"), "BTC-USD-SWAP", "BTC", "inverse", contract="100")])
    row |= {
        "instId": "BTC-USD-SWAP",
        "last": "50000",
        "open24h": "50000",
        "vol24h": "1000",
        "volCcy24h": "2",
        "bidPx": "",
    }
    (day,) = inverse.http("tickers", {"code": "0", "data": [row]})
    assert (day.volume_24h, day.turnover_24h) == (2, 100_000)
    with pytest.raises(ProtocolError, match="refused"):
        inverse.http("tickers", {"code": "50011", "msg": "Too Many Requests", "data": []})


def test_okx_liquidations_come_on_one_channel() -> None:
    (line,) = lines([perp(Venue("okx"), "XDP-USDT-SWAP", "XDP", tick="0.00001", contract="10")])
    (sent,) = [request["args"] for request in line.sent() if request["op"] == "subscribe"] or [None]
    assert {"channel": "liquidation-orders", "instType": "SWAP"} in sent
    detail = '{"bkLoss":"0","bkPx":"0.01968","posSide":"short","side":"buy","sz":"42","ts":"1790757001375"}'
    row = '{"details":[' + detail + '],"instId":"XDP-USDT-SWAP"}'
    text = '{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[' + row + "]}"
    (event,) = line.text(text)
    assert isinstance(event, Liquidation)
    assert (event.side, event.size) == (Side.BUY, 420)


# Hyperliquid and Deribit


def test_hyperliquid_contexts_are_joined_to_names_by_their_order(data: Path) -> None:
    body = json.loads((data / "rest" / "hyperliquid" / "metaAndAssetCtxs.json").read_text())
    names = [one["name"] for one in body[0]["universe"]]
    markets = [
        perp(Venue("hyperliquid"), name, name.removeprefix("k"), tick="0.000001", units=1000 if name[0] == "k" else 1)
        for name, one in zip(names, body[0]["universe"], strict=True)
        if not one.get("isDelisted")
    ]
    (line,) = lines(markets)
    (request,) = line.asked(0.1)
    assert (request.path, json.loads(request.body), request.weight) == ("/info", {"type": "metaAndAssetCtxs"}, 20)
    events = line.http(request.tag, body)
    for shape in (MarkPrice, IndexPrice, Funding, OpenInterest, DayStats):
        assert [event.instrument for event in of_type(events, shape)] == markets, shape
    btc = body[1][0]
    day = of_type(events, DayStats)[0]
    assert of_type(events, MarkPrice)[0].mark == float(btc["markPx"])
    assert of_type(events, Funding)[0].rate == float(btc["funding"])
    assert of_type(events, Funding)[0].interval_ns == HOUR
    assert of_type(events, Funding)[0].next_funding_ns % HOUR == 0
    assert (day.last, day.change_24h) == (79672.5, pytest.approx(79672.5 / 79917.0 - 1))
    assert (day.volume_24h, day.turnover_24h) == (11324.51819, pytest.approx(904303380.4246397))
    at = names.index("kPEPE")
    pepe = next(event for event in of_type(events, OpenInterest) if event.instrument.symbol == "kPEPE")
    assert pepe.open_interest == pytest.approx(float(body[1][at]["openInterest"]) * 1000)
    assert pepe.notional == pytest.approx(float(body[1][at]["openInterest"]) * float(body[1][at]["markPx"]))
    with pytest.raises(ProtocolError, match="other coins"):
        line.http(request.tag, [body[0], body[1][1:]])


def test_deribit_summaries(data: Path) -> None:
    (line,) = lines([perp(Venue("deribit"), "BTC-PERPETUAL", "BTC", "inverse", tick="0.5", contract="1")])
    (request,) = line.asked(0.1)
    assert request.path.endswith("get_book_summary_by_currency?currency=BTC&kind=future")
    rows = json.loads((data / "rest" / "deribit" / "book_summary_future.json").read_text())
    rows = rows if isinstance(rows, list) else rows["result"]
    mark, index, funding, interest, quote, day = line.http(request.tag, {"jsonrpc": "2.0", "result": rows})
    assert (mark.mark, mark.ts_venue_ns, index.index) == (80831.57, 1789939036004 * MS, 80815.88)
    assert (funding.rate, funding.next_funding_ns, funding.interval_ns) == (0.0, None, 8 * HOUR)
    assert (interest.open_interest, interest.notional) == (pytest.approx(787799210 / 80831.57), 787799210)
    assert (quote.bid_ticks, quote.ask_ticks) == (161673, 161674)
    assert math.isnan(quote.bid_size)
    assert (day.change_24h, day.volume_24h, day.turnover_24h) == (-0.002493, 3099.91787897, 250336360.0)


def test_deribit_summary_and_ticker_of_one_kind_agree_on_what_they_share(data: Path) -> None:
    """The recorded ticker has the summary's fields under its own names: both must be read alike."""
    text = next(
        text for text in recorded(data, "deribit/raw_perp_ticker_stream.jsonl") if "ticker.BTC-PERPETUAL" in text
    )
    ticker = json.loads(text)["params"]["data"]
    row = ticker | ticker["stats"] | {"last": ticker["last_price"], "creation_timestamp": ticker["timestamp"]}
    row |= {"bid_price": ticker["best_bid_price"], "ask_price": ticker["best_ask_price"]}
    (line,) = lines([perp(Venue("deribit"), "BTC-PERPETUAL", "BTC", "inverse", tick="0.5")])
    mark, index, funding, interest, quote, day = line.http("summary/BTC", {"result": [row]})
    assert (mark.mark, index.index, funding.rate) == (83212.14, 83251.03, -2.1714e-4)
    assert (interest.notional, quote.bid_ticks * 0.5, day.last) == (797578130, 83212.0, 83216.0)
    assert (day.volume_24h, day.turnover_24h, day.change_24h) == (9341.40027576, 781497780.0, pytest.approx(-0.008525))


@pytest.mark.parametrize("venue", VENUES)
def test_damaged_answers_are_protocol_errors(venue: Venue) -> None:
    kind = MarketKind.INVERSE if venue == Venue("deribit") else MarketKind.LINEAR
    line = lines([perp(venue, "BTCUSDT" if venue != Venue("deribit") else "BTC-PERPETUAL", "BTC", kind.value)])[0]
    tags = [fetch.tag for at in (0.5, 1, 2, 4, 8, 60) for fetch in line.asked(at)]
    assert tags
    for tag in tags:
        for body in (b"", b"<html>", b'{"retCode":', b"[" * 100_000, b"\xff\xfe", b'{"a":1}'):
            with pytest.raises(ProtocolError):
                line.http(tag, body)
