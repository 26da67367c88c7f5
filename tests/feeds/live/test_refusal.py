"""Whatever a venue answers to a socket or a request, it is tried again: not sooner than it asks, within a cap."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from itertools import pairwise

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from feeds.live.budget import Turnstile
from feeds.live.connection import Backoff, ConnectionLimits, LiveConnection
from feeds.live.refusal import LONGEST_WAIT_S, refusal
from feeds.live.rest import Rest
from feeds.live.transport import Http
from feeds.model.clock import ManualClock, SystemClock
from feeds.model.errors import TransportError
from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS, VENUES

NOW_S = 1_790_000_000.0
TEXT = st.text("0123456789.:-, GMTWedJanuntil\u0667\u00b2", max_size=30)
STATUSES = (301, 302, 307, 308, 400, 401, 403, 404, 418, 429, 451, 500, 503)
BAN = '{{"code":-1003,"msg":"Way too much request weight used; IP banned until {}. Please use WebSocket Streams."}}'


def waits(status: int = 429, headers: dict[str, str] | None = None, text: str = "") -> float | None:
    return refusal(status, "ws://x", headers or {}, text.encode(), NOW_S).retry_after_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        (formatdate(NOW_S + 90, usegmt=True), 90.0),
        (formatdate(NOW_S - 90, usegmt=True), 0.0),
        ("99999999999999999999", LONGEST_WAIT_S),
        ("9" * 400, LONGEST_WAIT_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_S),
        *((text, None) for text in ("", "-5", "soon", "nan", "inf", "1e3", "7, 9", "\u0667", "\u00b2", "Wed, 99 Foo")),
    ],
)
def test_retry_after_is_read_in_every_form_and_capped(value: str, seconds: float | None) -> None:
    assert waits(headers={"Retry-After": value}) == seconds


def test_a_ban_says_in_its_text_until_when() -> None:
    assert waits(418, text=BAN.format(int((NOW_S + 120) * 1e3))) == pytest.approx(120.0)
    assert waits(418, text=BAN.format(int(NOW_S + 120))) == pytest.approx(120.0)
    assert waits(418, text=BAN.format(int((NOW_S - 120) * 1e3))) == 0.0
    assert waits(418, text=BAN.format("9" * 17)) == LONGEST_WAIT_S
    assert waits(418, text=BAN.format("9" * 40)) is None
    assert waits(418, {"Retry-After": "30"}, BAN.format(int((NOW_S + 120) * 1e3))) == pytest.approx(120.0)


@pytest.mark.parametrize("our_error_s", [-600.0, 600.0])
def test_a_date_and_a_ban_are_counted_from_the_venues_clock(our_error_s: float) -> None:
    venue_s = NOW_S + our_error_s
    headers = {"Date": formatdate(venue_s, usegmt=True), "Retry-After": formatdate(venue_s + 60, usegmt=True)}
    assert waits(headers=headers) == pytest.approx(60.0)
    ban = BAN.format(int((venue_s + 60) * 1e3))
    assert waits(418, {"Date": headers["Date"]}, ban) == pytest.approx(60.0)


@given(st.integers(300, 599), TEXT, TEXT, st.binary(max_size=40))
def test_no_answer_is_waited_for_longer_than_the_cap(status: int, wait: str, date: str, body: bytes) -> None:
    error = refusal(status, "ws://x", {"Retry-After": wait, "Date": date}, body, NOW_S)
    assert error.retry_after_s is None or 0.0 <= error.retry_after_s <= LONGEST_WAIT_S
    assert error.text


@pytest.mark.parametrize(
    ("status", "text", "shown"),
    [
        (451, "", "the venue does not serve this country"),
        (403, "Service unavailable from a restricted location according to 'b. Eligibility'", "does not serve"),
        (403, "The Amazon CloudFront distribution is configured to block access from your country.", "does not serve"),
        (403, "<html>Forbidden</html>", "the venue refuses this address (403)"),
        (403, "403, access too frequent", "the venue limits our requests"),
        (418, "", "banned"),
        (404, "", "(404)"),
        (420, "", "420"),
    ],
)
def test_the_reason_is_plain(status: int, text: str, shown: str) -> None:
    assert shown in refusal(status, "x", {}, text.encode(), NOW_S).text


def test_bybits_access_too_frequent_is_ten_minutes() -> None:
    assert waits(403, text="403, access too frequent") == 600.0


def test_patience_grows_further_where_the_venue_refuses() -> None:
    limits = ConnectionLimits(first_pause_s=1.0, last_pause_s=8.0, refused_pause_s=64.0)

    def pauses(error: TransportError) -> list[float]:
        backoff = Backoff(random.Random(1), limits)
        return [backoff.next_s(error) for _ in range(12)]

    cut, refused = pauses(TransportError("cut")), pauses(TransportError("no", refused=True))
    assert max(cut) <= 8.0 * 1.3
    assert min(refused[6:]) >= 64.0 * 0.7
    assert all(later > earlier for earlier, later in pairwise(refused[:6]))


def test_no_socket_is_opened_while_the_venue_wants_none() -> None:
    gate = Turnstile(3, 2.0)
    gate.wait_s(10.0)
    gate.block(10.0, 30.0)
    assert gate.wait_s(11.0) == pytest.approx(29.0)
    assert gate.wait_s(11.0) > 29.0


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def eventually(condition: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


class Refusing:
    """Answers the first `times` requests with a status, and then opens the socket."""

    def __init__(self, status: int, times: int, headers: dict[str, str] | None = None, text: str = "") -> None:
        self.status, self.times, self.text = status, times, text
        self.headers = headers or {}
        self.asked: list[float] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(asyncio.get_running_loop().time())
        if len(self.asked) <= self.times:
            return web.Response(status=self.status, text=self.text, headers=self.headers)
        peer = web.WebSocketResponse()
        await peer.prepare(request)
        await peer.send_str("{}")
        await peer.receive()
        return peer


QUICK = ConnectionLimits(first_pause_s=0.01, last_pause_s=0.02, refused_pause_s=0.03)
SPEC = ConnectionSpec(name="a", venue=Venue("binance"), kind=MarketKind.SPOT, route="all")


@asynccontextmanager
async def connection(venue: Refusing) -> AsyncIterator[tuple[LiveConnection, list[str]]]:
    async with server(venue.answer) as port:
        troubles: list[str] = []
        spec = msgspec.structs.replace(SPEC, url=f"ws://127.0.0.1:{port}/ws")
        keeper = LiveConnection(spec, SystemClock(), random.Random(1), lambda frame: None, limits=QUICK)
        task = asyncio.create_task(keeper.run())

        def note() -> bool:
            if keeper.trouble and keeper.trouble not in troubles:
                troubles.append(keeper.trouble)
            return keeper.is_open

        try:
            await eventually(note)
            yield keeper, troubles
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("status", STATUSES)
async def test_a_refused_socket_is_tried_again_and_shows_its_reason(status: int) -> None:
    elsewhere = {"Location": "wss://elsewhere.example/ws"} if status < 400 else {}
    venue = Refusing(status, times=4, headers=elsewhere)
    async with connection(venue) as (keeper, troubles):
        assert len(venue.asked) == 5
        assert troubles == [refusal(status, "", elsewhere, b"", NOW_S).text]
        assert (keeper.trouble, keeper.is_refused) == ("", False)
    if elsewhere:
        assert "redirects us to elsewhere.example" in troubles[0]


@pytest.mark.parametrize("status", [403, 418, 429, 503])
async def test_a_socket_waits_as_long_as_it_is_asked_to(status: int) -> None:
    venue = Refusing(status, times=1, headers={"Retry-After": "0.25"})
    async with connection(venue):
        first, second = venue.asked
        assert second - first >= 0.25


async def test_redirected_requests_are_refused_and_not_followed() -> None:
    venue = Refusing(307, times=9, headers={"Location": "http://elsewhere.example/"})
    http = Http()
    async with server(venue.answer) as port:
        with pytest.raises(TransportError, match=r"redirects us to elsewhere\.example") as caught:
            await http.fetch(f"http://127.0.0.1:{port}/x", '{"secret":1}')
    assert not caught.value.retryable
    await http.close()


@pytest.mark.parametrize("venue", VENUES)
async def test_requests_of_every_venue_wait_for_the_end_of_a_ban_and_say_why(venue: Venue) -> None:
    clock = ManualClock(int(NOW_S * 1e9))
    banning = Refusing(418, times=9, text=BAN.format(int((NOW_S + 120) * 1e3)))
    banning.headers = {"Date": formatdate(NOW_S, usegmt=True)}
    async with server(banning.answer) as port:
        rest, driver = Rest(clock), loopback(DRIVERS[venue], port)
        kind = next(iter(driver.endpoints))
        for shown in ("banned", "banned this address for a while; next try at"):
            with pytest.raises(TransportError, match=shown) as caught:
                await rest.ask(driver, kind, Fetch("/x", "x"))
            assert caught.value.retry_after_s == pytest.approx(120.0, abs=1.0)
        assert len(banning.asked) == 1
        await rest.close()
