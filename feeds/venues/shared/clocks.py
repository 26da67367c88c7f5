"""How each venue tells the time (VENUES 0.4)."""

from __future__ import annotations

import msgspec

from feeds.model.errors import ProtocolError

_MS = 1_000_000


class _Answer(msgspec.Struct):
    serverTime: int | None = None
    time: int | None = None
    result: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


class _Bybit(msgspec.Struct):
    timeNano: int


class _Okx(msgspec.Struct):
    ts: int


_answer = msgspec.json.Decoder(_Answer)
_bybit = msgspec.json.Decoder(_Bybit, strict=False)
_okx = msgspec.json.Decoder(list[_Okx], strict=False)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, IndexError)


def binance_time_ns(body: bytes) -> int:
    """`{"serverTime":1499827319559}`. Raises ProtocolError."""
    return _ms(_read(body).serverTime)


def bybit_time_ns(body: bytes) -> int:
    """`{"retCode":0,"result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"}}`. Raises ProtocolError."""
    try:
        return _bybit.decode(_read(body).result).timeNano
    except _UNREADABLE as error:
        raise ProtocolError("Bybit did not tell the time", str(error)) from error


def okx_time_ns(body: bytes) -> int:
    """`{"code":"0","data":[{"ts":"1597026383085"}]}`. Raises ProtocolError."""
    try:
        return _okx.decode(_read(body).data)[0].ts * _MS
    except _UNREADABLE as error:
        raise ProtocolError("OKX did not tell the time", str(error)) from error


def hyperliquid_time_ns(body: bytes) -> int:
    """The answer to exchangeStatus, which trails the wall clock by 130-270 ms. Raises ProtocolError."""
    return _ms(_read(body).time)


def deribit_time_ns(body: bytes) -> int:
    """`{"jsonrpc":"2.0","result":1550147385946}`. Raises ProtocolError."""
    try:
        return msgspec.json.decode(_read(body).result, type=int) * _MS
    except _UNREADABLE as error:
        raise ProtocolError("Deribit did not tell the time", str(error)) from error


def _read(body: bytes) -> _Answer:
    try:
        return _answer.decode(body)
    except _UNREADABLE as error:
        raise ProtocolError("the venue did not tell the time", str(error)) from error


def _ms(value: int | None) -> int:
    if value is None:
        raise ProtocolError("the venue did not tell the time")
    return value * _MS
