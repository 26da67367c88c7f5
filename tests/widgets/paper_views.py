"""Paper books made up for the pane: a real one that is run over wandering prices, an empty and a huge one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.workstation.analytics.paper.paper_seconds import MINUTE, START, wandering
from workstation.paper.run import PaperRun
from workstation.paper.store import PaperStore
from workstation.readmodels.universe.paper import (
    CoinResult,
    EntryKind,
    PaperEntry,
    PaperFigures,
    PaperMoment,
    PaperRequest,
    PaperSettings,
    PaperView,
)

LATE_NS = START + 10**15


def run_view(seconds: int = 1800, rebalance: int | None = None) -> PaperView:
    """A book as a session makes it."""
    run = PaperRun(PaperStore(":memory:"), "demo.mcap 1722988800000000000")
    run.change(PaperSettings(on=True, names=3, period_ns=2 * MINUTE), START)
    for field in wandering(11, seconds):
        run.step(field)
    return run.view(PaperRequest(rebalance=rebalance), LATE_NS)


def empty_view() -> PaperView:
    """A book that never ran."""
    return PaperView(PaperRequest(), 0, "live")


def huge_view() -> PaperView:
    """A year of hours with 30 coins a side and absurd numbers."""
    entries = tuple(
        PaperEntry(
            *(at + 1, at // 60, START + at * MINUTE, EntryKind.TRADE, f"LONGCOIN{at % 60}", "hyperliquid"),
            *(f"LONGCOIN{at % 60}USDT.hyperliquid.linear", -1e12, 1e12, 1.23456e-9, 1.23e-9, 0.5, 1e9, 1e9, -1e9),
            *(0.01, -99.99, 9999, 9999, "said " * 30),
        )
        for at in range(200_000)
    )
    curve = 1e9 + np.cumsum(np.random.default_rng(1).normal(0, 1e6, 500_000))
    coins = tuple(CoinResult(f"LONGCOIN{at}", 1e9 * (30 - at), 1e8, -1e7, 1e6, at * 10**10) for at in range(60))
    moment = PaperMoment(START + 500_000 * MINUTE, float(curve[-1]), 1e8, -1e7, 1e6, 1e6)
    figures = PaperFigures(0.5, 0.25, 1e12, 1e3, 100_000, 200_000, 200_000, 1000, 1000, 12)
    return replace(
        empty_view(),
        now=moment,
        entries=entries,
        ts_ns=START + np.arange(500_000) * MINUTE,
        equity=curve,
        coins=coins,
        figures=figures,
        settings=PaperSettings(on=True, capital=1e9),
    )
