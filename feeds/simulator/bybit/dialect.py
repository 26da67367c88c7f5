"""The Bybit dialect: three categories as path prefixes, their sockets and REST."""

from collections.abc import Container, Iterable, Iterator, Mapping

from feeds.model.instrument import MarketKind
from feeds.simulator.bybit.conversation import BybitConversation
from feeds.simulator.bybit.rest import Rest, envelope
from feeds.simulator.bybit.wire import MarketWire, Wire
from feeds.simulator.dialect import Answer, Message
from feeds.simulator.market.facts import Fact
from feeds.simulator.market.spec import MS
from feeds.simulator.simulation import Simulation
from feeds.venues.bybit.profile import BYBIT

_CATEGORIES = {kind.value: kind for kind in MarketKind}
_REST = "v5/market/"


class BybitDialect:
    """Sockets at `/bybit/<kind>/v5/public/<category>`, REST below `/bybit/<kind>/v5/market/`.

    `<kind>` stands for the host; as at the venue, one host serves all categories.
    """

    prefix = "/bybit"

    def __init__(self, simulation: Simulation) -> None:
        wires = [MarketWire(m) for m in simulation.markets if m.spec.instrument.venue == BYBIT]
        self._wire = Wire(wires)
        self._wires = {
            kind: {wire.fmt.symbol: wire for wire in wires if wire.fmt.category is kind} for kind in MarketKind
        }
        self._rest = Rest(self._wires)
        self._sockets = 0

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Encode facts for the topics in `wanted`; `now_ns` becomes the push time `ts`."""
        return self._wire.messages(facts, now_ns, wanted)

    def open(self, path: str, query: Mapping[str, str]) -> BybitConversation | None:
        """Open a socket at `/linear/v5/public/linear` and the like."""
        match path.strip("/").split("/"):
            case [host, "v5", "public", name] if host in _CATEGORIES and name in _CATEGORIES:
                self._sockets += 1
                category = _CATEGORIES[name]
                return BybitConversation(category, self._wires[category], f"d967ikkn0ine3iqmjc30-{self._sockets:04x}")
            case _:
                return None

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET. The venue's errors are a 200 with a `retCode` other than 0."""
        host, _, rest_path = path.strip("/").partition("/")
        if host not in _CATEGORIES or not rest_path.startswith(_REST):
            return Answer(404, b"")
        return self._rest.get(rest_path.removeprefix(_REST), query, now_ns)

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """405: public market data has no POST."""
        return Answer(405, b"")

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """The venue's limit is a 403 for the whole address, or error 10006 within a 200 for one endpoint."""
        if status == 418:
            return Answer(403, b"access too frequent")
        headers = {"X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(now_ns // MS + wait_s * 1_000)}
        return Answer(200, envelope({}, now_ns, 10_006, "Too many visits!"), headers)


def dialect(simulation: Simulation, futures_weight: int) -> BybitDialect:
    """The dialect; the venue counts no request weight."""
    return BybitDialect(simulation)
