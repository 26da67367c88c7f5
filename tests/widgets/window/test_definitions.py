"""The definitions in guide and help state the constants that the program uses."""

from __future__ import annotations

from resources import read_text
from widgets.panes.funding.pane import FundingPane
from widgets.panes.ladder.rows import MULTIPLES
from widgets.panes.premium.pane import PremiumPane
from widgets.panes.setups.pane import SetupsPane
from workstation.analytics.positions.prices import CARRIED_NS
from workstation.analytics.state.derived_bars import ROWS_A_BAR
from workstation.analytics.universe.universe import CHANGES_NS
from workstation.readmodels.positions.funding import LEAST_DAYS, SPANS_NS
from workstation.readmodels.session.setups import HORIZONS_MIN

_HOUR_NS = 3_600_000_000_000


def definition(name: str) -> str:
    """The text of one definition of the guide on one line."""
    _, found, after = read_text("guide.md").partition(f"- **{name}**")
    assert found, name
    return " ".join(after.split("\n- **")[0].split())


def test_automatic_rows() -> None:
    least = -(-ROWS_A_BAR * 2 // 5)  # rounding 2 up to 5 is the largest step
    assert f"at most {ROWS_A_BAR} rows" in definition("Automatic rows")
    assert f"{least} to {ROWS_A_BAR}" in definition("Automatic rows")


def test_ladder_rows() -> None:
    first, last = MULTIPLES[:4], MULTIPLES[-1]
    assert f"{', '.join(map(str, first))} up to {last} times" in definition("Ladder rows")


def test_premium_carry() -> None:
    seconds = CARRIED_NS // 1_000_000_000
    assert f"at most {seconds} seconds" in definition("Premium")
    assert f"used for {seconds} s at most" in PremiumPane.help


def test_funding_percentile() -> None:
    assert f"less than {LEAST_DAYS:g} days" in definition("Funding percentile")
    assert f"once {LEAST_DAYS:g} days" in FundingPane.help


def test_moves_after_a_setup() -> None:
    *some, last = HORIZONS_MIN
    times = f"{', '.join(map(str, some))} and {last} minutes later"
    assert times in definition("Move after a setup")
    assert times in SetupsPane.help


def test_spans_of_open_interest() -> None:
    assert SPANS_NS == CHANGES_NS
    *some, last = (span_ns // _HOUR_NS for span_ns in SPANS_NS)
    assert f"exactly {', '.join(map(str, some))} and {last} hours" in definition("Open interest change")
