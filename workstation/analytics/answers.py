"""Every answer of the engine, gathered from the modules that define the views."""

from typing import Any

from workstation.analytics.answer import Answer
from workstation.analytics.views import (
    chart,
    cvd,
    footprint,
    funding,
    heatmap,
    ladder,
    liquidation_levels,
    liquidations,
    premium,
    pressure,
    quadrant,
    setups,
    tape,
    universe,
)
from workstation.readmodels.request import Request

_MODULES = (
    chart,
    cvd,
    footprint,
    funding,
    heatmap,
    ladder,
    liquidation_levels,
    liquidations,
    premium,
    pressure,
    quadrant,
    setups,
    tape,
    universe,
)

ANSWERS: dict[type[Request[Any]], Answer] = {answer.request: answer for module in _MODULES for answer in module.ANSWERS}
