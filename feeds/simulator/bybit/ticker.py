"""The ticker of one market: a snapshot for a new subscriber, then changed fields only; on spot always all fields."""

from feeds.simulator.bybit.wire_format import WireFormat
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND

_HOUR_NS = 3_600 * SECOND
_PAIRS = (("bid1Price", "bid1Size"), ("ask1Price", "ask1Size"))

Fields = dict[str, str]


class TickerWire:
    """The ticker fields last sent, and messages from them."""

    def __init__(self, market: SimulatedMarket, fmt: WireFormat) -> None:
        self.topic = fmt.topic("tickers")
        self.has_subscribers = False
        self._market = market
        self._fmt = fmt
        self._known: Fields = {}
        self._direction = "ZeroPlusTick"
        self._last = market.day.close

    def snapshot(self, now_ms: int) -> str:
        """The first message of a subscription: the fields last sent, or the current ones without other subscribers."""
        if not self.has_subscribers:
            self._known = self.fields()
            self.has_subscribers = True
        return self._message("snapshot", now_ms, self._known)

    def update(self, now_ms: int) -> str | None:
        """The fields changed since the last message; None if none. A best price and its size change together."""
        before, self._known = self._known, self.fields()
        changed = {name for name, value in self._known.items() if before.get(name) != value}
        if not changed:
            return None
        if self._fmt.is_spot:
            return self._message("snapshot", now_ms, self._known)
        for pair in _PAIRS:
            changed |= set(pair) if changed.intersection(pair) else set()
        return self._message("delta", now_ms, {name: value for name, value in self._known.items() if name in changed})

    def fields(self) -> Fields:
        """All current fields. `openInterest` counts both sides."""
        market, fmt, day = self._market, self._fmt, self._market.day
        change = f"{(day.close - day.open) / day.open:.6f}"
        volume, turnover = fmt.size(day.volume), f"{day.turnover:.4f}"
        high, low, previous = fmt.price(day.high), fmt.price(day.low), fmt.price(day.open)
        fields = {"symbol": fmt.symbol}
        if market.perpetual is None:
            fields |= {"lastPrice": fmt.price(day.close), "highPrice24h": high, "lowPrice24h": low}
            fields |= {"prevPrice24h": previous, "volume24h": volume, "turnover24h": turnover}
            return fields | {"price24hPcnt": change, "usdIndexPrice": f"{market.mid:.6f}"}
        fields |= {"tickDirection": self._turn(), "price24hPcnt": change, "lastPrice": fmt.price(day.close)}
        fields |= {"prevPrice24h": previous, "highPrice24h": high, "lowPrice24h": low, "prevPrice1h": self._hour_ago()}
        return fields | self._derived() | {"turnover24h": turnover, "volume24h": volume} | self._touch()

    def _derived(self) -> Fields:
        market, fmt, perpetual = self._market, self._fmt, self._market.perpetual
        assert perpetual is not None
        scale = market.spec.instrument.multiplier
        one = float(fmt.size(perpetual.open_interest))
        value = one / perpetual.mark if market.is_inverse else one * perpetual.mark * scale
        fields = {"markPrice": fmt.quote(perpetual.mark * scale), "indexPrice": fmt.quote(perpetual.index * scale)}
        both, decimals = 2.0 * one, fmt.size_decimals
        fields |= {"openInterest": f"{both:.{decimals}f}", "openInterestValue": f"{2.0 * value:.2f}"}
        fields |= {"singleOpenInterest": f"{one:.{decimals}f}", "singleOpenInterestValue": f"{value:.2f}"}
        fields |= {"fundingIntervalHour": str(perpetual.interval_ns // _HOUR_NS), "fundingCap": "0.005"}
        return fields | {
            "nextFundingTime": str(perpetual.next_funding_ns // MS),
            "fundingRate": f"{perpetual.rate:.8f}",
        }

    def _touch(self) -> Fields:
        (bid, bid_lots), (ask, ask_lots) = self._market.book.touch()
        fmt = self._fmt
        best = {"bid1Price": fmt.price(bid), "bid1Size": fmt.size(bid_lots)}
        best |= {"ask1Price": fmt.price(ask), "ask1Size": fmt.size(ask_lots)}
        return best | {"preOpenPrice": "", "preQty": "", "curPreListingPhase": ""}

    def _hour_ago(self) -> str:
        rows = self._market.tape.bars.rows
        return self._fmt.price(rows[max(len(rows) - 60, 0)].open if rows else self._market.day.open)

    def _turn(self) -> str:
        last, self._last = self._last, self._market.day.close
        if last != self._last:
            self._direction = "PlusTick" if self._last > last else "MinusTick"
        elif not self._direction.startswith("Zero"):
            self._direction = "Zero" + self._direction
        return self._direction

    def _message(self, kind: str, now_ms: int, fields: Fields) -> str:
        sequence = self._market.book.update_id
        return self._fmt.message("tickers", kind, now_ms, fields, cs=sequence)
