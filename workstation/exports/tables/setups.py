"""Setups with their receipts: every event of the last two UTC days over bars of the exported length."""

import json
from collections.abc import Iterator

from workstation.analytics.state.base import Base
from workstation.analytics.views.setups import setups_view
from workstation.exports.cells import Row, known, number
from workstation.exports.table import ExportSettings, Table, at_end, booleans, floats, integers, texts
from workstation.readmodels.session.setups import HORIZONS_MIN, Numbers, SetupEvent, SetupsRequest


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    """A row an event, oldest first."""
    for event in setups_view(base, SetupsRequest(base.name, settings.bar_ns), 0, now_ns).events:
        yield _row(event)


def _row(event: SetupEvent) -> Row:
    return (
        *(event.trigger_ns, event.base, event.detector.value, event.version, event.direction),
        *(event.level.kind.value, number(event.level.price), event.state.value, event.reason),
        *(number(event.trigger_price), event.confirmed_ns, known(event.confirmed_price), event.ended_ns),
        event.leverage_only,
        *map(known, event.moves),
        *map(known, event.moves_confirmed),
        *map(_json, (event.parameters, event.at_trigger, event.at_confirmation, event.at_end, event.spot_check)),
    )


def _json(numbers: Numbers) -> str:
    return json.dumps({name: known(value) for name, value in numbers})


TABLE = Table(
    "setups",
    (
        *(*integers("ts_ns"), *texts("base", "detector"), *integers("version", "direction")),
        *(*texts("level_kind"), *floats("level_price"), *texts("state", "reason"), *floats("trigger_price")),
        *(*integers("confirmed_ns"), *floats("confirmed_price"), *integers("ended_ns"), *booleans("leverage_only")),
        *floats(*(f"move_{minutes}m" for minutes in HORIZONS_MIN)),
        *floats(*(f"move_confirmed_{minutes}m" for minutes in HORIZONS_MIN)),
        *texts("parameters", "at_trigger", "at_confirmation", "at_end", "spot_check"),
    ),
    at_end(_rows),
    """setups are derived from the closed bars of all perpetuals: ts_ns is the end of the bar that armed one,
    direction 1 or -1 the way price is expected to go, moves are fractions in that direction from the close of that
    bar, or from that of the confirming one, to the last trade before so many minutes later; the last five columns are
    JSON objects of the rule's parameters and of the numbers that decided; levels and what is usual are of the bars
    before.""",
)
