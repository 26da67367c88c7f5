"""The pressure table as rows: every coin over its perpetuals, then every perpetual by itself. Changes are fractions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from workstation.analytics.engine import Engine
from workstation.readmodels.universe.pressure import REGIMES, Bias, PressureColumns, PressureRequest, PressureView
from workstation.readmodels.universe.universe import UniverseColumns

Row = tuple[Any, ...]
NUMBERS = (
    *("price", "change_24h", "open_interest_usd", "interest_change_1h", "interest_change_4h", "interest_change_24h"),
    *("funding_8h", "premium", "taker_delta_5m", "taker_delta_1h", "imbalance"),
    *("liquidated_long_1h", "liquidated_short_1h"),
)
PRESSURE_COLUMNS = (
    *("ts_ns", "base", "venue", "kind", "symbol", "rank", "score", "bias", "regime", "confidence"),
    *("flow_rank", "flow_score", *NUMBERS, "long_short_ratio", "age_s"),
)


class PressureRows:
    """Rows at every multiple of a cadence, as everything stood just before it."""

    def __init__(self, every_ns: int) -> None:
        self._every_ns = every_ns
        self._next_ns = 0

    def due(self, engine: Engine, now_ns: int) -> Iterator[tuple[str, list[Row]]]:
        """The rows of a step that `now_ns` passes; those of silent steps after it are left out."""
        if now_ns < self._next_ns:
            return
        due_ns, self._next_ns = self._next_ns, now_ns - now_ns % self._every_ns + self._every_ns
        if due_ns:
            engine.advance(due_ns)
            yield "pressure", list(pressure_rows(engine))


def pressure_rows(engine: Engine) -> Iterator[Row]:
    """The rows as last sampled, by the shipped weights."""
    view = engine.view(PressureRequest())
    assert isinstance(view, PressureView)
    field, markets = view.universe, view.universe.markets
    for at, base in enumerate(field.symbols):
        names = (base, "all", "perp", "", int(view.rank[at]) or None)
        flow = (int(view.flow.rank[at]) or None, _number(view.flow.score[at]))
        yield (view.now_ns, *names, *_scored(view.pressure, at), *flow, *_numbers(field.columns, at))
    for at, venue in enumerate(markets.venues):
        names = (
            field.symbols[markets.base[at]],
            venue,
            markets.kinds[at].value,
            markets.ids[at].rsplit(".", 2)[0],
            None,
        )
        yield (
            *(view.now_ns, *names, *_scored(view.market_pressure, at), None, None),
            *_numbers(markets.columns, at),
        )


def _scored(columns: PressureColumns, at: int) -> Row:
    if math.isnan(columns.signed[at]):
        return None, None, None, 0.0
    bias, regime = Bias(int(columns.bias[at])).name, REGIMES[columns.regime[at]].value
    return _number(columns.score[at]), bias, regime, _number(columns.confidence[at])


def _numbers(columns: UniverseColumns, at: int) -> Row:
    share = columns.long_share[at]
    ratio = share / (1 - share) if share < 1 else math.nan
    return (*(_number(getattr(columns, name)[at]) for name in NUMBERS), _number(ratio), _number(columns.age_s[at]))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.12g}")
