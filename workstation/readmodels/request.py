"""What a pane can ask: a request is a value that names the type of the view that answers it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar


class View(Protocol):
    """A frozen answer. `revision` is that of the request at the moment of the answer."""

    @property
    def request(self) -> Request[Any]: ...
    @property
    def revision(self) -> int: ...


V = TypeVar("V", bound=View)
V_co = TypeVar("V_co", bound=View, covariant=True)


@dataclass(frozen=True, slots=True)
class Request(Generic[V_co]):
    """Answered with a `V_co`. `base` is the coin asked about; views that are about no single coin ignore it."""

    base: str


class Views(Protocol):
    """Answers requests. Asking changes nothing that can be observed, however often it is done."""

    def revision(self, request: Request[View], /) -> int:
        """Cheap: changes whenever `view(request)` would."""

    def view(self, request: Request[V], /) -> V:
        """The frozen answer; an empty one for a base that is not known."""


class Provider(Protocol):
    """Answers the requests of the types in `requests`, and only those."""

    @property
    def requests(self) -> Collection[type[Request[Any]]]: ...
    @property
    def revision(self) -> Callable[[Any], int]: ...
    @property
    def view(self) -> Callable[[Any], View]: ...
