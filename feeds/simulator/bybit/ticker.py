"""The ticker of one market: a whole state for a new subscriber, then only what changed; spot tells the whole always."""

from __future__ import annotations

from feeds.simulator.bybit.wire_format import Words
from feeds.simulator.market.simulated import Listed
from feeds.simulator.market.spec import MS, SECOND

_HOUR_NS = 3_600 * SECOND
_PAIRS = (("bid1Price", "bid1Size"), ("ask1Price", "ask1Size"))

Fields = dict[str, str]


class TickerWire:
    """What the subscribers of one ticker know."""

    def __init__(self, market: Listed, words: Words) -> None:
        self.topic = words.topic("tickers")
        self.is_followed = False
        self._market = market
        self._words = words
        self._known: Fields = {}
        self._direction = "ZeroPlusTick"
        self._last = market.day.close

    def snapshot(self, now_ms: int) -> str:
        """What a new subscriber gets: what the others know, or the present state where there are none."""
        if not self.is_followed:
            self._known = self.fields()
            self.is_followed = True
        return self._message("snapshot", now_ms, self._known)

    def update(self, now_ms: int) -> str | None:
        """What changed since the last message, None where nothing did. A touch changes as price and size together."""
        before, self._known = self._known, self.fields()
        changed = {name for name, value in self._known.items() if before.get(name) != value}
        if not changed:
            return None
        if self._words.is_spot:
            return self._message("snapshot", now_ms, self._known)
        for pair in _PAIRS:
            changed |= set(pair) if changed.intersection(pair) else set()
        return self._message("delta", now_ms, {name: value for name, value in self._known.items() if name in changed})

    def fields(self) -> Fields:
        """Everything as it stands. `openInterest` counts both sides."""
        market, words, day = self._market, self._words, self._market.day
        change = f"{(day.close - day.open) / day.open:.6f}"
        volume, turnover = words.size(day.volume), f"{day.turnover:.4f}"
        high, low, previous = words.price(day.high), words.price(day.low), words.price(day.open)
        fields = {"symbol": words.symbol}
        if market.perpetual is None:
            fields |= {"lastPrice": words.price(day.close), "highPrice24h": high, "lowPrice24h": low}
            fields |= {"prevPrice24h": previous, "volume24h": volume, "turnover24h": turnover}
            return fields | {"price24hPcnt": change, "usdIndexPrice": f"{market.mid:.6f}"}
        fields |= {"tickDirection": self._turn(), "price24hPcnt": change, "lastPrice": words.price(day.close)}
        fields |= {"prevPrice24h": previous, "highPrice24h": high, "lowPrice24h": low, "prevPrice1h": self._hour_ago()}
        return fields | self._derived() | {"turnover24h": turnover, "volume24h": volume} | self._touch()

    def _derived(self) -> Fields:
        market, words, perpetual = self._market, self._words, self._market.perpetual
        assert perpetual is not None
        scale = market.spec.instrument.multiplier
        one = float(words.size(perpetual.open_interest))
        value = one / perpetual.mark if market.is_inverse else one * perpetual.mark * scale
        fields = {"markPrice": words.quote(perpetual.mark * scale), "indexPrice": words.quote(perpetual.index * scale)}
        both, decimals = 2.0 * one, words.size_decimals
        fields |= {"openInterest": f"{both:.{decimals}f}", "openInterestValue": f"{2.0 * value:.2f}"}
        fields |= {"singleOpenInterest": f"{one:.{decimals}f}", "singleOpenInterestValue": f"{value:.2f}"}
        fields |= {"fundingIntervalHour": str(perpetual.interval_ns // _HOUR_NS), "fundingCap": "0.005"}
        return fields | {
            "nextFundingTime": str(perpetual.next_funding_ns // MS),
            "fundingRate": f"{perpetual.rate:.8f}",
        }

    def _touch(self) -> Fields:
        (bid, bid_lots), (ask, ask_lots) = self._market.book.touch()
        words = self._words
        best = {"bid1Price": words.price(bid), "bid1Size": words.size(bid_lots)}
        best |= {"ask1Price": words.price(ask), "ask1Size": words.size(ask_lots)}
        return best | {"preOpenPrice": "", "preQty": "", "curPreListingPhase": ""}

    def _hour_ago(self) -> str:
        rows = self._market.tape.bars.rows
        return self._words.price(rows[max(len(rows) - 60, 0)].open if rows else self._market.day.open)

    def _turn(self) -> str:
        last, self._last = self._last, self._market.day.close
        if last != self._last:
            self._direction = "PlusTick" if self._last > last else "MinusTick"
        elif not self._direction.startswith("Zero"):
            self._direction = "Zero" + self._direction
        return self._direction

    def _message(self, kind: str, now_ms: int, fields: Fields) -> str:
        sequence = self._market.book.update_id
        return self._words.message("tickers", kind, now_ms, fields, cs=sequence)
