"""What a desktop asks of a hub: a sync point to begin at, and coins to follow."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from feeds.hub.broker import Broker, broker_errors, connect
from feeds.hub.wire import JoinReply, ShowReply, Subjects, decoded
from feeds.model.errors import ProtocolError, TransportError

if TYPE_CHECKING:
    from nats.aio.client import Client

log = logging.getLogger(__name__)

NAMES_MOST, REQUEST_BYTES = 16, 1_024
"""The most bases in a request, and its length."""

_join_reply = msgspec.json.Decoder(JoinReply)
_show_reply = msgspec.json.Decoder(ShowReply)


async def ask_to_join(client: Client, subjects: Subjects, timeout_s: float) -> int:
    """Request a sync point; returns its sequence. Raises TransportError where the hub gives none."""
    try:
        joined = decoded(_join_reply, (await client.request(subjects.join, b"", timeout=timeout_s)).data)
    except broker_errors() as error:
        raise TransportError("does not answer", str(error)) from error
    except ProtocolError as error:
        raise TransportError("answers what cannot be read", str(error)) from error
    if not joined.sequence:
        raise TransportError(joined.trouble or "could not begin")
    return joined.sequence


async def ask_for_bases(client: Client, subjects: Subjects, bases: Sequence[str], timeout_s: float) -> dict[str, str]:
    """Ask the hub to follow bases; returns why it follows some of them not, {} where it does not answer."""
    refused: dict[str, str] = {}
    try:
        for first in range(0, len(bases), NAMES_MOST):
            asked = " ".join(bases[first : first + NAMES_MOST]).encode()
            reply = await client.request(subjects.show, asked, timeout=timeout_s)
            refused |= decoded(_show_reply, reply.data).refused
    except ProtocolError as error:
        log.warning("the hub's answer cannot be read: %s", error)
    except broker_errors() as error:
        log.info("the hub does not answer: %s", error)
    return refused


async def refused_bases(broker: Broker, bases: Sequence[str], *, within_s: float = 5.0) -> dict[str, str]:
    """Why the hub does not follow some bases; {} while broker or hub do not answer. Raises TransportError."""
    client: Client | None = None
    try:
        async with asyncio.timeout(within_s):
            client = await connect(broker, "asking", lambda trouble: None)
        return await ask_for_bases(client, broker.subjects, bases, within_s)
    except broker_errors():
        return {}
    finally:
        if client is not None:
            with contextlib.suppress(*broker_errors()):
                await client.close()
