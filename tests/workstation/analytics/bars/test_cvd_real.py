"""CVD of the real three-market session against sums over its captured lines, in coin and in USD."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import pytest

from tests.workstation.analytics import raw_capture
from tests.workstation.analytics.raw_capture import FILES, RawTrade
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit, CvdView
from workstation.readmodels.markets import MarketFilter
from workstation.replay.core import read_to_end

SECOND = 1_000_000_000
BAR = 15 * SECOND
DAY = 86_400 * SECOND
EDGES = (10_000, 100_000, 1_000_000)


@pytest.fixture(scope="module")
def engine(btc_recording: Path) -> Engine:
    """The session, read to its end."""
    return read_to_end(btc_recording).core.engine


@pytest.fixture(scope="module")
def raw(data: Path) -> dict[str, list[RawTrade]]:
    return {kind: raw_capture.trades(data, kind) for kind in FILES}


def close(ours: float, theirs: Fraction, scale: Fraction) -> bool:
    """To 1e-9 of the largest sum on the way: a sum that comes back to zero has no digits of its own."""
    return abs(Fraction(ours) - theirs) <= Fraction(1, 10**9) * max(scale, abs(theirs))


def merged(trades: list[RawTrade]) -> list[RawTrade]:
    """Prints of one market: runs of one side and millisecond."""
    runs = groupby(trades, lambda one: (one.ts_venue_ns, one.usd > 0))
    prints = []
    for _, same in runs:
        first, *more = same
        coin, usd = (sum((getattr(one, name) for one in more), getattr(first, name)) for name in ("coin", "usd"))
        prints.append(replace(first, coin=coin, usd=usd))
    return prints


def running(prints: list[RawTrade], starts: list[int], in_usd: bool, daily: bool) -> list[Fraction]:
    sums, at, total, day = [], 0, Fraction(0), None
    ordered = sorted(prints, key=lambda one: one.ts_venue_ns)
    for start in starts:
        if daily and start // DAY != day:
            total, day = Fraction(0), start // DAY
        while at < len(ordered) and ordered[at].ts_venue_ns < start + BAR:
            if not daily or ordered[at].ts_venue_ns // DAY == day:
                total += ordered[at].usd if in_usd else ordered[at].coin
            at += 1
        sums.append(total)
    return sums


@pytest.mark.parametrize("unit", [CvdUnit.COIN, CvdUnit.USD])
@pytest.mark.parametrize("reset_ns", [None, DAY])
def test_every_market_and_both_sums(
    engine: Engine, raw: dict[str, list[RawTrade]], unit: CvdUnit, reset_ns: int | None
) -> None:
    view = engine.view(CvdRequest("BTC", BAR, unit, reset_ns, live_only=False))
    assert isinstance(view, CvdView)
    lines = {line.kind.value: line for line in view.lines if line.kind is not None}
    lines.update({line.label: line for line in (view.perp, view.spot) if line is not None})
    prints = {**raw, "perp": raw["linear"] + raw["inverse"]}
    starts = view.bar_start_ns.tolist()
    assert set(lines) == set(prints)
    for name, line in lines.items():
        slow = running(prints[name], starts, unit is CvdUnit.USD, reset_ns is not None)
        scale = max(map(abs, slow))
        known = [at for at, value in enumerate(line.values.tolist()) if value == value]
        assert len(known) > 15
        assert known == list(range(known[0], known[-1] + 1)), "the capture has no gap"
        for at in known:
            assert close(float(line.values[at]), slow[at], scale), (name, starts[at])


@pytest.mark.parametrize("kinds", [None, True, False])
def test_prints_of_100k_and_more(engine: Engine, raw: dict[str, list[RawTrade]], kinds: bool | None) -> None:
    """309 by market and side, of which no other market's trade splits one, whatever is filtered."""
    view = engine.view(BigTradesRequest("BTC", MarketFilter(kinds), 100_000.0, count=10_000))
    assert isinstance(view, BigTrades)
    chosen = {None: FILES, True: ("linear", "inverse"), False: ("spot",)}[kinds]
    wanted = [abs(one.usd) for kind in chosen for one in merged(raw[kind]) if abs(one.usd) >= 100_000]
    assert len(view.notional) == len(wanted) == {None: 309, True: 273, False: 36}[kinds]
    assert sorted(view.notional) == pytest.approx(sorted(map(float, wanted)), rel=1e-12)


def test_size_classes(engine: Engine, raw: dict[str, list[RawTrade]]) -> None:
    view = engine.view(CvdRequest("BTC", BAR, CvdUnit.USD, None, by_size=True, live_only=False))
    assert isinstance(view, CvdView)
    prints = merged(raw["linear"]) + merged(raw["inverse"])
    edges = (0, *EDGES, 1 << 60)
    for line, low, high in zip(view.sizes, edges[:-1], edges[1:], strict=True):
        inside = [one for one in prints if low <= abs(one.usd) < high]
        slow = running(inside, view.bar_start_ns.tolist(), True, False)
        scale = max(map(abs, slow))
        assert inside or high > 1_000_000
        assert all(close(float(ours), theirs, scale) for ours, theirs in zip(line.values, slow, strict=True))
