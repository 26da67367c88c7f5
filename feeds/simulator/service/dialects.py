"""The dialects of a simulation, found by the venues' names."""

from importlib import import_module

from feeds.model.instrument import Venue
from feeds.simulator.dialect import Dialect
from feeds.simulator.simulation import Simulation
from feeds.venues.registry import VENUES


def dialect_of(venue: Venue, simulation: Simulation, futures_weight: int) -> Dialect:
    """The dialect of a venue: `dialect` of the package below `feeds.simulator` that has the venue's name."""
    made: Dialect = import_module(f"feeds.simulator.{venue}.dialect").dialect(simulation, futures_weight)
    return made


def dialects(simulation: Simulation, futures_weight: int) -> list[Dialect]:
    """The venues that have a market in this simulation. `futures_weight` is the request weight a minute, if counted."""
    listed = {market.spec.instrument.venue for market in simulation.markets}
    return [dialect_of(venue, simulation, futures_weight) for venue in VENUES if venue in listed]
