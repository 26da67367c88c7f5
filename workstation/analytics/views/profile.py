"""Volume profiles of a session, of what is visible, or of any span of time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from workstation.analytics.bars.bars import frozen
from workstation.analytics.state.base import Base
from workstation.analytics.studies.profile import SpanProfile
from workstation.analytics.views.footprint import row_grids
from workstation.readmodels.arrays import no_floats, no_ints
from workstation.readmodels.flow.cells import nodes, poc_index, value_area
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView


def profile_view(base: Base, request: ProfileRequest, revision: int) -> ProfileView:
    """Rows of the trades that are kept, with POC, value area and nodes."""
    chosen = base.chosen(request.markets)
    row_size = Fraction(str(request.row_size))
    key = ("profile", request.markets, row_size, request.start_ns, request.end_ns)
    found = base.find(key)
    if not isinstance(found, SpanProfile):
        found = base.keep(key, SpanProfile(row_grids(chosen, row_size), request.start_ns, request.end_ns))
    found.update(base.trades)
    profile = found.profile
    if not len(profile.buy):
        return ProfileView(request, revision, 0, no_floats(), no_floats(), 0, 0, 0, no_ints(), no_ints())
    total = profile.buy + profile.sell
    poc = poc_index(total)
    low, high = value_area(total, poc, request.value_area, request.value_area_mode)
    high_nodes, low_nodes = nodes(total, request.smoothing_rows)
    first = profile.first_row
    return ProfileView(
        request=request,
        revision=revision,
        first_row=first,
        buy=frozen(profile.buy.copy()),
        sell=frozen(profile.sell.copy()),
        poc_row=first + poc,
        value_low_row=first + low,
        value_high_row=first + high,
        high_nodes=frozen(first + high_nodes.astype(np.int64)),
        low_nodes=frozen(first + low_nodes.astype(np.int64)),
    )
