"""A venue is named in its package, its simulator package and the registry, and nowhere else in the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.venues.registry import VENUES

ROOT = Path(__file__).parents[3]
REGISTRY = "feeds/venues/registry.py"
# Each knows one collector's file format, which is written for these venues alone.
FORMATS = ("feeds/importers/hftbacktest.py",)
# The simulated markets of the other venues are scaled from those captured on this one.
MODELS = ("feeds/simulator/catalogue/calibrated.py",)


def elsewhere(venue: str) -> Iterator[tuple[str, ast.Module]]:
    """The program's files outside the packages of a venue."""
    own = (f"feeds/venues/{venue}/", f"feeds/simulator/{venue}/", *FORMATS, *MODELS)
    for package in ("feeds", "workstation", "widgets", "resources"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if not name.startswith(own):
                yield name, ast.parse(file.read_text(encoding="utf-8"))


def names(tree: ast.Module) -> Iterator[str]:
    """Names, imported modules and whole strings of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.ImportFrom):
            yield from (part for part in (node.module or "").split("."))
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_is_named_outside_its_packages_in_the_registry_only(venue: str) -> None:
    found = [name for name, tree in elsewhere(venue) if any(one.lower() == venue for one in names(tree))]
    assert found == [REGISTRY]


@pytest.mark.parametrize("venue", VENUES)
def test_themes_and_settings_name_no_venue(venue: str) -> None:
    for file in sorted((ROOT / "resources").rglob("*.toml")):
        assert venue not in file.read_text(encoding="utf-8").lower(), file.name


def test_venues_are_no_attributes_of_their_type() -> None:
    """`Venue` is plain text: write `Venue("okx")`, or the constant of the venue's profile module."""
    for folder in ("feeds", "workstation", "widgets", "tests"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    assert (node.value.id, node.attr.isupper()) != ("Venue", True), f"{file.name}:{node.lineno}"
