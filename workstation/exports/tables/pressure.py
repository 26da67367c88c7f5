"""The pressure table as rows: every coin over its perpetuals, then every perpetual by itself. Changes are fractions."""

import math
from collections.abc import Iterator

from workstation.analytics.engine import Engine
from workstation.exports.cells import Row, known
from workstation.exports.table import (
    MARKET,
    Batches,
    ExportSettings,
    Schedule,
    Table,
    TableRows,
    floats,
    integers,
    texts,
)
from workstation.readmodels.universe.pressure import REGIMES, Bias, PressureColumns, PressureRequest, PressureView
from workstation.readmodels.universe.universe import UniverseColumns

_NUMBERS = (
    *("price", "change_24h", "open_interest_usd", "interest_change_1h", "interest_change_4h", "interest_change_24h"),
    *("funding_8h", "premium", "taker_delta_5m", "taker_delta_1h", "imbalance"),
    *("liquidated_long_1h", "liquidated_short_1h"),
)


class _PressureRows(TableRows):
    def __init__(self, settings: ExportSettings) -> None:
        self.schedule = Schedule(settings.bar_ns)

    def sample(self, engine: Engine, ts_ns: int) -> Batches:
        engine.advance(ts_ns)
        yield list(pressure_rows(engine))

    def at_end(self, engine: Engine, now_ns: int) -> Batches:
        """The rows as last sampled."""
        yield list(pressure_rows(engine))


def pressure_rows(engine: Engine) -> Iterator[Row]:
    """The rows as last sampled, by the shipped weights."""
    view = engine.view(PressureRequest())
    assert isinstance(view, PressureView)
    field, markets = view.universe, view.universe.markets
    for at, base in enumerate(field.symbols):
        names = (base, "all", "perp", "", int(view.rank[at]) or None)
        flow = (int(view.flow.rank[at]) or None, known(view.flow.score[at]))
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
    return known(columns.score[at]), bias, regime, known(columns.confidence[at])


def _numbers(columns: UniverseColumns, at: int) -> Row:
    share = columns.long_share[at]
    ratio = share / (1 - share) if share < 1 else math.nan
    return (*(known(getattr(columns, name)[at]) for name in _NUMBERS), known(ratio), known(columns.age_s[at]))


TABLE = Table(
    "pressure",
    (
        *(*integers("ts_ns"), *MARKET, *integers("rank"), *floats("score"), *texts("bias", "regime")),
        *(*floats("confidence"), *integers("flow_rank"), *floats("flow_score", *_NUMBERS, "long_short_ratio", "age_s")),
    ),
    _PressureRows,
    """pressure has every coin (venue `all`) and every perpetual at the end of each bar. score, bias and regime are of
    the derivatives pressure score, confidence the weight of the inputs known; flow_score and flow_rank stand among all
    coins; changes, funding_8h, premium, taker_delta and imbalance are fractions, liquidated_* the notional of an
    hour.""",
)
