"""A venue is named in its package, its simulator package and the registry, and nowhere else in the program."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from feeds.venues.registry import VENUES
from tests.source_files import PROGRAM, ROOT, TESTS, forget_trees, name_of, nodes

REGISTRY = "feeds/venues/registry.py"
# Each knows one collector's file format, which is written for these venues alone.
FORMATS = ("feeds/importers/hftbacktest.py",)
# The simulated markets of the other venues are scaled from those captured on this one.
MODELS = ("feeds/simulator/catalogue/calibrated.py",)


def names_in(tree: Iterable[ast.AST]) -> Iterator[str]:
    """Names, imported modules and whole strings of a file."""
    for node in tree:
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.ImportFrom):
            yield from (part for part in (node.module or "").split("."))
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))


@pytest.fixture(scope="module")
def venues_named() -> Iterator[dict[str, set[str]]]:
    """The venues that each file of the program names."""
    yield {name_of(file): {name.lower() for name in names_in(nodes(file))} & {*VENUES} for file in PROGRAM}
    forget_trees()


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_is_named_outside_its_packages_in_the_registry_only(
    venues_named: dict[str, set[str]], venue: str
) -> None:
    own = (f"feeds/venues/{venue}/", f"feeds/simulator/{venue}/", *FORMATS, *MODELS)
    assert [name for name, venues in venues_named.items() if venue in venues and not name.startswith(own)] == [REGISTRY]


@pytest.mark.parametrize("venue", VENUES)
def test_themes_and_settings_name_no_venue(venue: str) -> None:
    for file in sorted((ROOT / "resources").rglob("*.toml")):
        assert venue not in file.read_text(encoding="utf-8").lower(), file.name


def test_venues_are_no_attributes_of_their_type() -> None:
    """`Venue` is plain text: write `Venue("okx")`, or the constant of the venue's profile module."""
    for file in [*PROGRAM, *TESTS]:
        for node in nodes(file):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr.isupper()) != ("Venue", True), f"{name_of(file)}:{node.lineno}"
