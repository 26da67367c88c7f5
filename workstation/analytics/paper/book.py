"""The paper market-neutral book: long the top of a score, short its bottom, at prices that were recorded.

A second goes in, lines of the ledger come out. The same seconds give the same ledger, however they are cut into runs:
all that matters later is in `PaperState`. What was not seen is not traded, marked or accrued; a line says so.

Money: a trade of `q` base coins at `p` while the middle of the book is `m` pays `q * p`, of which `q * (p - m)` is
slippage, and a fee. Positions are marked at mids, so that equity = capital + price PnL + funding - fees - slippage.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from feeds.model.instrument import InstrumentId, Venue
from workstation.analytics.paper.market import Depth, FundingTold, Levels, PaperField, Ranked
from workstation.readmodels.universe.paper import (
    MINUTE_NS,
    EntryKind,
    PaperEntry,
    PaperMark,
    PaperMoment,
    PaperSettings,
    ScoredCoin,
    Sizing,
)

SETTLE_NS = MINUTE_NS  # the field is looked at for this long before the first trade
GAP_NS = MINUTE_NS  # longer silence is written down, and funding that was due in it is not accrued
BAND = 0.01  # of a target; a position nearer to it than this is left


@dataclass(slots=True)
class Holding:
    """A position and what is known of its market; `due_ns` and `rate` are of the funding that comes next."""

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
    """All that later seconds depend on."""

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
    """What a step adds to the record. `moment` is a point of the curve, `scores` those of a rebalance."""

    entries: tuple[PaperEntry, ...] = ()
    moment: PaperMoment | None = None
    scores: tuple[ScoredCoin, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether there is something to write."""
        return bool(self.entries or self.moment is not None)


class PaperBook:
    """Settings and state of one book; `step` takes seconds in order. `waiting` says why nothing is traded yet."""

    def __init__(self, settings: PaperSettings, state: PaperState | None = None) -> None:
        self.settings = settings
        self.state = state or PaperState()
        self.waiting = ""
        self._entries: list[PaperEntry] = []

    def change(self, settings: PaperSettings, now_ns: int) -> Written:
        """Use other settings from now on. The capital of a book that has begun stays; the next rebalance comes no
        later than the new period asks for.
        """
        state = self.state
        if state.started_ns:
            settings = replace(settings, capital=self.settings.capital)
            if settings.period_ns != self.settings.period_ns:
                state.next_rebalance_ns = min(state.next_rebalance_ns, max(now_ns, state.last_ns) + settings.period_ns)
        self.settings = settings
        self._write(EntryKind.SETTINGS, max(now_ns, state.last_ns), note=_said(settings))
        return self._take(None, ())

    def step(self, field: PaperField) -> Written:
        """Take a second; one that is not later than the last is known already."""
        state, now_ns = self.state, field.now_ns
        if not self.settings.on or now_ns <= state.last_ns:
            return Written()
        if not state.started_ns:
            self._begin(now_ns)
        elif now_ns - state.last_ns > GAP_NS:
            self._note_gap(now_ns)
        self._mark(field)
        for market, holding in state.holdings.items():
            self._fund(market, holding, field)
        scores = self._rebalance(field) if now_ns >= state.next_rebalance_ns else ()
        state.last_ns = now_ns
        moment = None
        if now_ns >= state.next_minute_ns or scores:
            state.next_minute_ns = now_ns - now_ns % MINUTE_NS + MINUTE_NS
            moment = self.moment()
        return self._take(moment, scores)

    def moment(self) -> PaperMoment:
        """The account as of the last second."""
        state = self.state
        marks = tuple(
            PaperMark(InstrumentId(market), one.base, one.venue, one.size, one.mid, one.seen_ns)
            for market, one in state.holdings.items()
        )
        equity = state.cash + sum(mark.size * mark.mid for mark in marks)
        parts = (state.price_pnl, state.funding, state.fees, state.slippage)
        return PaperMoment(state.last_ns, equity, *parts, marks)

    def _begin(self, now_ns: int) -> None:
        state = self.state
        state.started_ns, state.cash = now_ns, self.settings.capital
        settled_ns = now_ns + SETTLE_NS
        state.next_rebalance_ns = settled_ns + -settled_ns % MINUTE_NS
        self.waiting = "looks at the field for a minute first"

    def _note_gap(self, now_ns: int) -> None:
        """Positions were kept over what was not seen; funding that was due in it is not known."""
        state = self.state
        seconds = (now_ns - state.last_ns) // 1_000_000_000
        missed = [one.base for one in state.holdings.values() if 0 < one.due_ns < now_ns]
        note = f"{seconds} s were not seen" + (f"; funding not accrued: {', '.join(missed)}" if missed else "")
        self._write(EntryKind.GAP, now_ns, note=note)
        for one in state.holdings.values():
            if one.due_ns < now_ns:
                one.due_ns, one.rate = 0, None

    def _mark(self, field: PaperField) -> None:
        """Value what is held at the mids that are known; others keep their last."""
        for market, holding in self.state.holdings.items():
            mid = field.mid(InstrumentId(market))
            if mid is not None:
                self._revalue(holding, mid, field.now_ns)

    def _revalue(self, holding: Holding, mid: float, now_ns: int) -> None:
        self.state.price_pnl += holding.size * (mid - holding.mid)
        holding.mid, holding.seen_ns = mid, now_ns

    # --- funding

    def _fund(self, market: str, holding: Holding, field: PaperField) -> None:
        """Accrue what fell due since the last second, at the rate that was known before it."""
        now_ns, told = field.now_ns, field.funding(InstrumentId(market))
        if holding.due_ns and now_ns >= holding.due_ns:
            self._accrue(market, holding, now_ns)
            holding.due_ns, holding.rate = 0, None
        if told is not None:
            _learn(holding, told, now_ns)

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

    def _rebalance(self, field: PaperField) -> tuple[ScoredCoin, ...]:
        """Trade to new targets; without scores of two coins the book waits for them."""
        state, settings = self.state, self.settings
        ranked = field.ranked(settings.score)
        names = min(settings.names, len(ranked.coins) // 2)
        if not names:
            self.waiting = f"waits for {settings.score} scores"
            return ()
        self.waiting = ""
        state.rebalance += 1
        state.next_rebalance_ns = _next(state.next_rebalance_ns, settings.period_ns, field.now_ns)
        equity = self.moment().equity
        scores = targets(ranked, names, settings, max(equity, 0.0))
        wanted = {one.base: one for one in scores}
        for market in list(state.holdings):
            holding = state.holdings[market]
            coin = wanted.get(holding.base)
            if coin is None or not coin.target:
                self._trade(market, holding.base, holding.venue, 0.0, coin, len(scores), field)
        for coin in scores[:names] + scores[-names:]:
            self._toward(coin, len(scores), field)
        return scores

    def _toward(self, coin: ScoredCoin, ranked: int, field: PaperField) -> None:
        """Trade a chosen coin to its target, on the market where it is held already."""
        held = next((market for market, one in self.state.holdings.items() if one.base == coin.base), None)
        if not coin.target:
            if held is None:
                broke = self.moment().equity <= 0
                note = "the capital is used up" if broke else "volatility is not known yet"
                self._skip(coin, ranked, field.now_ns, note)
            return
        if held is not None:
            self._trade(held, coin.base, self.state.holdings[held].venue, coin.target, coin, ranked, field)
            return
        market = field.market(coin.base)
        if market is None:
            self._skip(coin, ranked, field.now_ns, "no live dollar-margined perpetual with a known price")
        else:
            self._trade(market.id, coin.base, market.venue, coin.target, coin, ranked, field)

    def _trade(
        self,
        market: str,
        base: str,
        venue: Venue,
        target: float,
        coin: ScoredCoin | None,
        ranked: int,
        field: PaperField,
    ) -> None:
        """Take from the recorded book what leads to the target notional."""
        state, depth = self.state, field.depth(InstrumentId(market))
        known = _score_of(coin, ranked) | {"base": base, "venue": venue, "market": market}
        holding = state.holdings.get(market)
        before = holding.size if holding is not None else 0.0
        if depth is None:
            note = "no live price: the position is kept as it is" if holding is not None else "no live price"
            self._write(EntryKind.SKIP, field.now_ns, **known, held=before, note=note)
            return
        mid = depth.mid
        if holding is None:
            holding = state.holdings[market] = Holding(base, venue, 0.0, mid, field.now_ns)
        self._revalue(holding, mid, field.now_ns)
        size = target / mid - before
        if target and abs(size * mid) < BAND * abs(target):
            self._write(EntryKind.HOLD, field.now_ns, **known, held=before, mid=mid)
            return
        after = target / mid if target else 0.0
        price, seen = taken(depth, size)
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
        self._write(EntryKind.TRADE, field.now_ns, **known, **money)
        if not after:
            del state.holdings[market]
        elif (told := field.funding(InstrumentId(market))) is not None:
            _learn(holding, told, field.now_ns)

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
    """Every coin with its rank, the chosen ones with the notional they are to have: each side is half of the gross.

    By risk a side is shared in inverse proportion to volatility; a coin whose volatility is not known has no target,
    and the others of its side are not made larger for it.
    """
    count = len(ranked.coins)
    half = equity * settings.gross / 2
    found = []
    for at, (coin, score, risk) in enumerate(zip(ranked.coins, ranked.scores, ranked.volatility, strict=True)):
        sign = 1 if at < names else -1 if at >= count - names else 0
        side = ranked.volatility[:names] if sign > 0 else ranked.volatility[count - names :]
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
    return len(known) / len(side) / risk / sum(1 / one for one in known)


def taken(depth: Depth, size: float) -> tuple[float, float]:
    """The average price of taking a signed size, and the share of it that was in the book; the rest is at the last
    price seen.
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


def _learn(holding: Holding, told: FundingTold, now_ns: int) -> None:
    """What the market says of the funding that comes next."""
    holding.mark = told.mark
    if told.due_ns > now_ns:
        holding.due_ns, holding.rate = told.due_ns, told.rate


def _next(due_ns: int, period_ns: int, now_ns: int) -> int:
    """The first time of the plan that is still to come."""
    return due_ns + max((now_ns - due_ns) // period_ns + 1, 1) * period_ns


def _score_of(coin: ScoredCoin | None, ranked: int) -> dict[str, object]:
    return {} if coin is None else {"score": coin.score, "rank": coin.rank, "ranked": ranked}


def _said(settings: PaperSettings) -> str:
    fees = ", ".join(f"{venue} {fee * 1e4:g} bp" for venue, fee in settings.fees)
    hours = f"{settings.period_ns / 3.6e12:g} h"
    state = "on" if settings.on else "off"
    plan = f"{settings.score}, {settings.names} a side, {settings.sizing}, every {hours}"
    return f"{state}: {plan}, capital {settings.capital:g}, gross {settings.gross:g}; taker fees {fees}"
