"""Setups of a base from its closed bars, and their outcomes."""

from workstation.analytics.answer import of_base
from workstation.analytics.setups.run import PERPS, SetupRun
from workstation.analytics.state.base import Base
from workstation.readmodels.session.setups import SetupsRequest, SetupsView
from workstation.setups.statistics import outcome, statistics


def setups_view(base: Base, request: SetupsRequest, revision: int, now_ns: int) -> SetupsView:
    """Setups of yesterday and today."""
    run = _run(base, request)
    run.update(base)
    return SetupsView(
        request=request,
        revision=revision,
        events=run.events,
        statistics=statistics(map(outcome, run.events)),
        markets=tuple(market.state(now_ns) for market in base.chosen(PERPS)),
        row_size=run.row_size,
        closed=len(run.bars),
        complete=sum(bar.complete for bar in run.bars),
        now_ns=now_ns,
    )


def _run(base: Base, request: SetupsRequest) -> SetupRun:
    key = ("setups", request)
    found = base.find(key)
    return found if isinstance(found, SetupRun) else base.keep(key, SetupRun(request))


ANSWERS = (of_base(SetupsRequest, setups_view, "flow_revision"),)
