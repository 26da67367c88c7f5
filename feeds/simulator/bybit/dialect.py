"""Bybit as a whole: three categories as path prefixes, their sockets and REST."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.bybit.conversation import BybitConversation
from feeds.simulator.bybit.rest import Rest, envelope
from feeds.simulator.bybit.wire import MarketWire, Wire
from feeds.simulator.dialect import Answer, Message
from feeds.simulator.market.facts import Fact
from feeds.simulator.market.spec import MS
from feeds.simulator.simulation import Simulation

_CATEGORIES = {kind.value: kind for kind in MarketKind}
_REST = "v5/market/"


class BybitDialect:
    """Sockets at `/bybit/<kind>/v5/public/<category>`, REST below `/bybit/<kind>/v5/market/`.

    The first part stands for the host, which is one for all categories, so any may be asked for below any.
    """

    prefix = "/bybit"

    def __init__(self, simulation: Simulation) -> None:
        wires = [MarketWire(m) for m in simulation.markets if m.spec.instrument.venue is Venue.BYBIT]
        self._wire = Wire(wires)
        self._wires = {
            kind: {wire.words.symbol: wire for wire in wires if wire.words.category is kind} for kind in MarketKind
        }
        self._rest = Rest(self._wires)
        self._sockets = 0

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """What the topics say about these facts; `now_ns` becomes the push time `ts`."""
        return self._wire.messages(facts, now_ns, wanted)

    def open(self, path: str, query: Mapping[str, str]) -> BybitConversation | None:
        """Begin a socket at `/linear/v5/public/linear` and the like."""
        match path.strip("/").split("/"):
            case [host, "v5", "public", name] if host in _CATEGORIES and name in _CATEGORIES:
                self._sockets += 1
                category = _CATEGORIES[name]
                return BybitConversation(category, self._wires[category], f"d967ikkn0ine3iqmjc30-{self._sockets:04x}")
            case _:
                return None

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET. A refusal of the venue is a 200 with another `retCode` than 0."""
        host, _, rest_path = path.strip("/").partition("/")
        if host not in _CATEGORIES or not rest_path.startswith(_REST):
            return Answer(404, b"")
        return self._rest.get(rest_path.removeprefix(_REST), query, now_ns)

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """Public market data has no POST."""
        return Answer(405, b"")

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """HTTP 403 for too many requests, error 10006 for too many to one endpoint (README: Limits and heartbeats)."""
        if status == 418:
            return Answer(403, b"access too frequent")
        headers = {"X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(now_ns // MS + wait_s * 1_000)}
        return Answer(200, envelope({}, now_ns, 10_006, "Too many visits!"), headers)
