"""Statistics of setup outcomes by detector, over all setups."""

from collections.abc import Iterable
from statistics import fmean, median
from typing import NamedTuple

from workstation.readmodels.session.setups import HORIZONS_MIN, Detector, SetupEvent, SetupState, SetupStatistics


class Outcome(NamedTuple):
    """The outcome of one setup; `moves` are price moves after the horizons, None while unknown."""

    detector: Detector
    state: SetupState
    leverage_only: bool | None
    moves: tuple[float | None, ...]
    moves_confirmed: tuple[float | None, ...]


def outcome(event: SetupEvent) -> Outcome:
    return Outcome(event.detector, event.state, event.leverage_only, event.moves, event.moves_confirmed)


def statistics(outcomes: Iterable[Outcome]) -> tuple[SetupStatistics, ...]:
    """Two rows per detector: moves of all setups since the trigger, and of confirmed ones since the confirmation."""
    listed = list(outcomes)
    rows = []
    for detector in Detector:
        mine = [one for one in listed if one.detector is detector]
        rows.append(_row(detector, mine, since_confirmation=False))
        rows.append(_row(detector, mine, since_confirmation=True))
    return tuple(rows)


def _row(detector: Detector, outcomes: list[Outcome], *, since_confirmation: bool) -> SetupStatistics:
    states = [one.state for one in outcomes]
    moves = [one.moves_confirmed if since_confirmation else one.moves for one in outcomes]
    columns = [[move for move in column if move is not None] for column in zip(*moves, strict=True)]
    columns = columns or [[] for _ in HORIZONS_MIN]
    return SetupStatistics(
        detector=detector,
        since_confirmation=since_confirmation,
        count=len(outcomes),
        armed=states.count(SetupState.ARMED),
        confirmed=states.count(SetupState.CONFIRMED),
        invalidated=states.count(SetupState.INVALIDATED),
        expired=states.count(SetupState.EXPIRED),
        leverage_only=sum(one.leverage_only is True for one in outcomes),
        known=tuple(len(column) for column in columns),
        mean=tuple(fmean(column) if column else None for column in columns),
        median=tuple(median(column) if column else None for column in columns),
        hit_rate=tuple(sum(move > 0 for move in column) / len(column) if column else None for column in columns),
    )
