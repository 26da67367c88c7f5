"""The Binance dialect: three hosts as path prefixes, request weights, streams and sockets."""

from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.binance.conversation import BinanceConversation
from feeds.simulator.binance.rest import Refused, Rest
from feeds.simulator.binance.statistics import Statistics
from feeds.simulator.binance.streams import Streams
from feeds.simulator.binance.wire import MarketWire
from feeds.simulator.binance.wire_format import WireFormat
from feeds.simulator.dialect import Answer, Message
from feeds.simulator.market.facts import Fact
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.simulation import Simulation
from feeds.venues.binance.profile import BINANCE

_REST = {MarketKind.LINEAR: "fapi/v1/", MarketKind.INVERSE: "dapi/v1/", MarketKind.SPOT: "api/v3/"}
_HOSTS = {kind.value: kind for kind in MarketKind}
_STATISTICS = "futures/data/"
_ROUTES = ("public", "market")


class Weights:
    """The request weight used in one pool within the current clock minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._minute = 0

    def charge(self, weight: int, now_ns: int) -> int:
        """Count a request. Returns 0 if it is allowed, else the seconds until the next minute."""
        minute, second = divmod(now_ns // SECOND, 60)
        if minute != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        return 0 if self.used <= self.limit else 60 - second


class BinanceDialect:
    """USD-M below `/binance/linear`, COIN-M below `/binance/inverse`, spot below `/binance/spot`."""

    prefix = "/binance"

    def __init__(self, simulation: Simulation, *, futures_weight: int = 2_400, spot_weight: int = 6_000) -> None:
        ours = [m for m in simulation.markets if m.spec.instrument.venue == BINANCE]
        wires = [MarketWire(market, WireFormat(market)) for market in ours]
        self._streams = Streams(wires)
        self._rest = {kind: Rest(kind, [w for w in wires if w.fmt.kind is kind]) for kind in MarketKind}
        self._statistics = {
            kind: Statistics(kind, [w for w in wires if w.fmt.kind is kind])
            for kind in (MarketKind.LINEAR, MarketKind.INVERSE)
        }
        futures = Weights(futures_weight)
        self._weights = dict.fromkeys(MarketKind, futures) | {MarketKind.SPOT: Weights(spot_weight)}

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Encode facts for the streams in `wanted`; `now_ns` becomes the event time `E`."""
        return self._streams.messages(facts, now_ns // MS, wanted)

    def open(self, path: str, query: Mapping[str, str]) -> BinanceConversation | None:
        """Open a socket at `/linear/market/stream`, `/spot/ws/btcusdt@trade` and the like."""
        host, *parts = path.strip("/").split("/")
        segment = _HOSTS.get(host)
        if segment is None:
            return None
        has_route = bool(parts) and parts[0] in _ROUTES and segment is not MarketKind.SPOT
        route = parts.pop(0) if has_route else ""
        match parts:
            case ["stream"]:
                return BinanceConversation(segment, route, True, query.get("streams", "").split("/"))
            case ["ws", *streams]:
                return BinanceConversation(segment, route, False, streams)
            case _:
                return None

    def get(self, path: str, query: Mapping[str, str], now_ns: int) -> Answer:
        """Answer a GET and charge its weight, to the pool shared by fapi and dapi or to that of spot."""
        host, _, rest_path = path.strip("/").partition("/")
        segment = _HOSTS.get(host)
        if segment in self._statistics and rest_path.startswith(_STATISTICS):
            return self._statistic(segment, rest_path.removeprefix(_STATISTICS), query, now_ns)
        if segment is None or not rest_path.startswith(_REST[segment]):
            return Answer(404, b"")
        route = rest_path.removeprefix(_REST[segment])
        rest, pool = self._rest[segment], self._weights[segment]
        try:
            wait_s = pool.charge(rest.weight(route, query), now_ns)
            headers = {"X-MBX-USED-WEIGHT-1M": str(pool.used)}
            if wait_s:
                refused = self.refusal(429, wait_s, now_ns)
                return Answer(refused.status, refused.body, headers | refused.headers)
            return Answer(200, msgspec.json.encode(rest.get(route, query, now_ns)), headers)
        except Refused as refused:
            return Answer(refused.status, msgspec.json.encode(refused.body))

    def _statistic(self, segment: MarketKind, route: str, query: Mapping[str, str], now_ns: int) -> Answer:
        try:
            return Answer(200, msgspec.json.encode(self._statistics[segment].get(route, query, now_ns)))
        except Refused as refused:
            return Answer(refused.status, msgspec.json.encode(refused.body))

    def post(self, path: str, body: bytes, now_ns: int) -> Answer:
        """405: public market data has no POST."""
        return Answer(405, b"")

    def refusal(self, status: int, wait_s: int, now_ns: int) -> Answer:
        """Error -1003 and `Retry-After`."""
        text = "Too many requests; please use the websocket for live updates to avoid polling the API."
        if status == 418:
            text = f"Way too many requests; IP banned until {now_ns // MS + wait_s * 1_000}."
        return Answer(status, msgspec.json.encode({"code": -1003, "msg": text}), {"Retry-After": str(wait_s)})


def dialect(simulation: Simulation, futures_weight: int) -> BinanceDialect:
    """The dialect with a request weight a minute for both futures hosts."""
    return BinanceDialect(simulation, futures_weight=futures_weight)
