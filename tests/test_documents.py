"""Texts refer to documents that are shipped, and to headings that those have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from feeds.venues.registry import VENUES

ROOT = Path(__file__).parents[1]
FOLDERS = ("feeds", "workstation", "widgets", "resources", "tests")
FILES = [
    *(file for folder in FOLDERS for suffix in ("py", "md", "toml") for file in (ROOT / folder).rglob(f"*.{suffix}")),
    *ROOT.glob("*.md"),
]
TEXTS = {file: file.read_text(encoding="utf-8") for file in FILES if file != Path(__file__)}
HEADINGS = (
    "Endpoints", "Instruments", "Symbols and multipliers", "Trades", "Order book", "Best prices", "Mark/index/funding",
    "Open interest", "Liquidations", "Backfill", "All-market streams", "Limits and heartbeats", "Server time",
    "Breaking changes", "Sources",
)  # fmt: skip
_NOTES = re.compile(r"\b(?:VENUES|CONVENTIONS|PRODUCT|DESIGN|HOUSE|STUDIES|PEERS)(?:\.md\b|\s+(?:section\s+)?\d)")
_DOCUMENT = re.compile(r"(?<![\w./*-])((?:[\w.-]+/)*[\w-]+\.md)\b(?!\.)")
_CITED = re.compile(r"README(?:\.md)?: (?!(?:" + "|".join(map(re.escape, HEADINGS)) + r")\b).{0,40}")
_PLACEHOLDER = re.compile(r"\b[A-Z]{4,}/")


def test_no_text_refers_to_notes_that_are_not_shipped() -> None:
    found = {file.relative_to(ROOT).as_posix(): _NOTES.findall(text) for file, text in TEXTS.items()}
    assert {name: notes for name, notes in found.items() if notes} == {}


def test_documents_that_code_names_exist() -> None:
    named = {cited for file, text in TEXTS.items() if file.suffix == ".py" for cited in _DOCUMENT.findall(text)}
    shipped = tuple("/" + file.relative_to(ROOT).as_posix() for file in TEXTS)
    named = {cited for cited in named if not _PLACEHOLDER.search(cited)}
    assert "feeds/venues/binance/README.md" in named
    assert [cited for cited in sorted(named) if not any(name.endswith("/" + cited) for name in shipped)] == []


def test_cited_headings_exist() -> None:
    wrong = {
        file.relative_to(ROOT).as_posix(): found
        for file, text in TEXTS.items()
        if file.suffix == ".py" and (found := _CITED.findall(re.sub(r"\s+(?:# )?", " ", text)))
    }
    assert wrong == {}


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_states_its_wire_facts_under_the_same_headings(venue: str) -> None:
    text = (ROOT / "feeds" / "venues" / venue / "README.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == HEADINGS
    sections = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)
    assert "https://" in sections[-1], "the sources have addresses"
