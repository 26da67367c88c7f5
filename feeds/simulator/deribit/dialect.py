"""The Deribit dialect: one socket path, and its methods below `/api/v2`."""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.deribit.conversation import PLATFORM, DeribitConversation, Refused
from feeds.simulator.deribit.rest import Methods
from feeds.simulator.deribit.wire import Wire
from feeds.simulator.deribit.wire_format import LIQUIDATION_DELAY_NS, WireFormat
from feeds.simulator.dialect import Answer, Message
from feeds.simulator.market.facts import Fact
from feeds.simulator.market.spec import MS
from feeds.simulator.simulation import Simulation
from feeds.venues.deribit.profile import DERIBIT

_HOSTS = frozenset((MarketKind.INVERSE.value, MarketKind.LINEAR.value))
_API = "api/v2/"


class DeribitDialect:
    """Inverse and linear perpetuals below `/deribit/inverse` and `/deribit/linear` alike."""

    prefix = "/deribit"

    def __init__(self, simulation: Simulation, *, liquidation_delay_ns: int = LIQUIDATION_DELAY_NS) -> None:
        ours = [market for market in simulation.markets if market.spec.instrument.venue == DERIBIT]
        formats = [WireFormat(market) for market in ours]
        self._simulation = simulation
        self._wire = Wire(formats)
        self._methods = Methods(formats, liquidation_delay_ns)
        self._books = {fmt.channel("book"): fmt for fmt in formats}
        names = (fmt.channel(kind) for fmt in formats for kind in ("trades", "book", "ticker"))
        self._channels = frozenset((*names, PLATFORM))

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        return self._wire.messages(facts, now_ns, wanted)

    def open(self, path: str, query: Mapping[str, str]) -> DeribitConversation | None:
        """Open a socket at `/inverse/ws/api/v2` or `/linear/ws/api/v2`."""
        host, _, rest = path.strip("/").partition("/")
        if host not in _HOSTS or rest != "ws/api/v2":
            return None
        return DeribitConversation(self._channels, self._snapshot, self._methods.call)

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        host, _, rest = path.strip("/").partition("/")
        if host not in _HOSTS or not rest.startswith(_API):
            return Answer(404, b"")
        return self._answer(rest.removeprefix(_API), query, now_ns)

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """Answer a JSON-RPC request."""
        try:
            request = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Answer(400, b'{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}')
        params = request.get("params")
        return self._answer(str(request.get("method")), params if isinstance(params, dict) else {}, now_ns)

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """Error 10028."""
        error = {"code": 10028, "message": "too_many_requests", "data": {"wait": wait_s}}
        return Answer(status, msgspec.json.encode({"jsonrpc": "2.0", "error": error}))

    def _answer(self, method: str, params: Mapping[str, Any], now_ns: int) -> Answer:
        times = {"usIn": now_ns * 1_000 // MS, "usOut": now_ns * 1_000 // MS, "usDiff": 0, "testnet": False}
        try:
            result = self._methods.call(method, params, self._simulation.now_ns)
            return Answer(200, msgspec.json.encode({"jsonrpc": "2.0", "result": result} | times))
        except Refused as refused:
            return Answer(refused.status, msgspec.json.encode({"jsonrpc": "2.0", "error": refused.error} | times))

    def _snapshot(self, channel: str, now_ns: int) -> str | None:
        fmt = self._books.get(channel)
        return None if fmt is None else msgspec.json.encode(fmt.snapshot(self._simulation.now_ns)).decode()


def dialect(simulation: Simulation, futures_weight: int) -> DeribitDialect:
    """The dialect; the venue counts no request weight."""
    return DeribitDialect(simulation)
