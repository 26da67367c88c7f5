"""Requests of panes: a request is a value that names the type of the view that answers it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class View(Protocol):
    """An immutable answer. `revision` is that of the request when it was answered."""

    @property
    def request(self) -> Request[Any]: ...
    @property
    def revision(self) -> int: ...


V = TypeVar("V", bound=View)
V_co = TypeVar("V_co", bound=View, covariant=True)


@dataclass(frozen=True, slots=True)
class Request(Generic[V_co]):
    """Answered with a `V_co`. `base` is the coin requested; views of all coins ignore it."""

    base: str


class Views(Protocol):
    """Answers requests, without any observable side effect."""

    def revision(self, request: Request[View], /) -> int:
        """A number that changes whenever `view(request)` would; cheap."""

    def view(self, request: Request[V], /) -> V:
        """The view; an empty one for an unknown base."""


class Provider(Protocol):
    """Answers the requests of the types in `requests`, and only those."""

    @property
    def requests(self) -> Collection[type[Request[Any]]]: ...
    @property
    def revision(self) -> Callable[[Any], int]: ...
    @property
    def view(self) -> Callable[[Any], View]: ...
