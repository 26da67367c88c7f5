"""What the lines of a Binance capture prove: the kind of market, and whether one file continues another."""

from __future__ import annotations

import re

from feeds.model.instrument import MarketKind

_INVERSE_SYMBOL = re.compile(r".*USD_(PERP|\d{6})")
_DATED_SYMBOL = re.compile(r".+_\d{6}")
# Only futures have `X` in a trade, `pu` in a diff, `e` in a quote, mark prices and liquidations. Only spot has `M`
# after the `m` of a trade, a diff with bids right after `u`, and quotes that begin with `u`.
_FUTURES = re.compile(
    rb'"pu":|"nq":"|"e":"(?:bookTicker|markPriceUpdate|forceOrder)"'
    rb'|"e":"(?:trade|aggTrade)"[^\n{}]*"X":"|"e":"aggTrade"[^\n{}]*"l":\d+[^\n{}]*"m":(?:true|false)\}'
)
_SPOT = re.compile(
    rb'"e":"(?:trade|aggTrade)"[^\n{}]*"M":(?:true|false)|"data":\{"u":\d+,"s":"'
    rb'|"e":"depthUpdate","E":\d+,"s":"[^"]*","U":\d+,"u":\d+,"b":'
)
_MESSAGES = {  # how a message begins; its first and last id, and the id before it
    "trade": (b'"e":"trade"', re.compile(rb'"t":(?P<first>\d+)')),
    "aggTrade": (b'"e":"aggTrade"', re.compile(rb'"a":(?P<first>\d+)')),
    "depth": (
        b'"e":"depthUpdate"',
        re.compile(rb'"U":(?P<first>\d+),"u":(?P<last>\d+)(?:,"pu":(?P<before>\d+))?'),
    ),
}


def is_dated(symbol: str) -> bool:
    """Whether a symbol is a future that expires (`BTCUSDT_240927`)."""
    return _DATED_SYMBOL.fullmatch(symbol) is not None


def kind_of(symbol: str, text: bytes) -> MarketKind | None:
    """The kind that symbol or messages prove; None where they prove none, or both spot and futures."""
    if _INVERSE_SYMBOL.fullmatch(symbol):
        return MarketKind.INVERSE
    futures, spot = is_dated(symbol) or _FUTURES.search(text) is not None, _SPOT.search(text) is not None
    if futures == spot:
        return None
    return MarketKind.LINEAR if futures else MarketKind.SPOT


class Ends:
    """Ids of the first and the last message of each numbered stream in a file."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def see(self, text: bytes) -> None:
        """Add a piece of whole lines."""
        for stream, (begin, ids) in _MESSAGES.items():
            if stream not in self._before and (found := _at(ids, text, text.find(begin))):
                before = found.groupdict().get("before")
                self._before[stream] = int(found["first"]) - 1 if before is None else int(before)
            if found := _at(ids, text, text.rfind(begin)):
                self._last[stream] = int(found.groupdict().get("last") or found["first"])

    def follows(self, earlier: Ends) -> bool:
        """Whether ids prove that nothing lies between: those of trades, or of the book where no trade has any."""
        known = [stream for stream in _MESSAGES if stream in self._before and stream in earlier._last]
        return bool(known) and self._before[known[0]] == earlier._last[known[0]]


def _at(ids: re.Pattern[bytes], text: bytes, begin: int) -> re.Match[bytes] | None:
    return ids.search(text, begin, begin + 300) if begin >= 0 else None
