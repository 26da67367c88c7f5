"""How the engine answers one type of request. Every module of `views` declares the answers it defines."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from workstation.analytics.state.base import Base
from workstation.analytics.universe.sparklines import Sparklines
from workstation.analytics.universe.universe import Universe
from workstation.readmodels.request import Request, View

R = TypeVar("R", bound=Request[Any])


class State(Protocol):
    """The engine's state, read only."""

    now_ns: int
    bases: dict[str, Base]
    universe: Universe
    sparklines: Sparklines


@dataclass(frozen=True, slots=True)
class Answer:
    """`revision(state, request)` changes whenever `view(state, request)` would."""

    request: type[Request[Any]]
    revision: Callable[[State, Any], int]
    view: Callable[[State, Any], View]


def base_of(state: State, request: Request[Any]) -> Base:
    """The requested base; an empty one if it is unknown."""
    return state.bases.get(request.base) or Base(request.base)


def of_base(request: type[R], view: Callable[[Base, R, int, int], View], *counters: str) -> Answer:
    """The answer of one base: `view(base, request, revision, now_ns)`.

    Its revision is the sum of the counters of trades, coverage and freshness and of the named attributes of `Base`; -1
    for an unknown base.
    """
    revision = base_revision(*counters)
    return Answer(
        request,
        revision,
        lambda state, asked: view(base_of(state, asked), asked, revision(state, asked), state.now_ns),
    )


def base_revision(*counters: str) -> Callable[[State, Any], int]:
    read = attrgetter("trade_revision", "coverage_revision", "freshness_revision", *counters)

    def revision(state: State, request: Request[Any]) -> int:
        base = state.bases.get(request.base)
        return -1 if base is None else sum(read(base))

    return revision


def universe_revision(state: State, request: Request[Any]) -> int:
    """The number of the universe's samples."""
    return state.universe.revision
