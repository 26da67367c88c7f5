"""REST calls within each venue's limits: paced by weight, suspended while the venue asks to wait."""

import asyncio
import logging

from feeds.live.budget import WeightBudget
from feeds.live.refusal import clock_text
from feeds.live.transport import Http
from feeds.model.clock import Clock, SystemClock
from feeds.model.errors import TransportError
from feeds.model.instrument import MarketKind
from feeds.model.protocol import Fetch
from feeds.venues.driver import VenueDriver

log = logging.getLogger(__name__)

DEFAULT_WEIGHT = 600.0


class Rest:
    """All REST calls of a source. Markets that share a limit of the venue share a budget."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._http = Http(clock=self._clock)
        self._budgets: dict[str, WeightBudget] = {}
        self._reasons: dict[WeightBudget, str] = {}

    async def ask(self, driver: VenueDriver, kind: MarketKind, request: Fetch) -> bytes:
        """Wait for the budget, send a request and return the response body.

        Raises:
            TransportError: no answer, or a rate limit; then `retry_after_s` is the time to wait.
        """
        budget = self._budget(driver, kind)
        now_s = asyncio.get_running_loop().time
        if (blocked := budget.blocked_s(now_s())) > 0:
            until = clock_text(self._clock.now_ns(), blocked)
            raise TransportError(f"{self._reasons[budget]}; next try at {until}", retry_after_s=blocked, limited=True)
        await self._wait_for(budget, request.weight)
        try:
            body = await self._http.fetch(driver.endpoints[kind].rest + request.path, request.body)
            if (asked_s := driver.limit(body)) is not None:
                raise TransportError("the venue limits our requests", retry_after_s=asked_s, limited=True)
        except TransportError as error:
            log.warning("%s %s failed: %s", driver.venue, request.tag, error)
            if error.retry_after_s is None and error.limited:
                error.retry_after_s = driver.limit_pause_s
            if error.retry_after_s is not None:
                budget.block(now_s(), error.retry_after_s)
                self._reasons[budget] = error.text
            raise
        return body

    async def _wait_for(self, budget: WeightBudget, weight: float) -> None:
        now_s = asyncio.get_running_loop().time
        wait_s = budget.wait_s(now_s(), weight)
        while wait_s > 0:
            await asyncio.sleep(wait_s)
            wait_s = budget.wait_s(now_s(), weight)

    async def close(self) -> None:
        await self._http.close()

    def _budget(self, driver: VenueDriver, kind: MarketKind) -> WeightBudget:
        pool, per_minute = driver.weights.get(kind, (f"{driver.venue}.{kind.value}", DEFAULT_WEIGHT))
        if pool not in self._budgets:
            self._budgets[pool] = WeightBudget(per_minute)
        return self._budgets[pool]
