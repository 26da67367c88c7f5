"""The paper book: every number follows from its ledger, the account balances, nothing is traded without data."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from feeds.model.instrument import Venue
from tests.workstation.analytics.paper.paper_seconds import HOUR, MINUTE, SECOND, START, Coin, second_of, wandering
from workstation.analytics.paper.book import BAND, PaperBook, Written, taken
from workstation.analytics.paper.market import Depth, MarketSecond, hourly_volatility
from workstation.analytics.views.paper import figures, flows_of, hits_of, results, until, with_drawdown
from workstation.readmodels.universe.paper import (
    IMPACT,
    MOST_IMPACT,
    EntryKind,
    PaperEntry,
    PaperMoment,
    PaperSettings,
    Sizing,
    Stance,
    impact_of,
)

ON = PaperSettings(on=True, names=3, period_ns=2 * MINUTE)


def run(
    seconds: list[MarketSecond], settings: PaperSettings = ON
) -> tuple[PaperBook, list[PaperEntry], list[PaperMoment]]:
    book = PaperBook(settings)
    steps = [book.step(second) for second in seconds]
    entries = [entry for step in steps for entry in step.entries]
    return book, entries, [step.moment for step in steps if step.moment is not None]


def steady(
    seconds: int, prices: dict[str, float | None], scores: dict[str, float], start: int = START
) -> list[MarketSecond]:
    return [
        second_of(start + at * SECOND, [Coin(base, price, scores[base]) for base, price in prices.items()])
        for at in range(1, seconds + 1)
    ]


FOUR = {"A": 9.0, "B": 5.0, "C": -5.0, "D": -9.0}
TWO = PaperSettings(on=True, names=2, period_ns=MINUTE)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sizing", Sizing)
def test_equity_moves_by_price_and_funding_less_costs_over_any_window(seed: int, sizing: Sizing) -> None:
    _, entries, moments = run(list(wandering(seed, 3600)), replace(ON, sizing=sizing))
    assert any(entry.kind is EntryKind.TRADE for entry in entries)
    assert any(entry.funding for entry in entries)
    rng = random.Random(seed)
    for _ in range(200):
        one, other = sorted(rng.sample(moments, 2), key=lambda moment: moment.ts_ns)
        between = [entry for entry in entries if one.ts_ns < entry.ts_ns <= other.ts_ns]
        trades = [entry for entry in between if entry.kind is EntryKind.TRADE]
        worth = other.net - one.net - sum(entry.size * (entry.mid or 0) for entry in trades)
        costs = sum(entry.fee + entry.slippage for entry in between)
        change = worth + sum(entry.funding for entry in between) - costs
        assert other.equity - one.equity == pytest.approx(change, abs=0.005)
        assert other.price_pnl - one.price_pnl == pytest.approx(worth, abs=0.005)


@pytest.mark.parametrize("seed", range(6))
def test_every_number_of_a_moment_recomputes_from_the_ledger(seed: int) -> None:
    _, entries, moments = run(list(wandering(seed, 2400)))
    for moment in moments[::5]:
        past = until(entries, moment.ts_ns)
        cash, sizes = ON.capital, dict[str, float]()
        for entry in past:
            cash += entry.funding - entry.fee
            if entry.kind is EntryKind.TRADE:
                assert entry.price is not None
                assert entry.mid is not None
                cash -= entry.size * entry.price
                assert entry.slippage == pytest.approx(entry.size * (entry.price - entry.mid))
                assert entry.fee == pytest.approx(abs(entry.size) * entry.price * ON.fee(Venue(entry.venue)))
                sizes[entry.market] = sizes.get(entry.market, 0.0) + entry.size
                assert entry.held == pytest.approx(sizes[entry.market], abs=1e-9 * abs(entry.size))
        marks = {str(mark.market): mark for mark in moment.marks}
        assert {name for name, size in sizes.items() if abs(size) > 1e-9} == set(marks)
        assert moment.equity == pytest.approx(cash + sum(mark.size * mark.mid for mark in moment.marks), abs=0.005)
        coins = results(flows_of(past), moment)
        assert sum(one.total for one in coins) == pytest.approx(moment.equity - ON.capital, abs=0.005)
        assert sum(one.notional for one in coins) == pytest.approx(moment.net, abs=0.005)


@pytest.mark.parametrize("seed", range(6))
def test_slippage_and_fees_always_cost(seed: int) -> None:
    _, entries, _ = run(list(wandering(seed, 1800)))
    trades = [entry for entry in entries if entry.kind is EntryKind.TRADE]
    assert trades
    assert all(entry.slippage > 0 and entry.fee > 0 for entry in trades)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_traded_at_a_price_that_was_not_there(seed: int) -> None:
    seconds = {second.now_ns: second for second in wandering(seed, 1800)}
    _, entries, _ = run(list(seconds.values()))
    skipped = 0
    for entry in entries:
        if entry.kind is EntryKind.TRADE:
            depth = seconds[entry.ts_ns].depth(entry.market)  # type: ignore[arg-type]
            assert depth is not None
            assert entry.mid == depth.mid
            side = depth.asks if entry.size > 0 else depth.bids
            assert entry.price is not None
            impact = depth.mid * impact_of(entry.seen or 0.0) * (1 - (entry.seen or 0.0))  # of what was not there
            filled = entry.price - (impact if entry.size > 0 else -impact)
            assert min(price for price, _ in side) * 0.999999 <= filled <= max(price for price, _ in side) * 1.000001
        elif entry.kind is EntryKind.SKIP:
            assert entry.note
            assert not entry.fee
            assert entry.price is None
            skipped += 1
    assert skipped


def test_a_chosen_coin_without_a_price_is_marked_and_the_others_are_not_made_larger() -> None:
    _, entries, moments = run(steady(150, {"A": 10.0, "B": None, "C": 20.0, "D": 5.0}, FOUR), TWO)
    first = [entry for entry in entries if entry.rebalance == 1]
    assert {entry.base: entry.kind.value for entry in first} == {"A": "trade", "B": "skip", "C": "trade", "D": "trade"}
    held = {mark.base: mark.size * mark.mid for mark in moments[-1].marks}
    assert held == pytest.approx({"A": 25_000, "C": -25_000, "D": -25_000}, rel=0.01)


def test_top_is_bought_and_bottom_sold_in_equal_notional() -> None:
    _, entries, _ = run(steady(130, {"A": 10.0, "B": 3.0, "C": 20.0, "D": 5.0}, FOUR), TWO)
    first = [entry for entry in entries if entry.rebalance == 1 and entry.kind is EntryKind.TRADE]
    assert [(entry.base, entry.side, entry.rank, entry.score) for entry in first] == [
        ("A", "buy", 1, 9.0),
        ("B", "buy", 2, 5.0),
        ("C", "sell", 3, -5.0),
        ("D", "sell", 4, -9.0),
    ]
    assert [abs(entry.size * (entry.mid or 0)) for entry in first] == pytest.approx([25_000] * 4)


def test_equal_risk_shares_a_side_in_inverse_proportion_to_volatility() -> None:
    calm, wild = Coin("A", 10.0, 9.0), Coin("B", 10.0, 5.0)
    calm.volatility, wild.volatility = 0.01, 0.03
    coins = [calm, wild, Coin("C", 10.0, -5.0), Coin("D", 10.0, -9.0)]
    seconds = [second_of(START + at * SECOND, coins) for at in range(1, 130)]
    _, entries, _ = run(seconds, replace(TWO, sizing=Sizing.RISK))
    sizes = {entry.base: entry.size * (entry.mid or 0) for entry in entries if entry.rebalance == 1}
    assert sizes == pytest.approx({"A": 37_500, "B": 12_500, "C": -25_000, "D": -25_000})


def test_a_coin_of_unknown_volatility_is_skipped_with_a_note() -> None:
    unknown = Coin("A", 10.0, 9.0)
    unknown.volatility = None
    coins = [unknown, Coin("B", 10.0, 5.0), Coin("C", 10.0, -5.0), Coin("D", 10.0, -9.0)]
    _, entries, _ = run(
        [second_of(START + at * SECOND, coins) for at in range(1, 130)], replace(TWO, sizing=Sizing.RISK)
    )
    skipped = [entry for entry in entries if entry.kind is EntryKind.SKIP]
    assert skipped
    assert skipped[0].base == "A"
    assert "volatility" in skipped[0].note


def test_trading_begins_after_a_minute_and_repeats_every_period() -> None:
    _, entries, _ = run(steady(400, dict.fromkeys(FOUR, 10.0), FOUR, START + 7 * SECOND), TWO)
    times = sorted({entry.ts_ns for entry in entries if entry.rebalance})
    assert times[0] == START + 2 * MINUTE
    assert all(later - earlier == MINUTE for earlier, later in pairwise(times))


def test_without_scores_nothing_is_traded_and_the_book_gives_the_reason() -> None:
    book, entries, _ = run([second_of(START + at * SECOND, [Coin("A", 1.0), Coin("B", 1.0)]) for at in range(1, 200)])
    assert not entries
    assert "waits" in book.waiting


def test_a_position_within_the_band_is_held() -> None:
    _, entries, _ = run(steady(200, dict.fromkeys(FOUR, 10.0), FOUR), TWO)
    later = [entry for entry in entries if entry.rebalance == 2]
    assert len(later) == 4
    assert {entry.kind for entry in later} == {EntryKind.HOLD}
    assert BAND < 0.05


def test_a_coin_that_falls_out_is_closed() -> None:
    seconds = steady(130, dict.fromkeys(FOUR, 10.0), FOUR)
    turned = {"A": 0.0, "B": 5.0, "C": -5.0, "D": -9.0, "E": 99.0}
    seconds += steady(60, dict.fromkeys(turned, 10.0), turned, START + 130 * SECOND)
    _, entries, moments = run(seconds, TWO)
    closing = next(entry for entry in entries if entry.rebalance == 2 and entry.base == "A")
    assert closing.held == 0
    assert closing.side == "sell"
    assert closing.score == 0.0
    assert closing.rank == 3
    assert {mark.base for mark in moments[-1].marks} == {"B", "C", "D", "E"}


def test_funding_is_accrued_once_when_due_at_the_rate_known_before() -> None:
    seconds = []
    for at in range(1, 500):
        coins = [Coin(base, 10.0, score) for base, score in FOUR.items()]
        for coin in coins:
            coin.due_ns = START + (300 * SECOND if at < 300 else HOUR)
            coin.rate = 0.001 if at < 300 else 0.5
        seconds.append(second_of(START + at * SECOND, coins))
    _, entries, _ = run(seconds, TWO)
    paid = [entry for entry in entries if entry.kind is EntryKind.FUNDING]
    assert [(entry.base, entry.ts_ns) for entry in paid] == [(base, START + 300 * SECOND) for base in FOUR]
    assert [entry.funding for entry in paid] == pytest.approx([-25, -25, 25, 25], rel=0.01)
    assert {entry.rate for entry in paid} == {0.001}


def test_a_gap_is_recorded_and_its_funding_not_accrued() -> None:
    def coins(due_ns: int) -> list[Coin]:
        found = [Coin(base, 10.0, score) for base, score in FOUR.items()]
        for coin in found:
            coin.due_ns = due_ns
        return found

    seconds = [second_of(START + at * SECOND, coins(START + 200 * SECOND)) for at in range(1, 140)]
    seconds += [second_of(START + at * SECOND, coins(START + HOUR)) for at in range(400, 460)]
    _, entries, _ = run(seconds, TWO)
    gap = next(entry for entry in entries if entry.kind is EntryKind.GAP)
    assert gap.note.startswith("261 s were not seen")
    assert "A, B, C, D" in gap.note
    assert not any(entry.kind is EntryKind.FUNDING for entry in entries)


def test_seconds_processed_before_change_nothing() -> None:
    seconds = list(wandering(3, 900))
    book, _, _ = run(seconds)
    before = deepcopy(book.state)
    assert all(book.step(second) == Written() for second in seconds)
    assert book.state == before


def test_a_book_that_is_off_does_nothing() -> None:
    _, entries, moments = run(list(wandering(3, 900)), replace(ON, on=False))
    assert not entries
    assert not moments


def test_the_capital_of_a_book_that_has_begun_stays() -> None:
    book, _, _ = run(steady(130, dict.fromkeys(FOUR, 10.0), FOUR), TWO)
    written = book.change(replace(TWO, capital=5.0, names=1), START + HOUR)
    assert book.settings.capital == TWO.capital
    assert book.settings.names == 1
    assert [entry.kind for entry in written.entries] == [EntryKind.SETTINGS]


def test_a_side_of_the_book_is_walked_and_the_rest_charged_at_the_last_price() -> None:
    depth = Depth(bids=((9.0, 1.0), (8.0, 1.0)), asks=((10.0, 1.0), (12.0, 2.0)))
    assert taken(depth, 2.0) == (11.0, 1.0)
    assert taken(depth, -4.0) == ((9 + 8 * 3) / 4, 0.5)
    price, seen = taken(depth, 6.0)
    assert price == pytest.approx((10 + 12 * 5) / 6)
    assert seen == pytest.approx(0.5)


def test_volatility_needs_five_steps_and_skips_what_is_missing() -> None:
    assert hourly_volatility(np.array([1.0, 1.1, np.nan, 1.2, 1.1, 1.2, 1.1])) is None
    assert hourly_volatility(np.full(20, 3.0)) is None
    prices = np.exp(np.cumsum(np.tile([0.01, -0.01], 10)))
    assert hourly_volatility(prices) == pytest.approx(0.01 * 120**0.5, rel=0.02)


def test_statistics_are_those_of_the_curve_and_the_ledger() -> None:
    entries = [
        PaperEntry(1, 1, 1, EntryKind.TRADE, "A", market="A", size=2, held=2, price=10.0, mid=10.0, seen=1.0),
        PaperEntry(2, 1, 1, EntryKind.TRADE, "B", market="B", size=-1, held=-1, price=20.0, mid=20.0, seen=0.5),
        PaperEntry(3, 2, 2, EntryKind.SKIP, "A", market="A", held=2),
        PaperEntry(4, 2, 2, EntryKind.HOLD, "B", market="B", held=-1, mid=21.0),
        PaperEntry(5, 3, 3, EntryKind.HOLD, "A", market="A", held=2, mid=11.0),
    ]
    assert hits_of(entries) == (1, 2)
    found = with_drawdown(figures(entries, 100.0), np.array([110.0, 88.0, 99.0]), 100.0)
    assert found.drawdown == pytest.approx(0.2)
    assert found.drawdown_now == pytest.approx(0.1)
    assert (found.turnover, found.trades, found.skipped, found.unseen) == (0.4, 2, 1, 1)


@pytest.mark.parametrize("wrong", [{"names": 0}, {"period_ns": 1}, {"capital": 0.0}, {"gross": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="paper book"):
        replace(ON, **wrong)  # type: ignore[arg-type]


def test_what_the_book_does_not_show_is_charged_an_impact_and_marked() -> None:
    assert impact_of(1.0) == 0.0
    assert impact_of(0.5) == pytest.approx(IMPACT)
    assert impact_of(0.25) == pytest.approx(3 * IMPACT)
    assert impact_of(0.01) == impact_of(0.0) == MOST_IMPACT
    thin = Depth(bids=((9.9, 1.0),), asks=((10.1, 1.0),))
    seconds = [replace(one, depth=lambda _: thin) for one in steady(130, dict.fromkeys(FOUR, 10.0), FOUR)]
    _, entries, _ = run(seconds, TWO)
    traded = [entry for entry in entries if entry.kind is EntryKind.TRADE]
    assert len(traded) >= 4
    for entry in traded:
        assert entry.price is not None
        assert entry.seen is not None
        assert entry.seen < 0.01
        best = 10.1 if entry.size > 0 else 9.9
        beyond = 10.0 * MOST_IMPACT * (1 - entry.seen)
        assert entry.price == pytest.approx(best + beyond if entry.size > 0 else best - beyond)
        assert entry.note.startswith("estimated")
    assert figures(entries, TWO.capital).unseen == len(traded)


@pytest.mark.parametrize("stance", list(Stance))
def test_the_crowd_is_followed_or_faded(stance: Stance) -> None:
    _, entries, _ = run(steady(130, dict.fromkeys(FOUR, 10.0), FOUR), replace(TWO, stance=stance))
    first = {entry.base: entry.side for entry in entries if entry.kind is EntryKind.TRADE and entry.rebalance == 1}
    top, bottom = ("buy", "sell") if stance is Stance.FOLLOW else ("sell", "buy")
    assert first == {"A": top, "B": top, "C": bottom, "D": bottom}


def test_settings_saved_before_the_stance_existed_follow() -> None:
    saved = msgspec.json.decode(msgspec.json.encode(ON))
    del saved["stance"]
    assert msgspec.json.decode(msgspec.json.encode(saved), type=PaperSettings) == ON
