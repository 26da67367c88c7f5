"""The Hyperliquid dialect: one socket path and one REST path."""

from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.dialect import Answer, Message
from feeds.simulator.hyperliquid.conversation import HyperliquidConversation
from feeds.simulator.hyperliquid.rest import Refused, Rest
from feeds.simulator.hyperliquid.wire import Wire
from feeds.simulator.hyperliquid.wire_format import WireFormat
from feeds.simulator.market.facts import Fact
from feeds.simulator.simulation import Simulation
from feeds.venues.hyperliquid.profile import HYPERLIQUID

_HOSTS = frozenset((MarketKind.LINEAR.value, MarketKind.SPOT.value))


class HyperliquidDialect:
    """Perpetuals and spot below `/hyperliquid/linear` and `/hyperliquid/spot` alike."""

    prefix = "/hyperliquid"

    def __init__(self, simulation: Simulation) -> None:
        ours = [market for market in simulation.markets if market.spec.instrument.venue == HYPERLIQUID]
        self._simulation = simulation
        self._formats = {market.spec.instrument.symbol: WireFormat(market) for market in ours}
        self._wire = Wire(self._formats.values())
        self._rest = Rest(list(self._formats.values()))

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        return self._wire.messages(facts, self._simulation.now_ns, wanted)

    def open(self, path: str, query: Mapping[str, str]) -> HyperliquidConversation | None:
        """Open a socket at `/linear/ws` or `/spot/ws`."""
        if not _is_at(path, "ws"):
            return None
        return HyperliquidConversation(frozenset(self._formats), self._current)

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """405: all requests are POSTs."""
        return Answer(405 if _is_at(path, "info") else 404, b"")

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        if not _is_at(path, "info"):
            return Answer(404, b"")
        try:
            request = msgspec.json.decode(body, type=dict)
            return Answer(200, msgspec.json.encode(self._rest.info(request, self._simulation.now_ns)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Answer(400, b"Failed to parse the request body as JSON")
        except Refused as refused:
            return Answer(refused.status, refused.body)

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """The status only; the venue states no time to wait."""
        return Answer(status, b"null")

    def _current(self, channel: str, coin: str, now_ns: int) -> str | None:
        return self._wire.current(channel, self._formats[coin], self._simulation.now_ns)


def _is_at(path: str, end: str) -> bool:
    host, _, rest = path.strip("/").partition("/")
    return host in _HOSTS and rest == end


def dialect(simulation: Simulation, futures_weight: int) -> HyperliquidDialect:
    """The dialect; the venue counts no request weight."""
    return HyperliquidDialect(simulation)
