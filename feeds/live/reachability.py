"""Whether venues can be reached from here, asked with the smallest request each of them answers: its clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from feeds.live.transport import Http
from feeds.model.errors import TransportError
from feeds.model.instrument import Venue
from feeds.venues.driver import VenueDriver


async def reach(drivers: Iterable[VenueDriver]) -> AsyncIterator[tuple[Venue, str]]:
    """Each venue as its answer comes, with what is wrong in a few words; empty where it answers."""
    http = Http()
    try:
        asked = [asyncio.create_task(_ask(http, driver), name=f"reach {driver.venue}") for driver in drivers]
        try:
            for answered in asyncio.as_completed(asked):
                yield await answered
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
    finally:
        await http.close()


async def _ask(http: Http, driver: VenueDriver) -> tuple[Venue, str]:
    time = driver.profile.server_time
    if time is None:
        return driver.venue, ""
    try:
        await http.fetch(driver.endpoints[time.kind].rest + time.request.path, time.request.body)
    except TransportError as error:
        return driver.venue, error.text
    return driver.venue, ""
