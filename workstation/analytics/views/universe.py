"""The universe's last sample: every perpetual, and each base summed over its live perpetuals."""

from typing import TypeVar

import numpy as np

from feeds.model.instrument import Instrument, InstrumentId, MarketKind
from workstation.analytics.answer import Answer, universe_revision
from workstation.analytics.state.identity import FACTOR
from workstation.analytics.universe.universe import LIVE_NS, Cells, Sample, Universe
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.universe.universe import UniverseColumns, UniverseMarkets, UniverseRequest, UniverseView

Column = TypeVar("Column", Floats, Ints)

_FUNDING_HOURS = 8.0


def universe_view(universe: Universe, request: UniverseRequest) -> UniverseView:
    """The columns of the perpetuals that the filter accepts, and of their bases."""
    sample = universe.sampled
    accepts = request.markets.accepts
    chosen = np.array([accepts(one.venue, one.kind) for one in sample.instruments], dtype=bool)
    instruments = tuple(one for one, wanted in zip(sample.instruments, chosen, strict=True) if wanted)
    names = {name: row for row, name in enumerate(dict.fromkeys(one.base for one in instruments))}
    base = np.array([names[one.base] for one in instruments], dtype=np.int64)
    cells = _chosen(sample.cells, chosen)
    columns = _market_columns(sample, cells, instruments, [column[chosen] for column in sample.past])
    markets = _markets(instruments, base, columns, cells)
    live = (sample.now_ns - cells.received_ns) <= LIVE_NS
    live &= ~_apart(columns, base, live, len(names))
    return UniverseView(
        request=request,
        revision=universe.revision,
        symbols=tuple(names),
        columns=_base_columns(columns, base, live, len(names), [column[chosen] for column in sample.past]),
        live=_frozen(np.bincount(base, live, len(names)).astype(np.int64)),
        known=_frozen(np.bincount(base, minlength=len(names)).astype(np.int64)),
        markets=markets,
        since_ns=universe.since_ns,
        now_ns=sample.now_ns,
    )


def interest_changes(universe: Universe, base: str, markets: MarketFilter) -> dict[InstrumentId | None, Floats]:
    """Fractional changes of open interest over 1 h, 4 h and 24 h of a coin's perpetuals, NaN unknown, as the pressure
    table shows them; under None those of their sum.
    """
    sample, accepts = universe.sampled, markets.accepts
    rows = [row for row, one in enumerate(sample.instruments) if one.base == base and accepts(one.venue, one.kind)]
    now, live = sample.cells.open_interest[rows], sample.now_ns - sample.cells.received_ns[rows] <= LIVE_NS
    past = [column[rows] for column in sample.past]
    sums = _Sums(np.zeros(len(rows), np.int64), live, 1)
    found: dict[InstrumentId | None, Floats] = {None: np.concatenate([sums.change(now, then) for then in past])}
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.array([_finite(now / then - 1) for then in past])
    found.update((sample.instruments[row].id, changes[:, at]) for at, row in enumerate(rows))
    return found


def _chosen(cells: Cells, rows: Bools) -> Cells:
    return Cells(*(getattr(cells, name)[rows] for name in Cells.__slots__))


def _market_columns(
    sample: Sample, cells: Cells, instruments: tuple[Instrument, ...], past: list[Floats]
) -> UniverseColumns:
    inverse = np.array([one.kind is MarketKind.INVERSE for one in instruments], dtype=bool)
    worth = cells.open_interest * cells.mark
    usd = np.where(inverse, _or(cells.notional, worth), _or(worth, cells.notional))
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = [_finite(cells.open_interest / then - 1) for then in past]
        premium = _finite(cells.mark / cells.index - 1)
        imbalance = _finite((cells.bid_size - cells.ask_size) / (cells.bid_size + cells.ask_size))
    return UniverseColumns(
        price=_frozen(_or(cells.last, cells.mark)),
        change_24h=_frozen(cells.change),
        volume_24h=_frozen(cells.volume),
        turnover_24h=_frozen(cells.turnover),
        funding_8h=_frozen(cells.funding * _FUNDING_HOURS / cells.interval_h),
        open_interest=_frozen(cells.open_interest),
        open_interest_usd=_frozen(usd),
        interest_change_1h=_frozen(changes[0]),
        interest_change_4h=_frozen(changes[1]),
        interest_change_24h=_frozen(changes[2]),
        premium=_frozen(premium),
        taker_delta_5m=_frozen(cells.taker_5m),
        taker_delta_1h=_frozen(cells.taker_1h),
        liquidated_long_1h=_frozen(cells.long),
        liquidated_short_1h=_frozen(cells.short),
        imbalance=_frozen(imbalance),
        long_share=_frozen(cells.accounts),
        age_s=_frozen((sample.now_ns - cells.received_ns) / 1e9),
    )


def _markets(
    instruments: tuple[Instrument, ...], base: Ints, columns: UniverseColumns, cells: Cells
) -> UniverseMarkets:
    return UniverseMarkets(
        ids=tuple(one.id for one in instruments),
        venues=tuple(one.venue for one in instruments),
        kinds=tuple(one.kind for one in instruments),
        base=_frozen(base),
        columns=columns,
        mark=_frozen(cells.mark),
        index=_frozen(cells.index),
        funding=_frozen(cells.funding),
        interval_h=_frozen(cells.interval_h),
        next_funding_ns=_frozen(cells.next_funding_ns),
        bid=_frozen(cells.bid),
        ask=_frozen(cells.ask),
        bid_size=_frozen(cells.bid_size),
        ask_size=_frozen(cells.ask_size),
        taker_buy_24h=_frozen(cells.taker_buy),
    )


def _base_columns(markets: UniverseColumns, base: Ints, live: Bools, count: int, past: list[Floats]) -> UniverseColumns:
    """Sums and means over the live markets of each base; NaN where nothing is known."""
    sums = _Sums(base, live, count)
    lead = sums.largest(markets.turnover_24h)
    changes = [sums.change(markets.open_interest, then) for then in past]
    turnover = markets.turnover_24h
    return UniverseColumns(
        price=sums.of(lead, markets.price),
        change_24h=sums.of(lead, markets.change_24h),
        volume_24h=sums.total(markets.volume_24h),
        turnover_24h=sums.total(turnover),
        funding_8h=sums.mean(markets.funding_8h, markets.open_interest_usd),
        open_interest=sums.total(markets.open_interest),
        open_interest_usd=sums.total(markets.open_interest_usd),
        interest_change_1h=changes[0],
        interest_change_4h=changes[1],
        interest_change_24h=changes[2],
        premium=sums.mean(markets.premium, turnover),
        taker_delta_5m=sums.mean(markets.taker_delta_5m, turnover),
        taker_delta_1h=sums.mean(markets.taker_delta_1h, turnover),
        liquidated_long_1h=sums.total(markets.liquidated_long_1h),
        liquidated_short_1h=sums.total(markets.liquidated_short_1h),
        imbalance=sums.mean(markets.imbalance, turnover),
        long_share=sums.mean(markets.long_share, markets.open_interest_usd),
        age_s=sums.least(markets.age_s),
    )


def _apart(markets: UniverseColumns, base: Ints, live: Bools, count: int) -> Bools:
    """Rows whose price is that of another asset of the same name: far from the row with the largest turnover."""
    sums = _Sums(base, live & (markets.price > 0), count)
    reference = sums.of(sums.largest(np.nan_to_num(markets.turnover_24h)), markets.price)[base]
    with np.errstate(divide="ignore", invalid="ignore"):
        far: Bools = np.abs(np.log(markets.price / reference)) > np.log(FACTOR)
    return far


class _Sums:
    """Aggregates over the live and known rows of each base."""

    def __init__(self, base: Ints, live: Bools, count: int) -> None:
        self._base = base
        self._live = live
        self._count = count

    def total(self, values: Floats) -> Floats:
        return _frozen(self._sum(values, self._live & ~np.isnan(values)))

    def mean(self, values: Floats, weights: Floats) -> Floats:
        """Weighted mean by base, over rows with a value and a positive weight."""
        known = self._live & ~np.isnan(values) & (weights > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _frozen(_finite(self._sum(values * weights, known) / self._sum(weights, known)))

    def change(self, now: Floats, then: Floats) -> Floats:
        """Fractional change of the sum, over rows known at both times."""
        known = self._live & ~np.isnan(now) & ~np.isnan(then)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _frozen(_finite(self._sum(now, known) / self._sum(then, known) - 1))

    def least(self, values: Floats) -> Floats:
        """Minimum by base, over all rows whether live or not."""
        found = np.full(self._count, np.inf)
        np.minimum.at(found, self._base, values)
        return _frozen(found)

    def largest(self, values: Floats) -> Ints:
        """Index of the live row with the largest value in each base, -1 where there is none."""
        order = np.argsort(np.where(self._live & ~np.isnan(values), values, -1.0), kind="stable")
        found = np.full(self._count, -1, dtype=np.int64)
        known = order[self._live[order]]
        found[self._base[known]] = known
        return found

    def of(self, rows: Ints, values: Floats) -> Floats:
        """Values at row indices, NaN at -1."""
        if not len(values):
            return _frozen(np.full(self._count, np.nan))
        return _frozen(np.where(rows >= 0, values[rows], np.nan))

    def _sum(self, values: Floats, known: Bools) -> Floats:
        """Sum by base, NaN where nothing is known: no data is not zero."""
        base = self._base[known]
        total: Floats = np.bincount(base, values[known], self._count).astype(np.float64)
        total[np.bincount(base, minlength=self._count) == 0] = np.nan
        return total


def _or(values: Floats, others: Floats) -> Floats:
    return np.where(np.isnan(values), others, values)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _frozen(values: Column) -> Column:
    values.setflags(write=False)
    return values


ANSWERS = (Answer(UniverseRequest, universe_revision, lambda state, request: universe_view(state.universe, request)),)
