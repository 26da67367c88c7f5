"""Themes: text can be read on every ground, sides differ in lightness, a change of theme forgets what was made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES
from widgets.theme.theme import Theme, per_theme, theme, use_theme
from workstation.settings.declaration import ThemeName

GROUNDS = ("window", "pane", "raised")
INKS = (
    "text",
    "muted",
    "stale",
    "buy",
    "sell",
    "aggregate",
    "poc",
    "liquidated_long",
    "liquidated_short",
    "gap",
    "error",
    "focus",
    "replay",
    *(f"link{group}" for group in range(1, 10)),
)


@pytest.fixture(params=ThemeName)
def look(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Theme]:
    yield use_theme(request.param)
    use_theme("dark")


def luminance(color: QColor) -> float:
    """Relative luminance by WCAG 2."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio by WCAG 2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_published() -> None:
    assert contrast(QColor("#000"), QColor("#fff")) == pytest.approx(21)
    assert contrast(QColor("#777"), QColor("#fff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("role", INKS)
def test_text_can_be_read_on_every_background(look: Theme, role: str) -> None:
    numbers_only = role in ("buy", "sell")  # never written on what is raised
    for ground in GROUNDS[:2] if numbers_only else GROUNDS:
        assert contrast(look.color(role), look.color(ground)) >= 4.5, ground


@pytest.mark.parametrize("venue", VENUES)
def test_venues_can_be_read(look: Theme, venue: Venue) -> None:
    assert contrast(look.venue_color(venue), look.color("pane")) >= 4.5


def test_buy_and_sell_differ_in_lightness(look: Theme) -> None:
    assert abs(look.color("buy").lightnessF() - look.color("sell").lightnessF()) > 0.02 or (
        abs(luminance(look.color("buy")) - luminance(look.color("sell"))) > 0.05
    )


def test_liquidations_are_no_trade_colours(look: Theme) -> None:
    assert not {look.color(f"liquidated_{side}").name() for side in ("long", "short")} & {
        look.color("buy").name(),
        look.color("sell").name(),
    }


def test_all_themes_know_the_same_roles(qapp: QApplication) -> None:
    roles = {frozenset(use_theme(name).spec.colors) for name in ThemeName}
    use_theme("dark")
    assert len(roles) == 1


def test_another_theme_forgets_what_was_made_for_the_last(qapp: QApplication) -> None:
    made: list[int] = []

    @per_theme
    def size(small: bool) -> int:
        made.append(theme().font(small=small).pixelSize())
        return made[-1]

    before = (size(False), size(False))
    use_theme("dark", 2.0)
    after = size(False)
    use_theme("dark")
    assert before == (12, 12)
    assert after == 24
    assert len(made) == 2
