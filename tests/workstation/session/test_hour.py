"""Everything at once on a clock that runs fast: right to the last contract, never late, and no larger than before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from feeds.model.instrument import Venue
from tests.workstation.session.hour import Hour, live_through
from widgets.theme.theme import apply_theme
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.process.memory import tune_malloc

MOST_MB = 30.0
"""Bars and their rows are kept, and the allocator is not exact: 15 were measured."""
QUIET = (Venue("binance"), Venue("hyperliquid"), Venue("deribit"))


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


def assert_right(hour: Hour) -> None:
    """The sums that the CVD pane shows are the ledger's, market by market."""
    assert hour.frames > 1_000
    assert hour.pictures > 10
    assert hour.gaps == 0
    assert hour.ours == pytest.approx(hour.truth, abs=1e-6)


async def test_a_minute_in_six_seconds_with_every_pane_open(qapp: QApplication, tmp_path: Path) -> None:
    assert_right(await live_through(qapp, tmp_path, 60.0, 10.0, (Venue("binance"), Venue("deribit"))))


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_an_hour_in_three_minutes_with_every_pane_open(qapp: QApplication, tmp_path: Path) -> None:
    raise_gc_thresholds()
    tune_malloc()
    hour = await live_through(qapp, tmp_path, 3_600.0, 20.0, QUIET, small=True)
    assert_right(hour)
    assert max(hour.lags) < 1.0
    assert hour.mb_per_hour() < MOST_MB
