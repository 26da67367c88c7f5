"""Market-neutral paper book: long the top of a score and short its bottom, or the reverse, at recorded prices.

Each second of market data yields lines of the ledger. The same seconds give the same ledger, however they are split
into runs: all later results depend on `PaperState` only. Without data nothing is traded, marked or accrued, and a
ledger line records it.

A trade of `q` base coins (signed) at price `p` and mid `m` pays `q * p`, of which `q * (p - m)` is slippage, and a fee.
Positions are marked at mid, so equity = capital + price PnL + funding - fees - slippage.
"""

import math
from dataclasses import dataclass, field, replace

from feeds.model.instrument import InstrumentId, Venue
from workstation.analytics.paper.market import Depth, Levels, MarketSecond, NextFunding, Ranked
from workstation.readmodels.universe.paper import (
    MINUTE_NS,
    EntryKind,
    PaperEntry,
    PaperMark,
    PaperMoment,
    PaperSettings,
    ScoredCoin,
    Sizing,
    Stance,
    impact_of,
)

SETTLE_NS = MINUTE_NS  # observation time before the first trade
GAP_NS = MINUTE_NS  # a longer gap is recorded, and funding due in it is not accrued
BAND = 0.01  # of the target; positions nearer to their target are not traded


@dataclass(slots=True)
class Holding:
    """A position: signed `size` in base coin, last `mid`; `due_ns` (0: unknown) and `rate` are of the next funding."""

    base: str
    venue: Venue
    size: float
    mid: float
    seen_ns: int
    due_ns: int = 0
    rate: float | None = None
    mark: float | None = None


@dataclass(slots=True)
class PaperState:
    """Everything that later seconds depend on. Money is USD, times are ns of receive time."""

    started_ns: int = 0
    last_ns: int = 0
    next_rebalance_ns: int = 0
    next_minute_ns: int = 0
    seq: int = 0
    rebalance: int = 0
    cash: float = 0.0
    price_pnl: float = 0.0
    funding: float = 0.0
    fees: float = 0.0
    slippage: float = 0.0
    holdings: dict[str, Holding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """New records of a step: ledger lines, a point of the equity curve or None, the scores of a rebalance."""

    entries: tuple[PaperEntry, ...] = ()
    moment: PaperMoment | None = None
    scores: tuple[ScoredCoin, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.entries or self.moment is not None)


class PaperBook:
    """Settings and state of one book; `step` takes seconds in order. `waiting` is why nothing is traded yet."""

    def __init__(self, settings: PaperSettings, state: PaperState | None = None) -> None:
        self.settings = settings
        self.state = state or PaperState()
        self.waiting = ""
        self._entries: list[PaperEntry] = []

    def change(self, settings: PaperSettings, now_ns: int) -> Written:
        """Apply new settings. A book that has begun retains its capital; a new period may bring the next rebalance
        forward, never delay it.
        """
        state = self.state
        if state.started_ns:
            settings = replace(settings, capital=self.settings.capital)
            if settings.period_ns != self.settings.period_ns:
                state.next_rebalance_ns = min(state.next_rebalance_ns, max(now_ns, state.last_ns) + settings.period_ns)
        self.settings = settings
        self._write(EntryKind.SETTINGS, max(now_ns, state.last_ns), note=_described(settings))
        return self._take(None, ())

    def step(self, second: MarketSecond) -> Written:
        """Process one second: mark, accrue funding, rebalance if due. Ignored when off or not later than the last."""
        state, now_ns = self.state, second.now_ns
        if not self.settings.on or now_ns <= state.last_ns:
            return Written()
        if not state.started_ns:
            self._begin(now_ns)
        elif now_ns - state.last_ns > GAP_NS:
            self._note_gap(now_ns)
        self._mark(second)
        for market, holding in state.holdings.items():
            self._fund(market, holding, second)
        scores = self._rebalance(second) if now_ns >= state.next_rebalance_ns else ()
        state.last_ns = now_ns
        moment = None
        if now_ns >= state.next_minute_ns or scores:
            state.next_minute_ns = now_ns - now_ns % MINUTE_NS + MINUTE_NS
            moment = self.moment()
        return self._take(moment, scores)

    def moment(self) -> PaperMoment:
        """The account at the last second."""
        state = self.state
        marks = tuple(
            PaperMark(InstrumentId(market), one.base, one.venue, one.size, one.mid, one.seen_ns)
            for market, one in state.holdings.items()
        )
        equity = state.cash + math.fsum(mark.size * mark.mid for mark in marks)
        parts = (state.price_pnl, state.funding, state.fees, state.slippage)
        return PaperMoment(state.last_ns, equity, *parts, marks)

    def _begin(self, now_ns: int) -> None:
        state = self.state
        state.started_ns, state.cash = now_ns, self.settings.capital
        settled_ns = now_ns + SETTLE_NS
        state.next_rebalance_ns = settled_ns + -settled_ns % MINUTE_NS
        self.waiting = "observes the universe for a minute first"

    def _note_gap(self, now_ns: int) -> None:
        """Record a gap. Positions stay open over it; funding that fell due in it is unknown and not accrued."""
        state = self.state
        seconds = (now_ns - state.last_ns) // 1_000_000_000
        missed = [one.base for one in state.holdings.values() if 0 < one.due_ns < now_ns]
        note = f"{seconds} s were not seen" + (f"; funding not accrued: {', '.join(missed)}" if missed else "")
        self._write(EntryKind.GAP, now_ns, note=note)
        for one in state.holdings.values():
            if one.due_ns < now_ns:
                one.due_ns, one.rate = 0, None

    def _mark(self, second: MarketSecond) -> None:
        """Mark positions at known mids; the others stay at their last."""
        for market, holding in self.state.holdings.items():
            mid = second.mid(InstrumentId(market))
            if mid is not None:
                self._revalue(holding, mid, second.now_ns)

    def _revalue(self, holding: Holding, mid: float, now_ns: int) -> None:
        self.state.price_pnl += holding.size * (mid - holding.mid)
        holding.mid, holding.seen_ns = mid, now_ns

    # --- funding

    def _fund(self, market: str, holding: Holding, second: MarketSecond) -> None:
        """Accrue funding due since the last second at the rate known before it, then store the next rate."""
        now_ns, funding = second.now_ns, second.funding(InstrumentId(market))
        if holding.due_ns and now_ns >= holding.due_ns:
            self._accrue(market, holding, now_ns)
            holding.due_ns, holding.rate = 0, None
        if funding is not None:
            _update_funding(holding, funding, now_ns)

    def _accrue(self, market: str, holding: Holding, now_ns: int) -> None:
        names = {"base": holding.base, "venue": holding.venue, "market": market}
        if holding.rate is None:
            note = "funding was due and no rate was known: nothing accrued"
            self._write(EntryKind.FUNDING, now_ns, **names, size=holding.size, held=holding.size, note=note)
            return
        mark = holding.mark if holding.mark is not None else holding.mid
        received = -holding.size * mark * holding.rate
        self.state.cash += received
        self.state.funding += received
        money = {"size": holding.size, "held": holding.size, "mid": mark, "funding": received, "rate": holding.rate}
        self._write(EntryKind.FUNDING, now_ns, **names, **money)

    # --- rebalancing

    def _rebalance(self, second: MarketSecond) -> tuple[ScoredCoin, ...]:
        """Trade to new targets and return the scores; empty, and still due, while fewer than two coins have scores."""
        state, settings = self.state, self.settings
        ranked = second.ranked(settings.score)
        names = min(settings.names, len(ranked.coins) // 2)
        if not names:
            self.waiting = f"waits for {settings.score} scores"
            return ()
        self.waiting = ""
        state.rebalance += 1
        state.next_rebalance_ns = _next(state.next_rebalance_ns, settings.period_ns, second.now_ns)
        equity = self.moment().equity
        scores = targets(ranked, names, settings, max(equity, 0.0))
        wanted = {one.base: one for one in scores}
        for market in list(state.holdings):
            holding = state.holdings[market]
            coin = wanted.get(holding.base)
            if coin is None or not coin.target:
                self._trade(market, holding.base, holding.venue, 0.0, coin, len(scores), second)
        for coin in scores[:names] + scores[-names:]:
            self._toward(coin, len(scores), second)
        return scores

    def _toward(self, coin: ScoredCoin, ranked: int, second: MarketSecond) -> None:
        """Trade a chosen coin to its target, on the market that holds its position if there is one."""
        held = next((market for market, one in self.state.holdings.items() if one.base == coin.base), None)
        if not coin.target:
            if held is None:
                broke = self.moment().equity <= 0
                note = "the capital is used up" if broke else "volatility is not known yet"
                self._skip(coin, ranked, second.now_ns, note)
            return
        if held is not None:
            self._trade(held, coin.base, self.state.holdings[held].venue, coin.target, coin, ranked, second)
            return
        market = second.market(coin.base)
        if market is None:
            self._skip(coin, ranked, second.now_ns, "no live dollar-margined perpetual with a known price")
        else:
            self._trade(market.id, coin.base, market.venue, coin.target, coin, ranked, second)

    def _trade(
        self,
        market: str,
        base: str,
        venue: Venue,
        target: float,
        coin: ScoredCoin | None,
        ranked: int,
        second: MarketSecond,
    ) -> None:
        """Trade from the present position to the target notional (USD, signed) at the recorded order book's prices."""
        state, depth = self.state, second.depth(InstrumentId(market))
        known = _score_of(coin, ranked) | {"base": base, "venue": venue, "market": market}
        holding = state.holdings.get(market)
        before = holding.size if holding is not None else 0.0
        if depth is None:
            note = "no live price: the position stays as it is" if holding is not None else "no live price"
            self._write(EntryKind.SKIP, second.now_ns, **known, held=before, note=note)
            return
        mid = depth.mid
        if holding is None:
            holding = state.holdings[market] = Holding(base, venue, 0.0, mid, second.now_ns)
        self._revalue(holding, mid, second.now_ns)
        size = target / mid - before
        if target and abs(size * mid) < BAND * abs(target):
            self._write(EntryKind.HOLD, second.now_ns, **known, held=before, mid=mid)
            return
        after = target / mid if target else 0.0
        price, seen = taken(depth, size)
        if seen < 1:
            price += math.copysign(mid * impact_of(seen) * (1 - seen), size)
            known["note"] = f"estimated: {1 - seen:.0%} of the size was beyond the recorded book"
        fee, slippage = abs(size) * price * self.settings.fee(venue), size * (price - mid)
        state.cash -= size * price + fee
        state.fees += fee
        state.slippage += slippage
        holding.size = after
        money = {
            "size": size,
            "held": after,
            "price": price,
            "mid": mid,
            "seen": seen,
            "fee": fee,
            "slippage": slippage,
        }
        self._write(EntryKind.TRADE, second.now_ns, **known, **money)
        if not after:
            del state.holdings[market]
        elif (funding := second.funding(InstrumentId(market))) is not None:
            _update_funding(holding, funding, second.now_ns)

    def _skip(self, coin: ScoredCoin, ranked: int, now_ns: int, note: str) -> None:
        self._write(EntryKind.SKIP, now_ns, **_score_of(coin, ranked), base=coin.base, note=note)

    # --- the ledger

    def _write(self, kind: EntryKind, ts_ns: int, **facts: object) -> None:
        self.state.seq += 1
        self._entries.append(PaperEntry(self.state.seq, self.state.rebalance, ts_ns, kind, **facts))  # type: ignore[arg-type]

    def _take(self, moment: PaperMoment | None, scores: tuple[ScoredCoin, ...]) -> Written:
        entries, self._entries = tuple(self._entries), []
        return Written(entries, moment, scores)


def targets(ranked: Ranked, names: int, settings: PaperSettings, equity: float) -> tuple[ScoredCoin, ...]:
    """Every coin with rank and target notional (USD, signed; 0 if not chosen). Each side is half of the gross.

    Equal risk splits a side in inverse proportion to volatility; a coin of unknown volatility has target 0, and the
    other targets of its side do not grow.
    """
    count = len(ranked.coins)
    half = equity * settings.gross / 2
    buys_top = 1 if settings.stance is Stance.FOLLOW else -1
    found = []
    for at, (coin, score, risk) in enumerate(zip(ranked.coins, ranked.scores, ranked.volatility, strict=True)):
        top = at < names
        sign = buys_top if top else -buys_top if at >= count - names else 0
        side = ranked.volatility[:names] if top else ranked.volatility[count - names :]
        share = _share(risk, side, settings.sizing) if sign else 0.0
        rank = 1 + sum(other > score for other in ranked.scores[:at])
        found.append(ScoredCoin(coin, score, rank, sign * half * share, risk))
    return tuple(found)


def _share(risk: float | None, side: tuple[float | None, ...], sizing: Sizing) -> float:
    if sizing is Sizing.NOTIONAL:
        return 1 / len(side)
    if risk is None:
        return 0.0
    known = [one for one in side if one is not None]
    return len(known) / len(side) / risk / math.fsum(1 / one for one in known)


def taken(depth: Depth, size: float) -> tuple[float, float]:
    """Average price of taking a signed size from the book, and the share that was there, in [0, 1]; the rest is priced
    at the last level.
    """
    levels: Levels = depth.asks if size > 0 else depth.bids
    wanted = left = abs(size)
    paid = 0.0
    for price, offered in levels:
        part = min(left, offered)
        paid += part * price
        left -= part
        if left <= 0:
            break
    if not wanted:
        return levels[0][0], 1.0
    return (paid + left * levels[-1][0]) / wanted, 1 - left / wanted


def _update_funding(holding: Holding, funding: NextFunding, now_ns: int) -> None:
    """Store mark and next funding; a due time that has passed is ignored."""
    holding.mark = funding.mark
    if funding.due_ns > now_ns:
        holding.due_ns, holding.rate = funding.due_ns, funding.rate


def _next(due_ns: int, period_ns: int, now_ns: int) -> int:
    """The first time after `now_ns` on the schedule `due_ns` + k * `period_ns`."""
    return due_ns + max((now_ns - due_ns) // period_ns + 1, 1) * period_ns


def _score_of(coin: ScoredCoin | None, ranked: int) -> dict[str, object]:
    return {} if coin is None else {"score": coin.score, "rank": coin.rank, "ranked": ranked}


def _described(settings: PaperSettings) -> str:
    fees = ", ".join(f"{venue} {fee * 1e4:g} bp" for venue, fee in settings.fees)
    hours = f"{settings.period_ns / 3.6e12:g} h"
    state = "on" if settings.on else "off"
    plan = f"{settings.stance} by {settings.score}, {settings.names} a side, {settings.sizing}, every {hours}"
    return f"{state}: {plan}, capital {settings.capital:g}, gross {settings.gross:g}; taker fees {fees}"
