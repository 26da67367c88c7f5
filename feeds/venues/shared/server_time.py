"""Reading a venue's server time."""

from typing import TypeVar

import msgspec

from feeds.model.errors import ProtocolError

T = TypeVar("T")


def read_answer(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a body. Raises ProtocolError."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProtocolError("the answer has no server time", str(error)) from error
