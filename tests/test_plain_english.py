"""Names, docstrings, comments and texts on screen use the field's terms, not words of our own.

A reader who knows markets and Python understands them at first sight. Each word below was used for something that has
an established name; the message says which.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("feeds", "workstation", "widgets", "resources")
FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "resources" / "guide.md", *sorted((ROOT / "feeds").rglob("*.md"))]

SAY = {
    r"told|tells?|telling": "publishes, reports, shows",
    r"hears?|heard|hearing": "receives, received, coverage",
    r"witness(es)?": "observer",
    r"anew": "again, rebuilt",
    r"whoever": "name the part",
    r"deeds?": "action",
    r"kept": "cached, retained, stored",
    r"words?": "text, message",
    r"lookout": "alerts monitor",
    r"roster": "connection plan",
    r"shelf": "closed bars",
    r"staged": "pending, buffered",
    r"trails": "sparklines, history",
    r"forced": "liquidation",
}
PHRASES = {
    r"lets? go": "evicted, unsubscribed",
    r"taken up": "applied",
    r"takes? up": "applies",
    r"be said": "be shown",
    r"forced orders?": "liquidations",
    r"spare_the_collector": "raise_gc_thresholds",
    r"keep_it_tight": "tune_malloc",
}
EXCEPTIONS: dict[str, str] = {
    "feeds/hub/wire.py: roster": "the subject of sync points in streams that exist",
    "feeds/hub/publisher.py: roster": "the header of sync points in streams that exist",
}
"""What may stand all the same: `file: word` and the reason."""

FOREIGN_NAMES = {"setWordWrap", "TextWordWrap", "WordWrap", "tell"}
"""Identifiers of Qt's and of file objects, which we cannot rename."""


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a file defines or uses, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def parts(name: str) -> list[str]:
    """The words of an identifier, lower case."""
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def texts(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Docstrings, comments and every other string of a file, with the line where each begins."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def private(text: str) -> list[str]:
    """The words of our own in a text."""
    whole = [word for word in SAY if re.search(rf"(?<![\w-])(?:{word})(?![\w-])", text, re.IGNORECASE)]
    return whole + [phrase for phrase in PHRASES if re.search(rf"\b(?:{phrase})\b", text, re.IGNORECASE)]


def found_in(file: Path) -> list[str]:
    """`line: word -> what to say` of every private word in a file."""
    source = file.read_text()
    hits: list[tuple[int, str]] = []
    if file.suffix == ".py":
        tree = ast.parse(source)
        for line, name in identifiers(tree):
            if name not in FOREIGN_NAMES:
                hits += [(line, word) for word in SAY if any(re.fullmatch(word, part) for part in parts(name))]
            hits += [(line, phrase) for phrase in PHRASES if name == phrase]
        hits += [(line, word) for line, text in texts(source, tree) for word in private(text)]
    else:
        hits = [(line, word) for line, text in enumerate(source.splitlines(), 1) for word in private(text)]
    return [
        f"{name_of(file)}:{line}: {word} -> {(SAY | PHRASES)[word]}"
        for line, word in sorted(set(hits))
        if f"{name_of(file)}: {word}" not in EXCEPTIONS
    ]


@pytest.mark.parametrize("file", [*FILES, *PAGES], ids=name_of)
def test_words_are_the_fields(file: Path) -> None:
    assert not found_in(file)


def test_every_exception_is_needed_and_reasoned() -> None:
    for place, reason in EXCEPTIONS.items():
        file, _, word = place.partition(": ")
        assert reason
        assert re.search(word, (ROOT / file).read_text(), re.IGNORECASE), place
