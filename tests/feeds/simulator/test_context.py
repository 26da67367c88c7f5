"""Candles, funding history and account ratios of the simulated venues, read over sockets, equal the simulator's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feeds.model.events import Candle, Candles, FundingHistory, LongShortRatio, OpenInterestHistory, TakerFlow
from feeds.model.frame import CONTEXT
from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.market.series import FIVE_MINUTES_NS
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.venues.registry import VENUES
from tests.feeds.simulator.loopback import START_NS, Loopback

MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000


def candles(here: Loopback, simulated: SimulatedMarket) -> list[Candle]:
    wanted = simulated.spec.instrument.id
    return [row for e in here.feed.events if isinstance(e, Candles) and e.instrument.id == wanted for row in e.rows]


async def elapse(here: Loopback, condition: Callable[[], bool]) -> None:
    """Let only the client's time pass until a condition holds."""
    await here.until(lambda: bool(here.clock.advance(100_000_000) or condition()))
    await here.settle()
    assert not here.feed.undecodable


@pytest.mark.parametrize("venue", VENUES)
async def test_candles_are_the_simulators_minutes(venue: Venue) -> None:
    async with Loopback(venue, ["BTC"], warm_up_s=300, candle_hours=12.0) as here:
        await elapse(here, lambda: all(candles(here, simulated) for simulated in here.markets))
        for simulated in here.markets:
            spec, rows = simulated.spec, {row.start_ns: row for row in candles(here, simulated)}
            inverse = spec.instrument.kind is MarketKind.INVERSE
            bars = [bar for bar in simulated.tape.bars.rows if bar.open_ns + MINUTE_NS <= START_NS]
            assert len(bars) >= 4
            for bar in bars:
                row = rows[bar.open_ns]
                prices = [ticks * spec.tick for ticks in (bar.open, bar.high, bar.low, bar.close)]
                assert [row.open, row.high, row.low, row.close] == pytest.approx(prices)
                base = bar.turnover if inverse else spec.base_size(bar.volume, 1)
                assert row.volume == pytest.approx(base, abs=1e-7)
                worth = spec.notional(bar.volume, 1) if inverse else bar.turnover
                assert (
                    row.turnover is None
                    if venue == Venue("hyperliquid")
                    else row.turnover == pytest.approx(worth, abs=1e-3)
                )
                bought = bar.buy_turnover if inverse else spec.base_size(bar.buy_volume, 1)
                assert row.buy_volume == (pytest.approx(bought, abs=1e-7) if venue == Venue("binance") else None)


@pytest.mark.parametrize("venue", [Venue("binance"), Venue("bybit"), Venue("okx")])
async def test_account_ratios_are_published_for_every_perpetual(venue: Venue) -> None:
    wanted = (LongShortRatio, TakerFlow) if venue == Venue("okx") else (LongShortRatio,)
    async with Loopback(venue, ["BTC"], candle_hours=1.0) as here:
        perps = [simulated for simulated in here.markets if simulated.perpetual is not None]
        await elapse(here, lambda: all(here.count(simulated, kind) for simulated in perps for kind in wanted))
        for simulated in perps:
            (row,) = simulated.series.rows(FIVE_MINUTES_NS, 0, 1 << 62, 1)
            events = [e for e in here.feed.events if getattr(e, "instrument", None) == simulated.spec.instrument]
            ratio = next(e for e in events if isinstance(e, LongShortRatio))
            assert ratio.long_share == pytest.approx(row.long_accounts, abs=1e-3)
            assert ratio.ratio == pytest.approx(ratio.long_share / (1 - ratio.long_share), rel=1e-3)
            assert ratio.ts_venue_ns == row.ts_ns
            if venue == Venue("okx"):
                flow = next(e for e in events if isinstance(e, TakerFlow))
                bought = row.buy_lots / (row.buy_lots + row.sell_lots)
                assert flow.taker_buy / flow.volume == pytest.approx(bought, rel=1e-3)
                past = [e for e in events if isinstance(e, OpenInterestHistory)]
                assert len(past) == 2
                assert min(e.rows[0][0] for e in past) <= row.ts_ns - DAY_NS


async def test_no_requests_are_made_where_no_candles_are_wanted() -> None:
    async with Loopback(Venue("bybit"), ["BTC"]) as here:
        await here.connect()
        assert not any(keeper.spec.route == CONTEXT for keeper in here.source.connections.values())


@pytest.mark.parametrize("venue", VENUES)
async def test_funding_history_of_over_a_month_is_published_for_every_perpetual(venue: Venue) -> None:
    async with Loopback(venue, ["BTC"], candle_hours=1.0) as here:
        perps = [simulated for simulated in here.markets if simulated.perpetual is not None]

        def known(simulated: SimulatedMarket) -> dict[int, float]:
            wanted = simulated.spec.instrument.id
            received = [e for e in here.feed.events if isinstance(e, FundingHistory) and e.instrument.id == wanted]
            return dict(row for e in received for row in e.rows)

        await elapse(here, lambda: all(known(simulated) for simulated in perps))
        for simulated in perps:
            rows, perpetual = known(simulated), simulated.perpetual
            assert perpetual is not None
            await elapse(here, lambda simulated=simulated: max(known(simulated)) - min(known(simulated)) > 30 * DAY_NS)  # type: ignore[misc]
            rows = known(simulated)
            for row in perpetual.paid[-50:]:
                basis = 8 * 60 * MINUTE_NS / perpetual.interval_ns if venue == Venue("deribit") else 1.0
                assert rows[row.ts_ns] == pytest.approx(row.rate * basis, abs=1e-8)
