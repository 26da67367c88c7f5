"""An OPEN frame contains everything needed to construct its protocol."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame, spec_from_frame
from feeds.model.instrument import Instrument, MarketKind, Venue

PEPE = Instrument(
    venue=Venue("binance"),
    kind=MarketKind.LINEAR,
    symbol="1000PEPEUSDT",
    base="PEPE",
    quote="USDT",
    tick_size=Decimal("1E-10"),
    lot_size=Decimal(1000),
    multiplier=1_000,
)
SPEC = ConnectionSpec(
    name="binance.linear.market",
    venue=Venue("binance"),
    kind=MarketKind.LINEAR,
    route="market",
    url="wss://example/stream?streams=1000pepeusdt@aggTrade",
    streams=("1000pepeusdt@aggTrade",),
    markets=(PEPE,),
)


def test_a_spec_survives_its_open_frame() -> None:
    frame = open_frame(SPEC, 17)
    assert (frame.ts_recv_ns, frame.connection, frame.kind, frame.tag) == (17, SPEC.name, FrameKind.OPEN, "")
    again = spec_from_frame(frame)
    assert again == SPEC
    assert again.markets[0].tick_size == Decimal("1E-10")


def test_fields_of_later_versions_are_ignored_and_missing_ones_have_defaults() -> None:
    payload = b'{"name":"x","venue":"okx","kind":"spot","route":"public","colour":"red"}'
    spec = spec_from_frame(Frame(0, "x", FrameKind.OPEN, payload))
    assert (spec.venue, spec.streams, spec.markets) == (Venue("okx"), (), ())


def test_a_venue_that_this_version_does_not_know_can_be_read() -> None:
    payload = open_frame(SPEC, 0).payload.replace(b'"binance"', b'"mtgox"')
    assert spec_from_frame(Frame(1, "a", FrameKind.OPEN, payload)).venue == "mtgox"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        open_frame(SPEC, 0).payload[:-20],
        open_frame(SPEC, 0).payload.replace(b'"1E-10"', b'"NaN"'),
        open_frame(SPEC, 0).payload.replace(b'"1E-10"', b'"0"'),
    ],
    ids=lambda payload: repr(payload[:30]),
)
def test_a_payload_that_is_no_spec_is_a_value_error(payload: bytes) -> None:
    assert issubclass(msgspec.DecodeError, ValueError)
    with pytest.raises(ValueError):  # noqa: PT011
        spec_from_frame(Frame(0, "x", FrameKind.OPEN, payload))
