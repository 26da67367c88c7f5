"""Five venues under fifteen faults, over real sockets: all recovers, what was lost is marked, nothing counts twice.

The table at the end of the run says for each venue and fault: seconds until every socket, book and trade was live
again; how often a book and the trades were marked as lost; how many trades were fetched afterwards; how many were lost
unseen, where the venue numbers nothing.
"""

from __future__ import annotations

import pytest

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES
from tests.conftest import TABLES
from tests.workstation.session.matrix import FAULTS, Cell, matrix, table

pytestmark = pytest.mark.soak  # over sockets and wall time: `make soak`

LANES = 3


@pytest.fixture(scope="module")
def cells(request: pytest.FixtureRequest) -> dict[tuple[str, Venue], Cell]:
    """The short form: every fault once, with shortened patience."""
    found = matrix(LANES)
    request.config.stash.setdefault(TABLES, []).append(table(found))
    return {(cell.fault, cell.venue): cell for cell in found}


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("fault", FAULTS)
def test_all_recovers_and_what_was_lost_is_marked(
    cells: dict[tuple[str, Venue], Cell], fault: str, venue: Venue
) -> None:
    assert cells[fault, venue].wrong == []


@pytest.mark.soak
def test_the_same_again_and_again(request: pytest.FixtureRequest) -> None:
    found = matrix(LANES, repeats=8, calm_s=2.0)
    request.config.stash.setdefault(TABLES, []).append(table(found))
    assert {(cell.fault, cell.venue): cell.wrong for cell in found if cell.wrong} == {}
