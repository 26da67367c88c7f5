"""Captures become recordings: small hand-made ones for the rules, the real ones for the numbers their owner counted."""

from __future__ import annotations

import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard

from feeds.importers import KINDS, ImportReport, OutputFailed, detect, import_captures
from feeds.importers.capture import Capture
from feeds.importers.inference import Grid, infer_instrument
from feeds.model.errors import ImportFailed, MarketUnknown
from feeds.model.frame import Frame, FrameKind, spec_from_frame
from feeds.model.instrument import InstrumentId, MarketKind, Venue
from feeds.recording import RecordingReader
from workstation.replay.core import Core, read_to_end

TS = 1_723_161_255_030_314_667
DEPTH = (
    b'{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"pu":0,'
    b'"b":[["61800.20","0.014"],["61800.50","0.010"]],"a":[["61801.00","0.000"]]}}'
)
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"T":1723161256322,'
    b'"p":"61800.30","q":"0.004","X":"MARKET","m":true}}'
)
SNAPSHOT = b'{"lastUpdateId":1,"bids":[["61800.20","1.000"]],"asks":[]}'


def captured(data: Path, *names: str) -> list[Path]:
    files = [data / name for name in names]
    for file in files:
        if not file.exists():
            pytest.skip(f"real captures are not here: {file}")
    return files


def imported(tmp_path: Path, files: list[Path], kind: str | None = None) -> tuple[ImportReport, list[Frame]]:
    out = tmp_path / "out.mcap"
    report = import_captures(kind, files, out)
    reader = RecordingReader(out)
    frames = list(reader.frames())
    assert reader.damage is None
    assert reader.metadata.instruments == report.instruments
    assert (report.frames, report.start_ns, report.end_ns) == (len(frames), reader.start_ns, reader.end_ns)
    assert report.out_bytes == out.stat().st_size
    assert [path.name for path in tmp_path.glob(".*")] == []
    return report, frames


def opened(file: Path) -> tuple[Capture, list[Frame]]:
    """A capture by itself, whether or not it holds anything that can be shown."""
    kind = detect(file)
    assert kind is not None
    capture = KINDS[kind].open([file], None, lambda _: None)
    return capture, list(capture.frames)


def capture_file(path: Path, *lines: bytes) -> Path:
    content = b"\n".join(lines)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def stamped(offset_ns: int, payload: bytes) -> bytes:
    return b"%d %s" % (TS + offset_ns, payload)


def test_lines_become_frames_byte_for_byte(tmp_path: Path) -> None:
    file = capture_file(tmp_path / "x.gz", stamped(0, DEPTH), stamped(5, SNAPSHOT), stamped(5, TRADE), b"")
    report, frames = imported(tmp_path, [file])
    name = "binance.linear.btcusdt"
    spec = spec_from_frame(frames[0])
    assert frames[1:] == [
        Frame(TS, name, FrameKind.TEXT, DEPTH),
        Frame(TS + 5, name, FrameKind.HTTP, SNAPSHOT, "depth/BTCUSDT"),
        Frame(TS + 5, name, FrameKind.TEXT, TRADE),
        Frame(TS + 5, name, FrameKind.CLOSE, b"end of capture"),
    ]
    assert (frames[0].ts_recv_ns, spec.name, spec.route) == (TS, name, "capture")
    assert spec.streams == ("btcusdt@depth@0ms", "btcusdt@trade")
    assert report.torn_lines == 0
    (btc,) = report.instruments
    assert (btc.base, btc.quote, btc.tick_size, btc.lot_size) == ("BTC", "USDT", Decimal("0.1"), Decimal("0.002"))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_torn_lines_are_counted_and_left_out(tmp_path: Path, suffix: str) -> None:
    lines = (
        stamped(0, DEPTH),
        stamped(1, TRADE[:30]) + stamped(2, TRADE),
        b"noise",
        stamped(3, TRADE),
        stamped(4, TRADE[:-1]),
    )
    report, frames = imported(tmp_path, [capture_file(tmp_path / f"x{suffix}", *lines)])
    assert report.torn_lines == 3
    assert [frame.ts_recv_ns - TS for frame in frames] == [0, 0, 3, 3]


def test_cut_compressed_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    file = capture_file(tmp_path / "x.gz", *(stamped(n, TRADE + b" " * (n % 7)) for n in range(5000)), b"")
    file.write_bytes(file.read_bytes()[:-2000])
    report, frames = imported(tmp_path, [file])
    assert report.damaged == ("x.gz",)
    assert report.torn_lines <= 1
    assert 1000 < report.frames < 5002
    assert frames[-1].payload == b"end of capture"


def test_members_of_one_gzip_file_chain(tmp_path: Path) -> None:
    file = tmp_path / "x.gz"
    file.write_bytes(gzip.compress(stamped(0, DEPTH) + b"\n") + gzip.compress(stamped(1, TRADE) + b"\n") + b"\0" * 9)
    report, _ = imported(tmp_path, [file])
    assert (report.frames, report.damaged) == (4, ())


def test_microseconds_are_recognised_by_their_magnitude(tmp_path: Path) -> None:
    file = capture_file(tmp_path / "x", b"%d %s" % (TS // 1000, TRADE))
    report, _ = imported(tmp_path, [file])
    assert report.start_ns == TS // 1000 * 1000


def test_files_of_one_symbol_chain_and_the_market_can_be_given(tmp_path: Path) -> None:
    second = capture_file(tmp_path / "b", stamped(100, TRADE.replace(b'"t":1', b'"t":2')))
    first = capture_file(tmp_path / "a", stamped(0, TRADE))
    out = tmp_path / "out.mcap"
    report = import_captures("hftbacktest", [second, first], out, market=MarketKind.LINEAR)
    assert [frame.kind.value for frame in RecordingReader(out).frames()] == ["open", "text", "text", "close"]
    assert [found.id for found in report.instruments] == ["BTCUSDT.binance.linear"]


def trade(number: int, at_s: float, symbol: str = "BTCUSDT", more: bytes = b',"X":"MARKET"') -> bytes:
    """A captured fill at whole and half seconds after TS."""
    venue_ms = TS // 1_000_000 + round(at_s * 1000)
    return stamped(
        round(at_s * 1e9),
        b'{"stream":"%s@trade","data":{"e":"trade","E":%d,"T":%d,"s":"%s","t":%d,"p":"61800.30","q":"0.004"%s,"m":true}}'
        % (symbol.lower().encode(), venue_ms, venue_ms, symbol.encode(), number, more),
    )


def gaps_of(recording: Path) -> list[tuple[int, int]]:
    """Spans without trades, in whole seconds after TS, as bars and CVD use them."""
    (market,) = read_to_end(recording).core.engine.bases["BTC"].markets
    return [(round((a - TS) / 1e9), round((b - TS) / 1e9)) for a, b in market.coverage.gaps()]


@pytest.mark.parametrize("more", [b',"X":"MARKET"', b',"M":true'], ids=["futures", "spot"])
def test_missing_ids_within_a_file_are_a_gap(tmp_path: Path, more: bytes) -> None:
    kept = [at for at in range(180) if not 60 <= at < 120]
    import_captures(None, [capture_file(tmp_path / "x", *(trade(at, at, more=more) for at in kept))], tmp_path / "o")
    assert (59, 120) in gaps_of(tmp_path / "o")


def test_fills_off_the_book_have_ids_too_and_are_no_gap(tmp_path: Path) -> None:
    lines = [trade(at, at, more=b',"X":"ADL"' if at == 5 else b',"X":"MARKET"') for at in range(10)]
    import_captures(None, [capture_file(tmp_path / "x", *lines)], tmp_path / "o")
    assert not [gap for gap in gaps_of(tmp_path / "o") if gap[0] < 9]


@pytest.mark.parametrize(("second", "marked"), [(10, False), (11, True), (10_000_000, True)])
def test_between_files_lies_a_gap_unless_ids_follow(tmp_path: Path, second: int, marked: bool) -> None:
    first = capture_file(tmp_path / "a", *(trade(at, at) for at in range(10)))
    later = capture_file(tmp_path / "b", *(trade(second + at, 60 + at) for at in range(10)))
    _, frames = imported(tmp_path, [first, later])
    kinds = [frame.kind.value for frame in frames if frame.kind.value != "text"]
    assert kinds == (["open", "close", "open", "close"] if marked else ["open", "close"])
    assert ((9, 60) in gaps_of(tmp_path / "out.mcap")) == marked


def test_files_without_trade_ids_have_an_unknown_span_between_them(tmp_path: Path) -> None:
    line = b'{"channel":"trades","data":[{"coin":"BTC","px":"105056.0","side":"B","sz":"0.1","tid":%d,"time":%d}]}'
    files = [capture_file(tmp_path / str(at), stamped(at, line % (at + 1, TS // 1_000_000 + at))) for at in (0, 100)]
    _, frames = imported(tmp_path, files)
    assert [frame.kind.value for frame in frames] == ["open", "text", "close", "open", "text", "close"]


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b'{"e":"trade","s":"BTCUSDT","t":1,"p":"1.0","q":"1","X":"MARKET","m":true}', MarketKind.LINEAR),
        (b'{"e":"trade","s":"BTCUSDT","t":1,"p":"1.0","q":"1","m":true,"M":true}', MarketKind.SPOT),
        (b'{"e":"aggTrade","s":"BTCUSDT","a":1,"p":"1.0","q":"1","f":1,"l":1,"T":1,"m":true}', MarketKind.LINEAR),
        (
            b'{"e":"aggTrade","s":"BTCUSDT","a":1,"p":"1.0","q":"1","f":1,"l":1,"T":1,"m":true,"M":true}',
            MarketKind.SPOT,
        ),
        (b'{"e":"trade","s":"BTCUSDT","t":1,"p":"1.0","q":"1","m":true}', None),
    ],
)
def test_the_kind_of_market_is_proven_or_asked_for(tmp_path: Path, payload: bytes, kind: MarketKind | None) -> None:
    file = capture_file(tmp_path / "x", stamped(0, b'{"stream":"btcusdt@x","data":' + payload + b"}"))
    grid_only = b'{"stream":"btcusdt@x","data":{"b":[["1.0","1"]]}}'
    file.write_bytes(file.read_bytes() + b"\n" + stamped(1, grid_only))
    if kind is None:
        with pytest.raises(MarketUnknown, match="--market"):
            import_captures(None, [file], tmp_path / "o")
        return
    assert hftbacktest_kinds(file) == [kind]


def hftbacktest_kinds(file: Path) -> list[MarketKind]:
    return [found.kind for found in KINDS["hftbacktest"].open([file], None, lambda _: None).instruments]


def test_dated_futures_are_left_out_and_reported(tmp_path: Path) -> None:
    dated = capture_file(tmp_path / "d", trade(1, 0, "BTCUSDT_240927"))
    report = import_captures(None, [dated, capture_file(tmp_path / "p", trade(1, 0))], tmp_path / "o")
    assert report.left_out == ("BTCUSDT_240927 (dated future)",)
    assert [found.id for found in report.instruments] == ["BTCUSDT.binance.linear"]
    with pytest.raises(ImportFailed, match="dated futures"):
        import_captures(None, [dated], tmp_path / "o")


def test_hyperliquid_spot_pairs_are_spot(tmp_path: Path) -> None:
    line = (
        b'{"channel":"trades","data":[{"coin":"@107","px":"21.5","side":"B","sz":"0.1","tid":1,"time":1737918794873}]}'
    )
    report = import_captures(None, [capture_file(tmp_path / "x", stamped(0, line))], tmp_path / "o")
    assert [found.kind for found in report.instruments] == [MarketKind.SPOT]


def test_two_symbols_in_one_file_are_refused(tmp_path: Path) -> None:
    other = TRADE.replace(b"btcusdt", b"ethusdt")
    with pytest.raises(ImportFailed, match="one symbol"):
        import_captures(
            "hftbacktest", [capture_file(tmp_path / "x", stamped(0, TRADE), stamped(1, other))], tmp_path / "o"
        )


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    file = capture_file(tmp_path / "x.gz", *(stamped(n, TRADE) for n in range(100)))
    seen: list[tuple[int, int]] = []
    import_captures("hftbacktest", [file], tmp_path / "o.mcap", lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (2 * file.stat().st_size,) * 2


def test_bad_input_is_refused_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.mcap"
    good, png = capture_file(tmp_path / "good", stamped(0, DEPTH)), tmp_path / "x.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    odd = capture_file(tmp_path / "odd", stamped(0, TRADE.replace(b"btcusdt", b"btcxyz")))
    silent = capture_file(tmp_path / "silent", stamped(0, b'{"stream":"btcusdt@x"}'))
    cases: list[tuple[str | None, list[Path], str]] = [
        (None, [], "No files"),
        (None, [png], "no capture of a known kind"),
        (None, [tmp_path / "missing"], "cannot be read"),
        (None, [tmp_path], "cannot be read"),
        ("hftbacktest", [good, png], "x.png is not a capture of kind"),
        ("nothing", [good], "no kind of capture named nothing"),
        ("hftbacktest", [odd], "quote currency"),
        ("hftbacktest", [silent], "no prices"),
    ]
    for kind, files, text in cases:
        with pytest.raises(ImportFailed, match=text) as caught:
            import_captures(kind, files, out)
        assert "\n" not in caught.value.text
    with pytest.raises(OutputFailed, match="cannot be written"):
        import_captures(None, [good], tmp_path / "none" / "out.mcap")
    assert not out.exists()
    assert list(tmp_path.glob("*.part")) == []


def test_inferred_units_follow_the_market() -> None:
    grid = Grid()
    grid.see(b'[["0.0012","30"],["0.0011","20"]]')
    pepe = infer_instrument(Venue("binance"), MarketKind.LINEAR, "1000PEPEUSDT", grid)
    assert (pepe.base, pepe.multiplier, pepe.tick_size, pepe.lot_size) == ("PEPE", 1000, Decimal("1E-7"), 10_000)
    coin = infer_instrument(Venue("binance"), MarketKind.INVERSE, "LINKUSD_PERP", grid)
    assert (coin.base, coin.quote, coin.settle, coin.contract_size) == ("LINK", "USD", "LINK", 10)
    thousand = infer_instrument(Venue("hyperliquid"), MarketKind.LINEAR, "kPEPE", grid)
    assert (thousand.base, thousand.multiplier) == ("PEPE", 1000)
    with pytest.raises(ImportFailed, match="decimal places"):
        grid.see(b'[["0.0000000000000000001","1"]]')


def json_lines(path: Path, *lines: str) -> Path:
    path.write_bytes(zstandard.compress("\n".join(lines).encode()))
    return path


def test_json_lines_keep_exact_times_and_place_bodies(tmp_path: Path) -> None:
    file = json_lines(
        tmp_path / "x.jsonl.zst",
        '{"t":"header","exchange":"BYBIT"}',
        '{"t":"http","conn":"BYBIT.http","ts":9.5,"url":"https://h/v5/market/instruments-info?category=spot","data":"S"}',
        '{"t":"connect","conn":"BYBIT.ws.1","ts":10.0000000009,"addr":"wss://h/v5/public/linear"}',
        '{"t":"connect","conn":"BYBIT.ws.2","ts":10.1,"addr":"wss://h/v5/public/spot"}',
        '{"t":"send","conn":"BYBIT.ws.1","ts":11,"data":"x"}',
        '{"t":"recv","conn":"BYBIT.ws.1","ts":1633998512.0633569,"data":"{\\"a\\":\\"\\u00e9\\"}"}',
        '{"t":"recv","conn":"BYBIT.ws.2","ts":12.5,"data":"one"}',
        '{"t":"recv","conn":"BYBIT.ws.2","ts":12.5,"data":"two"}',
        '{"t":"recv","conn":"BYBIT.ws.2","ts":12.5,"da',
    )
    capture, frames = opened(file)
    linear, spot = "bybit.linear.ws.1", "bybit.spot.ws.2"
    assert [(f.ts_recv_ns, f.connection, f.kind.value, f.payload, f.tag) for f in frames if f.kind != "open"] == [
        (10_100_000_000, spot, "http", b"S", "instruments"),
        (12_500_000_000, spot, "text", b"one", ""),
        (12_500_000_000, spot, "text", b"two", ""),
        (12_500_000_000, spot, "close", b"end of capture", ""),
        (1633998512_063356900, linear, "text", '{"a":"\u00e9"}'.encode(), ""),
        (1633998512_063356900, linear, "close", b"end of capture", ""),
    ]
    assert [spec_from_frame(f).kind for f in frames if f.kind == "open"] == [MarketKind.LINEAR, MarketKind.SPOT]
    assert capture.tally.torn_lines == 1


def connect(at: float) -> str:
    return f'{{"t":"connect","conn":"BYBIT.ws.1","ts":{at},"addr":"wss://h/v5/public/linear"}}'


def received(at: float, text: str) -> str:
    return f'{{"t":"recv","conn":"BYBIT.ws.1","ts":{at},"data":"{text}"}}'


LIST_BETWEEN = (
    '{"t":"http","conn":"BYBIT.http","ts":15,"url":"https://h/v5/market/instruments-info?category=linear","data":"S"}'
)


@pytest.mark.parametrize(
    "lines",
    [
        (connect(10), received(11, "a"), received(12, "b"), LIST_BETWEEN, connect(20), received(21, "c")),
        (connect(10), connect(20), received(11, "a"), received(12, "b"), received(21, "c"), LIST_BETWEEN),
    ],
    ids=["in order", "connects first"],
)
def test_a_socket_that_connects_again_is_two_connections(tmp_path: Path, lines: tuple[str, ...]) -> None:
    _, frames = opened(json_lines(tmp_path / "x", '{"t":"header","exchange":"BYBIT"}', *lines))
    assert [(frame.ts_recv_ns // 10**9, frame.kind.value) for frame in frames] == [
        (10, "open"), (11, "text"), (12, "text"), (12, "close"), (20, "open"), (20, "http"), (21, "text"), (21, "close")
    ]  # fmt: skip
    assert {frame.connection for frame in frames} == {"bybit.linear.ws.1"}


def test_messages_stay_in_the_order_of_the_file_when_the_clock_steps_back(tmp_path: Path) -> None:
    lines = ('{"t":"header","exchange":"BYBIT"}', connect(10), received(12, "a"), received(11, "b"), received(13, "c"))
    _, frames = opened(json_lines(tmp_path / "x", *lines))
    assert [(frame.ts_recv_ns // 10**9, frame.payload) for frame in frames if frame.kind is FrameKind.TEXT] == [
        (12, b"a"), (12, b"b"), (13, b"c")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (['{"t":"header","exchange":"MTGOX"}'], "MTGOX"),
        (['{"t":"header","exchange":"OKX"}'], "no websocket"),
        (
            ['{"t":"header","exchange":"BINANCE"}', '{"t":"http","url":"https://h/api/v3/exchangeInfo","data":"{}"}'],
            "instrument list",
        ),
    ],
)
def test_json_lines_without_content_are_refused(tmp_path: Path, lines: list[str], text: str) -> None:
    with pytest.raises(ImportFailed, match=text):
        import_captures(None, [json_lines(tmp_path / "x.zst", *lines)], tmp_path / "o.mcap")


LISTING = (
    '{"t":"http","conn":"h","ts":9,"url":"https://h/v5/market/instruments-info?category=linear","data":"'
    '{\\"retCode\\":0,\\"result\\":{\\"list\\":[]}}"}'
)


@pytest.mark.parametrize("listed", [True, False])
def test_captures_without_markets_explain_what_is_missing(tmp_path: Path, listed: bool) -> None:
    push = '{\\"topic\\":\\"orderbook.50.BTCUSDT\\",\\"data\\":{}}'
    lines = ('{"t":"header","exchange":"BYBIT"}', *([LISTING] if listed else []), connect(10), received(11, push))
    with pytest.raises(ImportFailed, match=r"1 messages of orderbook.50.BTCUSDT, but no list of instruments") as caught:
        import_captures(None, [json_lines(tmp_path / "x", *lines)], tmp_path / "o")
    assert "record the venue's instrument list" in caught.value.text
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("stream", ["btcusdt@depth20@100ms", "btcusdt@kline_1m"])
def test_captures_of_streams_that_cannot_be_used_explain_what_is_needed(tmp_path: Path, stream: str) -> None:
    line = b'{"stream":"%s","data":{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["1.0","1"]],"a":[]}}'
    file = capture_file(tmp_path / "x", *(stamped(at, line % stream.encode()) for at in range(5)))
    with pytest.raises(ImportFailed, match=rf"5 messages of {stream}, of which none can be read; needed are trades"):
        import_captures(None, [file], tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_real_usdm_capture(data: Path, tmp_path: Path) -> None:
    files = captured(data, "binance-2024-08-08/usdm/btcusdt_20240808.gz")
    report, frames = imported(tmp_path, files)
    assert Counter(frame.kind.value for frame in frames) == {"open": 1, "text": 93_953, "http": 1, "close": 1}
    assert (report.torn_lines, report.damaged) == (0, ())
    (btc,) = report.instruments
    assert (btc.id, btc.tick_size, btc.lot_size) == ("BTCUSDT.binance.linear", Decimal("0.10"), Decimal("0.001"))


def test_real_spot_and_inverse_captures_merge_over_midnight(data: Path, tmp_path: Path) -> None:
    files = captured(
        data,
        "binance-2024-08-08/spot/ethusdt_20240808.gz",
        "binance-2024-08-08/spot/ethusdt_20240809.gz",
        "binance-2024-08-08/coinm/ethusd_perp_20240808.gz",
        "binance-2024-08-08/coinm/ethusd_perp_20240809.gz",
    )
    report, frames = imported(tmp_path, files, "hftbacktest")
    times = [frame.ts_recv_ns for frame in frames]
    assert times == sorted(times)
    lines = Counter(frame.connection for frame in frames if frame.kind in ("text", "http"))
    assert lines == {"binance.spot.ethusdt": 79_744, "binance.inverse.ethusd_perp": 78_314}
    assert report.frames == 79_744 + 78_314 + 4
    assert [frame.tag for frame in frames if frame.tag] == ["depth/ETHUSDT", "depth/ETHUSD_PERP"]
    spot, perp = report.instruments
    assert (spot.kind, spot.tick_size, perp.kind, perp.tick_size) == (
        MarketKind.SPOT, Decimal("0.01"), MarketKind.INVERSE, Decimal("0.01")
    )  # fmt: skip
    assert (perp.lot_size, perp.contract_size, perp.settle) == (1, 10, "ETH")


@pytest.mark.parametrize(
    ("name", "tick"),
    [
        ("binance-2024-08-08/usdm/ethusdt_20240808.gz", "0.01"),
        ("binance-2024-08-08/coinm/btcusd_perp_20240808.gz", "0.1"),
        ("binance-2024-08-08/spot/btcusdt_20240808.gz", "0.01"),
    ],
)
def test_real_ticks_are_inferred(data: Path, name: str, tick: str) -> None:
    (file,) = captured(data, name)
    grid = Grid()
    grid.see(gzip.decompress(file.read_bytes()))
    assert grid.tick_size == Decimal(tick)


def test_real_hyperliquid_capture(data: Path, tmp_path: Path) -> None:
    report, frames = imported(tmp_path, captured(data, "hyperliquid-2025-01-26/btcusd_20250126.gz"))
    assert [frame.kind.value for frame in frames] == ["open", *["text"] * 55, "close"]
    assert [(found.id, found.quote) for found in report.instruments] == [("BTC.hyperliquid.linear", "USDC")]


def test_real_binance_json_lines(data: Path, tmp_path: Path) -> None:
    names = ("BINANCE", "BINANCE_FUTURES", "BINANCE_DELIVERY")
    files = captured(data, *(f"multi-venue/{name}.jsonl.zst" for name in names))
    assert {detect(file) for file in files} == {"multi-venue"}
    report, frames = imported(tmp_path, files)
    times = [frame.ts_recv_ns for frame in frames]
    assert times == sorted(times)
    counts = Counter((frame.connection, frame.kind.value) for frame in frames)
    assert sum(count for (_, kind), count in counts.items() if kind == "text") == 6_171
    assert [counts[f"binance.{kind}.ws.1", "http"] for kind in ("spot", "linear", "inverse")] == [4, 4, 10]
    tags = {frame.tag for frame in frames if frame.kind is FrameKind.HTTP}
    assert {"depth/NKNUSDT", "depth/SUSHIUSDT", "depth/BCHUSD_210924"} <= tags
    specs = [spec_from_frame(frame) for frame in frames if frame.kind is FrameKind.OPEN]
    assert sorted(len(spec.markets) for spec in specs) == [4, 4, 6]
    assert len(report.instruments) == 14


@pytest.mark.parametrize(("name", "texts", "bodies"), [("BYBIT", 3_227, 2), ("OKX", 410, 25), ("DERIBIT", 136, 4)])
def test_real_json_lines_of_other_venues(data: Path, tmp_path: Path, name: str, texts: int, bodies: int) -> None:
    _, frames = opened(*captured(data, f"multi-venue/{name}.jsonl.zst"))
    kinds = Counter(frame.kind for frame in frames)
    assert (kinds[FrameKind.TEXT], kinds[FrameKind.HTTP]) == (texts, bodies)
    assert {frame.tag for frame in frames if frame.kind is FrameKind.HTTP} == {"instruments"}


LISTED = {
    "BYBIT": {
        *(f"{base}USDT.bybit.linear" for base in ("BTC", "ETH", "SOL", "DOGE")),
        *(f"{base}USDT.bybit.spot" for base in ("BTC", "ETH")),
    },
    "OKX": {"BTC-USDT.okx.spot", "UNI-USD-SWAP.okx.inverse"},  # and a dated future, which is no market of ours
    "DERIBIT": set(),  # options
}


@pytest.mark.parametrize("name", LISTED)
def test_lists_of_other_venues_become_the_markets_of_the_connections(data: Path, tmp_path: Path, name: str) -> None:
    report, frames = opened(*captured(data, f"multi-venue/{name}.jsonl.zst"))
    specs = [spec_from_frame(frame) for frame in frames if frame.kind is FrameKind.OPEN]
    assert {market.id for spec in specs for market in spec.markets} == LISTED[name]
    assert {market.id for market in report.instruments} == LISTED[name]
    if name == "BYBIT":
        assert all(market.kind is spec.kind for spec in specs for market in spec.markets)
    core = Core()
    core.consume(frames)
    assert {market.id for market in core.engine.instruments()} == LISTED[name]
    for instrument in LISTED[name]:
        market = core.engine.market(InstrumentId(instrument))
        assert market is not None
        assert market.last_price
    assert not core.feed.undecodable
