"""Text for terminals and logs. Text of venues and files stays text: a terminal would obey its control characters."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

# control characters but tab and newline, changes of writing direction, and surrogates, which cannot be encoded
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    r"""A text with control characters written as `\u001b`, which JSON understands; tabs and newlines stay."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def echo(text: str, *, err: bool = False) -> None:
    """Print a plain line on stdout, or on stderr, at once."""
    print(plain(text), file=sys.stderr if err else sys.stdout, flush=True)


class PlainStream:
    """A text stream that writes to another what `plain` makes of a text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text. Raises OSError."""
        return self._stream.write(plain(text))


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """Show a line on stderr while the work goes on; yields a function that replaces its text."""
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(plain(text))) as line:
        yield lambda other: line.update(Text(plain(other)))


def label(text: str) -> str:
    """A text for a progress bar, whose markup it does not contain."""
    from rich.markup import escape

    return escape(plain(text))
