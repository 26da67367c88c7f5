"""The layout of a recording as an MCAP file, shared by the writer and the reader.

One MCAP channel holds one (connection, frame kind, tagged or not). A message's log time is `ts_recv_ns`, its sequence
the frame's number in the file (modulo 2^32), its data the payload. On a tagged channel the data is the tag's length
(u32, little endian), the tag, then the payload: tags are unbounded in number, channel ids are not.

Every chunk repeats the channels it uses, so a chunk can be read alone. There are no message indexes: their 16 bytes a
frame are a third of a real file (47 bytes a frame), the format makes them optional, and a replay wants whole chunks.

What a whole recording depends on is stored twice: the description at the front stands again behind the first chunk, and
the OPEN frames of a chunk stand again in a metadata record behind that chunk. Both carry a checksum.
"""

import struct
import zlib
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import msgspec

from feeds.model.frame import FrameKind
from feeds.model.instrument import Instrument

FORMAT_VERSION = 1
MAGIC = b"\x89MCAP0\r\n"
PROFILE = "orderflow-frames"
METADATA_NAME = "recording"
OPENINGS_NAME = "openings"
MAX_CHUNK_BYTES = 64 * 1024 * 1024
MAX_CHUNK_FRAMES = 1 << 18
MAX_CHANNELS = 0xFFFF

RECORD = struct.Struct("<BQ")  # opcode, length of what follows
MESSAGE = struct.Struct("<BQHIQQ")  # a record header, then channel, sequence, log time, publish time
MESSAGE_FIELDS = MESSAGE.size - RECORD.size
TAG_LENGTH = struct.Struct("<I")


def program_version() -> str:
    """The version of the installed program, `unknown` when it is not installed."""
    try:
        return version("orderflow-workstation")
    except PackageNotFoundError:
        return "unknown"


class Continued(msgspec.Struct, frozen=True):
    """The recording that this one goes on from without a gap.

    `end_ns` is the latest receive time in it. The first `openings` frames here are the OPEN frames of what was open.
    """

    end_ns: int
    openings: int


class RecordingMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a whole recording. `instruments` are those known at its start; OPEN frames may add more.
    `continues` is set where a rotation ended another one for this one.
    """

    format_version: int = FORMAT_VERSION
    program_version: str = msgspec.field(default_factory=program_version)
    simulated: bool = False
    instruments: tuple[Instrument, ...] = ()
    note: str = ""
    continues: Continued | msgspec.UnsetType = msgspec.UNSET  # not written where unset


class ChannelKey(NamedTuple):
    """The identity of an MCAP channel."""

    connection: str
    kind: FrameKind
    tagged: bool


def fields_from_metadata(metadata: RecordingMetadata) -> dict[str, str]:
    """Encode the metadata as MCAP's string map, with a checksum because MCAP has none for this record."""
    body = msgspec.json.encode(metadata)
    return {"json": body.decode(), "crc32": str(zlib.crc32(body))}


def metadata_from_fields(fields: dict[str, str]) -> RecordingMetadata:
    """Decode the metadata. Raises ValueError (msgspec's errors are ValueErrors) when it is damaged or absent."""
    body = fields.get("json", "").encode()
    if str(zlib.crc32(body)) != fields.get("crc32"):
        raise ValueError("checksum of the description does not match")
    try:
        return msgspec.json.decode(body, type=RecordingMetadata)
    except RecursionError as error:
        raise ValueError("the description is nested too deeply") from error


def fields_from_key(key: ChannelKey) -> dict[str, str]:
    """Encode a channel's identity as MCAP's string map."""
    return {"connection": key.connection, "kind": key.kind.value, "tagged": str(int(key.tagged))}


def key_from_fields(fields: dict[str, str]) -> ChannelKey:
    """Decode a channel's identity. Raises KeyError or ValueError when it is invalid."""
    return ChannelKey(fields["connection"], FrameKind(fields["kind"]), fields["tagged"] == "1")
