"""Altered captures are refused, or imported with what is left of them; nothing else can happen."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from feeds.importers import import_captures
from feeds.model.errors import ImportFailed
from feeds.recording import RecordingReader

LINES = b"\n".join(
    b'%d {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":%d,"T":1723161255030,'
    b'"p":"61800.%d0","q":"0.00%d","X":"MARKET","m":true}}' % (1_723_161_255_030_314_667 + n, n, n % 10, n % 9 + 1)
    for n in range(40)
)
LISTED = {
    "symbol": "SUSHIUSDT",
    "baseAsset": "SUSHI",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "status": "TRADING",
    "contractType": "PERPETUAL",
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.001"},
        {"filterType": "LOT_SIZE", "stepSize": "1"},
    ],
}
TRADE = {
    "stream": "sushiusdt@aggTrade",
    "data": {"e": "aggTrade", "s": "SUSHIUSDT", "a": 1, "p": "8.120", "q": "3", "T": 1626992741000, "m": True},
}
HOST = "https://fapi.binance.com/fapi/v1"
ADDRESS = "wss://fstream.binance.com/stream?streams=sushiusdt@depth/sushiusdt@aggTrade"
JSON_LINES = b"\n".join(
    json.dumps(line, separators=(",", ":")).encode()
    for line in (
        {"t": "header", "exchange": "BINANCE_FUTURES"},
        {
            "t": "http",
            "conn": "h",
            "ts": 40.1,
            "url": f"{HOST}/exchangeInfo",
            "data": json.dumps({"symbols": [LISTED]}),
        },
        {"t": "http", "conn": "h", "ts": 41.3, "url": f"{HOST}/depth?symbol=SUSHIUSDT", "data": "{}"},
        {"t": "connect", "conn": "X.ws.1", "ts": 40.2, "addr": ADDRESS},
        {"t": "recv", "conn": "X.ws.1", "ts": 41.06217, "data": json.dumps(TRADE, separators=(",", ":"))},
    )
)


@pytest.mark.parametrize("content", [LINES, JSON_LINES], ids=["lines", "json-lines"])
def test_altered_captures_import_or_are_refused(tmp_path: Path, content: bytes) -> None:
    chance = random.Random(808)
    file, out = tmp_path / "capture", tmp_path / "out.mcap"
    imported = 0
    for _ in range(400):
        altered = bytearray(content[: chance.choice((len(content), chance.randrange(len(content))))] or b" ")
        for _ in range(chance.choice((1, 3, 20))):
            altered[chance.randrange(len(altered))] = chance.choice(b'"{}[],:.0e9\n\xff-@ ')
        file.write_bytes(altered)
        try:
            report = import_captures(None, [file], out)
        except ImportFailed:
            continue
        imported += 1
        reader = RecordingReader(out)
        assert len(list(reader.frames())) == report.frames
        assert reader.damage is None
    assert imported > 20


@pytest.mark.parametrize("ts", ["1e999999", "-5", '"NaN"', "99999999999"])
def test_impossible_times_are_torn_lines(tmp_path: Path, ts: str) -> None:
    file = tmp_path / "capture"
    file.write_bytes(JSON_LINES + f'\n{{"t":"recv","conn":"X.ws.1","ts":{ts},"data":"late"}}\n'.encode())
    report = import_captures(None, [file], tmp_path / "out.mcap")
    assert (report.torn_lines, report.frames) == (1, 4)


def test_addresses_that_are_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    file.write_bytes(JSON_LINES.replace(b"wss://fstream", b"wss://[fstream"))
    with pytest.raises(ImportFailed, match="address"):
        import_captures(None, [file], tmp_path / "out.mcap")


def test_deep_nesting_is_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    file.write_bytes(LINES + b"\n1723161255030314999 " + b"[" * 100_000 + b"]" * 100_000)
    assert import_captures(None, [file], tmp_path / "out.mcap").torn_lines == 1
