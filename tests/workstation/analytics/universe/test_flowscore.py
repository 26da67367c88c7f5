"""Flow score against a plain reference; the pressure view: sums, summary, sparklines, checkpoints."""

from __future__ import annotations

import math
import random
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.events import DayStats, Event, Funding, IndexPrice, LongShortRatio, MarkPrice, Quote, Side, TakerFlow
from feeds.model.instrument import Instrument, Venue
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import MINUTE, SECOND, START, market
from tests.workstation.analytics.universe.test_universe import HOUR, liquidation, open_interest, survey
from workstation.analytics.engine import Engine
from workstation.analytics.universe.flowscore import MINIMUM_NAMES, flow_score, ranks, robust_z
from workstation.analytics.universe.sparklines import SPARKLINE_STEPS
from workstation.exports.tables.pressure import TABLE, pressure_rows
from workstation.readmodels.universe.pressure import FlowWeights, PressureRequest, PressureView, PressureWeights

ASK = PressureRequest()
values = st.lists(st.one_of(st.integers(-50, 50).map(float), st.just(math.nan)), max_size=40)


def plain_z(row: list[float]) -> list[float]:
    known = [value for value in row if not math.isnan(value)]
    if len(known) < 10:
        return [math.nan] * len(row)
    middle = median(known)
    spread = 1.4826 * median(abs(value - middle) for value in known)
    if spread == 0:
        return [math.nan] * len(row)
    return [value if math.isnan(value) else max(-3.0, min(3.0, (value - middle) / spread)) for value in row]


@given(values)
def test_z_against_a_plain_reference(row: list[float]) -> None:
    assert robust_z(np.array(row, dtype=float)).tolist() == pytest.approx(plain_z(row), nan_ok=True)


@given(
    st.integers(0, 1 << 30),
    st.integers(8, 30),
    st.lists(st.sampled_from([-1.0, 0.5, 1.0, 3.0]), min_size=4, max_size=4),
)
def test_the_score_is_the_weighted_mean_of_what_is_known(seed: int, count: int, chosen: list[float]) -> None:
    rng = random.Random(seed)
    rows = [[rng.gauss(0, 1) if rng.random() < 0.7 else math.nan for _ in range(count)] for _ in range(4)]
    found, z = flow_score(np.array(rows), FlowWeights(*chosen)), [plain_z(row) for row in rows]
    for coin in range(count):
        terms = [(w, column[coin]) for w, column in zip(chosen, z, strict=True) if not math.isnan(column[coin])]
        expected = sum(w * value for w, value in terms) / sum(abs(w) for w, _ in terms) if terms else math.nan
        assert found.score[coin] == pytest.approx(expected, nan_ok=True)
        assert found.confidence[coin] == pytest.approx(sum(abs(w) for w, _ in terms) / sum(map(abs, chosen)))


def test_too_few_coins_have_no_scores() -> None:
    few = np.arange(float(MINIMUM_NAMES - 1))
    assert np.isnan(robust_z(few)).all()
    assert not np.isnan(robust_z(np.arange(float(MINIMUM_NAMES)))).any()
    found = flow_score(np.array([few] * 4))
    assert found.rank.tolist() == [0] * len(few)
    assert found.median.tolist() == [4.0] * 4, "the market-wide part is known all the same"


def test_ranks_share_the_better_place_and_skip_the_unknown() -> None:
    assert ranks(np.array([1.0, 3.0, math.nan, 3.0, 2.0])).tolist() == [4, 1, 0, 1, 3]


def market_data(one: Instrument, now_ns: int, rng: random.Random) -> list[Event]:
    mark = rng.uniform(90, 110)
    return [
        MarkPrice(one, now_ns, now_ns, mark),
        IndexPrice(one, now_ns, now_ns, mark * rng.uniform(0.995, 1.005)),
        Funding(one, now_ns, now_ns, rng.uniform(-1e-3, 1e-3), now_ns + HOUR, 8 * HOUR),
        open_interest(one, now_ns, rng.uniform(900, 1100)),
        DayStats(one, now_ns, now_ns, mark, rng.uniform(-0.1, 0.1), 100.0, rng.uniform(1e4, 1e6)),
        Quote(one, now_ns, now_ns, 990, rng.uniform(1, 9), 991, rng.uniform(1, 9)),
        TakerFlow(one, now_ns, now_ns, 5 * MINUTE, 10.0, rng.uniform(2, 8)),
    ]


def field(count: int = 14, seed: int = 2) -> tuple[Engine, list[Instrument]]:
    """An engine that received one second of coins on two venues, and their markets."""
    rng, engine = random.Random(seed), Engine()
    everyone = [
        market(venue, base=f"C{number}") for number in range(count) for venue in (Venue("binance"), Venue("bybit"))
    ]
    for one in everyone:
        survey(engine, *market_data(one, START, rng))
    survey(engine, liquidation(everyone[0], START, 5e4, Side.BUY), liquidation(everyone[1], START, 1e4, Side.SELL))
    return engine, everyone


def seen(engine: Engine, now_ns: int, request: PressureRequest = ASK) -> PressureView:
    engine.advance(now_ns)
    view = engine.view(request)
    assert isinstance(view, PressureView)
    return view


def test_summary_and_ranks_agree_with_the_columns() -> None:
    engine, everyone = field()
    view = seen(engine, START + SECOND)
    assert len(view.pressure.signed) == len(view.flow.score) == len(view.universe.symbols) == 14
    assert len(view.market_pressure.signed) == len(everyone)
    assert np.isnan(view.pressure.parts[:3]).all(), "no open interest is known of an hour ago"
    assert view.pressure.confidence[0] == pytest.approx(48 / 120)
    assert np.argmax(view.pressure.score) == np.flatnonzero(view.rank == 1)[0]
    line, biases = view.summary, view.pressure.bias.tolist()
    assert (line.long, line.short, line.neutral) == tuple(biases.count(bias) for bias in (1, -1, 0))
    assert line.stress == pytest.approx(float(view.pressure.score.mean()))
    score = view.flow.score
    assert (line.strongest, line.weakest) == (int(score.argmax()), int(score.argmin()))
    assert line.spread == pytest.approx(float(score.max() - score.min()))
    assert line.breadth == pytest.approx(float((view.universe.columns.taker_delta_5m > 0).mean()))
    assert view.flow.values[2][0] == pytest.approx(4 / 6), "liquidated shorts push the price up"
    assert np.isnan(view.flow.values[2][1:]).all(), "no liquidations: no balance, not zero"
    assert np.isnan(view.flow.z[2]).all(), "one coin is too few for a z-score"


def test_weights_move_the_scores_and_nothing_else() -> None:
    engine, _ = field()
    view = seen(engine, START + SECOND)
    only = PressureRequest(weights=PressureWeights(0, 0, 0, 1, 0), flow_weights=FlowWeights(0, 1, 0, 0))
    by_funding = seen(engine, START + 2 * SECOND, only)
    funding = by_funding.universe.columns.funding_8h
    assert by_funding.pressure.signed == pytest.approx(100 * np.tanh(funding / 0.00043))
    assert (np.diff(by_funding.flow.score[np.argsort(funding)]) >= 0).all()
    assert_same_view(by_funding.universe.columns.price, view.universe.columns.price)


def test_an_empty_universe() -> None:
    view = seen(Engine(), START)
    assert (view.universe.symbols, view.summary.strongest, view.summary.long) == ((), -1, 0)
    assert math.isnan(view.summary.stress)
    assert math.isnan(view.summary.breadth)


def test_long_share_is_weighted_and_grows_old() -> None:
    engine, everyone = field()
    for one, share in zip(everyone[:2], (0.8, 0.4), strict=True):
        survey(engine, LongShortRatio(one, START, START, share / (1 - share), share))
    view = seen(engine, START + SECOND)
    worth = view.universe.markets.columns.open_interest_usd[:2]
    assert view.universe.columns.long_share[0] == pytest.approx(float(worth @ [0.8, 0.4] / worth.sum()))
    assert math.isnan(view.universe.columns.long_share[1])
    for minute in (10, 20, 31):
        survey(engine, MarkPrice(everyone[0], START + minute * MINUTE, START + minute * MINUTE, 1.0))
    assert math.isnan(seen(engine, START + 31 * MINUTE + SECOND).universe.columns.long_share[0])


def play(step_ns: int) -> Engine:
    """Four minutes of events with none in the third; time advances by `step_ns` between events."""
    rng, (engine, everyone) = random.Random(9), field()
    for second in range(0, 240, 10):
        now_ns = START + second * SECOND + SECOND // 3
        if not 120 <= second < 180:
            for passed in range(engine.now_ns + step_ns, now_ns, step_ns):
                engine.advance(passed)
            for one in everyone:
                survey(engine, *market_data(one, now_ns, rng))
    engine.advance(START + 241 * SECOND)
    return engine


def test_sparklines_do_not_depend_on_how_often_time_advances() -> None:
    slow, fast = (seen(play(step), START + 242 * SECOND) for step in (700_000_000, 1 << 60))
    assert slow.price_sparkline.shape == (14, 8)
    np.testing.assert_array_equal(slow.price_sparkline, fast.price_sparkline)
    np.testing.assert_array_equal(slow.score_sparkline, fast.score_sparkline)
    received = [True, True, True, True, False, False, True, True]
    assert (~np.isnan(slow.price_sparkline)).tolist() == [received] * 14


def test_sparklines_are_bounded_and_copies_are_independent() -> None:
    engine, everyone = field()
    rng = random.Random(3)
    for second in range(0, 65 * 60, 10):
        survey(engine, *market_data(everyone[0], START + second * SECOND, rng))
    copied = engine.checkpoint()
    assert seen(copied, START + 80 * MINUTE).price_sparkline.shape == (14, SPARKLINE_STEPS)
    ours = seen(engine, START + 65 * MINUTE + SECOND).price_sparkline
    assert not np.isnan(ours[0]).any()
    assert np.isnan(ours[1]).all(), "the other coins fell silent an hour ago"
    assert np.isnan(seen(copied, START + 81 * MINUTE).price_sparkline[0, -30:]).all()


def test_rows_of_the_export_match_their_columns() -> None:
    engine, everyone = field()
    seen(engine, START + SECOND)
    rows = [dict(zip(TABLE.column_names, row, strict=True)) for row in pressure_rows(engine)]
    assert len(rows) == 14 + len(everyone)
    coins = [row for row in rows if row["venue"] == "all"]
    assert sorted(row["rank"] for row in coins) == list(range(1, 15))
    assert {row["venue"] for row in rows} == {"all", "binance", "bybit"}
    assert rows[14]["symbol"] == everyone[0].symbol
    assert (rows[0]["interest_change_1h"], rows[14]["flow_rank"]) == (None, None)
    assert all(row["ts_ns"] == START + SECOND for row in rows)
