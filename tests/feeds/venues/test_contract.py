"""What every registered venue must bring: facts, a driver, a simulated counterpart, a README and golden frames."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.catalogue.markets import LISTINGS, markets_of
from feeds.simulator.service.dialects import dialect_of
from feeds.simulator.simulation import Simulation
from feeds.venues.profile import Coverage
from feeds.venues.registry import DRIVERS, PROFILES, VENUES, profile_of, protocol_for, venue_named

ROOT = Path(__file__).parents[3]
START_NS = 1_790_000_000_000_000_000
HEADINGS = (
    "Endpoints", "Instruments", "Symbols and multipliers", "Trades", "Order book", "Best prices",
    "Mark/index/funding", "Open interest", "Liquidations", "Backfill", "All-market streams",
    "Limits and heartbeats", "Server time", "Breaking changes", "Sources",
)  # fmt: skip


def test_names_labels_and_marks_are_distinct() -> None:
    for names in (
        {profile.name for profile in PROFILES.values()},
        {profile.label.lower() for profile in PROFILES.values()},
        {profile.mark for profile in PROFILES.values()},
    ):
        assert len(names) == len(VENUES)
    captures = [name for profile in PROFILES.values() for name in profile.captures]
    assert len(captures) == len(set(captures))


@pytest.mark.parametrize("venue", VENUES)
def test_the_profile_is_complete(venue: Venue) -> None:
    profile = PROFILES[venue]
    assert re.fullmatch(r"[a-z][a-z0-9]*", profile.name)
    assert profile.label.lower() == profile.name
    assert re.fullmatch(r"[A-Z]{3}", profile.mark)
    assert all(re.fullmatch(r"#[0-9a-f]{6}", profile.colors.on(dark=dark)) for dark in (True, False))
    assert 0 < profile.taker_fee < 0.01, "a fraction, not a percentage"
    assert profile.liquidations.description
    assert (profile.liquidations.published is Coverage.DELAYED) <= (profile.liquidations.delay_ns > 0)
    assert profile.server_time is not None
    assert profile.server_time.kind in DRIVERS[venue].endpoints


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"code":"0","data":[]}', b'{"result":"x"}'])
def test_an_answer_without_a_server_time_is_a_protocol_error(venue: Venue, body: bytes) -> None:
    server_time = PROFILES[venue].server_time
    assert server_time is not None
    with pytest.raises(ProtocolError):
        server_time.read_ns(body)


@pytest.mark.parametrize("venue", VENUES)
def test_the_driver_covers_the_kinds_of_the_profile(venue: Venue) -> None:
    driver = DRIVERS[venue]
    assert driver.venue == venue
    assert set(driver.endpoints) == set(PROFILES[venue].quotes)
    for kind, endpoints in driver.endpoints.items():
        assert endpoints.websocket.startswith("wss://")
        assert endpoints.rest.startswith("https://")
        assert driver.listing(kind)
    assert driver.context_protocol is not None
    assert driver.universe is not None
    assert driver.universe_protocol is not None
    spec = ConnectionSpec(name="a", venue=venue, kind=next(iter(driver.endpoints)), route="all")
    assert protocol_for(spec).requests == []


@pytest.mark.parametrize("venue", VENUES)
def test_the_simulator_lists_and_speaks_it(venue: Venue) -> None:
    markets = markets_of([venue], ["BTC"])
    assert {spec.instrument.kind for spec in markets} == set(DRIVERS[venue].endpoints)
    quotes = PROFILES[venue].quotes
    assert all(spec.instrument.quote == quotes[spec.instrument.kind] for spec in markets)
    assert LISTINGS[venue].altcoins is not None
    dialect = dialect_of(venue, Simulation(7, START_NS, markets=markets, warm_up_s=0), futures_weight=2_400)
    assert dialect.prefix == f"/{venue}"


@pytest.mark.parametrize("venue", VENUES)
def test_the_server_time_of_the_simulator_can_be_read(venue: Venue) -> None:
    server_time, driver = PROFILES[venue].server_time, DRIVERS[venue]
    assert server_time is not None
    simulation = Simulation(7, START_NS, markets=markets_of([venue], ["BTC"]), warm_up_s=0)
    dialect, request = dialect_of(venue, simulation, futures_weight=2_400), server_time.request
    path = f"{server_time.kind.value}{request.path}"
    assert server_time.kind in driver.endpoints
    body = request.body.encode()
    answer = dialect.post(path, body, START_NS) if body else dialect.get(path, {}, START_NS)
    assert answer.status == 200
    assert abs(server_time.read_ns(answer.body) - START_NS) <= 1_000_000_000


@pytest.mark.parametrize("venue", VENUES)
def test_the_readme_states_the_wire_facts(venue: Venue) -> None:
    text = (ROOT / "feeds" / "venues" / venue / "README.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (.+)$", text, re.M)) == HEADINGS


@pytest.mark.parametrize("venue", VENUES)
def test_there_are_golden_frames(venue: Venue) -> None:
    names = {path.name for path in (ROOT / "tests" / "data" / venue).glob("*.jsonl")}
    assert {"markets.jsonl", *(f"listing.{kind.value}.jsonl" for kind in DRIVERS[venue].endpoints)} <= names


def test_a_foreign_venue_has_a_neutral_profile() -> None:
    profile = profile_of(Venue("kraken"))
    assert (profile.label, profile.mark) == ("Kraken", "KRA")
    assert profile.liquidations_of(MarketKind.LINEAR).published is Coverage.NONE
    assert profile is profile_of(Venue("kraken"))
    with pytest.raises(ValueError, match="kraken"):
        venue_named("kraken")
    assert [venue_named(str(venue)) for venue in VENUES] == list(VENUES)
