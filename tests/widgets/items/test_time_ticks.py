"""Ticks of the time axis are round on the user's clock at every moment, also where clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.items.ticks import time_ticks
from widgets.theme import format as fmt

_HOUR = 3_600_000_000_000
_DAY = 24 * _HOUR
ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "America/Santiago", "Asia/Kathmandu")


@pytest.fixture(autouse=True)
def _utc_afterwards() -> Iterator[None]:
    yield
    fmt.use_habits()


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize("day", ["2026-03-27", "2026-10-23"])
def test_four_days_over_a_change_of_clocks_have_local_midnights_and_hours(day: str) -> None:
    fmt.use_habits("Europe/Berlin")
    start = _ns(day)
    ticks = time_ticks(start, start + 4 * _DAY, 1280)
    assert {text for _, text, is_day in ticks if not is_day} == {"06:00", "12:00", "18:00"}
    assert len([text for _, text, is_day in ticks if is_day]) == 4


def test_an_hour_that_clocks_repeat_has_its_ticks_twice_where_there_is_room() -> None:
    fmt.use_habits("Europe/Berlin")
    start, end = _ns("2026-10-25T00:00"), _ns("2026-10-25T04:00")
    assert [text for _, text, _ in time_ticks(start, end, 400)] == ["02:00", "02:00", "03:00", "04:00", "05:00"]
    assert [text for _, text, _ in time_ticks(start, end, 200)] == ["02:00", "04:00"]


def test_where_clocks_skip_midnight_the_day_begins_with_its_first_hour() -> None:
    fmt.use_habits("Africa/Cairo")  # on 24 April 2026 after 23:59:59 comes 01:00
    ticks = time_ticks(_ns("2026-04-23T12:00"), _ns("2026-04-24T12:00"), 480)
    days = [(ts, text) for ts, text, is_day in ticks if is_day]
    assert days == [(_ns("2026-04-23T22:00"), "24 Apr")]


@given(
    st.sampled_from(ZONES),
    st.integers(_ns("2024-01-01"), _ns("2027-01-01")),
    st.integers(60, 40 * 86_400),
    st.integers(200, 3000),
)
def test_ticks_are_round_apart_and_mark_every_day(zone: str, start: int, span_s: int, width: int) -> None:
    fmt.use_habits(zone)
    end = start + span_s * 1_000_000_000
    ticks = time_ticks(start, end, width)
    step = min((after[0] - before[0] for before, after in pairwise(ticks)), default=end - start)
    assert step * width / (end - start) >= 0.69 * 80
    for ts, _, is_day in ticks:
        local = datetime.fromtimestamp(ts // 1_000_000_000, ZoneInfo(zone))
        before = local.astimezone(UTC) - timedelta(seconds=1)
        assert is_day == (before.astimezone(ZoneInfo(zone)).date() < local.date())
        assert is_day or (local.second == 0 or span_s < 86_400)
    if len(ticks) > 1 and step <= 6 * _HOUR:
        days = {datetime.fromtimestamp(ts // 1_000_000_000, ZoneInfo(zone)).date() for ts, _, is_day in ticks if is_day}
        inner = {datetime.fromtimestamp(ts // 1_000_000_000, ZoneInfo(zone)).date() for ts, _, _ in ticks[1:]}
        first = datetime.fromtimestamp(start // 1_000_000_000, ZoneInfo(zone)).date()
        assert inner - {first} <= days
