"""Every venue's frames decode to their documented meaning, in a fresh clone without captures."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds.model.instrument import MarketKind
from feeds.venues.profile import Coverage
from feeds.venues.registry import DRIVERS, liquidation_coverage
from tests.feeds.venues.golden import DATA, VENUES, Replay, expected, markets, same

LISTING, EVENTS = "listing.", ".events.jsonl"
FRAMES = sorted(
    path
    for path in DATA.glob("*/*.jsonl")
    if not path.name.endswith(EVENTS) and not path.name.startswith((LISTING, "markets."))
)
LISTINGS = sorted(DATA.glob(f"*/{LISTING}*.jsonl"))
SUBJECTS = ("trades", "book", "best-prices", "derivatives", "notices", "all-market", "context")


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", FRAMES, ids=_name)
def test_frames_yield_the_events_that_stand_beside_them(path: Path) -> None:
    stated = expected(path)
    found = list(Replay(path).steps(dict(stated)))
    for (line, rows), (wanted_line, wanted) in zip(found, stated, strict=False):
        assert line == wanted_line, f"line {min(line, wanted_line)} of {path.name}: {rows} where {wanted} is stated"
        assert len(rows) == len(wanted), f"line {line} of {path.name}: {rows}"
        for row, want in zip(rows, wanted, strict=True):
            assert same(row, want), f"line {line} of {path.name}: {row}\nstated: {want}"
    assert len(found) == len(stated), f"{path.name}: {found[len(stated) :]} {stated[len(found) :]}"


@pytest.mark.parametrize("path", LISTINGS, ids=_name)
def test_a_listing_holds_the_markets_that_are_stated(path: Path) -> None:
    venue, kind = path.parent.name, MarketKind(path.stem.removeprefix(LISTING))
    bodies = path.read_bytes().splitlines()
    listed = DRIVERS[VENUES[venue]].instruments(kind, bodies)
    assert list(listed) == [market for market in markets(venue).values() if market.kind is kind]


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_every_venue_and_kind_has_golden_frames(venue: str) -> None:
    names = {path.name for path in (DATA / venue).glob("*.jsonl")}
    kinds = DRIVERS[VENUES[venue]].endpoints
    published = any(liquidation_coverage(VENUES[venue], kind).published is not Coverage.NONE for kind in kinds)
    for subject in (*SUBJECTS, *(("liquidations",) if published else ())):
        assert any(subject in name for name in names), f"no frames of {subject}"
    for kind in kinds:
        assert f"{LISTING}{kind.value}.jsonl" in names, f"no listing of {kind.value}"
        assert any(market.kind is kind for market in markets(venue).values())
    for path in (DATA / venue).glob("*.jsonl"):
        if path in FRAMES:
            assert path.with_suffix(EVENTS).is_file(), f"{path.name} has no events beside it"
