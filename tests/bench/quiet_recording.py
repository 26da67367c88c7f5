"""A recording of one quiet coin: Binance spot, 167,000 frames over 34 hours, as a real capture of that kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.recording.layout import RecordingMetadata
from feeds.recording.writer import RecordingWriter

FRAMES, SPAN_S = 167_000, 34 * 3_600
START_NS = 1_723_100_000_000_000_000
COIN = Instrument(
    venue=Venue("binance"),
    kind=MarketKind.SPOT,
    symbol="QUIETUSDT",
    base="QUIET",
    quote="USDT",
    tick_size=Decimal("0.0001"),
    lot_size=Decimal("0.1"),
)
_SPEC = ConnectionSpec(
    name="binance.spot.all",
    venue=COIN.venue,
    kind=COIN.kind,
    route="all",
    url="wss://stream.binance.com:9443/stream",
    streams=tuple(f"quietusdt@{channel}" for channel in ("depth@100ms", "bookTicker", "aggTrade")),
    markets=(COIN,),
)
_MIDDLE, _REACH = 20_000, 1_000  # ticks


def write_quiet(path: Path, frames: int = FRAMES, span_s: int = SPAN_S, seed: int = 7) -> None:
    """Write such a recording, the same bytes by the same seed."""
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(simulated=True))
        writer.write(quiet_frames(frames, span_s, seed))
        writer.finish()


def quiet_frames(frames: int = FRAMES, span_s: int = SPAN_S, seed: int = 7) -> Iterator[Frame]:
    """The frames: bursts of about three, seconds apart; most are changes of a few levels far from the price."""
    draws = random.Random(seed)
    yield open_frame(_SPEC, START_NS)
    yield Frame(START_NS + 50_000_000, _SPEC.name, FrameKind.HTTP, _snapshot(draws), f"depth/{COIN.symbol}")
    now_ns, update = START_NS + 100_000_000, 1_000
    middle = _MIDDLE
    step_ns = (span_s * 1_000_000_000 - 200_000_000) // max(frames - 2, 1)
    for number in range(frames - 2):
        now_ns += draws.randrange(step_ns // 5) if number % 3 else 3 * step_ns - draws.randrange(step_ns)
        ms = now_ns // 1_000_000
        middle = min(max(middle + draws.choice((0,) * 60 + (-1, 1)), _MIDDLE - 200), _MIDDLE + 200)
        match draws.randrange(20):
            case 0 | 1:
                payload = _trade(draws, number, middle, ms)
            case 2 | 3 | 4:
                payload = _quote(draws, update, middle)
            case _:
                update += 1
                payload = _changes(draws, update, middle, ms)
        yield Frame(now_ns, _SPEC.name, FrameKind.TEXT, payload.encode())


def _price(ticks: int) -> str:
    return f"{ticks / 10_000:.4f}0000"


def _size(draws: random.Random) -> str:
    return f"{draws.lognormvariate(5.0, 1.5):.1f}0000000"


def _snapshot(draws: random.Random) -> bytes:
    bids, asks = (
        ",".join(f'["{_price(_MIDDLE + sign * offset)}","{_size(draws)}"]' for offset in range(2, _REACH, 3))
        for sign in (-1, 1)
    )
    return f'{{"lastUpdateId":1000,"bids":[{bids}],"asks":[{asks}]}}'.encode()


def _changes(draws: random.Random, update: int, middle: int, ms: int) -> str:
    rows: dict[int, list[str]] = {-1: [], 1: []}
    for _ in range(draws.randrange(1, 4)):
        sign, offset = draws.choice((-1, 1)), 2 + int(draws.expovariate(0.01))
        size = "0.00000000" if draws.random() < 0.4 else _size(draws)
        rows[sign].append(f'["{_price(middle + sign * offset)}","{size}"]')
    bids, asks = ",".join(rows[-1]), ",".join(rows[1])
    return (
        f'{{"stream":"quietusdt@depth@100ms","data":{{"e":"depthUpdate","E":{ms},"s":"QUIETUSDT",'
        f'"U":{update},"u":{update},"b":[{bids}],"a":[{asks}]}}}}'
    )


def _quote(draws: random.Random, update: int, middle: int) -> str:
    return (
        f'{{"stream":"quietusdt@bookTicker","data":{{"u":{update},"s":"QUIETUSDT","b":"{_price(middle - 2)}",'
        f'"B":"{_size(draws)}","a":"{_price(middle + 2)}","A":"{_size(draws)}"}}}}'
    )


def _trade(draws: random.Random, number: int, middle: int, ms: int) -> str:
    maker = draws.random() < 0.5
    return (
        f'{{"stream":"quietusdt@aggTrade","data":{{"e":"aggTrade","E":{ms},"s":"QUIETUSDT","a":{number},'
        f'"p":"{_price(middle + (-2 if maker else 2))}","q":"{_size(draws)}","f":{number},"l":{number},"T":{ms},'
        f'"m":{str(maker).lower()},"M":true}}}}'
    )
