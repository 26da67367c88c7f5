"""Arguments that several commands share, and what their texts mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from feeds.model.errors import RecordingError, WriteFailed
from workstation.readmodels.times import span_ns

Bases = Annotated[list[str] | None, typer.Argument(help="Base assets, for example BTC ETH.")]


def bases_of(given: list[str] | None) -> list[str]:
    """The coins given, in capitals, or those of the settings."""
    if given:
        return [base.upper() for base in given]
    from workstation.settings import files as settings

    return list(settings.load()[0].bases)


def span_of(text: str) -> int:
    """A span of time in ns. Raises BadParameter."""
    try:
        return span_ns(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def writing() -> Iterator[None]:
    """Errors of recordings are those of writing one."""
    try:
        yield
    except RecordingError as error:
        raise WriteFailed(error.text, str(error)) from error
