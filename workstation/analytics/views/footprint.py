"""Footprint bars over a filtered set of markets, and volume profiles of any span."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from workstation.analytics.answer import of_base
from workstation.analytics.bars.measures import vwap
from workstation.analytics.state.base import Base
from workstation.analytics.state.derived_bars import bar_flows, chosen_row_size, row_grids, row_series, share_filled
from workstation.analytics.state.market import Market
from workstation.analytics.studies.absorption import Absorptions
from workstation.analytics.studies.profile import SessionPocs, SpanProfile
from workstation.analytics.views.chart import candles_before
from workstation.readmodels.arrays import Ints, frozen, no_floats, no_ints
from workstation.readmodels.flow.candles import NO_CANDLES, CandleColumns
from workstation.readmodels.flow.cells import nodes, poc_index, value_area
from workstation.readmodels.flow.footprint import (
    Absorption,
    BarKind,
    FootprintRequest,
    FootprintView,
    NakedPoc,
)
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView


def footprint_view(base: Base, request: FootprintRequest, revision: int, now_ns: int) -> FootprintView:
    """Bars, gaps and states of a footprint chart; only the progress while bars are built in steps."""
    chosen = base.chosen(request.markets)
    share = share_filled(base, request, chosen) if request.in_steps else 1.0
    if share < 1.0:
        states = tuple(market.state(now_ns) for market in chosen)
        return FootprintView(request, revision, 0.0, (), states, gap_spans(chosen), now_ns=now_ns, progress=share)
    row_size = chosen_row_size(base, request, chosen)
    series = row_series(base, request, chosen, row_size)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    first_ns = bars[0].start_ns if bars else None
    live = series.live()
    shown = len(bars) - len(live)
    marks, table = series.marks(), series.table()
    measures = (table.cvd(), *vwap(table, request.vwap_anchor_ns))
    cvd, average, deviation = (frozen(column[len(table) - len(bars) :]) for column in measures)
    oi_change, longs, shorts = bar_flows(base, request, chosen, table.start_ns[len(table) - len(bars) :])
    return FootprintView(
        request=request,
        revision=revision,
        row_size=float(row_size),
        bars=bars,
        markets=tuple(market.state(now_ns) for market in chosen),
        gaps=gap_spans(chosen),
        last_price=last_price(chosen),
        now_ns=now_ns,
        minimum_volume=bars[-1].minimum_volume if bars else request.rules.minimum_volume,
        zones=marks.zones(live, shown),
        naked_pocs=marks.pocs(live, shown),
        session_pocs=_session_pocs(base, chosen, row_size),
        absorptions=_absorptions(base, request, chosen, row_size, bars[0].start_ns if bars else 0),
        cvd=cvd,
        oi_change=oi_change,
        long_liquidated_usd=longs,
        short_liquidated_usd=shorts,
        divergence=frozen(marks.divergence(shown, len(live))),
        vwap=average,
        vwap_deviation=deviation,
        candles=_candles(base, request, chosen, first_ns),
    )


def _candles(base: Base, request: FootprintRequest, chosen: list[Market], first_ns: int | None) -> CandleColumns:
    rule = request.bar_rule
    return candles_before(base, chosen, first_ns, int(rule.size)) if rule.kind is BarKind.TIME else NO_CANDLES


def _session_pocs(base: Base, chosen: list[Market], row_size: Fraction) -> tuple[NakedPoc, ...]:
    grids = row_grids(chosen, row_size)
    key = ("sessions", tuple(grids), row_size)
    found = base.find(key)
    pocs = found if isinstance(found, SessionPocs) else base.keep(key, SessionPocs(grids))
    pocs.update(base.trades)
    return pocs.view()


def _absorptions(
    base: Base, request: FootprintRequest, chosen: list[Market], row_size: Fraction, since_ns: int
) -> tuple[Absorption, ...]:
    rule = request.rules.absorption
    if rule is None:
        return ()
    grids = row_grids(chosen, row_size)
    key = ("absorptions", tuple(grids), row_size, rule)
    found = base.find(key)
    if not isinstance(found, Absorptions):
        found = base.keep(key, Absorptions(grids, rule, base.limits.absorption_windows))
    found.update(base.trades, base.watermark_ns)
    return found.since(since_ns)


def gap_spans(markets: Iterable[Market]) -> Ints:
    """Spans of venue time (n, 2) in ns in which trades of any of the markets are missing, by start."""
    spans = sorted({span for market in markets for span in market.coverage.gaps()})
    return frozen(np.array(spans, np.int64).reshape(-1, 2))


def last_price(markets: Iterable[Market]) -> float | None:
    """Price of the trade received last, None without any."""
    known = [market for market in markets if market.last_price is not None]
    return max(known, key=lambda market: market.last_trade_ns).last_price if known else None


def profile_view(base: Base, request: ProfileRequest, revision: int, _: int) -> ProfileView:
    """Volume profile of the stored trades, with POC, value area and nodes."""
    chosen = base.chosen(request.markets)
    row_size = Fraction(str(request.row_size))
    key = ("profile", request.markets, row_size, request.start_ns, request.end_ns)
    found = base.find(key)
    if not isinstance(found, SpanProfile):
        found = base.keep(key, SpanProfile(row_grids(chosen, row_size), request.start_ns, request.end_ns))
    found.update(base.trades)
    profile = found.profile
    if not len(profile.buy):
        return ProfileView(request, revision, 0, no_floats(), no_floats(), 0, 0, 0, no_ints(), no_ints())
    total = profile.buy + profile.sell
    poc = poc_index(total)
    low, high = value_area(total, poc, request.value_area, request.value_area_mode)
    high_nodes, low_nodes = nodes(total, request.smoothing_rows)
    first = profile.first_row
    return ProfileView(
        request=request,
        revision=revision,
        first_row=first,
        buy=frozen(profile.buy.copy()),
        sell=frozen(profile.sell.copy()),
        poc_row=first + poc,
        value_low_row=first + low,
        value_high_row=first + high,
        high_nodes=frozen(first + high_nodes.astype(np.int64)),
        low_nodes=frozen(first + low_nodes.astype(np.int64)),
    )


ANSWERS = (
    of_base(FootprintRequest, footprint_view, "flow_revision", "work_revision"),
    of_base(ProfileRequest, profile_view),
)
