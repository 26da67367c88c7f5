"""Bytes of any kind: the protocol raises ProtocolError or nothing, the feed nothing, and no event is impossible."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feeds.importers import KINDS
from feeds.model.errors import ProtocolError
from feeds.model.events import Event
from feeds.model.frame import Frame, FrameKind, spec_from_frame
from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.feed import Feed
from feeds.venues.binance.instruments import instruments_from_exchange_info
from feeds.venues.binance.protocol import BinanceProtocol
from feeds.venues.registry import protocol_for

SESSIONS = {
    MarketKind.LINEAR: "BINANCE_FUTURES",
    MarketKind.INVERSE: "BINANCE_DELIVERY",
    MarketKind.SPOT: "BINANCE",
}
ROUNDS = 20_000
SIGNED = {"rate", "mark", "index"}
WHOLE = {"trade_id", "update_id", "ts_venue_ns", "ts_recv_ns", "next_funding_ns"}
WORDS = (
    b"null", b"true", b"-1", b"0", b"1e999", b'"NaN"', b'"Infinity"', b'"-0.1"', b'""', b"{}", b"[]", b"[[]]", b"[",
    b"9" * 30, b"9" * 400, b'"1e-320"', b'"1e300"', b"\xff", b"\xed\xa0\x80", b'"\\ud800"', b"1.5", b'"SELL"',
    b",", b'"',
)  # fmt: skip
EXTRA = (
    b'{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1,"o":{"s":"%s","S":"SELL","q":"3","p":"7.61","ap":"7.6","z":"3","T":1}}}',
    b'{"stream":"!markPrice@arr@1s","data":[{"e":"markPriceUpdate","E":1,"s":"%s","p":"7.61","i":"7.6","r":"0.0001","T":2}]}',
    b'{"e":"aggTrade","E":1,"s":"%s","a":1,"p":"7.61","q":"3","f":1,"l":1,"T":1,"m":true}',
    b'{"stream":"x@trade","data":{"e":"trade","E":1,"T":1,"s":"%s","t":1,"p":"7.61","q":"3","X":"MARKET","m":false}}',
    b'{"code":2,"msg":"Invalid request","id":1}',
    b'{"result":null,"id":1}',
)


def session(data: Path, kind: MarketKind) -> list[Frame]:
    path = data / "multi-venue" / f"{SESSIONS[kind]}.jsonl.zst"
    frames = list(KINDS["multi-venue"].open([path], None, lambda count: None).frames)
    symbol = spec_from_frame(frames[0]).markets[0].symbol.encode()
    name = frames[0].connection
    extra = [Frame(1, name, FrameKind.TEXT, text % symbol if b"%s" in text else text) for text in EXTRA]
    return frames[:300] + extra * 10 + [frame for frame in frames if frame.kind is FrameKind.HTTP]


def mutated(rng: random.Random, payload: bytes) -> bytes:
    text = bytearray(payload)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(6):
            case 0:
                del text[at : at + rng.choice((1, 2, 8, 1_000_000))]
            case 1:
                text[at:at] = rng.choice(WORDS)
            case 2 if text:
                text[at % len(text)] = rng.randrange(256)
            case 3:
                stop = text.find(b",", at)
                start = text.rfind(b":", 0, at) + 1
                text[start : stop if stop > start else at] = rng.choice(WORDS)
            case 4:
                text[at:at] = text[max(0, at - 20) : at]
            case _:
                text[at:] = text[at:].replace(b":", b":-", 1)
    return bytes(text)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)


def assert_possible(events: Iterable[Event]) -> None:
    for event in events:
        for name in event.__struct_fields__:
            for number in numbers(getattr(event, name)):
                assert math.isfinite(number), event
                assert number >= 0 or name in SIGNED, event
                assert name not in WHOLE or number < 2**63, event


@pytest.mark.parametrize("kind", MarketKind)
def test_mutated_frames_raise_protocol_errors_only(data: Path, kind: MarketKind) -> None:
    frames, rng, refused = session(data, kind), random.Random(kind.value), 0
    protocol = BinanceProtocol(spec_from_frame(frames[0]))
    for number in range(ROUNDS):
        frame = rng.choice(frames)
        odd = msgspec.structs.replace(frame, payload=mutated(rng, frame.payload))
        try:
            assert_possible(protocol.receive(odd))
            protocol.tick(number * 1_000_000_000)
        except ProtocolError as error:
            refused += bool(error.text)
        protocol.requests.clear()
    assert ROUNDS / 10 < refused < ROUNDS


@pytest.mark.parametrize("kind", MarketKind)
def test_the_feed_survives_anything_in_a_file(data: Path, kind: MarketKind, caplog: pytest.LogCaptureFixture) -> None:
    frames, rng, feed = session(data, kind), random.Random(kind.value + "feed"), Feed(protocol_for)
    kinds, decoded = list(FrameKind), 0
    for number in range(ROUNDS // 2):
        frame = rng.choice(frames) if number % 50 else frames[0]
        if rng.random() < 0.3:
            frame = msgspec.structs.replace(frame, payload=mutated(rng, frame.payload))
        if rng.random() < 0.05:
            frame = msgspec.structs.replace(frame, kind=rng.choice(kinds), tag=rng.choice(("", "depth/", "depth/X")))
        events = feed.receive(frame)
        assert_possible(events)
        decoded += len(events)
        list(feed.take_requests())
    assert decoded > 100
    assert feed.undecodable.total() > 100
    assert len(caplog.records) <= len(feed.undecodable)


def test_mutated_instrument_lists_raise_protocol_errors_only(data: Path) -> None:
    rng, listed = random.Random(5), 0
    body = (data / "frames" / "binance_usdm" / "exchange_info.json").read_bytes()
    for _ in range(ROUNDS // 4):
        try:
            found: tuple[Instrument, ...] = instruments_from_exchange_info(mutated(rng, body), MarketKind.LINEAR)
        except ProtocolError:
            continue
        listed += len(found)
        assert all(instrument.price_from_ticks(7) > 0 for instrument in found)
    assert listed > 50
