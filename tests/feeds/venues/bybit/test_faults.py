"""Lost, repeated, reordered and damaged Bybit messages: the book is right, lost, or known to have skipped numbers.

`u` is promised to grow and no more (README: Order book). So a repeated or reordered update is always noticed. A lost
one shows as a jump, which is counted and not an error; a lost last one shows when the next one comes. What no rule can
notice is a damaged message that still reads as a sound one; the transport has its own checks for that.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event
from feeds.model.frame import Frame, FrameKind
from tests.feeds.venues.bybit.wire import Line, book, market, ticker, trades
from workstation.analytics.book.book import OrderBook

FIRST, COUNT = 100, 24
Sides = tuple[dict[int, float], dict[int, float]]
Numbers = st.lists(st.integers(FIRST + 1, FIRST + COUNT), max_size=COUNT)


def a_market(seed: int) -> tuple[list[dict[str, Any]], dict[int, Sides]]:
    """A snapshot and COUNT updates, and the book after each number."""
    draw = random.Random(seed)
    sides: Sides = (dict.fromkeys(range(980, 1000), 1.0), dict.fromkeys(range(1000, 1020), 1.0))
    messages, truth = [book("snapshot", FIRST, *map(wire, sides))], {FIRST: (dict(sides[0]), dict(sides[1]))}
    for number in range(FIRST + 1, FIRST + COUNT + 1):
        changes = [
            {draw.randrange(low, low + 20): float(draw.choice((0, 1, 2, 3))) for _ in range(4)} for low in (980, 1000)
        ]
        for side, change in zip(sides, changes, strict=True):
            side |= change
            for tick in [tick for tick, size in side.items() if not size]:
                del side[tick]
        messages.append(book("delta", number, *map(wire, changes)))
        truth[number] = dict(sides[0]), dict(sides[1])
    return messages, truth


def wire(side: dict[int, float]) -> list[list[str]]:
    return [[f"{tick / 10:.1f}", f"{size}"] for tick, size in side.items()]


class Reader:
    """A client that believes what leaves the decoder."""

    def __init__(self) -> None:
        self.line = Line(market("BTCUSDT"))
        self.book = OrderBook()

    def take(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            for event in self.line.text(message):
                self.believe(event)

    def believe(self, event: Event) -> None:
        if isinstance(event, BookSnapshot):
            self.book.replace(event)
        elif isinstance(event, BookLost):
            self.book.lose(event.reason)
        elif isinstance(event, BookDelta):
            assert self.book.known, "an update left the decoder without a snapshot before it"
            self.book.apply(event)

    def is_right(self, truth: dict[int, Sides]) -> bool:
        return (dict(self.book.bids.levels()), dict(self.book.asks.levels())) == truth[self.book.update_id]

    @property
    def jumps(self) -> int:
        return sum(self.line.protocol.book_jumps.values())


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 9), st.integers(1, COUNT), st.randoms(use_true_random=False))
def test_a_shuffled_suffix_ends_right_or_lost(seed: int, start: int, draw: random.Random) -> None:
    messages, truth = a_market(seed)
    suffix = messages[start:]
    draw.shuffle(suffix)
    reader = Reader()
    reader.take(messages[:start] + suffix)
    assert not reader.book.known or reader.is_right(truth)
    assert reader.book.known == (suffix == messages[start:])


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 9), Numbers)
def test_repeated_updates_end_right_or_lost(seed: int, repeated: list[int]) -> None:
    messages, truth = a_market(seed)
    sent = [again for m in messages for again in [m] * (1 + repeated.count(m["data"]["u"]))]
    reader = Reader()
    reader.take(sent)
    assert reader.book.known == (not repeated)
    assert not reader.book.known or reader.is_right(truth)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 9), Numbers)
def test_lost_updates_are_counted_as_jumps(seed: int, lost: list[int]) -> None:
    """A loss in the middle is the one thing that `u` shows without forbidding it."""
    messages, truth = a_market(seed)
    reader = Reader()
    reader.take([message for message in messages if message["data"]["u"] not in lost])
    assert not reader.book.known or reader.jumps or reader.is_right(truth)
    missing_inside = any(number not in lost and number - 1 in lost for number in range(FIRST + 1, FIRST + COUNT + 1))
    assert bool(reader.jumps) == missing_inside


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 9), st.lists(st.integers(0, COUNT), max_size=3 * COUNT))
def test_any_sequence_ends_right_lost_or_counted_and_a_snapshot_heals_it(seed: int, order: list[int]) -> None:
    messages, truth = a_market(seed)
    reader = Reader()
    reader.take([messages[index] for index in order])
    assert not reader.book.known or reader.jumps or reader.is_right(truth)
    reader.take(messages)
    assert reader.book.known
    assert reader.is_right(truth)
    assert reader.book.update_id == FIRST + COUNT


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 9), st.integers(1, COUNT - 1), st.binary(max_size=8))
def test_an_unreadable_update_ends_the_book_at_the_next(seed: int, at: int, noise: bytes) -> None:
    messages, _ = a_market(seed)
    reader = Reader()
    reader.take(messages[:at])
    cut = json.dumps(messages[at]).encode()[: -1 - len(noise)] + noise + b"\x00"
    with pytest.raises(ProtocolError):
        reader.line.text(cut)
    reader.take(messages[at + 1 :])
    assert not reader.book.known


# bytes


def samples(data: Path) -> list[bytes]:
    folder = data / "frames" / "bybit"
    found = [path.read_bytes() for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    row = {"T": 1, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "1.0"}
    made = [
        book("snapshot", 5, [["1.0", "2"]], [["1.1", "3"]]),
        trades({}, {"i": "b"}),
        ticker("snapshot", markPrice="1.0", openInterest="2", fundingRate="0.1", nextFundingTime="5"),
        {"topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": 1, "data": [row]},
        {"success": False, "ret_msg": "error:handler not found,topic:tickers.X", "req_id": "1", "op": "subscribe"},
    ]
    return found + [json.dumps(message).encode() for message in made]


def mutated(sample: bytes, draw: random.Random) -> bytes:
    raw = bytearray(sample)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(raw) + 1)
        match draw.randrange(5):
            case 0:
                raw[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del raw[at : at + draw.randint(1, 20)]
            case 2:
                raw[at:at] = draw.choice([b'"', b"[" * 2_000, b"null", b"-1", b"1e999", b"\xff\xfe", b"\\u0000", b"{}"])
            case 3:
                raw[at:] = b""
            case _:
                raw[at:at] = sample[at : at + 40]
    return bytes(raw)


def test_damaged_bytes_raise_nothing_but_protocol_errors(data: Path) -> None:
    draw, pool = random.Random(5), samples(data)
    line = Line(market("BTCUSDT"), streams=["publicTrade.BTCUSDT", "orderbook.200.BTCUSDT"])
    refused = 0
    for _ in range(8_000):
        try:
            events = line.text(mutated(draw.choice(pool), draw))
        except ProtocolError:
            refused += 1
        else:
            for event in events:
                assert isinstance(event, Event)
        line.protocol.tick(line.now_ns)
        line.asked()
    assert refused > 1_000


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"topic":"', b'{"topic":5}'])
def test_what_is_no_message_is_an_error(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        Line(market("BTCUSDT")).text(payload)


@pytest.mark.parametrize("kind", list(FrameKind))
def test_frames_of_every_kind_are_survived(kind: FrameKind) -> None:
    line = Line(market("BTCUSDT"), open_it=False)
    for payload in (b"", b"\xff", b"{}"):
        try:
            line.protocol.receive(Frame(1, "bybit.test", kind, payload, "instruments"))
        except ProtocolError:
            assert kind is FrameKind.TEXT
