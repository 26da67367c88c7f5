"""The OKX dialect: one host with swaps and spot, its public sockets and REST."""

from collections.abc import Container, Iterable, Iterator, Mapping

from feeds.model.instrument import MarketKind
from feeds.simulator.dialect import Answer, Message
from feeds.simulator.market.facts import Fact
from feeds.simulator.okx.conversation import OkxConversation
from feeds.simulator.okx.rest import Rest, envelope
from feeds.simulator.okx.wire import MarketWire, Wire
from feeds.simulator.okx.wire_format import WireFormat
from feeds.simulator.simulation import Simulation
from feeds.venues.okx.profile import OKX

_KINDS = {kind.value for kind in MarketKind}
_REST = "api/v5/"


class OkxDialect:
    """Sockets at `/okx/<kind>/ws/v5/public`, REST below `/okx/<kind>/api/v5/`.

    `<kind>` stands for the host; as at the venue, one host serves all instruments.
    """

    prefix = "/okx"

    def __init__(self, simulation: Simulation) -> None:
        ours = [market for market in simulation.markets if market.spec.instrument.venue == OKX]
        self._simulation = simulation
        self.wires = {market.spec.instrument.symbol: MarketWire(WireFormat(market)) for market in ours}
        self._wire = Wire(self.wires.values())
        self._rest = Rest(self.wires)
        self._sockets = 0

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        return self._wire.messages(facts, now_ns, wanted)

    def open(self, path: str, query: Mapping[str, str]) -> OkxConversation | None:
        """Open a socket at `/linear/ws/v5/public` and the like."""
        match path.strip("/").split("/"):
            case [host, "ws", "v5", "public"] if host in _KINDS:
                self._sockets += 1
                return OkxConversation(self.wires, self._wire, f"a4d3{self._sockets:04x}", self._now_ns)
            case _:
                return None

    def _now_ns(self) -> int:
        return self._simulation.now_ns

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET. The venue's errors are a 200 with a `code` other than 0."""
        host, _, rest_path = path.strip("/").partition("/")
        if host not in _KINDS or not rest_path.startswith(_REST):
            return Answer(404, b"")
        body = self._rest.get(rest_path.removeprefix(_REST), query, now_ns)
        return Answer(404, b"") if body is None else Answer(200, body)

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """405: public market data has no POST."""
        return Answer(405, b"")

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """Code 50011; the venue states no time to wait."""
        return Answer(429, envelope((), "50011", "Too Many Requests"))


def dialect(simulation: Simulation, futures_weight: int) -> OkxDialect:
    """The dialect; the venue counts no request weight."""
    return OkxDialect(simulation)
